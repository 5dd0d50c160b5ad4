#include "fit/separate_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_set>

#include <fmt/format.h>

#include "core/text.h"

namespace runnel {
namespace {

std::string of_known_groups(const Table& table, const Table& test, std::span<const std::size_t> rows,
                            const std::string& name) {
  const Column *known = table.find(name), *column = test.find(name);
  if (known == nullptr || column == nullptr) return "";
  std::unordered_set<std::string> groups;
  for (std::size_t row = 0; row < table.rows; ++row)
    if (!known->is_missing(row)) groups.insert(known->text(row));
  const auto shared = std::count_if(rows.begin(), rows.end(), [&](std::size_t row) {
    return !column->is_missing(row) && groups.contains(column->text(row));
  });
  if (shared == 0) return "";
  return fmt::format(
      "{}: {} of the {} are of groups that {} has too (--group {}): the score says little of new groups",
      test.source, grouped(static_cast<std::size_t>(shared)), counted(rows.size(), "row"), table.source,
      shell_quoted(name));
}

std::string not_later(const Table& table, const Table& test, std::span<const std::size_t> rows,
                      const std::string& name) {
  const Column *known = table.find(name), *column = test.find(name);
  if (known == nullptr || column == nullptr || column->type != known->type || column->numbers.empty())
    return "";
  double last = -std::numeric_limits<double>::infinity();
  for (const double time : known->numbers)
    if (!std::isnan(time)) last = std::max(last, time);
  const auto early =
      std::count_if(rows.begin(), rows.end(), [&](std::size_t row) { return column->numbers[row] <= last; });
  if (early == 0) return "";
  return fmt::format(
      "{}: {} of the {} are not later than the last row of {} (--time-column {}): the score says little of "
      "the "
      "future",
      test.source, grouped(static_cast<std::size_t>(early)), counted(rows.size(), "row"), table.source,
      shell_quoted(name));
}

}  // namespace

std::vector<std::string> border_warnings(const Table& table, const Table& test,
                                         std::span<const std::size_t> test_rows,
                                         const SplitOptions& options) {
  std::vector<std::string> out;
  if (!options.group.empty()) out.push_back(of_known_groups(table, test, test_rows, options.group));
  if (!options.time.empty()) out.push_back(not_later(table, test, test_rows, options.time));
  std::erase(out, "");
  return out;
}

}  // namespace runnel
