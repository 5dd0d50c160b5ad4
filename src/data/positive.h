// --positive 'EXPR': a comparison that makes a binary target of any column.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

class PositiveRule {
 public:
  // ">50", ">= 3", "<1", "<=2", "==yes", "!=no"; fails for anything else.
  static PositiveRule parse(const std::string& expression);

  // Of a column in which numbers of one value are written in several ways, one of them as the rule has it:
  // == and != compare texts from now on (007 is not 7).
  void tell_spellings_apart(const Column& column);
  bool compares_texts() const { return texts_; }
  void compare_texts() { texts_ = true; }

  // Whether it holds for a value that is not missing. Orders compare numbers or dates; fails for text.
  bool holds(const Table& table, const Column& column, std::size_t row) const;
  std::vector<std::string> class_names() const;  // {"not >50", ">50"}

 private:
  bool same(const Column& column, std::size_t row, std::optional<double> value) const;
  std::optional<double> operand_of(const Column& column) const;

  enum class Comparison { less, less_equal, greater, greater_equal, equal, not_equal };
  Comparison comparison_ = Comparison::equal;
  std::string expression_, operand_;
  std::optional<double> number_;
  bool texts_ = false;
};

}  // namespace runnel::data
