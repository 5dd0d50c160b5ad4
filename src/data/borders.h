// Where an order of rows is cut into parts, when rows that belong together must not be cut apart.
#pragma once

#include <cstddef>
#include <vector>

namespace runnel::data {

// For each wanted place the nearest allowed one (the lower of two as near), so that no two are the same: with
// borders between 1 and n - 1 no part is empty. Both lists ascend; there must be at least as many allowed
// places as wanted ones.
std::vector<std::size_t> nearest_borders(const std::vector<std::size_t>& wanted,
                                         const std::vector<std::size_t>& allowed);

// The places in an order of values at which one differs from the one before it.
std::vector<std::size_t> changes(const std::vector<double>& values);

}  // namespace runnel::data
