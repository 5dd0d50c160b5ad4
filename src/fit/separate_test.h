// Test rows in a table of their own, which nothing keeps apart from the rows that train.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel {

// Where rows are grouped or in time: a sentence on test rows of groups that train too, and on test rows that
// are not later than all that train.
std::vector<std::string> border_warnings(const Table& table, const Table& test,
                                         std::span<const std::size_t> test_rows, const SplitOptions& options);

}  // namespace runnel
