// The words that stand for a missing value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

class MissingWords {
 public:
  explicit MissingWords(const std::vector<std::string>& words);

  // Whether a cell is one of the words, or a number of the same value as one: -999 also means -999.0. Blanks
  // around either do not count, in whatever format the cell stood.
  bool contains(std::string_view cell) const;
  // Whether one of the words is this number, or stands so.
  bool contains(double number) const;
  bool contains_text(std::string_view cell) const;
  bool has_numbers() const { return !numbers_.empty(); }

 private:
  std::vector<std::string> words_;
  std::vector<double> numbers_;  // the words that are numbers
  std::size_t longest_ = 0;
};

}  // namespace runnel::data
