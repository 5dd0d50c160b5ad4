// What `inspect` says of a table: one summary per column, with what looks suspicious.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>

#include "core/fail.h"
#include "core/text.h"
#include "data/dates.h"
#include "data/facts.h"
#include "data/nearly.h"
#include "data/triage.h"
#include "runnel/data.h"

namespace runnel {
namespace {

using data::Facts;

constexpr std::size_t most_levels = 32;  // for judging text; of these the first few are reported
constexpr std::size_t reported_levels = 5;

std::string type_of(const Column& column, const Facts& facts) {
  if (facts.present() == 0) return "missing";
  if (facts.distinct == 2) return "boolean";
  if (column.type == Column::Type::text) return "text";
  if (column.type == Column::Type::date) return "date";
  return facts.whole ? "integer" : "number";
}

// 01067 and 007, of which a number keeps less than stands there.
bool has_leading_zeros(const Column& column) {
  for (std::size_t code = 0; code < column.texts.count_different(); ++code) {
    const std::string_view text = column.texts.different(code);
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0123456789") == std::string_view::npos)
      return true;
  }
  return false;
}

std::vector<std::string> suspicions_of(const Table& table, const Column& column, const Facts& facts) {
  std::vector<std::string> out;
  const bool text = column.type == Column::Type::text;
  const bool can_be_id = text || (column.type == Column::Type::number && facts.whole);
  if (facts.present() == 0) return {"every value is missing"};
  if (facts.distinct == 1 && facts.distinct_texts > 1)
    out.push_back(fmt::format("one number in {} spellings", facts.distinct_texts));
  else if (facts.distinct == 1)
    out.push_back(facts.missing ? "one value or missing" : "constant");
  if (facts.counts_rows) out.push_back("counts the rows");
  if (data::is_id_name(column.name) && can_be_id && facts.distinct > most_levels &&
      data::is_free_text(facts, most_levels)) {
    out.push_back("an id by its name");
    if (facts.distinct < facts.present() && facts.distinct * 2 > facts.present()) {
      const std::size_t repeats = facts.present() - facts.distinct;
      out.push_back(fmt::format("{} repeat{} an id", counted(repeats, "row"), repeats == 1 ? "s" : ""));
    }
  } else if (text && facts.distinct > 1 && data::is_free_text(facts, most_levels)) {
    out.push_back("names or free text");
  }
  if (std::string nearly = data::nearly_text(table, column); !nearly.empty())
    out.push_back(std::move(nearly));
  if (column.type == Column::Type::number && has_leading_zeros(column))
    out.push_back("numbers with leading zeros: codes, perhaps, which --text keeps as texts");
  if (facts.missing * 2 > facts.rows) out.push_back("mostly missing");
  return out;
}

bool same_values(const Column& a, const Column& b) {
  if (a.type != b.type) return false;
  if (!a.texts.empty() && a.texts == b.texts) return a.missing == b.missing;
  if (a.type == Column::Type::text) return false;
  return std::equal(a.numbers.begin(), a.numbers.end(), b.numbers.begin(), b.numbers.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

std::size_t hash_of(const Column& column) {
  std::size_t hash = column.type == Column::Type::text ? 1 : 2;
  const auto mix = [&](std::size_t h) { hash = (hash ^ h) * 0x9E3779B97F4A7C15u; };
  for (const double x : column.numbers) mix(std::isnan(x) ? 7 : std::hash<double>{}(x));
  if (column.type != Column::Type::text) return hash;
  std::vector<std::size_t> hashes;
  for (std::size_t code = 0; code < column.texts.count_different(); ++code)
    hashes.push_back(std::hash<std::string_view>{}(column.texts.different(code)));
  for (std::size_t row = 0; row < column.size(); ++row) mix(hashes[column.texts.code(row)]);
  return hash;
}

// Marks each column that repeats an earlier one.
void find_duplicates(const Table& table, std::vector<ColumnSummary>& out) {
  std::multimap<std::size_t, std::size_t> seen;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const std::size_t hash = hash_of(table.columns[c]);
    const auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (!same_values(table.columns[it->second], table.columns[c])) continue;
      out[c].suspicions.push_back(fmt::format("a copy of column '{}'", table.columns[it->second].name));
      break;
    }
    seen.emplace(hash, c);
  }
}

// The rows' values numbered, equal ones alike; missing ones are not looked at.
std::vector<std::uint32_t> value_numbers(const Column& column) {
  std::vector<std::uint32_t> out(column.size());
  std::unordered_map<double, std::uint32_t> known;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_missing(row)) continue;
    if (column.type == Column::Type::text) {
      out[row] = column.texts.code(row);
    } else {
      out[row] = known.emplace(column.numbers[row], static_cast<std::uint32_t>(known.size())).first->second;
    }
  }
  return out;
}

