#include "data/numbers.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"
#include "data/blank.h"
#include "data/currencies.h"

namespace runnel::data {
namespace {

constexpr std::string_view minus_sign = "\xE2\x88\x92";  // U+2212
constexpr std::string_view apostrophe = "\xE2\x80\x99";  // U+2019

bool is_plain(const NumberFormat& format) {
  return format.decimal == '.' && format.grouping == 0 && !format.percent && !format.brackets &&
         format.currency.empty();
}

// to_number gives infinity for digits that overflow; here only a word is infinite.
std::optional<double> number_or_word(std::string_view s) {
  const auto value = to_number(s);
  if (value && std::isinf(*value) && std::ranges::any_of(s, is_digit)) return std::nullopt;
  return value;
}

// ---- what stands around the digits ------------------------------------------------------------------------

// The bytes of the sign at the front of s: 0, 1 or, of U+2212, 3.
std::size_t sign_at_front(std::string_view s) {
  if (s.starts_with('-') || s.starts_with('+')) return 1;
  return s.starts_with(minus_sign) ? minus_sign.size() : 0;
}

// A cell whose sign, brackets and unit are taken off, each at most once and in any order: "$-5", "-$5",
// "($5)", "$(5)" and "(5) $" all occur.
class Undressed {
 public:
  Undressed(std::string_view cell, const NumberFormat& format) : rest_(without_blanks(cell)) {
    while (take_unit(format) || take_sign(format) || take_brackets(format)) {
    }
  }

  std::string_view rest() const { return rest_; }
  bool negative() const { return negative_; }
  bool bare() const { return !unit_ && !brackets_; }  // but for a sign

 private:
  bool take_unit(const NumberFormat& format) {
    if (unit_) return false;
    if (!format.currency.empty() && rest_.starts_with(format.currency)) {
      rest_.remove_prefix(format.currency.size());
      skip_blanks(rest_);
      return unit_ = true;
    }
    const std::string_view percent = format.percent ? "%" : "";
    for (const std::string_view unit : {std::string_view(format.currency), percent}) {
      if (unit.empty() || !rest_.ends_with(unit)) continue;
      rest_.remove_suffix(unit.size());
      drop_blanks_behind(rest_);
      return unit_ = true;
    }
    return false;
  }

  bool take_sign(const NumberFormat& format) {
    const std::size_t bytes = sign_at_front(rest_);
    if (bytes == 0 || sign_ || brackets_) return false;
    std::string_view behind = rest_.substr(bytes);
    // A blank may follow if it parts the sign from a currency: "- $5", but not "- 5".
    if (skip_blanks(behind) && (format.currency.empty() || !behind.starts_with(format.currency)))
      return false;
    negative_ = rest_.front() != '+';
    rest_ = behind;
    return sign_ = true;
  }

  bool take_brackets(const NumberFormat& format) {
    if (!format.brackets || sign_ || brackets_) return false;
    if (!rest_.starts_with('(') || !rest_.ends_with(')')) return false;
    rest_ = without_blanks(rest_.substr(1, rest_.size() - 2));
    return negative_ = brackets_ = true;
  }

