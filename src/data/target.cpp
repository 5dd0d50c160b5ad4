// The target: which task it sets, its classes, and reading it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "core/text.h"
#include "data/levels.h"
#include "data/missing_words.h"
#include "data/nearly.h"
#include "data/numbers.h"
#include "data/positive.h"
#include "data/truths.h"
#include "data/unread.h"
#include "runnel/data.h"

namespace runnel {

std::string_view task_name(Task task) {
  switch (task) {
    case Task::regression:
      return "regression";
    case Task::binary:
      return "binary";
    case Task::multiclass:
      return "multiclass";
  }
  return "";
}

Task task_from_name(std::string_view name) {
  std::vector<std::string> names;
  for (const Task task : {Task::regression, Task::binary, Task::multiclass}) {
    if (name == task_name(task)) return task;
    names.emplace_back(task_name(task));
  }
  fail("unknown task '{}'{}", name, suggestion(name, names));
}

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// What a target column holds, counted once.
struct Facts {
  std::map<std::string, std::size_t> counts;  // of each value, as it stands in the file
  std::size_t rows = 0, missing = 0;
  bool whole = true;  // numbers without fractions
};

Facts facts_of(const Column& column) {
  Facts facts;
  std::map<double, std::size_t> numbers;
  std::vector<std::size_t> texts(column.texts.count_different());
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_missing(row)) {
      ++facts.missing;
      continue;
    }
    ++facts.rows;
    if (column.type != Column::Type::text) {
      const double value = column.numbers[row];
      facts.whole = facts.whole && value == std::floor(value);
      if (column.texts.empty()) ++numbers[value];
    }
    if (!column.texts.empty()) ++texts[column.texts.code(row)];
  }
  for (const auto& [value, count] : numbers) facts.counts[from_number(value)] += count;
  for (std::size_t code = 0; code < texts.size(); ++code)
    if (texts[code] > 0) facts.counts[std::string(column.texts.different(code))] = texts[code];
  return facts;
}

// Of truths each stands under the spelling that most rows have: TRUE and True are one class.
Facts truths_of(const Facts& facts) {
  Facts out = facts;
  out.counts.clear();
  for (const bool truth : {false, true}) {
    std::size_t rows = 0, most = 0;
    std::string spelling;
    for (const auto& [text, count] : facts.counts) {
      if (data::parse_truth(text) != truth) continue;
      rows += count;
      if (count > most) spelling = text;
      most = std::max(most, count);
    }
    if (rows > 0) out.counts[spelling] = rows;
  }
  return out;
}

bool is_number(const Column& column) { return column.type == Column::Type::number; }

// Numbers by value, then as texts; the truth that holds last.
std::vector<std::string> sorted_classes(const Column& column, const Facts& facts) {
  std::vector<std::string> out;
  for (const auto& [label, count] : facts.counts) out.push_back(label);
  const auto value = [&](const std::string& label) {
    if (column.type == Column::Type::truth) return data::parse_truth(label).value_or(false) ? 1.0 : 0.0;
    return is_number(column) ? data::parse_number(label, column.number).value_or(0) : 0.0;
  };
  std::stable_sort(out.begin(), out.end(), [&](const std::string& a, const std::string& b) {
    return value(a) != value(b) ? value(a) < value(b) : a < b;
  });
  return out;
}

// Numbers are classes when there are two of them, or few whole ones that each stand for many rows.
constexpr std::size_t most_number_classes = 20, least_rows_per_number_class = 10;

std::pair<Task, std::string> find_task(const Column& column, const Facts& facts) {
  const std::size_t distinct = facts.counts.size();
  if (distinct == 2) return {Task::binary, "two distinct values"};
  if (!is_number(column)) return {Task::multiclass, fmt::format("text with {} distinct values", distinct)};
  if (facts.whole && distinct <= most_number_classes &&
      facts.rows >= least_rows_per_number_class * distinct) {
    return {Task::multiclass,
            fmt::format("only {} distinct whole numbers (--task regression overrules)", distinct)};
  }
  return {Task::regression, fmt::format("{} distinct numbers", grouped(distinct))};
}

