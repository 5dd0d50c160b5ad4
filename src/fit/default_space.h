// What `fit` searches when it is not told.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runnel/params.h"

namespace runnel {

// A table as the default space sees it: training rows, features, and how many of these are numeric columns.
struct TableSize {
  std::size_t rows = 0, features = 0, numeric = 0;
};

// What one parameter may be.
using Choice = std::pair<std::string, std::vector<params::Value>>;

// Choices for such a table. Parameters that are set stay as they are.
std::vector<Choice> default_space(const TableSize& table, const std::map<std::string, params::Value>& set);

}  // namespace runnel
