// How much of the work that is left a rank is handed.
#pragma once

#include <cstddef>
#include <span>

namespace runnel::ranks {

// Guided self-scheduling (Polychronopoulos and Kuck, IEEE Transactions on Computers C-36, 1987), with work
// in place of counts: half of a rank's share of what is left, at least a block for each of its threads.
// Blocks stand in order of their work, so the last ones to be handed out are the least. Returns how many of
// the blocks `left`, whose work is `work_left`.
template <class Block>
std::size_t share_of(std::span<const Block> left, double work_left, int threads, int all_threads) {
  const double share = work_left * threads / (2.0 * all_threads);
  double work = 0;
  std::size_t n = 0;
  for (; n < left.size(); ++n) {
    work += left[n].work();
    if (n >= static_cast<std::size_t>(threads) && work > share) break;
  }
  return n;
}

}  // namespace runnel::ranks
