#include "data/truths.h"

#include <algorithm>
#include <array>

#include "data/blank.h"

namespace runnel::data {
namespace {

struct Truth {
  std::string_view word;  // in small letters
  bool value;
};

constexpr std::array<Truth, 14> truths = {{{"true", true},
                                           {"false", false},
                                           {"yes", true},
                                           {"no", false},
                                           {"y", true},
                                           {"n", false},
                                           {"t", true},
                                           {"f", false},
                                           {"on", true},
                                           {"off", false},
                                           {"1", true},
                                           {"0", false},
                                           {"1.0", true},
                                           {"0.0", false}}};

bool same_word(std::string_view cell, std::string_view word) {
  return std::ranges::equal(cell, word, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

std::optional<bool> parse_truth(std::string_view cell) {
  cell = without_blanks(cell);
  for (const Truth& truth : truths) {
    if (same_word(cell, truth.word)) return truth.value;
  }
  return std::nullopt;
}

bool are_truths(std::span<const std::string_view> texts) {
  bool word = false;
  for (const std::string_view text : texts) {
    if (!parse_truth(text)) return false;
    word = word || !is_digit(without_blanks(text).front());
  }
  return word;
}

}  // namespace runnel::data
