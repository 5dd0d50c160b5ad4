// What is said of cells that cannot be read as a column's other cells are.
#pragma once

#include <string>
#include <string_view>

#include "runnel/data.h"

namespace runnel::data {

// "numbers", "dates", "truth values", "texts".
std::string_view plural_of(ColumnType type);
// What is to be given that the unread cells of a column of numbers be read: "; --thousands p=comma reads
// them". Empty where no flag does. Missing words are no unread cells.
std::string flag_that_reads(const Column& column, const std::vector<std::string>& missing_words);

// What could not be read in the cells of a file, which may come in pieces.
class Unread {
 public:
  void add(const Table& piece);
  // "column 'p': 4 cells cannot be read as numbers …", with the first of them: one for each column that has
  // such cells, in the order of the file.
  std::vector<std::string> texts() const;
  // Cells of a column that could not be read.
  std::size_t count(std::string_view column) const;

 private:
  struct Cells {
    std::string column;
    ColumnType type = ColumnType::number;
    NumberFormat number = {};
    std::size_t count = 0;
    std::string first = {}, where = {};
    Texts different = {};  // of numbers; of very many the first
  };
  std::vector<Cells> columns_;
};

}  // namespace runnel::data
