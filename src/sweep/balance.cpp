#include "sweep/balance.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace runnel::sweep {
namespace {

// Neighbouring lanes of a block.
struct Piece {
  const Block* of;
  std::size_t first, last;  // without the last
  double cost;

  std::size_t lanes() const { return last - first; }
};

// A block trains until its longest lane has come to its end, and lanes stand in order of length.
std::int64_t end_of(const Block& block, std::size_t first) {
  return std::min(block.end, block.trajectories[first].hyper.epochs);
}

// With what it costs beside others: a step of few lanes costs about as much as one of eight lanes more
// (measured at 8 to 32 lanes of small networks: registers are not full, and each kernel has its start).
Piece piece(const Block& of, std::size_t first, std::size_t last) {
  const double of_lane = of.work_per_epoch() / static_cast<double>(of.trajectories.size());
  const auto epochs = static_cast<double>(end_of(of, first) - of.begin);
  return {&of, first, last, of_lane * epochs * static_cast<double>(last - first + 8)};
}

Block block_of(const Piece& p) {
  const auto lane = [&](std::size_t i) {
    return p.of->trajectories.begin() + static_cast<std::ptrdiff_t>(i);
  };
  return {{lane(p.first), lane(p.last)}, p.of->fold, p.of->data, p.of->begin, end_of(*p.of, p.first)};
}

// How long the busiest of the threads works if each takes the costliest piece that is left.
double makespan(const std::vector<Piece>& pieces, int threads) {
  std::vector<double> costs;
  for (const Piece& p : pieces) costs.push_back(p.cost);
  std::sort(costs.begin(), costs.end(), std::greater<>());
  std::vector<double> loads(static_cast<std::size_t>(threads), 0);  // a heap, the least on top
  double longest = 0;
  for (double cost : costs) {
    std::pop_heap(loads.begin(), loads.end(), std::greater<>());
    loads.back() += cost;
    longest = std::max(longest, loads.back());
    std::push_heap(loads.begin(), loads.end(), std::greater<>());
  }
  return longest;
}

// Cuts the costliest piece of those that can be cut in two; false where there is none.
bool cut_one(std::vector<Piece>& pieces) {
  constexpr std::size_t kLeastLanes = 8;
  std::optional<std::size_t> at;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (pieces[i].lanes() >= 2 * kLeastLanes && (!at || pieces[i].cost > pieces[*at].cost)) at = i;
  if (!at) return false;
  const Piece whole = pieces[*at];
  const std::size_t middle = whole.first + (whole.lanes() + 1) / 2;
  pieces[*at] = piece(*whole.of, whole.first, middle);
  pieces.push_back(piece(*whole.of, middle, whole.last));
  return true;
}

}  // namespace

void balance(std::vector<Block>& blocks, int threads) {
  constexpr double kWorthIt = 0.95;
  const std::size_t enough = 4 * static_cast<std::size_t>(threads);
  if (threads <= 1 || blocks.size() >= enough) return;
  std::vector<Piece> pieces;
  for (const Block& block : blocks) pieces.push_back(piece(block, 0, block.trajectories.size()));
  std::vector<Piece> best = pieces;
  double least = makespan(pieces, threads);
  while (pieces.size() < enough && cut_one(pieces)) {
    const double time = makespan(pieces, threads);
    if (time >= kWorthIt * least) continue;
    least = time;
    best = pieces;
  }
  std::vector<Block> cut;
  for (const Piece& p : best) cut.push_back(block_of(p));
  blocks = std::move(cut);
}

}  // namespace runnel::sweep
