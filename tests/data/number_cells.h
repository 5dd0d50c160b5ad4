// Formats of numbers, and cells that are written by them.
#pragma once

#include <string>
#include <vector>

#include "runnel/reading.h"

namespace runnel::test {

inline const NumberFormat plain;
inline const NumberFormat english{.decimal = '.', .grouping = ','};
inline const NumberFormat comma{.decimal = ','};
inline const NumberFormat german{.decimal = ',', .grouping = '.'};
inline const NumberFormat point_space{.decimal = '.', .grouping = ' '};
inline const NumberFormat french{.decimal = ',', .grouping = ' '};
inline const NumberFormat swiss{.decimal = '.', .grouping = '\''};
inline const NumberFormat austrian{.decimal = ',', .grouping = '\''};
inline const std::vector<NumberFormat> all_formats = {plain,       english, comma, german,
                                                      point_space, french,  swiss, austrian};

// The ways of writing a mark between thousands.
inline std::vector<std::string> spellings(char grouping) {
  if (grouping == 0) return {""};
  if (grouping == ' ') return {" ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};
  if (grouping == '\'') return {"'", "\xE2\x80\x99"};
  return {std::string(1, grouping)};
}

// A whole number with a mark before every third digit from the right.
inline std::string in_threes(const std::string& digits, const std::string& mark) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += mark;
    out += digits[i];
  }
  return out;
}

inline std::string show(const NumberFormat& format) {
  return std::string(1, format.decimal) + (format.grouping ? std::string(1, format.grouping) : "none") +
         format.currency;
}

inline const std::vector<std::string> currencies = {"$",   "€",   "£",   "¥",   "₹",  "₽", "₩",   "₺",
                                                    "₴",   "zł",  "kr",  "Kč",  "Ft", "CHF", "USD", "EUR",
                                                    "GBP", "JPY", "CNY", "INR", "R$", "A$",  "C$",  "US$"};

}  // namespace runnel::test
