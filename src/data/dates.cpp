// No library of dates stands behind this. The one that is usual, Hinnant's, has its calendar in C++20's
// <chrono>, which is used here; what it adds is to read cells of one given format through a stream. Here the
// format is to be found, cells of one column differ in their parts, and there are millions of them.
#include "data/dates.h"

#include <array>
#include <chrono>

#include "data/blank.h"

namespace runnel::data {
namespace {

using Order = DateFormat::Order;
constexpr double seconds_of_day = 86400;

bool take(std::string_view& s, char c) {
  if (!s.starts_with(c)) return false;
  s.remove_prefix(1);
  return true;
}

// A number as it stands in a date.
struct Part {
  int value = 0;
  std::size_t digits = 0;  // 0 when there is none
};

// Takes the digits off the front of s, at most eight.
Part take_number(std::string_view& s) {
  Part part;
  while (part.digits < s.size() && part.digits < 8 && is_digit(s[part.digits]))
    part.value = 10 * part.value + (s[part.digits++] - '0');
  s.remove_prefix(part.digits);
  return part;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Takes the letters off the front of s.
std::string_view take_word(std::string_view& s) {
  std::size_t letters = 0;
  while (letters < s.size() && is_letter(s[letters])) ++letters;
  const std::string_view word = s.substr(0, letters);
  s.remove_prefix(letters);
  return word;
}

// `word` is in small letters.
bool same_word(std::string_view s, std::string_view word) {
  if (s.size() != word.size()) return false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (small(s[i]) != word[i]) return false;
  }
  return true;
}

// ---- times of day -----------------------------------------------------------------------------------------

// Takes a fraction behind a point or a comma; 0 where none stands.
double take_fraction(std::string_view& s) {
  if (s.size() < 2 || (s[0] != '.' && s[0] != ',') || !is_digit(s[1])) return 0;
  s.remove_prefix(1);
  double value = 0, scale = 1;
  for (int i = 0; !s.empty() && is_digit(s.front()); ++i, s.remove_prefix(1)) {
    if (i >= 15) continue;  // more than a double holds
    value = 10 * value + (s.front() - '0');
    scale *= 10;
  }
  return value / scale;
}

enum class Half { none, am, pm };

// Takes AM, p.m. and the like, with blanks before it.
Half take_half(std::string_view& s) {
  std::string_view t = s;
  skip_blanks(t);
  if (t.empty()) return Half::none;
  const char letter = small(t.front());
  if (letter != 'a' && letter != 'p') return Half::none;
  t.remove_prefix(1);
  const bool point = take(t, '.');
  if (!take(t, 'm') && !take(t, 'M')) return Half::none;
  if (point && !take(t, '.')) return Half::none;
  s = t;
  return letter == 'a' ? Half::am : Half::pm;
}

// Takes a time of day off the front of s, in seconds.
std::optional<double> take_time(std::string_view& s) {
  Part hour = take_number(s);
  if (hour.digits == 0 || hour.digits > 2) return std::nullopt;
  Part minute, second;
  double fraction = 0;
  const bool minutes = take(s, ':');
  if (minutes) {
    minute = take_number(s);
    if (minute.digits != 2 || minute.value > 59) return std::nullopt;
    if (take(s, ':')) {
      second = take_number(s);
      if (second.digits != 2 || second.value > 60) return std::nullopt;
      fraction = take_fraction(s);
    }
  }
  if (const Half half = take_half(s); half != Half::none) {
    if (hour.value < 1 || hour.value > 12) return std::nullopt;
    hour.value = hour.value % 12 + (half == Half::pm ? 12 : 0);
  } else if (!minutes) {
    return std::nullopt;
  }
  if (hour.value > 23) return std::nullopt;
  return hour.value * 3600 + minute.value * 60 + second.value + fraction;
}

// Takes hhmm or hhmmss, which may stand behind yyyymmdd.
std::optional<double> take_compact_time(std::string_view& s) {
  const Part part = take_number(s);
  if (part.digits != 4 && part.digits != 6) return std::nullopt;
  const int hhmmss = part.digits == 4 ? part.value * 100 : part.value;
  const int hour = hhmmss / 10000, minute = hhmmss / 100 % 100, second = hhmmss % 100;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const double fraction = part.digits == 6 ? take_fraction(s) : 0;
  return hour * 3600 + minute * 60 + second + fraction;
}

// The whole of s as an offset from UTC in seconds; 0 for no text.
std::optional<double> parse_offset(std::string_view s) {
  skip_blanks(s);
  if (s.empty() || s == "Z" || s == "z" || same_word(s, "utc") || same_word(s, "gmt")) return 0;
  const bool west = s.front() == '-';
  if (!take(s, '+') && !take(s, '-')) return std::nullopt;
  const Part part = take_number(s);
  int hours = part.value, minutes = 0;
  if (part.digits == 4) {
    hours = part.value / 100;
    minutes = part.value % 100;
  } else if (part.digits != 2) {
    return std::nullopt;
  } else if (take(s, ':')) {
    const Part behind = take_number(s);
    if (behind.digits != 2) return std::nullopt;
    minutes = behind.value;
  }
  constexpr int most_hours = 14;  // Kiribati
  if (!s.empty() || hours > most_hours || minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

// ---- dates ------------------------------------------------------------------------------------------------

// The parts of a date as they stand in a cell.
struct Day {
  int year, month = 1, day = 1;
  bool whole = true;     // day and month are given: a time may follow
  bool compact = false;  // yyyymmdd
};

std::optional<int> full_year(Part part) {
  if (part.digits == 4) return part.value;
  if (part.digits != 2) return std::nullopt;
  return part.value + (part.value < 69 ? 2000 : 1900);
}

bool one_or_two(Part part) { return part.digits == 1 || part.digits == 2; }

// The number of the month that a word names; 0 when it names none.
int month_of(std::string_view word) {
  static constexpr std::array<std::string_view, 12> months = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  if (word.size() < 3) return 0;
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (same_word(word, months[i]) || same_word(word, months[i].substr(0, 3))) return static_cast<int>(i) + 1;
  }
  return same_word(word, "sept") ? 9 : 0;
}

// Takes what may part the name of a month from the numbers beside it; whether something stood there.
bool take_gap(std::string_view& s) {
  const std::size_t before = s.size();
  take(s, '.');  // of an abbreviation, or behind a day
  skip_blanks(s);
  if (!take(s, '-') && !take(s, '/')) take(s, ',');
  skip_blanks(s);
  return s.size() != before;
}

// Takes the "st" of "1st".
void take_ordinal(std::string_view& s) {
  std::string_view t = s;
  const std::string_view word = take_word(t);
  for (const std::string_view ending : {"st", "nd", "rd", "th"}) {
    if (same_word(word, ending)) s = t;
  }
}

// Takes "Jan 31, 2019" or "January 2019"; s begins with the word.
std::optional<Day> take_name_first(std::string_view& s) {
  const int month = month_of(take_word(s));
  if (month == 0) return std::nullopt;
  take_gap(s);
  const Part first = take_number(s);
  if (first.digits == 4) return Day{.year = first.value, .month = month, .whole = false};
  if (!one_or_two(first)) return std::nullopt;
  take_ordinal(s);
  if (!take_gap(s)) return std::nullopt;
  const auto year = full_year(take_number(s));
  if (!year) return std::nullopt;
  return Day{.year = *year, .month = month, .day = first.value};
}

// Takes what follows the number of "31 Jan 2019" or "2019-Jan-31".
std::optional<Day> take_name_second(std::string_view& s, Part first) {
  if (one_or_two(first)) take_ordinal(s);
  take_gap(s);
  const int month = month_of(take_word(s));
  if (month == 0) return std::nullopt;
  take_gap(s);
  const Part last = take_number(s);
  if (first.digits == 4) {
    if (!one_or_two(last)) return std::nullopt;
    return Day{.year = first.value, .month = month, .day = last.value};
  }
  const auto year = full_year(last);
  if (!one_or_two(first) || !year) return std::nullopt;
  return Day{.year = *year, .month = month, .day = first.value};
}

// Whether a word follows that could name a month, and not the T before a time.
bool word_follows(std::string_view s, Part first) {
  if (one_or_two(first)) take_ordinal(s);
  take_gap(s);
  return s.size() > 1 && is_letter(s[0]) && is_letter(s[1]);
}

// Takes the separator that stands before the second number; 0 when none does.
char take_separator(std::string_view& s) {
  for (const char separator : {'-', '/', '.'}) {
    if (!take(s, separator)) continue;
    if (separator == '.') skip_blanks(s);  // "31. 1. 2019"
    return separator;
  }
  return 0;
}

// Takes what follows the separator behind a year.
std::optional<Day> take_year_first(std::string_view& s, int year, char separator) {
  const Part month = take_number(s);
  if (!one_or_two(month)) return std::nullopt;
  // 2019-01 is a month, but 2019.01 a number and 2019-1 anything.
  if (s.empty() && separator != '.' && month.digits == 2)
    return Day{.year = year, .month = month.value, .whole = false};
  if (take_separator(s) != separator) return std::nullopt;
  const Part day = take_number(s);
  if (!one_or_two(day)) return std::nullopt;
  return Day{.year = year, .month = month.value, .day = day.value};
}

// Takes what follows the separator behind a day or a month.
std::optional<Day> take_year_last(std::string_view& s, Part first, char separator, Order order) {
  const Part second = take_number(s);
  // 01/2019
  if (s.empty() && separator == '/' && first.digits == 2 && second.digits == 4)
    return Day{.year = second.value, .month = first.value, .whole = false};
  if (!one_or_two(second) || take_separator(s) != separator) return std::nullopt;
  const auto year = full_year(take_number(s));
  if (!year) return std::nullopt;
  const bool day_first = order == Order::dmy;
  return Day{.year = *year,
             .month = day_first ? second.value : first.value,
             .day = day_first ? first.value : second.value};
}

std::optional<Day> take_day(std::string_view& s, Order order) {
  if (!s.empty() && is_letter(s.front())) return take_name_first(s);
  const Part first = take_number(s);
  if (first.digits == 8)
    return Day{.year = first.value / 10000,
               .month = first.value / 100 % 100,
               .day = first.value % 100,
               .compact = true};
  if (first.digits == 4 && s.empty()) return Day{.year = first.value, .whole = false};
  if (word_follows(s, first)) return take_name_second(s, first);
  const char separator = take_separator(s);
  if (separator == 0) return std::nullopt;
  if (order == Order::ymd) {
    if (first.digits != 4) return std::nullopt;
    return take_year_first(s, first.value, separator);
  }
  if (!one_or_two(first)) return std::nullopt;
  return take_year_last(s, first, separator, order);
}

std::optional<std::chrono::sys_days> on_calendar(const Day& day) {
  const std::chrono::year_month_day date{std::chrono::year(day.year),
                                         std::chrono::month(static_cast<unsigned>(day.month)),
                                         std::chrono::day(static_cast<unsigned>(day.day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

// Takes a T, blanks or a comma before a time of day.
bool take_before_time(std::string_view& s) {
  if (take(s, 'T') || take(s, 't')) return true;
  const bool comma = take(s, ',');
  return skip_blanks(s) || comma;
}

std::optional<Moment> parse_clock(std::string_view s) {
  const auto time = take_time(s);
  if (!time || !s.empty()) return std::nullopt;
  return Moment{.utc = *time, .local = *time};
}

}  // namespace

std::optional<Moment> parse_date(std::string_view cell, const DateFormat& format) {
  std::string_view s = without_blanks(cell);
  if (format.order == Order::clock) return parse_clock(s);
  const auto day = take_day(s, format.order);
  if (!day) return std::nullopt;
  const auto date = on_calendar(*day);
  if (!date) return std::nullopt;
  const double midnight = seconds_of_day * static_cast<double>(date->time_since_epoch().count());
  if (s.empty()) return Moment{.utc = midnight, .local = midnight};
  if (!day->whole || !take_before_time(s)) return std::nullopt;
  const bool colons = s.size() > 2 && (s[1] == ':' || s[2] == ':');
  const auto time = day->compact && !colons ? take_compact_time(s) : take_time(s);
  if (!time) return std::nullopt;
  const auto offset = parse_offset(s);
  if (!offset) return std::nullopt;
  return Moment{.utc = midnight + *time - *offset, .local = midnight + *time};
}

}  // namespace runnel::data
