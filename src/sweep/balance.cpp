#include "sweep/balance.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace runnel::sweep {
namespace {

// What a block costs beside others: a step of few lanes costs about as much as one of eight lanes more
// (measured at 8 to 32 lanes of small networks: registers are not full, and each kernel has its start).
double cost_of(const Block& block) {
  const auto lanes = static_cast<double>(block.trajectories.size());
  return block.work() * (lanes + 8) / lanes;
}

// How long the busiest of the threads works if each takes the costliest block that is left.
double makespan(std::vector<double> costs, int threads) {
  std::sort(costs.begin(), costs.end(), std::greater<>());
  std::vector<double> load(static_cast<std::size_t>(threads), 0);
  for (double cost : costs) *std::min_element(load.begin(), load.end()) += cost;
  return *std::max_element(load.begin(), load.end());
}

// A block trains until its longest lane has come to its end, and lanes stand in order of length.
std::pair<Block, Block> halves(const Block& block) {
  std::pair<Block, Block> out(block, block);
  const auto middle = static_cast<std::ptrdiff_t>((block.trajectories.size() + 1) / 2);
  out.first.trajectories.resize(static_cast<std::size_t>(middle));
  out.second.trajectories.erase(out.second.trajectories.begin(), out.second.trajectories.begin() + middle);
  out.second.end = std::min(block.end, out.second.trajectories[0].hyper.epochs);
  return out;
}

}  // namespace

void balance(std::vector<Block>& blocks, int threads) {
  constexpr std::size_t kLeastLanes = 8;
  constexpr double kWorthIt = 0.95;
  while (threads > 1 && blocks.size() < 4 * static_cast<std::size_t>(threads)) {
    std::vector<double> costs;
    for (const Block& block : blocks) costs.push_back(cost_of(block));
    double best = kWorthIt * makespan(costs, threads);
    std::optional<std::size_t> at;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].trajectories.size() < 2 * kLeastLanes) continue;
      const auto [a, b] = halves(blocks[i]);
      std::vector<double> then = costs;
      then[i] = cost_of(a);
      then.push_back(cost_of(b));
      if (const double time = makespan(then, threads); time < best) {
        best = time;
        at = i;
      }
    }
    if (!at) return;
    auto [a, b] = halves(blocks[*at]);
    blocks[*at] = std::move(a);
    blocks.push_back(std::move(b));
  }
}

}  // namespace runnel::sweep