  std::string_view rest_;
  bool negative_ = false, sign_ = false, brackets_ = false, unit_ = false;
};

// ---- the digits -------------------------------------------------------------------------------------------

// The bytes of the mark between thousands at the front of s; 0 when none stands there.
std::size_t mark_at_front(std::string_view s, char grouping) {
  if (grouping == 0 || s.empty()) return 0;
  if (grouping == ' ') return s.front() == '\t' ? 0 : blank_at_front(s);
  if (s.front() == grouping) return 1;
  return grouping == '\'' && s.starts_with(apostrophe) ? apostrophe.size() : 0;
}

// Moves the digits at the front of s behind `out`, and says how many.
std::size_t move_digits(std::string_view& s, std::string& out) {
  const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(s, is_digit) - s.begin());
  out.append(s.substr(0, digits));
  s.remove_prefix(digits);
  return digits;
}

enum class Groups { none, some, wrong };

// Moves the whole part of a number, without its marks, behind `out`.
Groups move_whole_part(std::string_view& s, char grouping, std::string& out) {
  const std::size_t first = move_digits(s, out);
  std::size_t marks = 0, last = first;
  // Of the groups between the first and the last: 1,234,567, and as in India 12,34,567.
  bool threes = true, twos = grouping == ',';
  while (const std::size_t bytes = mark_at_front(s, grouping)) {
    if (marks > 0) {
      threes = threes && last == 3;
      twos = twos && last == 2;
    }
    s.remove_prefix(bytes);
    last = move_digits(s, out);
    ++marks;
  }
  if (marks == 0) return Groups::none;
  const bool fits = (threes && first <= 3) || (twos && first <= 2);
  return first > 0 && last == 3 && fits && out.front() != '0' ? Groups::some : Groups::wrong;
}

// A number with marks between its thousands, or with U+2212 in its exponent. Written anew without them, it
// usually fits into the string itself, so that nothing is allocated.
std::optional<double> rewritten(std::string_view s, const NumberFormat& format) {
  std::string plain;
  const Groups groups = move_whole_part(s, format.grouping, plain);
  if (groups == Groups::wrong) return std::nullopt;
  if (s.starts_with(format.decimal)) {
    s.remove_prefix(1);
    plain += '.';
    move_digits(s, plain);
  }
  if (groups == Groups::none && (s.starts_with('e') || s.starts_with('E'))) {
    s.remove_prefix(1);
    plain += 'e';
    if (const std::size_t bytes = sign_at_front(s)) {
      plain += s.front() == '+' ? '+' : '-';
      s.remove_prefix(bytes);
    }
    move_digits(s, plain);
  }
  if (!s.empty()) return std::nullopt;
  return number_or_word(plain);
}

// Digits with the marks of the format; no sign.
std::optional<double> parse_digits(std::string_view s, const NumberFormat& format) {
  double value = 0;
  const char* const last = s.data() + s.size();
  const auto [end, error] = fast_float::from_chars_advanced(
      s.data(), last, value, fast_float::parse_options(fast_float::chars_format::general, format.decimal));
  if (end != last) return rewritten(s, format);
  // Some releases report overflow and underflow, some return the infinity or the zero.
  if (std::isinf(value) || (error != std::errc() && error != std::errc::result_out_of_range))
    return std::nullopt;
  return value;
}

std::optional<double> parse_dressed(std::string_view cell, const NumberFormat& format) {
  const Undressed number(cell, format);
  const std::string_view s = number.rest();
  if (s.empty()) return std::nullopt;
  std::optional<double> value;
  if (is_digit(s.front()) || s.front() == format.decimal) {
    value = parse_digits(s, format);
  } else if (number.bare() && s.front() > '9') {
    value = number_or_word(s);
  }
  if (value && number.negative()) value = -*value;
  return value;
}

}  // namespace

std::optional<double> parse_number(std::string_view cell, const NumberFormat& format) {
  if (is_plain(format)) {
    if (const auto value = number_or_word(cell)) return value;
  }
  return parse_dressed(cell, format);
}

// ---- the format of a column -------------------------------------------------------------------------------

