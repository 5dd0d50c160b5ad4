// Dates: every day of some years in every spelling against a count of days by hand, times and offsets, texts
// that are no dates, the order that is found for a column, and the calendar.
#include "data/dates.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "data/numbers.h"

namespace runnel::data {
namespace {

using Order = DateFormat::Order;
using Cells = std::vector<std::string_view>;

const std::vector<Order> dates = {Order::ymd, Order::dmy, Order::mdy};
const std::vector<Order> all_orders = {Order::ymd, Order::dmy, Order::mdy, Order::clock};
constexpr double day_length = 86400;

std::optional<Moment> read(std::string_view cell, Order order = Order::ymd) {
  return parse_date(cell, {.order = order});
}

// The local seconds of a cell that is a date.
double local(std::string_view cell, Order order = Order::ymd) {
  const auto moment = read(cell, order);
  EXPECT_TRUE(moment) << cell;
  return moment ? moment->local : std::nan("");
}

double utc(std::string_view cell, Order order = Order::ymd) {
  const auto moment = read(cell, order);
  EXPECT_TRUE(moment) << cell;
  return moment ? moment->utc : std::nan("");
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int year, int month) {
  const std::array<int, 12> lengths = {31, is_leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return lengths.at(static_cast<std::size_t>(month - 1));
}

// Days since 1970-01-01, counted year by year and month by month.
int days_since_1970(int year, int month, int day) {
  int days = day - 1;
  for (int y = 1970; y < year; ++y) days += is_leap(y) ? 366 : 365;
  for (int y = year; y < 1970; ++y) days -= is_leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += days_in(year, m);
  return days;
}

std::string two(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

const std::array<std::string, 13> names = {"",        "January",  "February", "March",  "April",
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

// ---- dates
// -------------------------------------------------------------------------------------------------

TEST(DateCells, EveryDayInEveryOrderAndSeparator) {
  for_each_day(1999, 2001, [](int y, int m, int d) {
    const double expected = day_length * days_since_1970(y, m, d);
    const std::string year = std::to_string(y), short_year = year.substr(2);
    for (const std::string s : {"-", "/", "."}) {
      for (const std::string& mm : {two(m), std::to_string(m)}) {
        for (const std::string& dd : {two(d), std::to_string(d)}) {
          ASSERT_EQ(local(year + s + mm + s + dd, Order::ymd), expected) << y << s << mm << s << dd;
          for (const std::string& yy : {year, short_year}) {
            ASSERT_EQ(local(dd + s + mm + s + yy, Order::dmy), expected) << dd << s << mm << s << yy;
            ASSERT_EQ(local(mm + s + dd + s + yy, Order::mdy), expected) << mm << s << dd << s << yy;
          }
        }
      }
    }
    for (const Order order : dates) ASSERT_EQ(local(year + two(m) + two(d), order), expected);
    ASSERT_EQ(local(two(d) + ". " + two(m) + ". " + year, Order::dmy), expected);
    const std::string iso = year + "-" + two(m) + "-" + two(d);
    ASSERT_EQ(format_date(expected, {}), iso);
    ASSERT_EQ(local(format_date(expected, {})), expected);
  });
}

TEST(DateCells, EveryDayWithTheNameOfItsMonth) {
  for_each_day(1999, 2000, [](int y, int m, int d) {
    const double expected = day_length * days_since_1970(y, m, d);
    const std::string year = std::to_string(y), day = std::to_string(d);
    const std::string name = names.at(static_cast<std::size_t>(m)), abbreviation = name.substr(0, 3);
    std::string capitals = abbreviation;
    for (char& c : capitals) c = static_cast<char>(std::toupper(c));
    for (const std::string& month : {name, abbreviation, capitals}) {
      for (const std::string& cell :
           {day + " " + month + " " + year, two(d) + "-" + month + "-" + year.substr(2),
            two(d) + month + year, day + ". " + month + " " + year, day + "/" + month + "/" + year,
            month + " " + day + ", " + year, month + "-" + two(d) + "-" + year,
            month + ". " + day + ", " + year, month + "  " + day + " " + year,
            year + "-" + month + "-" + two(d), year + " " + month + " " + day,
            month + " " + day + ",  " + year}) {
        for (const Order order : dates) ASSERT_EQ(local(cell, order), expected) << cell;
        ASSERT_FALSE(read(cell, Order::clock)) << cell;
      }
    }
  });
  EXPECT_EQ(local("January 1st, 2019"), local("2019-01-01"));
  EXPECT_EQ(local("2nd Feb 2019"), local("2019-02-02"));
  EXPECT_EQ(local("march 3RD 2019"), local("2019-03-03"));
  EXPECT_EQ(local("Sept 4th, 2019"), local("2019-09-04"));
}

TEST(DateCells, MissingPartsAreTheFirst) {
  for (const Order order : dates) {
    EXPECT_EQ(local("2019", order), local("2019-01-01"));
    EXPECT_EQ(local("May 2019", order), local("2019-05-01"));
    EXPECT_EQ(local("sept. 2019", order), local("2019-09-01"));
    EXPECT_EQ(local("Dec-2019", order), local("2019-12-01"));
  }
  EXPECT_EQ(local("2019-05"), local("2019-05-01"));
  EXPECT_EQ(local("2019/05"), local("2019-05-01"));
  EXPECT_EQ(local("05/2019", Order::dmy), local("2019-05-01"));
  EXPECT_EQ(local("05/2019", Order::mdy), local("2019-05-01"));
  EXPECT_LT(local("2018-12-31"), local("2019"));
  EXPECT_LT(local("2019-01-31"), local("2019-02"));
}

TEST(DateCells, YearsOfTwoDigits) {
  for (int y = 0; y < 100; ++y) {
    const int year = y < 69 ? 2000 + y : 1900 + y;
    EXPECT_EQ(local("31.12." + two(y), Order::dmy), day_length * days_since_1970(year, 12, 31)) << y;
    EXPECT_EQ(local("31-Dec-" + two(y)), day_length * days_since_1970(year, 12, 31)) << y;
  }
}

TEST(DateCells, OnlyDaysOfTheCalendar) {
  for (const int y : {1900, 1970, 1999, 2000, 2004, 2019, 2100}) {
    for (int m = 0; m <= 13; ++m) {
      for (int d = 0; d <= 32; ++d) {
        const bool valid = m >= 1 && m <= 12 && d >= 1 && d <= days_in(y, m);
        const std::string year = std::to_string(y);
        EXPECT_EQ(read(year + "-" + two(m) + "-" + two(d)).has_value(), valid) << y << m << d;
        EXPECT_EQ(read(two(d) + "." + two(m) + "." + year, Order::dmy).has_value(), valid) << y << m << d;
        EXPECT_EQ(read(two(m) + "/" + two(d) + "/" + year, Order::mdy).has_value(), valid) << y << m << d;
        EXPECT_EQ(read(year + two(m) + two(d)).has_value(), valid) << y << m << d;
        if (m < 1 || m > 12) continue;
        const std::string named = two(d) + " " + names.at(static_cast<std::size_t>(m)) + " " + year;
        EXPECT_EQ(read(named).has_value(), valid) << named;
      }
    }
  }
  EXPECT_FALSE(read("2019-00"));
  EXPECT_FALSE(read("2019-13"));
  EXPECT_FALSE(read("13/2019", Order::dmy));
}

// What looks like a date to a careless reader.
TEST(DateCells, OtherTextsAreNone) {
  for (const Order order : all_orders) {
    for (const char* cell : {"",
                             " ",
                             "x",
                             "19",
                             "201",
                             "20190",
                             "2019-",
                             "2019-1",
                             "2019-1-",
                             "2019-01-",
                             "2019-01/01",
                             "2019-01-01x",
                             "2019-01-01T",
                             "2019-01-01 x",
                             "2019-123",
                             "2019.05",
                             "1.126",
                             "3.5",
                             "12.05",
                             "1,126",
                             "1.10.2",
                             "1.10.2.3",
                             "10.1.199",
                             "192.168.1.1",
                             "10.1.2.3",
                             "3-4",
                             "3:4",
                             "2-1",
                             "1/2",
                             "555-0123",
                             "555-01-2345",
                             "+49 30 123456",
                             "(555) 123-4567",
                             "030/123456",
                             "978-3-16-148410-0",
                             "0-306-40615-2",
                             "123-45-6789",
                             "31.12",
                             "31.12.",
                             "31/12-2019",
                             "31.12/2019",
                             "31..12.2019",
                             "31.12.201",
                             "31.12.20190",
                             "031.12.2019",
                             "31 12 2019",
                             "-31.12.2019",
                             "2019-W05",
                             "2019Q1",
                             "Q1 2019",
                             "May",
                             "May 5",
                             "5 May",
                             "Mai 2019",
                             "Mayo 2019",
                             "Ma 2019",
                             "May 19",
                             "31 Foo 2019",
                             "31 Jan",
                             "Jan 312019",
                             "31 Jan Feb 2019",
                             "Mon 2019",
                             "May 2019 14:30",
                             "2019 14:30",
                             "2019-05 14:30",
                             "201901",
                             "2019013",
                             "201901311",
                             "20191301",
                             "20190132",
                             "20190131143005",
                             "20190131T",
                             "20190131T14",
                             "20190131T2430",
                             "20190131T1460",
                             "31 Jan 2019x",
                             "1st",
                             "1e5",
                             "inf",
                             "24:00",
                             "24:00:00",
                             "25:00",
                             "12:60",
                             "12:5",
                             "12:345",
                             "1:2:3",
                             "12:30:61",
                             ":30",
                             "12:",
                             "12:30:",
                             "12:30:05.",
                             "14:30 PM",
                             "0:30 AM",
                             "13 PM",
                             "PM",
                             "AM",
                             "12:30 X",
                             "12:30 P",
                             "12:30 p.m",
                             "123:45",
                             "9:00-17:00",
                             "9:00-10",
                             "14:30+02:00",
                             "14:30Z",
                             "-9:00",
                             "14.30",
                             "14h30"})
      EXPECT_FALSE(read(cell, order)) << cell;
  }
}

TEST(DateCells, AnOrderReadsOnlyItsOwn) {
  for (const Order order : all_orders) {
    EXPECT_EQ(read("2019-01-31", order).has_value(), order == Order::ymd);
    EXPECT_EQ(read("2019-01", order).has_value(), order == Order::ymd);
    EXPECT_EQ(read("31.01.2019", order).has_value(), order == Order::dmy);
    EXPECT_EQ(read("31/01/19", order).has_value(), order == Order::dmy);
    EXPECT_EQ(read("01/31/2019", order).has_value(), order == Order::mdy);
    EXPECT_EQ(read("14:30", order).has_value(), order == Order::clock);
    EXPECT_EQ(read("2 pm", order).has_value(), order == Order::clock);
  }
}

// ---- times and offsets
// -------------------------------------------------------------------------------------

TEST(DateTimes, EveryMinuteOfADay) {
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const int hour = minute / 60;
    const std::string mm = two(minute % 60), seconds = two((minute * 7) % 60);
    const double at = minute * 60, later = at + (minute * 7) % 60;
    for (const std::string& hh : {two(hour), std::to_string(hour)}) {
      ASSERT_EQ(local(hh + ":" + mm, Order::clock), at);
      ASSERT_EQ(local(hh + ":" + mm + ":" + seconds, Order::clock), later);
      ASSERT_EQ(local(hh + ":" + mm + ":" + seconds + ".250", Order::clock), later + 0.25);
      for (const std::string before : {"T", " ", ", ", ",", "\xC2\xA0"})
        ASSERT_EQ(local("1970-01-02" + before + hh + ":" + mm), day_length + at) << before << hh << mm;
    }
    ASSERT_EQ(local("19700102T" + two(hour) + mm), day_length + at);
    ASSERT_EQ(local("19700102T" + two(hour) + mm + seconds + ".5Z"), day_length + later + 0.5);
    ASSERT_EQ(local("19700102 " + two(hour) + ":" + mm), day_length + at);
    // 12 AM is midnight, 12 PM noon.
    const std::string twelve = std::to_string(hour % 12 == 0 ? 12 : hour % 12) + ":" + mm;
    for (const std::string half : hour < 12 ? std::array{" AM", "am", " a.m.",
                                                         "\xE2\x80\xAF"
                                                         "AM"}
                                            : std::array{" PM", "pm", " p.m.",
                                                         "\xE2\x80\xAF"
                                                         "PM"}) {
      ASSERT_EQ(local(twelve + half, Order::clock), at) << twelve << half;
      ASSERT_EQ(local("1/2/1970 " + twelve + ":" + seconds + half, Order::mdy), day_length + later);
      ASSERT_EQ(local("Jan 2, 1970, " + twelve + half), day_length + at);
    }
    ASSERT_EQ(format_date(later, {.order = Order::clock}), two(hour) + ":" + mm + ":" + seconds);
    ASSERT_EQ(local(format_date(later, {.order = Order::clock}), Order::clock), later);
  }
  EXPECT_EQ(local("2 pm", Order::clock), 14 * 3600);
  EXPECT_EQ(local("23:59:60", Order::clock), day_length);
  EXPECT_EQ(local("2016-12-31T23:59:60Z"), local("2017-01-01"));
  EXPECT_EQ(local("12:00:00,125", Order::clock), 43200.125);
  EXPECT_EQ(local("00:00:00.1234567890123456789", Order::clock), 0.123456789012345);
}

TEST(DateTimes, EveryOffset) {
  for (int minutes = -14 * 60; minutes <= 14 * 60; minutes += 15) {
    const int size = std::abs(minutes);
    const std::string sign = minutes < 0 ? "-" : "+";
    std::vector<std::string> spellings = {sign + two(size / 60) + ":" + two(size % 60),
                                          sign + two(size / 60) + two(size % 60),
                                          " " + sign + two(size / 60) + two(size % 60)};
    if (size % 60 == 0) spellings.push_back(sign + two(size / 60));
    for (const std::string& offset : spellings) {
      for (const std::string time : {"T10:00", " 10:00:00", " 10:00:00.000", ", 10:00 AM"}) {
        const double at = day_length * days_since_1970(2019, 1, 31) + 36000;
        EXPECT_EQ(local("2019-01-31" + time + offset), at) << time << offset;
        EXPECT_EQ(utc("2019-01-31" + time + offset), at - 60 * minutes) << time << offset;
        EXPECT_EQ(utc("31.1.2019" + time + offset, Order::dmy), at - 60 * minutes) << time << offset;
      }
    }
  }
  for (const std::string zone : {"Z", "z", " UTC", " GMT", "+00:00", "-00:00", ""})
    EXPECT_EQ(utc("2019-01-31T10:00" + zone), local("2019-01-31T10:00")) << zone;
  for (const std::string no : {"+", "+2", "+2:00", "+24:00", "+15", "+02:60", "+02:0", "+02:000", "+020",
                               "Z1", " EST", "+02:00Z", " UTC+2"})
    EXPECT_FALSE(read("2019-01-31T10:00" + no)) << no;
}

// Clocks that are set to summer time and back: instants stay in order where local times do not.
TEST(DateTimes, CellsOfOneInstantHaveOneUtc) {
  EXPECT_EQ(utc("2019-03-31T01:59:59+01:00") + 1, utc("2019-03-31T03:00:00+02:00"));
  EXPECT_EQ(local("2019-03-31T01:59:59+01:00") + 3601, local("2019-03-31T03:00:00+02:00"));
  EXPECT_EQ(utc("2019-10-27T02:30:00+02:00") + 3600, utc("2019-10-27T02:30:00+01:00"));
  EXPECT_EQ(local("2019-10-27T02:30:00+02:00"), local("2019-10-27T02:30:00+01:00"));
  EXPECT_EQ(utc("2019-01-01T00:30+01:00"), utc("2018-12-31T18:30-05:00"));
  EXPECT_EQ(utc("2019-01-01T00:30+05:30"), utc("2018-12-31 19:00Z"));
  // Unix time, as `date -u -d @1234567890` writes it.
  EXPECT_EQ(utc("2009-02-13T23:31:30Z"), 1234567890);
  EXPECT_EQ(utc("2001-09-09T01:46:40Z"), 1000000000);
}

// ---- the order of a column
// ---------------------------------------------------------------------------------

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

// ---- the calendar
// ------------------------------------------------------------------------------------------

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