void check_classes(const std::string& where, const Table& table, const Column& column, const Facts& facts,
                   std::size_t most) {
  const std::size_t distinct = facts.counts.size();
  std::string nearly = data::nearly_text(table, column);
  if (!nearly.empty()) nearly.insert(0, "; ");
  const std::string usual =
      is_number(column) ? "; give --task regression if it is a quantity" : "; merge the rare ones";
  const std::string& hint = nearly.empty() ? usual : nearly;
  if (!is_number(column) && distinct > 2 && distinct * 2 > facts.rows) {
    fail("{}: {} distinct values in {}: nearly every row has its own, so it cannot be predicted as a class{}",
         where, grouped(distinct), counted(facts.rows, "row"), nearly);
  }
  if (distinct > most) {
    fail("{}: {} classes; at most {} are allowed{}", where, grouped(distinct), most, hint);
  }
  if (distinct * 2 > facts.rows) {
    fail("{}: {} classes in {}; at least two rows per class are needed{}", where, distinct,
         counted(facts.rows, "row"), hint);
  }
}

// One sentence on classes so rare that a part of the data must do without them.
void warn_of_rare_classes(const std::string& where, const Facts& facts, std::vector<std::string>& warnings) {
  std::string rare;
  for (const auto& [label, count] : facts.counts) {
    if (count < 3) rare += fmt::format("{}'{}' ({})", rare.empty() ? "" : ", ", shortened(label), count);
  }
  if (!rare.empty()) {
    warnings.push_back(fmt::format(
        "{}: classes with fewer than three rows cannot stand in training, validation and test: {}", where,
        rare));
  }
}

std::string_view without_dot(std::string_view label) {
  return label.size() > 1 && label.ends_with('.') ? label.substr(0, label.size() - 1) : label;
}

}  // namespace

namespace {

void expect_finite(const Table& table, const Column& column) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!std::isinf(column.numbers[row])) continue;
    fail("{}, column '{}': an infinite value ({}); correct it, or count it as missing with --missing {}",
         table.where(row), column.name, column.text(row), column.text(row));
  }
}

// Classes that differ in how a number is written and not in its value, as 1 and 1.0 do.
void warn_of_twins(const std::string& where, const Column& column, const std::vector<std::string>& classes,
                   std::vector<std::string>& warnings) {
  const std::vector<std::string> twins =
      data::twins_of(classes, {classes.begin(), classes.end()}, column.format());
  if (twins.empty() || column.type == Column::Type::truth) return;
  warnings.push_back(
      fmt::format("{}: some classes are the same number in several spellings ({}); they are "
                  "classes of their own",
                  where, shortened(fmt::format("{}", fmt::join(twins, ", ")), 60)));
}

}  // namespace

