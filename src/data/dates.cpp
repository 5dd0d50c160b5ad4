#include "data/dates.h"

#include <array>

namespace runnel::data {
namespace {

// Takes exactly n digits off the front of s.
std::optional<int> digits(std::string_view& s, int n) {
  if (s.size() < static_cast<std::size_t>(n)) return std::nullopt;
  int value = 0;
  for (int i = 0; i < n; ++i) {
    if (s[i] < '0' || s[i] > '9') return std::nullopt;
    value = 10 * value + (s[i] - '0');
  }
  s.remove_prefix(n);
  return value;
}

bool take(std::string_view& s, char c) {
  if (s.empty() || s.front() != c) return false;
  s.remove_prefix(1);
  return true;
}

// HH:MM, HH:MM:SS, a fraction of a second, a final Z; the time as a fraction of the day.
std::optional<double> time_of_day(std::string_view s) {
  const auto hour = digits(s, 2);
  if (!hour || *hour > 23 || !take(s, ':')) return std::nullopt;
  const auto minute = digits(s, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  if (take(s, ':')) {
    const auto given = digits(s, 2);
    if (!given || *given > 60) return std::nullopt;
    second = *given;
    if (take(s, '.')) {
      while (!s.empty() && s.front() >= '0' && s.front() <= '9') s.remove_prefix(1);
    }
  }
  take(s, 'Z');
  if (!s.empty()) return std::nullopt;
  return (*hour * 3600 + *minute * 60 + second) / 86400.0;
}

}  // namespace

std::optional<double> to_year(std::string_view s) {
  const auto year = digits(s, 4);
  if (!year) return std::nullopt;
  if (s.empty()) return *year;
  const char dash = s.front();
  if (dash != '-' && dash != '/') return std::nullopt;
  s.remove_prefix(1);
  const auto month = digits(s, 2);
  if (!month || *month < 1 || *month > 12) return std::nullopt;
  const bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
  const std::array<int, 12> lengths = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  double day_of_year = 0;
  for (int m = 0; m < *month - 1; ++m) day_of_year += lengths[m];
  if (!s.empty()) {
    if (!take(s, dash)) return std::nullopt;
    const auto day = digits(s, 2);
    if (!day || *day < 1 || *day > lengths[*month - 1]) return std::nullopt;
    day_of_year += *day - 1;
    if (!s.empty()) {
      if (!take(s, 'T') && !take(s, ' ')) return std::nullopt;
      const auto time = time_of_day(s);
      if (!time) return std::nullopt;
      day_of_year += *time;
    }
  }
  return *year + day_of_year / (leap ? 366 : 365);
}

}  // namespace runnel::data
