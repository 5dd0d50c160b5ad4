// What a moment is on the calendar, and as text.
#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "data/dates.h"

namespace runnel::data {
namespace {

constexpr double seconds_of_day = 86400;

struct DayAndSecond {
  std::chrono::sys_days day;
  double second;  // of the day
};

DayAndSecond split(double seconds) {
  double second = std::fmod(seconds, seconds_of_day);  // exact, which a quotient's fraction is not
  if (second < 0) second += seconds_of_day;
  if (second == seconds_of_day) second = 0;
  const double days = std::round((seconds - second) / seconds_of_day);
  return {std::chrono::sys_days(std::chrono::days(static_cast<int>(days))), second};
}

// The part of its year that has passed.
double elapsed_of(const DayAndSecond& at, std::chrono::year year) {
  const std::chrono::sys_days first = year / std::chrono::January / 1;
  const double days = static_cast<double>((at.day - first).count()) + at.second / seconds_of_day;
  return days / (year.is_leap() ? 366 : 365);
}

// 14:30:05, with milliseconds where there are some.
std::string clock_text(long long milliseconds) {
  const long long seconds = milliseconds / 1000;
  std::string out = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const long long rest = milliseconds % 1000) {
    out += fmt::format(".{:03}", rest);
    while (out.back() == '0') out.pop_back();
  }
  return out;
}

}  // namespace

double year_of(double seconds) {
  const DayAndSecond at = split(seconds);
  const std::chrono::year year = std::chrono::year_month_day(at.day).year();
  return static_cast<int>(year) + elapsed_of(at, year);
}

Calendar calendar_of(double seconds) {
  const DayAndSecond at = split(seconds);
  const std::chrono::year_month_day date(at.day);
  return {.month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .weekday = static_cast<int>(std::chrono::weekday(at.day).iso_encoding()) - 1,
          .second = at.second,
          .elapsed = elapsed_of(at, date.year())};
}

std::string format_date(double seconds, const DateFormat& format) {
  const auto rounded = static_cast<long long>(std::llround(seconds * 1000));
  if (format.order == DateFormat::Order::clock) return clock_text(rounded);
  constexpr long long day_length = 86400000;
  const long long of_day = ((rounded % day_length) + day_length) % day_length;
  const auto days = static_cast<int>((rounded - of_day) / day_length);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::string out = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (of_day != 0) out += "T" + clock_text(of_day);
  return out;
}

std::optional<double> to_year(std::string_view s) {
  // Two digits each for month and day, and their separators alike.
  const bool parts = s.size() == 4 || s.size() == 7 || (s.size() >= 10 && s[4] == s[7]);
  if (!parts || (s.size() > 4 && s[4] != '-' && s[4] != '/')) return std::nullopt;
  const auto moment = parse_date(s, {.order = DateFormat::Order::ymd});
  if (!moment) return std::nullopt;
  return year_of(moment->local);
}

}  // namespace runnel::data
