// Weights of rows.
#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/data.h"

namespace runnel {
namespace {

// None where the row's value is missing or no number.
std::optional<double> number_at(const Column& column, std::size_t row) {
  if (column.is_missing(row)) return std::nullopt;
  return column.type == Column::Type::text ? to_number(column.texts[row])
                                           : std::optional(column.numbers[row]);
}

}  // namespace

std::vector<double> row_weights(const Table& table, const std::string& name,
                                std::span<const std::size_t> rows) {
  const Column& column = table.at(name);
  std::vector<double> out;
  for (const std::size_t row : rows) {
    if (column.is_missing(row))
      fail("{}, column '{}': a missing value, but it is to weigh the row (--weight)", table.where(row), name);
    const auto value = number_at(column, row);
    if (!value || !std::isfinite(*value) || *value < 0)
      fail("{}, column '{}': '{}' is no weight (--weight): a number of at least 0", table.where(row), name,
           shortened(column.text(row)));
    out.push_back(*value);
  }
  if (std::all_of(out.begin(), out.end(), [](double w) { return w == 0; }))
    fail("{}, column '{}': every training row has the weight 0 (--weight)", table.source, name);
  return out;
}

std::vector<std::size_t> rows_of_weight(const Table& table, const std::string& name,
                                        std::span<const std::size_t> rows) {
  const Column& column = table.at(name);
  std::vector<std::size_t> out;
  for (const std::size_t row : rows)
    if (number_at(column, row) != 0) out.push_back(row);
  return out;
}

}  // namespace runnel
