#include "fit/giveaways.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "data/list.h"

namespace runnel {
namespace {

using Numbers = std::vector<double>;
using Classes = std::vector<std::size_t>;

constexpr std::size_t kFewRows = 20;  // with fewer nothing is said
constexpr double kUnlikely = 1e-3;    // that any column of a table tells the classes apart by chance

Classes counts_of(std::span<const std::size_t> numbers) {
  Classes out(numbers.empty() ? 0 : *std::max_element(numbers.begin(), numbers.end()) + 1, 0);
  for (const std::size_t k : numbers) ++out[k];
  return out;
}

// The features of one column among the training rows.
struct Features {
  const Encoding& encoding;
  std::size_t first, count;
  const Array& x;

  double at(std::size_t row, std::size_t k) const {
    const std::size_t i = row * static_cast<std::size_t>(x.dim(1)) + first + k;
    return x.dtype() == DType::f64 ? x.data<double>()[i] : double{x.data<float>()[i]};
  }
  bool is_number() const {
    return encoding.kind == Encoding::Kind::number || encoding.kind == Encoding::Kind::date;
  }
  bool is_category() const {
    return encoding.kind == Encoding::Kind::levels || encoding.kind == Encoding::Kind::boolean_text;
  }
  // The last feature says so, where there are gaps.
  bool is_missing(std::size_t row) const {
    return (encoding.indicator || encoding.only_indicator) && at(row, count - 1) > 0;
  }
  // A category's level, a missing value being one of its own; of a number whether it is missing.
  std::size_t level(std::size_t row) const {
    if (is_number()) return is_missing(row) ? 1 : 0;
    for (std::size_t k = 0; k < count; ++k)
      if (at(row, k) > 0) return k + 1;
    return 0;
  }
};

std::string telling(const std::string& by, std::size_t rows, const char* which = "") {
  return fmt::format("{} tells the classes of all {}{} apart", by, counted(rows, "training row"), which);
}

std::string number_apart(const Features& f, const Classes& y, double columns) {
  Numbers values;
  Classes classes;
  for (std::size_t row = 0; row < y.size(); ++row) {
    if (f.is_missing(row)) continue;
    values.push_back(f.at(row, 0));
    classes.push_back(y[row]);
  }
  if (values.size() < kFewRows || values.size() * 2 < y.size() || !apart_by_thresholds(values, classes) ||
      columns * chance_of_thresholds(classes) >= kUnlikely)
    return "";
  const Classes counts = counts_of(classes);
  const auto n = std::count_if(counts.begin(), counts.end(), [](std::size_t c) { return c > 0; });
  return telling(n == 2 ? "one threshold" : fmt::format("a row of {} thresholds", n - 1), values.size(),
                 values.size() < y.size() ? " that have a value" : "");
}

// How a column tells the classes of the training rows apart; empty where it does not.
std::string how_apart(const Features& f, const Classes& y, double columns) {
  if (!f.is_number() && !f.is_category()) return "";
  Classes levels;
  for (std::size_t row = 0; row < y.size(); ++row) levels.push_back(f.level(row));
  const bool gap = f.is_number() || f.encoding.only_indicator;
  if (apart_by_levels(levels, y) && columns * chance_of_levels(levels, y) < kUnlikely)
    return telling(gap ? "whether its value is missing" : "its value", y.size());
  return f.is_number() && !f.encoding.only_indicator ? number_apart(f, y, columns) : "";
}

std::string sentence(const std::string& column, const std::string& how) {
  return fmt::format("column {} {}; if it is not known when you predict, leave it out with --drop {}", column,
                     how, shell_quoted(data::in_list(column)));
}

}  // namespace

bool apart_by_thresholds(std::span<const double> values, std::span<const std::size_t> classes) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<std::pair<double, double>> ranges(counts_of(classes).size(), {kInfinity, -kInfinity});
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& [low, high] = ranges[classes[i]];
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  std::erase_if(ranges, [](const auto& range) { return range.first > range.second; });
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t k = 1; k < ranges.size(); ++k)
    if (!(ranges[k - 1].second < ranges[k].first)) return false;
  return ranges.size() >= 2;
}

double chance_of_thresholds(std::span<const std::size_t> classes) {
  double log = -std::lgamma(static_cast<double>(classes.size()) + 1), k = 0;
  for (const std::size_t n : counts_of(classes)) {
    log += std::lgamma(static_cast<double>(n) + 1);
    k += n > 0;
  }
  return std::exp(log + std::lgamma(k + 1));
}

bool apart_by_levels(std::span<const std::size_t> levels, std::span<const std::size_t> classes) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  Classes of_level(counts_of(levels).size(), kNone);
  bool two = false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    std::size_t& c = of_level[levels[i]];
    if (c != kNone && c != classes[i]) return false;
    c = classes[i];
    two = two || c != classes[0];
  }
  const auto used =
      of_level.size() - static_cast<std::size_t>(std::count(of_level.begin(), of_level.end(), kNone));
  return two && used * 2 <= levels.size();
}

double chance_of_levels(std::span<const std::size_t> levels, std::span<const std::size_t> classes) {
  const Classes sizes = counts_of(levels), rows = counts_of(classes);
  const auto n = static_cast<double>(classes.size());
  double log = 0;
  for (const std::size_t size : sizes) {
    if (size == 0) continue;
    double sum = 0;
    for (const std::size_t c : rows) sum += std::pow(static_cast<double>(c) / n, static_cast<double>(size));
    log += std::log(sum);
  }
  return std::exp(log);
}

std::vector<std::string> giveaway_warnings(const Table& table, const Target& target,
                                           const Preprocessor& preprocessor, const Array& x,
                                           const std::vector<double>& y) {
  std::vector<std::string> out, told, used;
  for (const ColumnDecision& d : preprocessor.decisions())
    if (d.features > 0) used.push_back(d.name);
  for (const ColumnSummary& s : summarize(table, target.column())) {
    if (std::find(used.begin(), used.end(), s.name) == used.end()) continue;
    for (const std::string& text : s.suspicions) {
      if (text.find("the target") == std::string::npos) continue;
      out.push_back(sentence(s.name, text));
      told.push_back(s.name);
    }
  }
  if (target.task() == Task::regression || y.size() < kFewRows) return out;
  Classes classes;
  for (const double c : y) classes.push_back(static_cast<std::size_t>(c));
  std::size_t first = 0, k = 0;
  for (const ColumnDecision& d : preprocessor.decisions()) {
    if (d.features == 0) continue;
    const Features features{preprocessor.encodings()[k++], first, d.features, x};
    first += d.features;
    if (std::find(told.begin(), told.end(), d.name) != told.end()) continue;
    const std::string how = how_apart(features, classes, static_cast<double>(used.size()));
    if (!how.empty())
      out.push_back(sentence(d.name, fmt::format("gives the target '{}' away: {}", target.column(), how)));
  }
  return out;
}

}  // namespace runnel
