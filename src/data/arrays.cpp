// Arrays as tables: which become columns, and which the block.
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "data/readers.h"

namespace runnel::data {

std::size_t ArrayFile::width() const {
  std::size_t product = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

bool makes_block(const std::vector<std::size_t>& shape) {
  return shape.size() > 2 || (shape.size() == 2 && shape[1] > most_array_columns);
}

void add_texts(ArrayFile& array) {
  if (!array.texts.empty()) return;
  for (const double x : array.numbers) array.texts.push_back(from_number(x));
}

namespace {

void check_finite(const Table& table, const std::string& name, std::size_t index, std::size_t width,
                  bool positive) {
  fail("{}, row {}: an infinite value ({}) in '{}', position {}; correct it, or replace it by NaN (missing)",
       table.source, index / width, positive ? "inf" : "-inf", name, index % width);
}

template <class T>
void check_all_finite(const Table& table, const std::string& name, std::size_t width,
                      const std::vector<T>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isinf(values[i])) check_finite(table, name, i, width, values[i] > 0);
  }
}

void add_block(Table& table, const std::string& name, ArrayFile& array) {
  if (table.block) {
    fail("{}: two wide arrays ('{}' and '{}'); a table holds one, with any number of narrow ones beside it",
         table.source, table.block->name, name);
  }
  if (array.is_text)
    fail("{}: '{}' holds texts in {} columns; at most {} are read", table.source, name, array.width(),
         most_array_columns);
  Block block;
  block.name = name;
  block.shape.assign(array.shape.begin() + 1, array.shape.end());
  block.values = std::move(array.block);
  block.doubles = std::move(array.numbers);
  check_all_finite(table, name, array.width(), block.values);
  check_all_finite(table, name, array.width(), block.doubles);
  if (array.is_bytes && array.shape.size() >= 3) {
    for (float& v : block.values) v /= 255.0f;
    block.name = "pixels";
    table.notes.push_back(fmt::format("{} are bytes and read as value/255",
                                      name == "pixels" ? "pixels" : "the pixels in '" + name + "'"));
  }
  table.block = std::move(block);
}

void add_columns(Table& table, const std::string& name, ArrayFile& array) {
  const std::size_t width = array.width();
  for (std::size_t c = 0; c < width; ++c) {
    Column column;
    column.name = array.shape.size() < 2 ? name : fmt::format("{}{}", name, c + 1);
    if (table.find(column.name)) {
      fail("{}: the column name '{}' stands twice; rename one array", table.source, column.name);
    }
    column.type = array.is_text ? Column::Type::text : Column::Type::number;
    for (std::size_t r = 0; r < table.rows; ++r) {
      const std::size_t i = r * width + c;
      if (!array.texts.empty()) column.texts.push_back(array.texts[i]);
      if (array.is_text) {
        column.missing.push_back(array.texts[i].empty());
      } else {
        column.numbers.push_back(array.numbers[i]);
      }
    }
    table.columns.push_back(std::move(column));
  }
}

}  // namespace

void add_array(Table& table, const std::string& name, ArrayFile array) {
  if (array.shape.empty()) fail("{}: '{}' is a single value, not an array of rows", table.source, name);
  if (array.rows() == 0 || array.width() == 0) fail("{}: '{}' has no rows or no columns", table.source, name);
  if (table.rows == 0) table.rows = array.rows();
  if (array.rows() != table.rows) {
    fail("{}: '{}' has {} where the other arrays have {}", table.source, name, counted(array.rows(), "row"),
         grouped(table.rows));
  }
  if (makes_block(array.shape)) {
    add_block(table, name, array);
  } else {
    add_columns(table, name, array);
  }
}

}  // namespace runnel::data
