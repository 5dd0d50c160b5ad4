#include "data/missing_words.h"

#include <algorithm>
#include <cmath>

#include "data/blank.h"
#include "data/numbers.h"

namespace runnel::data {

MissingWords::MissingWords(const std::vector<std::string>& words) {
  for (const std::string& given : words) {
    const std::string_view word = words_.emplace_back(without_blanks(given));
    longest_ = std::max(longest_, word.size());
    const auto number = parse_number(word, {});
    if (number && !std::isnan(*number)) numbers_.push_back(*number);
  }
}

bool MissingWords::contains_text(std::string_view cell) const {
  cell = without_blanks(cell);
  return cell.size() <= longest_ && std::find(words_.begin(), words_.end(), cell) != words_.end();
}

bool MissingWords::contains(std::string_view cell) const {
  if (contains_text(cell)) return true;
  if (numbers_.empty()) return false;
  const auto number = parse_number(cell, {});
  return number && contains(*number);
}

bool MissingWords::contains(double number) const {
  return std::find(numbers_.begin(), numbers_.end(), number) != numbers_.end();
}

}  // namespace runnel::data
