// Splits of tables: which columns and rows the split functions see.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "core/fail.h"
#include "core/text.h"
#include "data/nearly.h"
#include "runnel/data.h"

namespace runnel {
namespace {

// Groups numbered as they first appear. A missing value is a group of its own row: nothing says that two
// unknown ids are the same.
std::vector<std::size_t> group_numbers(const Column& column, std::span<const std::size_t> rows) {
  std::unordered_map<std::string, std::size_t> known;
  std::vector<std::size_t> out;
  std::size_t next = 0;
  for (const std::size_t row : rows) {
    if (column.is_missing(row)) {
      out.push_back(next++);
      continue;
    }
    const auto [it, fresh] = known.emplace(column.text(row), next);
    if (fresh) ++next;
    out.push_back(it->second);
  }
  return out;
}

// Whole numbers that doubles would not hold (nanoseconds since 1970), counted from the smallest.
std::optional<std::vector<double>> large_times(const Column& column, std::span<const std::size_t> rows) {
  if (column.type != Column::Type::number || column.texts.empty()) return std::nullopt;
  std::vector<std::int64_t> whole;
  for (const std::size_t row : rows) {
    const std::string_view text = column.texts[row];
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    whole.push_back(value);
  }
  if (whole.empty()) return std::nullopt;
  const std::int64_t first = *std::min_element(whole.begin(), whole.end());
  if (std::max(std::abs(static_cast<double>(first)),
               std::abs(static_cast<double>(*std::max_element(whole.begin(), whole.end())))) < 0x1p53)
    return std::nullopt;
  std::vector<double> out;
  for (const std::int64_t value : whole)  // unsigned: the difference may be beyond the largest signed number
    out.push_back(static_cast<double>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(first)));
  return out;
}

std::vector<double> times(const Table& table, const Column& column, std::span<const std::size_t> rows) {
  std::vector<double> out;
  for (const std::size_t row : rows) {
    if (column.is_missing(row)) {
      fail("{}, column '{}': a missing value, but the rows are to be ordered by it (--time-column)",
           table.where(row), column.name);
    }
    if (column.type == Column::Type::text || !std::isfinite(column.numbers[row])) {
      if (const std::string nearly = data::nearly_text(table, column); !nearly.empty())
        fail("{}, column '{}': the rows are to be ordered by it (--time-column); {}", table.source,
             column.name, nearly);
      fail(
          "{}, column '{}': '{}' is neither a number nor a date, but the rows are to be ordered by it "
          "(--time-column)",
          table.where(row), column.name, shortened(column.text(row)));
    }
    out.push_back(column.numbers[row]);
  }
  if (auto large = large_times(column, rows)) return *large;
  return out;
}

SplitKeys keys_of(const Table& table, std::span<const std::size_t> rows, const TargetValues& y, Task task,
                  const SplitOptions& options) {
  SplitKeys keys;
  keys.rows = rows.size();
  if (!options.group.empty()) keys.groups = group_numbers(table.at(options.group), rows);
  if (!options.time.empty()) keys.times = times(table, table.at(options.time), rows);
  if (task != Task::regression) {
    for (const std::size_t row : rows) keys.labels.push_back(static_cast<std::size_t>(y.y[row]));
  }
  return keys;
}

std::vector<std::size_t> chosen(std::span<const std::size_t> rows, const std::vector<std::size_t>& picks) {
  std::vector<std::size_t> out;
  for (const std::size_t pick : picks) out.push_back(rows[pick]);
  return out;
}

Split mapped(std::span<const std::size_t> rows, Split split) {
  split.train = chosen(rows, split.train);
  split.validation = chosen(rows, split.validation);
  split.test = chosen(rows, split.test);
  return split;
}

}  // namespace

Split split_table(const Table& table, const TargetValues& y, Task task, const SplitOptions& options) {
  if (!table.test_begin) return mapped(y.rows, split_rows(keys_of(table, y.rows, y, task, options), options));

  const auto border = std::lower_bound(y.rows.begin(), y.rows.end(), *table.test_begin);
  const std::span<const std::size_t> head(y.rows.begin(), border), own_test(border, y.rows.end());
  SplitOptions rest = options;
  rest.test = 0;
  Split split = mapped(head, split_rows(keys_of(table, head, y, task, rest), rest));
  if (options.test > 0) {
    split.test.assign(own_test.begin(), own_test.end());
    split.how += "; the test rows are the table's own";
  }
  return split;
}

std::size_t group_count(const Table& table, std::span<const std::size_t> rows, const std::string& column) {
  const std::vector<std::size_t> groups = group_numbers(table.at(column), rows);
  return groups.empty() ? 0 : *std::max_element(groups.begin(), groups.end()) + 1;
}

std::vector<Fold> fold_table(const Table& table, std::span<const std::size_t> rows, const TargetValues& y,
                             Task task, std::size_t folds, const SplitOptions& options) {
  std::vector<Fold> out = fold_rows(keys_of(table, rows, y, task, options), folds, options);
  for (Fold& fold : out) {
    fold.train = chosen(rows, fold.train);
    fold.validation = chosen(rows, fold.validation);
    std::sort(fold.train.begin(), fold.train.end());
    std::sort(fold.validation.begin(), fold.validation.end());
  }
  return out;
}

}  // namespace runnel
