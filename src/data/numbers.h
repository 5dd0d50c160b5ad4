// Numbers as people write them in tables: with a decimal comma, marks between the thousands, a currency or a
// percent sign, negatives in brackets.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runnel/reading.h"

namespace runnel::data {

// The whole cell as a number that is written by the format; nothing when it is none.
// Under every format: U+2212 is a minus sign too, blanks around the number (no-break spaces too) are left
// out, a spelled infinity ("inf", "-Infinity") or "nan" is what it says, and digits too large for a double
// ("1e999") are no number. A mark between thousands may be left out, but where one stands, all must stand.
// By the plain format, NumberFormat{}, a cell is otherwise what to_number says. By any format the value is
// the double nearest to the number.
std::optional<double> parse_number(std::string_view cell, const NumberFormat& format);

// The same; and in a column of decimal commas a cell that can only be a number as programs write it: 12.5 and
// 0.126, but not 1.126, which may have a point between its thousands.
std::optional<double> read_number(std::string_view cell, const NumberFormat& format);

// What the user says of the marks in numbers.
struct NumberWish {
  std::optional<char> decimal = {}, grouping = {};  // as in NumberFormat
};

struct NumberGuess {
  NumberFormat format;
  std::optional<NumberFormat> other = {};  // reads every text too, but gives at least one another value
  std::string example = {};                // the first such text; empty without `other`
};

// The format under which all the texts are numbers (the plain one if there are no texts); nothing if there is
// none. `texts` are the different texts of a column, without the missing ones. If several formats read them,
// the first of these is taken: plain, thousands by comma, decimal comma, the latter with thousands by point,
// thousands by space, by apostrophe; but a mark that is wished for is used wherever the column reads under
// it, and there is then no `other`.
std::optional<NumberGuess> find_number_format(std::span<const std::string_view> texts,
                                              const NumberWish& wanted = {});

// What is not plain about a format: "with thousands by point and a decimal comma, in €"; empty for plain.
std::string describe(const NumberFormat& format);

}  // namespace runnel::data
