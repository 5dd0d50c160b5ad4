#include "data/facts.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/text.h"
#include "data/numbers.h"

namespace runnel::data {

double median_of(std::vector<double>& v) {
  if (v.empty()) return 0;
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  if (v.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(v.begin(), middle)) / 2;
}

namespace {

// Rows of `rows` that hold each of the different texts, missing ones not counted.
std::vector<std::size_t> counts_of(const Column& column, std::span<const std::size_t> rows) {
  std::vector<std::size_t> counts(column.texts.count_different());
  for (const std::size_t row : rows)
    if (!column.is_missing(row)) ++counts[column.texts.code(row)];
  return counts;
}

// The most frequent texts; ties by value, then by text.
void add_levels(const Column& column, std::span<const std::size_t> rows, std::size_t most, Facts& facts) {
  struct Level {
    std::size_t count;
    double value;
    std::string_view text;
  };
  const std::vector<std::size_t> counts = counts_of(column, rows);
  std::vector<Level> levels;
  for (std::size_t code = 0; code < counts.size(); ++code)
    if (counts[code] > 0) levels.push_back({counts[code], 0, column.texts.different(code)});
  facts.distinct_texts = levels.size();
  const std::size_t keep = std::min(most, levels.size());
  if (keep == 0) return;
  if (column.type == Column::Type::number)
    for (Level& level : levels) level.value = parse_number(level.text, column.number).value_or(0);
  std::partial_sort(levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(keep), levels.end(),
                    [](const Level& a, const Level& b) {
                      if (a.count != b.count) return a.count > b.count;
                      return a.value != b.value ? a.value < b.value : a.text < b.text;
                    });
  for (std::size_t i = 0; i < keep; ++i) facts.levels.emplace_back(levels[i].text, levels[i].count);
}

void add_moments(const std::vector<double>& values, Facts& facts) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v;
  facts.mean = sum / n;
  double second = 0, third = 0;
  for (const double v : values) {
    const double d = v - facts.mean;
    second += d * d;
    third += d * d * d;
  }
  facts.deviation = std::sqrt(second / n);
  // The third standardised moment.
  facts.skewness = facts.deviation > 0 ? third / n / std::pow(facts.deviation, 3) : 0;
}

void count_numbers(const Column& column, std::span<const std::size_t> rows, std::size_t most_levels,
                   Facts& facts) {
  std::vector<double> values;
  values.reserve(rows.size());
  facts.whole = facts.counts_rows = true;
  for (const std::size_t row : rows) {
    const double v = column.numbers[row];
    if (std::isnan(v)) continue;
    facts.whole = facts.whole && v == std::floor(v);
    facts.counts_rows = facts.counts_rows && (values.empty() || v > values.back());
    values.push_back(v);
  }
  facts.missing = rows.size() - values.size();
  if (values.empty()) return;
  add_moments(values, facts);

  std::vector<double> sizes;
  for (const double v : values) {
    if (v != 0) sizes.push_back(std::abs(v));
  }
  facts.log_scale = median_of(sizes);

  std::sort(values.begin(), values.end());
  facts.min = values.front();
  facts.max = values.back();
  const std::size_t half = values.size() / 2;
  facts.median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
  std::vector<std::pair<double, std::size_t>> runs;
  for (const double v : values) {
    if (runs.empty() || runs.back().first != v) runs.emplace_back(v, 0);
    ++runs.back().second;
  }
  facts.distinct = runs.size();
  if (!column.texts.empty()) {
    add_levels(column, rows, most_levels, facts);
  } else {
    facts.distinct_texts = facts.distinct;
    // The most frequent numbers are found before any is written as text, which is the slow part.
    std::stable_sort(runs.begin(), runs.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (std::size_t i = 0; i < std::min(most_levels, runs.size()); ++i)
      facts.levels.emplace_back(from_number(runs[i].first), runs[i].second);
  }
  constexpr std::size_t least_rows = 20;
  facts.counts_rows = facts.counts_rows && facts.whole && facts.missing == 0 && values.size() >= least_rows &&
                      facts.max - facts.min < static_cast<double>(column.size());
}

void count_texts(const Column& column, std::span<const std::size_t> rows, std::size_t most_levels,
                 Facts& facts) {
  for (const std::size_t row : rows) facts.missing += column.missing[row];
  add_levels(column, rows, most_levels, facts);
  facts.distinct = facts.distinct_texts;
}

}  // namespace

Facts facts_of(const Column& column, std::span<const std::size_t> rows, std::size_t most_levels) {
  Facts facts;
  facts.rows = rows.size();
  if (column.type == Column::Type::text) {
    count_texts(column, rows, most_levels, facts);
  } else {
    count_numbers(column, rows, most_levels, facts);
  }
  return facts;
}

bool is_id_name(const std::string& name) {
  const std::string small = lower(name);
  for (const std::string_view word : {"id", "ids", "uri", "url", "uuid", "guid", "href"}) {
    if (small == word) return true;
    if (small.size() <= word.size() || !small.ends_with(word)) continue;
    const std::size_t at = small.size() - word.size();
    const char before = name[at - 1];
    if (before == '_' || before == '-' || before == ' ' || before == '.') return true;
    // PassengerId: a capital after a small letter begins a word.
    if (before >= 'a' && before <= 'z' && name[at] >= 'A' && name[at] <= 'Z') return true;
  }
  return false;
}

}  // namespace runnel::data