// The same of a target, whose labels are texts: 007 is not 7.
std::vector<std::uint32_t> label_numbers(const Column& column) {
  if (column.type != Column::Type::number || column.texts.empty()) return value_numbers(column);
  std::vector<std::uint32_t> out(column.size());
  for (std::size_t row = 0; row < column.size(); ++row) out[row] = column.texts.code(row);
  return out;
}

// Whether equal values always go with equal targets, though values repeat.
bool determines(const Column& column, const Column& target, const std::vector<std::uint32_t>& targets) {
  const std::vector<std::uint32_t> values = value_numbers(column);
  std::unordered_map<std::uint32_t, std::uint32_t> target_of;
  std::size_t rows = 0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_missing(row) || target.is_missing(row)) continue;
    ++rows;
    const auto [it, fresh] = target_of.emplace(values[row], targets[row]);
    if (!fresh && it->second != targets[row]) return false;
  }
  return rows > 0 && target_of.size() * 2 <= rows;
}

double correlation(const Column& a, const Column& b) {
  double n = 0, sa = 0, sb = 0;
  const auto each = [&](auto&& use) {
    for (std::size_t row = 0; row < a.size(); ++row) {
      if (!a.is_missing(row) && !b.is_missing(row)) use(a.numbers[row], b.numbers[row]);
    }
  };
  each([&](double x, double y) {
    n += 1;
    sa += x;
    sb += y;
  });
  double aa = 0, bb = 0, ab = 0;
  each([&](double x, double y) {
    aa += (x - sa / n) * (x - sa / n);
    bb += (y - sb / n) * (y - sb / n);
    ab += (x - sa / n) * (y - sb / n);
  });
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

constexpr double near_copy = 0.999;  // correlation with the target

void find_target_copies(const Table& table, const Column& target, std::vector<ColumnSummary>& out) {
  const std::vector<std::uint32_t> targets = label_numbers(target);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    if (&column == &target || out[c].distinct < 2) continue;
    const bool numbers = column.type != Column::Type::text && target.type == Column::Type::number;
    if (determines(column, target, targets)) {
      out[c].suspicions.push_back(
          fmt::format("gives the target '{}' away: equal values, equal targets", target.name));
    } else if (numbers && std::abs(correlation(column, target)) > near_copy) {
      out[c].suspicions.push_back(fmt::format("nearly a copy of the target '{}'", target.name));
    }
  }
}

ColumnSummary block_summary(const Block& block) {
  ColumnSummary s;
  s.name = block.name;
  s.type = block.shape.size() > 1 ? "pixels" : "numbers";
  double sum = 0, squares = 0, n = 0;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const double v = block.at(i);
    if (std::isnan(v)) {
      ++s.missing;
      continue;
    }
    n += 1;
    sum += v;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  if (n == 0) return s;
  s.mean = sum / n;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const double v = block.at(i);
    if (!std::isnan(v)) squares += (v - s.mean) * (v - s.mean);
  }
  s.deviation = std::sqrt(squares / n);
  s.min = low;
  s.max = high;
  if (low == high) s.suspicions.push_back("constant");
  return s;
}

}  // namespace

std::vector<ColumnSummary> summarize(const Table& table, const std::string& target) {
  std::vector<std::size_t> rows(table.rows);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::vector<ColumnSummary> out;
  for (const Column& column : table.columns) {
    const Facts facts = data::facts_of(column, rows, most_levels);
    ColumnSummary s;
    s.name = column.name;
    s.type = type_of(column, facts);
    s.read = describe(column.format());
    s.unread = column.unread;
    s.missing = facts.missing;
    s.distinct = facts.distinct;
    if (column.type == Column::Type::date && facts.present() > 0) {
      s.first = data::format_date(facts.min, column.date);
      s.last = data::format_date(facts.max, column.date);
    }
    if (column.type == Column::Type::number && facts.present() > 0) {
      s.min = facts.min;
      s.mean = facts.mean;
      s.deviation = facts.deviation;
      s.max = facts.max;
    }
    const std::size_t shown = std::min(reported_levels, facts.levels.size());
    s.top.assign(facts.levels.begin(), facts.levels.begin() + static_cast<std::ptrdiff_t>(shown));
    if (table.rows > 0) s.suspicions = suspicions_of(table, column, facts);
    out.push_back(std::move(s));
  }
  if (table.rows == 0) return out;  // without rows all columns are alike
  find_duplicates(table, out);
  if (!target.empty()) find_target_copies(table, table.at(target), out);
  if (table.block) out.push_back(block_summary(*table.block));
  return out;
}

}  // namespace runnel