Target Target::fit(const Table& table, const TargetOptions& options, std::vector<std::string>& warnings) {
  if (options.column.empty()) fail("{}: no target is named; give --target COLUMN", table.source);
  const Column& column = table.at(options.column);
  if (table.rows == 0) fail("{}: {}", table.source, table.notes.empty() ? "no rows" : table.notes.back());
  const std::string where = fmt::format("{}, target '{}'", table.source, column.name);
  Facts facts = facts_of(column);
  if (column.type == Column::Type::truth) facts = truths_of(facts);
  if (facts.rows == 0) fail("{}: every value is missing", where);

  if (is_number(column) && options.positive.empty()) expect_finite(table, column);

  Target target;
  target.column_ = column.name;
  if (!options.positive.empty()) {
    data::PositiveRule rule = data::PositiveRule::parse(options.positive);
    rule.tell_spellings_apart(column);
    target.positive_texts_ = rule.compares_texts();
    std::size_t hits = 0;
    for (std::size_t row = 0; row < table.rows; ++row) {
      if (!column.is_missing(row) && rule.holds(table, column, row)) ++hits;
    }
    if (hits == 0 || hits == facts.rows) {
      fail("{}: '{}' holds for {} of the {}, so there is nothing to predict", where, options.positive,
           hits == 0 ? "none" : "all", counted(facts.rows, "row"));
    }
    if (options.task && *options.task != Task::binary) {
      fail("{}: --positive makes a binary target; it does not go with --task {}", where,
           task_name(*options.task));
    }
    target.positive_ = options.positive;
    target.task_ = Task::binary;
    target.classes_ = rule.class_names();
    target.why_ = fmt::format("made by --positive '{}': {} of {}", options.positive, grouped(hits),
                              counted(facts.rows, "row"));
    return target;
  }

  if (facts.counts.size() == 1) {
    fail("{}: constant (every value is '{}'), so there is nothing to predict", where,
         shortened(facts.counts.begin()->first));
  }
  const auto [found, why] = find_task(column, facts);
  target.task_ = options.task.value_or(found);
  target.why_ = options.task ? "given with --task" : why;
  if (target.task_ == Task::regression) {
    if (const std::string nearly = data::nearly_text(table, column); !nearly.empty())
      fail("{}: text cannot be the target of a regression; {}", where, nearly);
    if (!is_number(column)) {
      fail("{}: {} ('{}') cannot be the target of a regression", where,
           column.type == Column::Type::date ? "a date" : "text", shortened(facts.counts.begin()->first));
    }
    return target;
  }
  if (target.task_ == Task::binary && facts.counts.size() != 2) {
    fail("{}: {} distinct values, a binary target has two; --positive 'EXPR' makes one", where,
         grouped(facts.counts.size()));
  }
  check_classes(where, table, column, facts, options.max_classes);
  if (const std::string nearly = column.told ? "" : data::nearly_text(table, column); !nearly.empty())
    warnings.push_back(fmt::format("{}: {}", where, nearly));
  warn_of_rare_classes(where, facts, warnings);
  target.classes_ = sorted_classes(column, facts);
  warn_of_twins(where, column, target.classes_, warnings);
  return target;
}

namespace {

// Of the rows without a target those with a word for missing that is made of letters, which may have been
// meant: " ('None' in 30 of them, …)".
std::string missing_words_in(const Table& table, const Column& column) {
  std::map<std::string, std::size_t> counts;
  if (column.texts.empty() || column.type == Column::Type::number) return "";
  const data::MissingWords words(table.missing_words);
  for (std::size_t row = 0; row < column.size(); ++row)
    if (column.is_missing(row) && is_word(column.texts[row]) && words.contains(column.texts[row]))
      ++counts[std::string(column.texts[row])];
  std::string out;
  for (const auto& [word, count] : counts)
    out += fmt::format("{}'{}' in {} of them", out.empty() ? " (" : ", ", shortened(word), count);
  return out.empty() ? out : out + ", a word for missing: --missing-only WORDS keeps it as a class)";
}

// Why no row has a target.
[[noreturn]] void fail_without_targets(const std::string& where, const Table& table, const Column& column) {
  if (column.unread == 0) fail("{}: every value is missing", where);
  fail("{}: no value can be read as in training, as {}: '{}' ({}){}", where, data::plural_of(column.type),
       shortened(column.texts[column.first_unread]), table.where(column.first_unread),
       data::flag_that_reads(column, table.missing_words));
}

// Labels that training did not have.
struct Unseen {
  std::size_t rows = 0, first = 0;

  void add(std::size_t row) {
    if (rows++ == 0) first = row;
  }
};

// The class that a label means; also where one of the two ends in a dot (the census test file writes them
// so).
class Labels {
 public:
  Labels(const std::vector<std::string>& classes, const Column& column)
      : known_(classes, column.format()), classes_(classes) {}

  std::optional<std::size_t> find(std::string_view label, bool& dotted) const {
    if (const auto found = known_.find(label)) return found;
    const auto at = std::find_if(classes_.begin(), classes_.end(), [&](const std::string& name) {
      return without_dot(name) == without_dot(label);
    });
    if (at == classes_.end()) return std::nullopt;
    dotted = true;
    return static_cast<std::size_t>(at - classes_.begin());
  }

