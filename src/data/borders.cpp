#include "data/borders.h"

#include <algorithm>

namespace runnel::data {

std::vector<std::size_t> nearest_borders(const std::vector<std::size_t>& wanted,
                                         const std::vector<std::size_t>& allowed) {
  std::vector<std::size_t> out;
  auto first = allowed.begin();
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    // As many places are left over as borders are still to come.
    const auto last = allowed.end() - static_cast<std::ptrdiff_t>(wanted.size() - k);
    auto best = std::lower_bound(first, last, wanted[k]);
    if (best != first && *best >= wanted[k] && wanted[k] - best[-1] <= *best - wanted[k]) --best;
    out.push_back(*best);
    first = best + 1;
  }
  return out;
}

std::vector<std::size_t> changes(const std::vector<double>& values) {
  std::vector<std::size_t> out;
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] != values[i - 1]) out.push_back(i);
  return out;
}

}  // namespace runnel::data
