// The order that is found for a column of dates, and what a moment is on the calendar.
#include <random>

#include "data/numbers.h"
#include "date_cells.h"

namespace runnel::data {
namespace {

using namespace test;

using Cells = std::vector<std::string_view>;

// ---- the order of a column --------------------------------------------------------------------------------

void expect_order(const Cells& texts, Order order, std::optional<Order> wanted = {}) {
  const auto guess = find_date_format(texts, wanted);
  ASSERT_TRUE(guess) << texts.front();
  EXPECT_EQ(guess->format.order, order) << texts.front();
  EXPECT_FALSE(guess->other) << texts.front();
  EXPECT_EQ(guess->example, "");
}

void expect_two(const Cells& texts, Order order, Order other, const std::string& example) {
  const auto guess = find_date_format(texts);
  ASSERT_TRUE(guess) << texts.front();
  EXPECT_EQ(guess->format.order, order) << texts.front();
  ASSERT_TRUE(guess->other) << texts.front();
  EXPECT_EQ(guess->other->order, other) << texts.front();
  EXPECT_EQ(guess->example, example);
}

TEST(DateOrders, OneOrderReadsAll) {
  expect_order({"2019-01-31", "2019", "2019-02", "2019/3/4 10:00"}, Order::ymd);
  expect_order({"20190131", "20190201"}, Order::ymd);
  expect_order({"20190131", "2019-02-01"}, Order::ymd);
  expect_order({"2022-08-30T11:02:33+02:00"}, Order::ymd);
  expect_order({"31 Jan 2019", "Feb 1, 2019"}, Order::ymd);
  expect_order({"14:30", "9:05"}, Order::clock);
  expect_order({"30.08.2022", "03.04.2022"}, Order::dmy);
  expect_order({"04/03/2022", "08/30/2022"}, Order::mdy);
  expect_order({"03/04/2022", "30/08/2022"}, Order::dmy);  // one value above 12 decides
  expect_order({"03.04.2022", "08.30.2022"}, Order::mdy);
  expect_order({"01-02-19", "12-31-19"}, Order::mdy);
  expect_order({"31.01.2019", "Jan 2019", "2019"}, Order::dmy);
  expect_order({"01/2019", "12/2019"}, Order::mdy);
}

TEST(DateOrders, WhereBothReadAllTheSeparatorDecidesAndTheOtherIsTold) {
  expect_two({"03.04.2022", "01.01.2022"}, Order::dmy, Order::mdy, "03.04.2022");
  expect_two({"01-01-2022", "03-04-2022"}, Order::dmy, Order::mdy, "03-04-2022");
  expect_two({"01/01/2022", "03/04/2022"}, Order::mdy, Order::dmy, "03/04/2022");
  expect_two({"Jan 2019", "3/4/22 14:30"}, Order::mdy, Order::dmy, "3/4/22 14:30");
  // Both orders give these the same days.
  expect_order({"01.01.2019", "02.02.2019"}, Order::dmy);
  expect_order({"01/01/2019", "12/12/2019"}, Order::mdy);
  expect_order({"2019", "5/5/2019"}, Order::mdy);
}

TEST(DateOrders, AWishDecidesWhereTheColumnReadsUnderIt) {
  expect_order({"03.04.2022"}, Order::mdy, Order::mdy);
  expect_order({"03/04/2022"}, Order::dmy, Order::dmy);
  expect_order({"03/04/2022"}, Order::mdy, Order::mdy);
  expect_order({"31 Jan 2019"}, Order::dmy, Order::dmy);
  expect_order({"30.08.2022"}, Order::dmy, Order::mdy);
  expect_order({"2019-01-31"}, Order::ymd, Order::dmy);
  expect_order({"14:30"}, Order::clock, Order::dmy);
  const auto guess = find_date_format(Cells{"03/04/2022"}, Order::ymd);
  ASSERT_TRUE(guess && guess->other);
  EXPECT_FALSE(find_date_format(Cells{"2019", "2020"}, Order::dmy));
}

// For every two days of a year: which orders read both, by counting months.
TEST(DateOrders, EveryPairOfDays) {
  for (int a = 1; a <= 28; a += 3) {
    for (int b = 1; b <= 28; b += 3) {
      for (int c = 1; c <= 28; c += 3) {
        for (int d = 1; d <= 28; d += 3) {
          for (const std::string s : {".", "-", "/"}) {
            const std::string first = two(a) + s + two(b) + s + "2019",
                              second = two(c) + s + two(d) + s + "2019";
            const bool day_first = b <= 12 && d <= 12, month_first = a <= 12 && c <= 12;
            const auto guess = find_date_format(Cells{first, second});
            ASSERT_EQ(guess.has_value(), day_first || month_first) << first << " " << second;
            if (!guess) continue;
            const Order both = s == "/" ? Order::mdy : Order::dmy;
            ASSERT_EQ(guess->format.order, day_first && month_first ? both
                                           : day_first              ? Order::dmy
                                                                    : Order::mdy);
            ASSERT_EQ(guess->other.has_value(), day_first && month_first && (a != b || c != d));
            if (guess->other) {
              ASSERT_EQ(guess->example, a != b ? first : second);
            }
          }
        }
      }
    }
  }
}

TEST(DateOrders, NumbersAndOtherTextsAreNoDates) {
  for (const Cells& texts : {Cells{},
                             Cells{""},
                             Cells{"x"},
                             Cells{"2019"},
                             Cells{"2019", "2020", "1850"},
                             Cells{"20190131"},
                             Cells{"20190131", "2019"},
                             Cells{"20190131", "20190132"},
                             Cells{"18991231", "19000101"},
                             Cells{"21010101", "21001231"},
                             Cells{"12345678", "20190131"},
                             Cells{"1.126", "3.5"},
                             Cells{"12.05", "13.05"},
                             Cells{"1.10.2", "1.9.11"},
                             Cells{"10.0.0.1"},
                             Cells{"2019-01-31", "31.01.2019"},
                             Cells{"14:30", "2019-01-31"},
                             Cells{"31.01.2019", "01.31.2019"},
                             Cells{"2019-01-31", "x"},
                             Cells{"2019-01-31", ""},
                             Cells{"3-4", "2-1"},
                             Cells{"01-02-2019", "01-02-20190"},
                             Cells{"61:20", "3:45"},
                             Cells{"555-0123"},
                             Cells{"2019-01-31", "2019-02-29"}})
    EXPECT_FALSE(find_date_format(texts)) << (texts.empty() ? "" : texts.front());
  EXPECT_TRUE(find_date_format(Cells{"19000101", "21001231"}));
}

// No spelling of a date is a number of some format, so that it does not matter what is asked for first.
TEST(DateOrders, DatesAreNoNumbers) {
  for (const std::string_view text :
       {"2019-01-31", "31.01.2019", "31.01.19", "01/31/2019", "31-01-2019", "31 Jan 2019", "14:30", "2 pm",
        "05/2019", "2019/05", "2019-05", "31. 1. 2019"}) {
    EXPECT_TRUE(find_date_format(Cells{text})) << text;
    EXPECT_FALSE(find_number_format(Cells{text})) << text;
  }
}

// ---- the calendar -----------------------------------------------------------------------------------------

TEST(Calendars, FractionalYears) {
  EXPECT_EQ(year_of(local("2019")), 2019);
  EXPECT_EQ(year_of(local("2019-07-02")), 2019 + 182.0 / 365);
  EXPECT_EQ(year_of(local("2019-02")), 2019 + 31.0 / 365);
  EXPECT_EQ(year_of(local("2020-12-31")), 2020 + 365.0 / 366);
  EXPECT_EQ(year_of(local("2019-01-01 12:00")), 2019 + 0.5 / 365);
  EXPECT_EQ(year_of(local("2000-02-29")), 2000 + 59.0 / 366);
  EXPECT_EQ(year_of(local("1900-12-31")), 1900 + 364.0 / 365);
  EXPECT_EQ(year_of(local("2100-12-31")), 2100 + 364.0 / 365);
  EXPECT_EQ(year_of(local("1850-01-02 06:00")), 1850 + 1.25 / 365);
  EXPECT_EQ(year_of(local("0001-01-01")), 1);
  EXPECT_EQ(year_of(local("9999-12-31")), 9999 + 364.0 / 365);
  EXPECT_EQ(year_of(local("2016-12-31 23:59:60")), 2017);
}

// Saved models hold years that were computed from the day of the year and the time as parts of days: the same
// numbers to the last bit.
TEST(Calendars, FractionalYearsToTheLastBit) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const int y = 1600 + static_cast<int>(random() % 800), m = 1 + static_cast<int>(random() % 12);
    const int d = 1 + static_cast<int>(random() % static_cast<unsigned>(days_in(y, m)));
    const int second = static_cast<int>(random() % 86400);
    double days = 0;
    for (int k = 1; k < m; ++k) days += days_in(y, k);
    days += d - 1;
    days += second / 86400.0;
    const double expected = y + days / (is_leap(y) ? 366 : 365);
    const std::string cell = std::to_string(y) + "-" + two(m) + "-" + two(d) + "T" + two(second / 3600) +
                             ":" + two(second / 60 % 60) + ":" + two(second % 60);
    ASSERT_EQ(year_of(local(cell)), expected) << cell;
    ASSERT_EQ(to_year(cell), expected) << cell;
    ASSERT_EQ(format_date(local(cell), {}), second == 0 ? cell.substr(0, 10) : cell);
  }
}