 private:
  data::Levels known_;
  const std::vector<std::string>& classes_;
};

}  // namespace

TargetValues Target::read(const Table& table, std::vector<std::string>& warnings) const {
  const Column& column = table.at(column_);
  const std::string where = fmt::format("{}, target '{}'", table.source, column_);
  const Labels labels(classes_, column);
  std::optional<data::PositiveRule> rule;
  if (!positive_.empty()) rule = data::PositiveRule::parse(positive_);
  if (task_ == Task::regression && column.type != Column::Type::text) expect_finite(table, column);

  TargetValues out;
  out.y.assign(table.rows, nan);
  const std::vector<std::string> named = rule ? rule->class_names() : std::vector<std::string>();
  if (rule && positive_texts_) rule->compare_texts();
  std::size_t missing = 0, dotted = 0;
  Unseen unseen;
  for (std::size_t row = 0; row < table.rows; ++row) {
    // A class's own name is what predictions are written as, whatever the column holds.
    if (rule && !column.texts.empty()) {
      const auto name = std::find(named.begin(), named.end(), column.texts[row]);
      if (name != named.end()) {
        out.rows.push_back(row);
        out.y[row] = name != named.begin();
        continue;
      }
    }
    if (column.is_missing(row)) {
      ++missing;
      continue;
    }
    out.rows.push_back(row);
    if (rule) {
      out.y[row] = rule->holds(table, column, row) ? 1 : 0;
      continue;
    }
    if (task_ == Task::regression) {
      if (column.type == Column::Type::text) {
        fail("{}, column '{}': '{}' is not a number, but the target is one", table.where(row), column_,
             shortened(column.texts[row]));
      }
      out.y[row] = column.numbers[row];
      continue;
    }
    bool by_dot = false;
    const auto label = labels.find(column.text(row), by_dot);
    dotted += by_dot;
    if (!label) {
      unseen.add(row);
      out.rows.pop_back();
      continue;
    }
    out.y[row] = static_cast<double>(*label);
  }
  if (table.rows == 0) fail("{}: there are no rows", table.source);
  if (unseen.rows > 0) {
    const std::string label = shortened(column.text(unseen.first));
    const std::string classes = shortened(fmt::format("{}", fmt::join(classes_, ", ")), 80);
    if (out.rows.empty())
      fail("{}, column '{}': the label '{}' was not among the classes ({}), nor was any other",
           table.where(unseen.first), column_, label, classes);
    warnings.push_back(
        fmt::format("{}: {} with a label that was not among the classes ({}) {} left out: '{}', first in {}",
                    where, counted(unseen.rows, "row"), classes, unseen.rows == 1 ? "is" : "are", label,
                    table.where(unseen.first)));
  }
  if (out.rows.empty()) fail_without_targets(where, table, column);
  if (missing > 0) {
    warnings.push_back(fmt::format("{}: {} without a target {} left out{}", where, counted(missing, "row"),
                                   missing == 1 ? "is" : "are", missing_words_in(table, column)));
  }
  if (dotted > 0) {
    warnings.push_back(
        fmt::format("{}: in {} the label differs from the training label by a final '.' and is taken for it",
                    where, counted(dotted, "row")));
  }
  return out;
}

std::string Target::to_json() const {
  return nlohmann::json{{"task", task_name(task_)}, {"column", column_},
                        {"positive", positive_},    {"why", why_},
                        {"classes", classes_},      {"positive_texts", positive_texts_}}
      .dump();
}

Target Target::from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    Target target;
    target.task_ = task_from_name(json.at("task").get<std::string>());
    json.at("column").get_to(target.column_);
    json.at("positive").get_to(target.positive_);
    json.at("why").get_to(target.why_);
    json.at("classes").get_to(target.classes_);
    target.positive_texts_ = json.value("positive_texts", false);
    return target;
  } catch (const nlohmann::json::exception& e) {
    fail("the stored target cannot be read: {}", e.what());
  }
}

}  // namespace runnel
