#include "data/json_rows.h"

#include <algorithm>
#include <limits>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {
namespace {

// Rows up to `rows` without a cell.
void fill_up(RawColumn& column, std::size_t rows) {
  while (column.texts.size() < rows) column.texts.push_back("");
  column.absent.resize(rows, 1);
  column.plain.resize(rows, 0);
}

bool has_cells(const RawColumn& column) {
  return std::find(column.absent.begin(), column.absent.end(), 0) != column.absent.end();
}

}  // namespace

void RowsByKey::begin_row(std::size_t line) {
  if (line > std::numeric_limits<std::uint32_t>::max()) fail("{}: more lines than 4,294,967,295", path());
  table_.lines.push_back(static_cast<std::uint32_t>(line));
  ++table_.rows;
  expected_ = 0;
}

std::size_t RowsByKey::column_of(std::string_view key) {
  if (expected_ < table_.columns.size() && table_.columns[expected_].name == key) return expected_;
  const auto [it, fresh] = columns_.emplace(std::string(key), table_.columns.size());
  if (fresh) table_.columns.push_back({.name = std::string(key), .texts = {}});
  return it->second;
}

void RowsByKey::set(std::string_view key, std::optional<std::string_view> text, bool is_number) {
  key = trimmed(key);
  const std::size_t c = column_of(key);
  expected_ = c + 1;
  RawColumn& column = table_.columns[c];
  if (column.texts.size() == table_.rows) {
    fail("{}, line {}: the key '{}' stands twice in one object; rename one", path(), line(), shortened(key));
  }
  fill_up(column, table_.rows - 1);
  column.texts.push_back(trimmed(text.value_or("")));
  column.absent.push_back(text ? 0 : 1);
  column.plain.push_back(is_number ? 1 : 0);
}

RawTable RowsByKey::finish() {
  for (RawColumn& column : table_.columns) fill_up(column, table_.rows);
  // Where an object stands in some rows and null in others, null is no column beside those of the object.
  std::erase_if(table_.columns, [&](const RawColumn& column) {
    if (has_cells(column)) return false;
    const std::string inside = column.name + ".";
    return std::any_of(columns_.begin(), columns_.end(),
                       [&](const auto& other) { return other.first.starts_with(inside); });
  });
  for (RawColumn& column : table_.columns) {
    column.texts.settle();
    for (std::vector<std::uint8_t>* marks : {&column.absent, &column.plain})
      if (std::find(marks->begin(), marks->end(), 1) == marks->end()) *marks = {};
  }
  return std::move(table_);
}

}  // namespace runnel::data
