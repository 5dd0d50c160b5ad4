// Table, Column, Block: access and names.
#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/data.h"

namespace runnel {

bool Column::is_missing(std::size_t row) const {
  return type == Type::text ? missing[row] != 0 : std::isnan(numbers[row]);
}

std::string Column::text(std::size_t row) const {
  if (is_missing(row)) return "";
  return texts.empty() ? from_number(numbers[row]) : std::string(texts[row]);
}

std::size_t Block::width() const {
  std::size_t product = 1;
  for (const std::size_t extent : shape) product *= extent;
  return product;
}

const Column* Table::find(std::string_view name) const {
  const auto it =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
  return it == columns.end() ? nullptr : &*it;
}

const Column& Table::at(std::string_view name) const {
  if (const Column* column = find(name)) return *column;
  if (columns.empty() && block) {
    fail("{}: no column '{}': the file holds only the block '{}' ({} numbers per row)", source, name,
         block->name, block->width());
  }
  fail("{}: no column '{}'{}", source, name, suggestion(name, names()));
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> out;
  for (const Column& column : columns) out.push_back(column.name);
  return out;
}

std::string Table::where(std::size_t row) const {
  if (row < lines.size()) return fmt::format("{}, line {}", source, lines[row]);
  return fmt::format("{}, row {}", source, row);
}

}  // namespace runnel