namespace {

struct Marks {
  char decimal, grouping;
};

// In the order of preference.
constexpr std::array<Marks, 8> known_marks = {
    {{'.', 0}, {'.', ','}, {',', 0}, {',', '.'}, {'.', ' '}, {',', ' '}, {'.', '\''}, {',', '\''}}};

using TextSpan = std::span<const std::string_view>;

bool reads_all(TextSpan texts, const NumberFormat& format) {
  return std::ranges::all_of(texts, [&](std::string_view s) { return parse_number(s, format).has_value(); });
}

// Whether s could be a number in some format: it has a digit, or is an infinity or NaN as a word.
bool may_be_number(std::string_view s) {
  return std::ranges::any_of(s, is_digit) || parse_number(s, NumberFormat{});
}

// A format with what stands around the digits of some texts, which every mark can be joined to; nothing when
// that alone says that they are not numbers of one kind.
std::optional<NumberFormat> find_dress(TextSpan texts) {
  NumberFormat dress;
  for (const std::string_view text : texts) {
    if (!text.empty() && is_digit(text.front()) && is_digit(text.back())) continue;
    if (!may_be_number(text)) return std::nullopt;
    dress.percent = dress.percent || text.find('%') != std::string_view::npos;
    dress.brackets = dress.brackets || text.find('(') != std::string_view::npos;
    if (dress.currency.empty()) dress.currency = currency_of(text);
    // 5 % and 5 $ are not numbers of one kind.
    if (dress.percent && !dress.currency.empty()) return std::nullopt;
  }
  return dress;
}

NumberFormat with_marks(NumberFormat format, Marks marks) {
  format.decimal = marks.decimal;
  format.grouping = marks.grouping;
  return format;
}

// The first known marks that are as wished and read all texts.
std::optional<NumberFormat> first_format(TextSpan texts, const NumberFormat& dress,
                                         const NumberWish& wanted) {
  for (const Marks marks : known_marks) {
    if (wanted.decimal && *wanted.decimal != marks.decimal) continue;
    if (wanted.grouping && *wanted.grouping != marks.grouping) continue;
    NumberFormat format = with_marks(dress, marks);
    if (reads_all(texts, format)) return format;
  }
  return std::nullopt;
}

// The first text that `other` reads as another number; nothing if there is none, or if it does not read all.
std::optional<std::string_view> difference(TextSpan texts, const NumberFormat& format,
                                           const NumberFormat& other) {
  std::optional<std::string_view> first;
  for (const std::string_view text : texts) {
    const auto value = parse_number(text, other);
    if (!value) return std::nullopt;
    if (first || std::isnan(*value)) continue;
    if (*value != parse_number(text, format)) first = text;
  }
  return first;
}

// Only a point or a comma has two meanings, and only where one of them is decimal in one format and parts
// thousands in the other.
void add_other(TextSpan texts, NumberGuess& guess) {
  const bool may_differ = std::ranges::any_of(
      texts, [](std::string_view s) { return s.find_first_of(".,") != std::string_view::npos; });
  if (!may_differ) return;
  for (const Marks marks : known_marks) {
    if (marks.decimal == guess.format.decimal) continue;
    const NumberFormat other = with_marks(guess.format, marks);
    if (const auto example = difference(texts, guess.format, other)) {
      guess.other = other;
      guess.example = *example;
      return;
    }
  }
}

bool is_number_of_any_format(std::string_view text) {
  const auto dress = find_dress({&text, 1});
  return dress && first_format({&text, 1}, *dress, {});
}

// The wishes, then each alone where a column does not read under both.
std::array<NumberWish, 3> in_turn(const NumberWish& wanted) {
  return {wanted, {.decimal = wanted.decimal}, {.grouping = wanted.grouping}};
}

}  // namespace

namespace {

// Whether points stand where they may part thousands: 1.126 and 12.345.678, but not 0.126, 12.5 or 3.14159.
bool has_points_of_thousands(std::string_view text) {
  std::size_t digits = 0, points = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      ++digits;
    } else if (c == '.') {
      if (points == 0 ? digits == 0 || digits > 3 : digits != 3) return false;
      ++points;
      digits = 0;
    } else if (digits > 0 || points > 0) {
      return false;
    }
  }
  const std::size_t first = text.find_first_of("0123456789");
  return points > 0 && digits == 3 && text[first] != '0';
}

}  // namespace

std::optional<double> read_number(std::string_view cell, const NumberFormat& format) {
  if (const auto number = parse_number(cell, format)) return number;
  if (format.decimal != ',' || has_points_of_thousands(cell)) return std::nullopt;
  return parse_number(cell, {});
}

std::optional<NumberGuess> find_number_format(std::span<const std::string_view> texts,
                                              const NumberWish& wanted) {
  // Most columns of words end here.
  if (!texts.empty() && !is_number_of_any_format(texts.front())) return std::nullopt;
  const auto dress = find_dress(texts);
  if (!dress) return std::nullopt;
  for (const NumberWish& wish : in_turn(wanted)) {
    if (!wish.decimal && !wish.grouping) continue;
    if (const auto format = first_format(texts, *dress, wish)) return NumberGuess{.format = *format};
  }
  const auto format = first_format(texts, *dress, {});
  if (!format) return std::nullopt;
  NumberGuess guess{.format = *format};
  add_other(texts, guess);
  return guess;
}

std::string describe(const NumberFormat& format) {
  std::string out;
  const auto add = [&](std::string_view text) {
    if (!out.empty()) out += ", ";
    out += text;
  };
  const std::string_view decimal = format.decimal == ',' ? "a decimal comma" : "";
  if (format.grouping) {
    std::string marks = "with thousands by ";
    marks += format.grouping == ','   ? "comma"
             : format.grouping == '.' ? "point"
             : format.grouping == ' ' ? "space"
                                      : "apostrophe";
    if (!decimal.empty()) marks += " and ";
    add(marks.append(decimal));
  } else if (!decimal.empty()) {
    add(std::string("with ").append(decimal));
  }
  if (!format.currency.empty()) add("in " + format.currency);
  if (format.percent) add("in percent");
  if (format.brackets) add("negative in brackets");
  return out;
}

}  // namespace runnel::data
