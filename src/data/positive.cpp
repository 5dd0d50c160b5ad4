#include "data/positive.h"

#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "data/dates.h"
#include "data/truths.h"

namespace runnel::data {

PositiveRule PositiveRule::parse(const std::string& expression) {
  static const std::pair<std::string_view, Comparison> operators[] = {
      {">=", Comparison::greater_equal}, {"<=", Comparison::less_equal}, {"==", Comparison::equal},
      {"!=", Comparison::not_equal},     {">", Comparison::greater},     {"<", Comparison::less}};
  const std::string_view text = trimmed(expression);
  PositiveRule rule;
  rule.expression_ = std::string(text);
  for (const auto& [name, comparison] : operators) {
    if (!text.starts_with(name)) continue;
    rule.comparison_ = comparison;
    rule.operand_ = std::string(trimmed(text.substr(name.size())));
    rule.number_ = to_number(rule.operand_);
    const bool ordered = comparison != Comparison::equal && comparison != Comparison::not_equal;
    if (rule.operand_.empty() || (ordered && !rule.number_ && !parse_date(rule.operand_, {}))) {
      fail("--positive '{}': {} needs a {} after it", expression, name,
           ordered ? "number or a date (2019-01-31)" : "value");
    }
    return rule;
  }
  fail("--positive '{}': begin with one of > >= < <= == !=, as in --positive '>50' or --positive '==yes'",
       expression);
}

void PositiveRule::tell_spellings_apart(const Column& column) {
  const bool equality = comparison_ == Comparison::equal || comparison_ == Comparison::not_equal;
  if (!equality || column.type != Column::Type::number || !number_) return;
  bool as_written = false, otherwise = false;
  for (std::size_t row = 0; row < column.texts.size(); ++row) {
    if (column.is_missing(row) || column.numbers[row] != *number_) continue;
    (column.texts[row] == operand_ ? as_written : otherwise) = true;
  }
  texts_ = as_written && otherwise;
}

bool PositiveRule::same(const Column& column, std::size_t row, std::optional<double> value) const {
  if (!texts_ && value && operand_of(column)) return *value == *operand_of(column);
  return column.text(row) == operand_;
}

// The operand as a number of the column's type.
std::optional<double> PositiveRule::operand_of(const Column& column) const {
  switch (column.type) {
    case Column::Type::date:
      for (const DateFormat& format : {DateFormat{}, column.date})
        if (const auto moment = parse_date(operand_, format)) return moment->utc;
      return std::nullopt;
    case Column::Type::truth:
      if (const auto truth = parse_truth(operand_)) return *truth ? 1 : 0;
      return std::nullopt;
    default:
      return number_;
  }
}

bool PositiveRule::holds(const Table& table, const Column& column, std::size_t row) const {
  std::optional<double> value;
  if (column.type != Column::Type::text) value = column.numbers[row];
  if (comparison_ == Comparison::equal || comparison_ == Comparison::not_equal)
    return same(column, row, value) == (comparison_ == Comparison::equal);
  if (!value) value = to_number(column.texts[row]);
  const std::optional<double> operand = operand_of(column);
  if (!value || !operand) {
    fail("{}, column '{}': '{}' is not a {}, but --positive '{}' compares {}s", table.where(row), column.name,
         shortened(column.text(row)), number_ ? "number" : "date", expression_, number_ ? "number" : "date");
  }
  switch (comparison_) {
    case Comparison::less:
      return *value < *operand;
    case Comparison::less_equal:
      return *value <= *operand;
    case Comparison::greater:
      return *value > *operand;
    default:
      return *value >= *operand;
  }
}

std::vector<std::string> PositiveRule::class_names() const { return {"not " + expression_, expression_}; }

}  // namespace runnel::data
