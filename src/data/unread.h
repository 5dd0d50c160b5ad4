// What is said of cells that cannot be read as a column's other cells are.
#pragma once

#include <string>
#include <string_view>

#include "runnel/data.h"

namespace runnel::data {

// "numbers", "dates", "truth values", "texts".
std::string_view plural_of(ColumnType type);
// What is to be given that the unread cells of a column of numbers be read: "; --thousands p=comma reads
// them". Empty where no flag does.
std::string flag_that_reads(const Column& column);
// "column 'p': 4 cells cannot be read as numbers …", with the first of them.
std::string unread_text(const Table& table, const Column& column);

}  // namespace runnel::data
