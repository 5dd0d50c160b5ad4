// Tables whose columns are set apart by blanks, in any number: R's write.table, column -t, many files of the
// UCI repository. They are read as CSV once a tab stands between their columns.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

// How many blanks at least stand between two columns: 2 where cells hold single ones (New York), else 1. A
// tab is enough in both. Nothing where the lines are not so: each must have as many fields as the others, or
// the first one fewer (R's header of a table with row names), and single blanks must set numbers or quoted
// texts apart in some column, as those in a list of names do not. `whole`: the sample is not cut off.
std::optional<std::size_t> find_blanks(std::string_view sample, bool whole);

// Whether the tabs of a file are blanks among others: in each line numbers stand with several blanks between
// them.
bool tabs_are_blanks(std::string_view sample, bool whole);

struct Tabbed {
  std::string text;  // of the same lines
  std::vector<std::string> notes;
};

// Blanks that set columns apart become one tab, others at both ends of a line go. Quoted texts stay as they
// are, but that R's \" becomes "". A header that has one name fewer than the next line fields gets a first
// one.
Tabbed with_tabs(std::string_view text, bool header);

}  // namespace runnel::data
