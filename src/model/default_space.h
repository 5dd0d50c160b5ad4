// What `fit` searches when it is not told.
#pragma once

#include <vector>

#include "runnel/sweep.h"

namespace runnel {

// A table as the default space sees it: training rows, features, and how many of these are numeric columns.
struct TableSize {
  std::size_t rows = 0, features = 0, numeric = 0;
};

// Choices for such a table; fields named in `fixed` stay as they are.
std::vector<sweep::Choice> default_space(const TableSize& table, const std::vector<std::string>& fixed);

}  // namespace runnel
