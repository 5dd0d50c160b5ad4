#include "data/triage.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.h"
#include "core/text.h"
#include "data/date_features.h"
#include "data/dates.h"
#include "data/levels.h"
#include "data/list.h"
#include "data/nearly.h"
#include "data/numbers.h"
#include "data/truths.h"

namespace runnel {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::numeric:
      return "numeric";
    case Role::categorical:
      return "categorical";
    case Role::boolean:
      return "boolean";
    case Role::date:
      return "date";
    case Role::dropped:
      return "dropped";
    case Role::target:
      return "target";
    case Role::group:
      return "group";
    case Role::time:
      return "time";
    case Role::weight:
      return "weight";
  }
  return "";
}

namespace data {
namespace {

// A number for people: six digits do.
std::string brief(double x) { return fmt::format("{:.6g}", x); }

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Verdict without_features(Role role, std::string why) { return {role, std::move(why), {}}; }

// Says what becomes of missing values, when there are any.
std::string on_missing(const Facts& facts, std::string_view becomes) {
  if (facts.missing == 0) return "";
  return fmt::format("; {} missing: {}", grouped(facts.missing), becomes);
}

// The texts that stand in these rows.
std::vector<std::string_view> texts_in(const Column& column, std::span<const std::size_t> rows) {
  std::vector<std::uint8_t> stands(column.texts.count_different());
  for (const std::size_t row : rows)
    if (!column.is_missing(row)) stands[column.texts.code(row)] = 1;
  std::vector<std::string_view> out;
  for (std::size_t code = 0; code < stands.size(); ++code)
    if (stands[code]) out.push_back(column.texts.different(code));
  return out;
}

// The most frequent levels as features; the rest, if any, is "other".
Verdict as_levels(const Column& column, std::span<const std::size_t> rows, const Facts& facts,
                  const TriageOptions& options, const std::string& reason) {
  Verdict verdict;
  verdict.role = Role::categorical;
  Encoding& e = verdict.encoding;
  e.kind = Encoding::Kind::levels;
  for (std::size_t i = 0; i < std::min(options.max_levels, facts.levels.size()); ++i) {
    e.levels.push_back(facts.levels[i].first);
  }
  if (!column.texts.empty()) e.twins = twins_of(e.levels, texts_in(column, rows), column.format());
  e.other = facts.distinct_texts > e.levels.size();
  e.indicator = facts.missing > 0;
  verdict.why = fmt::format("{}{} as categories", reason, counted(facts.distinct_texts, "distinct value"));
  if (e.other) verdict.why += fmt::format(", the {} most frequent and 'other'", e.levels.size());
  if (!e.other && column.type == Column::Type::text) {
    std::string names;
    for (const std::string& level : e.levels) names += (names.empty() ? "" : ", ") + shortened(level, 20);
    verdict.why += fmt::format(" ({})", shortened(names, 60));
  }
  verdict.why += on_missing(facts, "a category of their own");
  return verdict;
}

// Two texts, the first of which is 0 and the second 1.
Verdict as_two_texts(const Facts& facts, std::string zero, std::string one) {
  Verdict verdict;
  verdict.role = Role::boolean;
  Encoding& e = verdict.encoding;
  e.kind = Encoding::Kind::boolean_text;
  e.levels = {std::move(zero), std::move(one)};
  e.fill = facts.levels[0].first == e.levels[1] ? 1 : 0;
  e.indicator = facts.missing > 0;
  verdict.why =
      fmt::format("two values: '{}' is 0, '{}' is 1", shortened(e.levels[0]), shortened(e.levels[1])) +
      on_missing(facts, "the more frequent value, and an indicator");
  return verdict;
}

Verdict as_boolean_text(const Facts& facts) {
  const std::string &a = facts.levels[0].first, &b = facts.levels[1].first;
  return as_two_texts(facts, std::min(a, b), std::max(a, b));
}

// Each truth stands under the spelling that most rows have.
Verdict as_truth(const Facts& facts) {
  const auto spelling = [&](bool truth) {
    for (const auto& [text, count] : facts.levels)
      if (parse_truth(text) == truth) return text;
    return std::string(truth ? "true" : "false");
  };
  Verdict verdict = as_two_texts(facts, spelling(false), spelling(true));
  verdict.encoding.fill = facts.mean > 0.5 ? 1 : 0;
  if (facts.distinct_texts > 2) verdict.why += fmt::format("; {} spellings", facts.distinct_texts);
  return verdict;
}

Verdict as_presence(const Facts& facts, const std::string& what) {
  Verdict verdict;
  verdict.role = Role::boolean;
  verdict.encoding.only_indicator = verdict.encoding.indicator = true;
  verdict.why = fmt::format("{}, {} missing: only whether it is there is used", what, grouped(facts.missing));
  return verdict;
}

// Text that says nothing a network can use may still say something by not being there.
constexpr std::size_t worth_noting_missing = 20;  // one in so many rows
bool presence_tells(const Column& column, const Facts& facts) {
  return column.type == Column::Type::text && !is_id_name(column.name) &&
         facts.missing * worth_noting_missing >= facts.rows;
}

constexpr double skewed = 2;                  // |third standardised moment| above this
constexpr std::size_t least_for_skewed = 10;  // distinct values

// The part common to numbers and dates: filling, scaling, the companion.
Verdict as_numbers(const Facts& facts, const TriageOptions& options, Role role, Encoding::Kind kind,
                   const std::string& what) {
  Verdict verdict;
  verdict.role = role;
  Encoding& e = verdict.encoding;
  e.kind = kind;
  e.fill = facts.median;
  e.low = facts.min;
  e.high = facts.max;
  e.indicator = facts.missing > 0;
  const bool two_values = facts.distinct == 2 && kind == Encoding::Kind::number;
  if (two_values) {
    verdict.role = Role::boolean;
    verdict.why = fmt::format("two numbers: {} is 0, {} is 1", brief(facts.min), brief(facts.max));
    e.mean = {facts.min};
    e.deviation = {facts.max - facts.min};
  } else {
    verdict.why = what;
    e.mean = {facts.mean};
    e.deviation = {facts.deviation > 0 ? facts.deviation : 1};
    if (options.standardize) {
      verdict.why += fmt::format(", standardised (clipped at {} deviations)", brief(options.clip));
    }
  }
  if (options.log_companions && options.standardize && kind == Encoding::Kind::number &&
      facts.distinct >= least_for_skewed && std::abs(facts.skewness) > skewed && facts.log_scale > 0) {
    e.log_scale = facts.log_scale;
    verdict.why += fmt::format("; skewed (skewness {:.1f}): also on a logarithmic scale", facts.skewness);
  }
  verdict.why += on_missing(facts, fmt::format("the median {} and an indicator", brief(facts.median)));
  return verdict;
}

// A text column read as numbers because the user says that it is one.
Column parsed(const Table& table, const Column& column, std::span<const std::size_t> rows) {
  Column out{.name = column.name, .texts = column.texts};
  out.numbers.assign(column.size(), std::numeric_limits<double>::quiet_NaN());
  for (const std::size_t row : rows) {
    if (column.missing[row]) continue;
    const auto number = parse_number(column.texts[row], {});
    if (!number || !std::isfinite(*number)) {
      fail(
          "{}, column '{}': '{}' is not a number, but the column is declared numeric; correct it, or count "
          "the "
          "word as missing with --missing",
          table.where(row), column.name, shortened(column.texts[row]));
    }
    out.numbers[row] = *number;
  }
  return out;
}

// A column without a name, as an index is written: the reader named it by its place.
bool is_unnamed(const Table& table, const Column& column) {
  if (column.name.starts_with("Unnamed: ")) return true;
  if (!table.header.value_or(true)) return false;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (table.columns[c].name == column.name) return column.name == fmt::format("column{}", c + 1);
  return false;
}

// An index that was left in the table, in any order: whole numbers of which none comes twice, in the first
// column or in one without a name. Those that doubles would not hold are told apart by their texts.
bool is_index(const Table& table, const Column& column, const Facts& facts) {
  constexpr std::size_t least_rows = 10;
  if (column.type != Column::Type::number || !facts.whole || facts.missing > 0) return false;
  const bool all_different = std::max(facts.distinct, facts.distinct_texts) == facts.present();
  if (facts.present() < least_rows || !all_different) return false;
  return is_unnamed(table, column) || column.name == table.columns.front().name;
}

// Why a column should not be a feature; empty when nothing speaks against it.
std::string objection(const Table& table, const Column& column, const Facts& facts,
                      const TriageOptions& options) {
  const bool text = column.type == Column::Type::text;
  const bool categorical = holds(options.categorical, column.name);
  if ((categorical ? facts.distinct_texts : facts.distinct) == 1 && facts.missing == 0) {
    std::string why = fmt::format("constant: always '{}'", shortened(facts.levels[0].first));
    if (facts.distinct_texts > 1)
      why += fmt::format(" as a number; --text {} keeps its {} spellings apart",
                         shell_quoted(in_list(column.name)), grouped(facts.distinct_texts));
    return why;
  }
  if (facts.counts_rows) return "counts the rows";
  if (categorical || holds(options.numeric, column.name)) return "";
  if (is_index(table, column, facts))
    return fmt::format("an index: {}, no two of them alike, in {}", counted(facts.present(), "whole number"),
                       is_unnamed(table, column) ? "a column without a name" : "the first column");
  if (column.type == Column::Type::date || column.type == Column::Type::truth) return "";
  if (is_id_name(column.name) && (text || facts.whole) && facts.distinct > options.max_levels &&
      is_free_text(facts, options.max_levels)) {
    return fmt::format("an id by its name, with {} in {}", counted(facts.distinct, "distinct value"),
                       counted(facts.present(), "row"));
  }
  if (!text || !is_free_text(facts, options.max_levels)) return "";
  std::string why = fmt::format("names or free text: {} in {}", counted(facts.distinct, "distinct value"),
                                counted(facts.present(), "row"));
  const std::string nearly = nearly_text(table, column);
  return nearly.empty() ? why : why + "; " + nearly;
}

// A date as a number: years, or days of a time of day.
Column trend_of(const Column& column, std::span<const std::size_t> rows) {
  Column out;
  out.numbers.assign(column.size(), std::numeric_limits<double>::quiet_NaN());
  for (const std::size_t row : rows) out.numbers[row] = date_trend(column, row);
  return out;
}

Verdict as_date(const Column& column, std::span<const std::size_t> rows, const Facts& facts,
                const TriageOptions& options) {
  const bool clock = column.date.order == DateFormat::Order::clock;
  const Waves waves = waves_of(column, rows);
  std::string what =
      fmt::format("{} from {} to {}, as {}", describe(column.format()), format_date(facts.min, column.date),
                  format_date(facts.max, column.date), clock ? "fractions of a day" : "fractional years");
  std::vector<std::string> of;
  if (waves.year > 0) of.emplace_back("year");
  if (waves.week > 0) of.emplace_back("week");
  if (waves.day > 0) of.emplace_back("day");
  if (!of.empty()) what += fmt::format(" and waves of the {}", fmt::join(of, ", "));
  Verdict verdict =
      as_numbers(facts_of(trend_of(column, rows), rows, 0), options, Role::date, Encoding::Kind::date, what);
  verdict.encoding.waves = waves;
  verdict.encoding.clock = clock;
  verdict.encoding.low = facts.min;
  verdict.encoding.high = facts.max;
  return verdict;
}

// Infinities are in no feature; the cell is named, be it a training row's or not.
void expect_finite(const Table& table, const Column& column) {
  for (std::size_t row = 0; row < column.numbers.size(); ++row) {
    if (!std::isinf(column.numbers[row])) continue;
    fail(
        "{}, column '{}': an infinite value ({}); correct it, count it as missing with --missing {}, or "
        "leave "
        "the column out with --drop {}",
        table.where(row), column.name, column.text(row), column.text(row),
        shell_quoted(in_list(column.name)));
  }
}

Verdict as_numeric(const Table& table, const Column& column, std::span<const std::size_t> rows,
                   const Facts& facts, const TriageOptions& options) {
  expect_finite(table, column);
  if (!std::isfinite(facts.deviation))
    fail(
        "column '{}': its values are too large (their variance is not finite); scale them down, or leave "
        "the column out with "
        "--drop {}",
        column.name, shell_quoted(in_list(column.name)));
  if (is_id_name(column.name) && facts.whole && facts.distinct > 2 && !holds(options.numeric, column.name) &&
      (facts.distinct <= options.max_levels || !is_free_text(facts, options.max_levels))) {
    return as_levels(column, rows, facts, options, "an id by its name: ");
  }
  return as_numbers(facts, options, Role::numeric, Encoding::Kind::number,
                    facts.whole
                        ? fmt::format("whole numbers from {} to {}", brief(facts.min), brief(facts.max))
                        : fmt::format("numbers from {} to {}", brief(facts.min), brief(facts.max)));
}

Verdict accepted(const Table& table, const Column& column, std::span<const std::size_t> rows,
                 const Facts& facts, const TriageOptions& options) {
  if (holds(options.categorical, column.name))
    return as_levels(column, rows, facts, options, "declared categorical: ");
  if (facts.distinct == 1 && facts.missing > 0)
    return as_presence(facts, fmt::format("one value ('{}')", shortened(facts.levels[0].first)));
  if (column.type == Column::Type::number) return as_numeric(table, column, rows, facts, options);
  if (column.type == Column::Type::truth) return as_truth(facts);
  if (column.type == Column::Type::date) return as_date(column, rows, facts, options);
  if (facts.distinct == 2) return as_boolean_text(facts);
  return as_levels(column, rows, facts, options, "");
}

}  // namespace

bool is_free_text(const Facts& facts, std::size_t max_levels) {
  if (facts.distinct * 2 > facts.present() && facts.distinct > 2) return true;
  if (facts.distinct <= max_levels) return false;
  // More levels than features: still a category if the frequent ones cover most rows.
  std::size_t covered = 0;
  for (std::size_t i = 0; i < std::min(max_levels, facts.levels.size()); ++i)
    covered += facts.levels[i].second;
  return covered * 10 < facts.present() * 6 || facts.distinct * 5 > facts.present();
}

Verdict triage(const Table& table, const Column& column, std::span<const std::size_t> rows,
               const TriageOptions& options) {
  if (column.name == options.target) return without_features(Role::target, "the target");
  if (column.name == options.group)
    return without_features(Role::group, "groups the rows (--group); not a feature");
  if (column.name == options.time)
    return without_features(Role::time, "orders the rows (--time-column); not a feature");
  if (column.name == options.weight)
    return without_features(Role::weight, "weighs the training rows (--weight); not a feature");
  if (holds(options.drop, column.name)) return without_features(Role::dropped, "dropped on request");
  if (holds(options.numeric, column.name) && column.type == Column::Type::text) {
    return triage(table, parsed(table, column, rows), rows, options);
  }

  const bool kept = holds(options.keep, column.name);
  const Facts facts = facts_of(column, rows, std::max<std::size_t>(options.max_levels, 2));
  if (facts.present() == 0) {
    if (kept)
      fail("{}, column '{}': kept on request, but every training value is missing", table.source,
           column.name);
    return without_features(Role::dropped, "every value is missing");
  }
  const std::string against = objection(table, column, facts, options);
  if (!against.empty() && !kept)
    return presence_tells(column, facts) ? as_presence(facts, against)
                                         : without_features(Role::dropped, against);
  Verdict verdict = accepted(table, column, rows, facts, options);
  if (!against.empty()) verdict.why += fmt::format("; kept on request (it would be dropped: {})", against);
  return verdict;
}

void check_names(const Table& table, const TriageOptions& options) {
  const auto known = [&](const std::string& name) {
    if (!name.empty() && !(table.block && table.block->name == name)) table.at(name);
  };
  for (const std::string* name : {&options.target, &options.group, &options.time, &options.weight})
    known(*name);
  for (const auto* list : {&options.keep, &options.drop, &options.numeric, &options.categorical}) {
    for (const std::string& name : *list) known(name);
  }
  for (const std::string& name : options.drop) {
    if (name == options.target) fail("column '{}' is the target and cannot be dropped", name);
    if (holds(options.keep, name)) fail("column '{}' is named with both --keep and --drop", name);
  }
  for (const std::string& name : options.numeric) {
    if (holds(options.categorical, name))
      fail("column '{}' is named with both --numeric and --categorical", name);
  }
}

}  // namespace data

