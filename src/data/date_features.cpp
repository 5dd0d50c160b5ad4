#include "data/date_features.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "data/dates.h"

namespace runnel::data {
namespace {

constexpr double seconds_a_day = 86400;

// Three frequencies tell all seven days of a week apart, each by itself; fewer do for what changes smoothly.
constexpr Waves enough = {.year = 2, .week = 3, .day = 3};

}  // namespace

double local_at(const Column& column, std::size_t row) {
  return column.local.empty() ? column.numbers[row] : column.local[row];
}

double date_trend(double seconds, DateFormat::Order order) {
  if (std::isnan(seconds)) return std::numeric_limits<double>::quiet_NaN();
  return order == DateFormat::Order::clock ? seconds / seconds_a_day : year_of(seconds);
}

double date_trend(const Column& column, std::size_t row) {
  return date_trend(column.numbers[row], column.date.order);
}

Waves waves_of(const Column& column, std::span<const std::size_t> rows) {
  std::set<int> months, days, weekdays;
  double first_time = -1;
  bool time_varies = false;
  for (const std::size_t row : rows) {
    const double local = local_at(column, row);
    if (std::isnan(local)) continue;
    const Calendar c = calendar_of(local);
    months.insert(c.month);
    days.insert(c.day);
    weekdays.insert(c.weekday);
    if (first_time < 0) first_time = c.second;
    time_varies = time_varies || c.second != first_time;
  }
  if (column.date.order == DateFormat::Order::clock) return {.day = time_varies ? enough.day : 0};
  return {.year = months.size() > 1 ? enough.year : 0,
          .week = weekdays.size() > 1 && days.size() > 1 ? enough.week : 0,
          .day = time_varies ? enough.day : 0};
}

void write_waves(double local, const Waves& waves, double* out) {
  if (std::isnan(local)) {
    std::fill(out, out + waves.features(), 0.0);
    return;
  }
  const Calendar c = calendar_of(local);
  const auto write = [&](double part, std::size_t frequencies) {
    for (std::size_t k = 1; k <= frequencies; ++k) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(k) * part;
      *out++ = std::sin(angle);
      *out++ = std::cos(angle);
    }
  };
  write(c.elapsed, waves.year);
  write(c.weekday / 7.0, waves.week);
  write(c.second / seconds_a_day, waves.day);
}

std::vector<std::string> wave_names(const Waves& waves) {
  std::vector<std::string> out;
  const auto add = [&](const char* of, std::size_t frequencies) {
    for (std::size_t k = 1; k <= frequencies; ++k)
      for (const char* wave : {"sin", "cos"})
        out.push_back(std::string(of) + " " + wave + (k == 1 ? "" : " " + std::to_string(k)));
  };
  add("year", waves.year);
  add("week", waves.week);
  add("day", waves.day);
  return out;
}

}  // namespace runnel::data
