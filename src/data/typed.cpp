// What the cells of a text file mean: numbers or texts.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.h"
#include "data/readers.h"
#include "data/text.h"

namespace runnel::data {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// What one of the different texts of a column is.
struct Reading {
  bool seen = false;  // in a row that has a cell
  bool missing = false;
  std::optional<double> number;
};

bool is_absent(const RawColumn& column, std::size_t row) {
  return !column.absent.empty() && column.absent[row] != 0;
}

std::vector<Reading> read_each(const RawColumn& column, const ReadOptions& options) {
  std::vector<Reading> out(column.texts.count_different());
  for (std::size_t row = 0; row < column.texts.size(); ++row) {
    if (!is_absent(column, row)) out[column.texts.code(row)].seen = true;
  }
  for (std::size_t code = 0; code < out.size(); ++code) {
    const std::string_view text = column.texts.different(code);
    out[code].missing =
        std::find(options.missing.begin(), options.missing.end(), text) != options.missing.end();
    if (!out[code].missing) out[code].number = to_number(text);
  }
  return out;
}

bool as_numbers(const RawColumn& column, const std::vector<Reading>& readings) {
  if (column.declared) return column.declared->type == ColumnType::number;
  return std::all_of(readings.begin(), readings.end(),
                     [](const Reading& r) { return !r.seen || r.missing || r.number; });
}

void check_finite(const Table& table, const Column& column) {
  for (std::size_t r = 0; r < table.rows; ++r) {
    if (!std::isinf(column.numbers[r])) continue;
    fail("{}, column '{}': an infinite value ({}); correct it, or count it as missing with --missing",
         table.where(r), column.name, column.numbers[r] > 0 ? "inf" : "-inf");
  }
}

Column typed_column(RawColumn& raw, const ReadOptions& options) {
  const std::vector<Reading> readings = read_each(raw, options);
  Column out;
  out.name = std::move(raw.name);
  out.type = as_numbers(raw, readings) ? Column::Type::number : Column::Type::text;
  for (std::size_t row = 0; row < raw.texts.size(); ++row) {
    const Reading& reading = readings[raw.texts.code(row)];
    const bool missing = is_absent(raw, row) || reading.missing;
    if (out.type == Column::Type::number) {
      out.numbers.push_back(missing ? none : reading.number.value_or(none));
    } else {
      out.texts.emplace_back(missing ? std::string_view() : raw.texts[row]);
      out.missing.push_back(missing);
    }
  }
  return out;
}

}  // namespace

Table typed(RawTable raw, const ReadOptions& options) {
  Table table;
  table.source = std::move(raw.source);
  table.rows = raw.rows;
  table.lines = std::move(raw.lines);
  table.notes = std::move(raw.notes);
  for (RawColumn& column : raw.columns) {
    table.columns.push_back(typed_column(column, options));
    if (table.columns.back().type == Column::Type::number) check_finite(table, table.columns.back());
  }
  return table;
}

}  // namespace runnel::data