std::vector<std::string> leak_warnings(const Table& table, const TriageOptions& options) {
  if (!options.group.empty()) return {};
  std::vector<std::size_t> rows(table.rows);
  for (std::size_t i = 0; i < table.rows; ++i) rows[i] = i;
  // Of several id columns, the one with most distinct values is the id of the row; the others are ids of
  // what it belongs to. Only an id that hardly ever repeats is meant to be unique.
  std::string name;
  std::size_t most = 0, repeats = 0;
  for (const Column& column : table.columns) {
    if (column.name == options.target || !data::is_id_name(column.name)) continue;
    const data::Facts facts = data::facts_of(column, rows, 0);
    if (column.type != Column::Type::text && !facts.whole) continue;
    // Ids are texts: 9007199254740993 is not 9007199254740992.
    if (facts.distinct_texts * 2 <= facts.present() || facts.distinct_texts <= most) continue;
    name = column.name;
    most = facts.distinct_texts;
    repeats = facts.present() - facts.distinct_texts;
  }
  if (repeats == 0) return {};
  return {
      fmt::format("{} repeat{} an id in column {}; give --group {} to keep the rows of one id on one side of "
                  "every split, or the test score may be too good to be true",
                  counted(repeats, "row"), repeats == 1 ? "s" : "", name, shell_quoted(name))};
}

}  // namespace runnel
