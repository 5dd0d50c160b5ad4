// Columns of texts that would be numbers or dates, were it not for some cells.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

struct Nearly {
  ColumnFormat format;                // how most cells can be read
  std::size_t read = 0, present = 0;  // cells
  std::vector<std::pair<std::string_view, std::size_t>>
      odd;  // texts that are none, and the row of each one's first
};

// Of a text column in which nine of ten cells can be read in one way, over all rows; else nothing.
std::optional<Nearly> nearly(const Column& column);
// What it says to a user: "most are numbers with a decimal comma, but 'k. A.' is not (a.csv, line 13):
// --missing 'k. A.' would make it a column of numbers". Empty for other columns.
std::string nearly_text(const Table& table, const Column& column);

}  // namespace runnel::data
