#include "data/positive.h"

#include <utility>

#include "core/fail.h"
#include "data/text.h"

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
    if (rule.operand_.empty() || (ordered && !rule.number_)) {
      fail("--positive '{}': {} needs a {} after it", expression, name, ordered ? "number" : "value");
    }
    return rule;
  }
  fail("--positive '{}': begin with one of > >= < <= == !=, as in --positive '>50' or --positive '==yes'",
       expression);
}

bool PositiveRule::holds(const Table& table, const Column& column, std::size_t row) const {
  std::optional<double> value;
  if (column.type == Column::Type::number) value = column.numbers[row];
  if (comparison_ == Comparison::equal || comparison_ == Comparison::not_equal) {
    const bool same = value && number_ ? *value == *number_ : column.text(row) == operand_;
    return same == (comparison_ == Comparison::equal);
  }
  if (!value) {
    value = to_number(column.texts[row]);
    if (!value) {
      fail("{}, column '{}': '{}' is not a number, but --positive '{}' compares numbers", table.where(row),
           column.name, shortened(column.texts[row]), expression_);
    }
  }
  switch (comparison_) {
    case Comparison::less:
      return *value < *number_;
    case Comparison::less_equal:
      return *value <= *number_;
    case Comparison::greater:
      return *value > *number_;
    default:
      return *value >= *number_;
  }
}

std::vector<std::string> PositiveRule::class_names() const { return {"not " + expression_, expression_}; }

}  // namespace runnel::data
