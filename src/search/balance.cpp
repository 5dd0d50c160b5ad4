#include "search/balance.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace runnel::search {
namespace {

// Neighbouring lanes of a block.
struct Piece {
  const Block* of;
  std::size_t first, last;  // without the last
  double cost;

  std::size_t lanes() const { return last - first; }
};

std::size_t rounded_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

// A block trains until its longest lane has come to its end, and lanes stand in order of length.
std::int64_t end_of(const Block& block, std::size_t first) {
  return std::min(block.end, block.trajectories[first].epochs);
}

// With what it costs beside others.
Piece piece(const Block& of, std::size_t first, std::size_t last) {
  const double of_lane = of.work_per_epoch() / static_cast<double>(of.trajectories.size());
  const auto epochs = static_cast<double>(end_of(of, first) - of.begin);
  const std::size_t lanes = lanes_worked(last - first, of.program->dtype());
  return {&of, first, last, of_lane * epochs * static_cast<double>(lanes)};
}

Block block_of(const Piece& p) {
  Block out = *p.of;
  out.trajectories.assign(p.of->trajectories.begin() + static_cast<std::ptrdiff_t>(p.first),
                          p.of->trajectories.begin() + static_cast<std::ptrdiff_t>(p.last));
  out.end = end_of(*p.of, p.first);
  return out;
}

// How long the busiest of the threads works if each takes the costliest piece that is left.
double makespan(const std::vector<Piece>& pieces, int threads) {
  std::vector<double> costs;
  for (const Piece& p : pieces) costs.push_back(p.cost);
  std::sort(costs.begin(), costs.end(), std::greater<>());
  std::vector<double> loads(static_cast<std::size_t>(threads), 0);  // a heap, the least on top
  double longest = 0;
  for (const double cost : costs) {
    std::pop_heap(loads.begin(), loads.end(), std::greater<>());
    loads.back() += cost;
    longest = std::max(longest, loads.back());
    std::push_heap(loads.begin(), loads.end(), std::greater<>());
  }
  return longest;
}

// Cuts the costliest piece of those that can be cut in two, at a whole register; false where there is none.
bool cut_one(std::vector<Piece>& pieces) {
  constexpr std::size_t kLeastLanes = 8;
  std::optional<std::size_t> at;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (pieces[i].lanes() >= 2 * kLeastLanes && (!at || pieces[i].cost > pieces[*at].cost)) at = i;
  if (!at) return false;
  const Piece whole = pieces[*at];
  const std::size_t half = (whole.lanes() + 1) / 2;
  const std::size_t full = rounded_up(half, register_lanes(whole.of->program->dtype()));
  const std::size_t middle = whole.first + (full + kLeastLanes <= whole.lanes() ? full : half);
  pieces[*at] = piece(*whole.of, whole.first, middle);
  pieces.push_back(piece(*whole.of, middle, whole.last));
  return true;
}

}  // namespace

std::size_t register_lanes(DType dtype) { return 64 / size_of(dtype); }

// A step works on whole registers (of AVX2: half of the widest), and of few lanes it costs about as much as
// one of eight lanes more (measured at 8 to 32 lanes of small networks: each kernel has its start).
std::size_t lanes_worked(std::size_t lanes, DType dtype) {
  return rounded_up(lanes, register_lanes(dtype) / 2) + 8;
}

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

}  // namespace runnel::search
