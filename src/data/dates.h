// Dates and times of day as people write them in tables.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runnel/reading.h"

namespace runnel::data {

// A point in time in seconds since 1970-01-01T00:00 of the proleptic Gregorian calendar, without leap
// seconds; of a clock time, since midnight.
struct Moment {
  double utc = 0;    // local less the cell's offset: two cells of one instant have one utc
  double local = 0;  // as the cell's own clock shows it

  bool operator==(const Moment&) const = default;
};

// The whole cell as a date of the format's order; nothing when it is none. Blanks around it are left out.
//   ymd:   2019-01-31, 2019/1/31, 2019.01.31, 2019-01
//   dmy:   31.01.2019, 31/1/2019, 31-01-19, 31. 1. 2019, 01/2019
//   mdy:   01/31/2019, 1-31-19, 01/2019
//   all three: 2019, 20190131, 31 Jan 2019, 31-Jan-19, 31JAN2019, January 31st, 2019, 2019-Jan-31, January
//   2019 clock: 14:30, 9:05, 14:30:05.250, 2:30 PM, 2 pm
// A missing month or day is the first, so that dates of mixed precision stay in order. Years have four
// digits, or two behind day and month: 69-99 are 19xx, 00-68 are 20xx (as in POSIX strptime). Behind a whole
// date may stand, after a T, blanks or a comma, a time of day as under clock, and behind that an offset from
// UTC: Z, UTC, GMT, +02:00, +0200, +02. The 60th second is read, 24:00 is not.
std::optional<Moment> parse_date(std::string_view cell, const DateFormat& format);

struct DateGuess {
  DateFormat format;
  std::optional<DateFormat> other = {};  // reads every text too, but gives at least one another date
  std::string example = {};              // the first such text; empty without `other`
};

// The order in which all the texts are dates; nothing if there is none or if there are no texts. `texts` are
// the different texts of a column, without the missing ones. The wished order is taken wherever the column
// reads under it, and there is then no `other`. Where day-month-year and month-day-year both read all texts,
// slashes mean that the month stands first, points and hyphens that the day does. Texts of digits alone are
// numbers ("2019"), unless all are yyyymmdd of the years 1900 to 2100 and there are at least two.
std::optional<DateGuess> find_date_format(std::span<const std::string_view> texts,
                                          std::optional<DateFormat::Order> wanted = {});

// ---- what a moment is on the calendar ---------------------------------------------------------------------

// Moment::local (or utc) of a date as a fractional year: of 2019-07-02, 2019 + 182/365.
double year_of(double seconds);

struct Calendar {
  int month = 1;       // 1 to 12
  int day = 1;         // of the month, from 1
  int weekday = 0;     // 0 is Monday, 6 Sunday
  double second = 0;   // of the day
  double elapsed = 0;  // part of the year that has passed: 0 on 1 January at 0:00, always below 1

  bool operator==(const Calendar&) const = default;
};

Calendar calendar_of(double seconds);

// As ISO 8601 writes it, with a time where there is one: 2019-01-31, 2019-01-31T14:30:05.25; of a clock time
// 14:30:05. Rounded to milliseconds.
std::string format_date(double seconds, const DateFormat& format);

// A year-first date (2019, 2019-01, 2019-01-31, with a time) as a fractional year.
std::optional<double> to_year(std::string_view s);

}  // namespace runnel::data
