// Cells with dates, and a count of days by hand to hold against what is read.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dates.h"

namespace runnel::test {

using data::Moment;
using Order = DateFormat::Order;

inline const std::vector<Order> dates = {Order::ymd, Order::dmy, Order::mdy};
inline const std::vector<Order> all_orders = {Order::ymd, Order::dmy, Order::mdy, Order::clock};
inline constexpr double day_length = 86400;

inline std::optional<Moment> read(std::string_view cell, Order order = Order::ymd) {
  return data::parse_date(cell, {.order = order});
}

// The local seconds of a cell that is a date.
inline double local(std::string_view cell, Order order = Order::ymd) {
  const auto moment = read(cell, order);
  EXPECT_TRUE(moment) << cell;
  return moment ? moment->local : std::nan("");
}

inline double utc(std::string_view cell, Order order = Order::ymd) {
  const auto moment = read(cell, order);
  EXPECT_TRUE(moment) << cell;
  return moment ? moment->utc : std::nan("");
}

inline bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

inline int days_in(int year, int month) {
  const std::array<int, 12> lengths = {31, is_leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return lengths.at(static_cast<std::size_t>(month - 1));
}

// Days since 1970-01-01, counted year by year and month by month.
inline int days_since_1970(int year, int month, int day) {
  int days = day - 1;
  for (int y = 1970; y < year; ++y) days += is_leap(y) ? 366 : 365;
  for (int y = year; y < 1970; ++y) days -= is_leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += days_in(year, m);
  return days;
}

inline std::string two(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

inline const std::array<std::string, 13> names = {"",        "January",  "February", "March",  "April",
                                                  "May",     "June",     "July",     "August", "September",
                                                  "October", "November", "December"};

template <class Use>
void for_each_day(int first_year, int last_year, Use use) {
  for (int y = first_year; y <= last_year; ++y) {
    for (int m = 1; m <= 12; ++m) {
      for (int d = 1; d <= days_in(y, m); ++d) use(y, m, d);
    }
  }
}

}  // namespace runnel::test
