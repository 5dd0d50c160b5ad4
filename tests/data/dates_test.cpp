// Dates: every day of some years in every spelling against a count of days by hand, times and offsets, and
// texts that are no dates.
#include "data/dates.h"

#include <cctype>
#include <random>

#include "date_cells.h"

namespace runnel::data {
namespace {

using namespace test;

// ---- dates ------------------------------------------------------------------------------------------------

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

// ---- times and offsets ------------------------------------------------------------------------------------

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

// Whatever is read is read again from its ISO text, and with blanks around it.
TEST(DateCells, RandomTexts) {
  std::mt19937_64 random(5);
  constexpr std::string_view pieces = "0123456789012345678901212:-/. TZ+,apmJn";
  int found = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string cell;
    // Most begin as a date does, and go on anyhow.
    if (i % 4 == 1) cell = "2019-0";
    if (i % 4 == 2) cell = "1/1";
    if (i % 4 == 3) cell = "2019-01-31 1";
    for (std::size_t n = random() % 8; n > 0; --n) cell += pieces[random() % pieces.size()];
    for (const Order order : all_orders) {
      const auto moment = read(cell, order);
      ASSERT_EQ(read("\xC2\xA0" + cell + " ", order), moment) << cell;
      if (!moment) continue;
      ++found;
      const Order again = order == Order::clock ? Order::clock : Order::ymd;
      if (moment->local == day_length && order == Order::clock) continue;  // 23:59:60
      const double back = local(format_date(moment->local, {.order = again}), again);
      ASSERT_NEAR(back, moment->local, 0.0006) << cell;
      ASSERT_LE(std::abs(moment->utc - moment->local), 15 * 3600) << cell;
    }
  }
  EXPECT_GT(found, 1000);
}

}  // namespace
}  // namespace runnel::data