TEST(Calendars, EveryDayOfSomeYears) {
  int weekday = 0;  // 1900-01-01 was a Monday
  for_each_day(1900, 2100, [&](int y, int m, int d) {
    const double at = day_length * days_since_1970(y, m, d);
    const double of_year = days_since_1970(y, m, d) - days_since_1970(y, 1, 1),
                 length = is_leap(y) ? 366 : 365;
    ASSERT_EQ(calendar_of(at),
              (Calendar{.month = m, .day = d, .weekday = weekday, .second = 0, .elapsed = of_year / length}));
    ASSERT_EQ(calendar_of(at + 86399.5), (Calendar{.month = m,
                                                   .day = d,
                                                   .weekday = weekday,
                                                   .second = 86399.5,
                                                   .elapsed = (of_year + 86399.5 / 86400) / length}));
    weekday = (weekday + 1) % 7;
  });
}

TEST(Calendars, NeighboursOfMidnight) {
  for (const char* day : {"1969-12-31", "1970-01-01", "2000-01-01", "2019-01-01", "1600-03-01"}) {
    const double midnight = local(day);
    for (const double at : {std::nextafter(midnight, -1e300), midnight, std::nextafter(midnight, 1e300)}) {
      const Calendar calendar = calendar_of(at);
      EXPECT_GE(calendar.second, 0) << day;
      EXPECT_LT(calendar.second, day_length) << day;
      EXPECT_GE(calendar.elapsed, 0) << day;
      EXPECT_LT(calendar.elapsed, 1) << day;
    }
  }
}

TEST(Calendars, AsText) {
  EXPECT_EQ(format_date(0, {}), "1970-01-01");
  EXPECT_EQ(format_date(0.25, {}), "1970-01-01T00:00:00.25");
  EXPECT_EQ(format_date(-1, {}), "1969-12-31T23:59:59");
  EXPECT_EQ(format_date(86399.9999, {}), "1970-01-02");
  EXPECT_EQ(format_date(52205, {.order = Order::clock}), "14:30:05");
  EXPECT_EQ(format_date(52205.007, {.order = Order::clock}), "14:30:05.007");
  EXPECT_EQ(format_date(0, {.order = Order::clock}), "00:00:00");
  EXPECT_EQ(format_date(1234567890, {.order = Order::dmy}), "2009-02-13T23:31:30");
}

}  // namespace
}  // namespace runnel::data
