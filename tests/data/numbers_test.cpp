// Numbers in every format: enumerations of where marks, signs and currencies stand, values that survive being
// written and read, and texts that are no numbers.
#include "data/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "number_cells.h"

namespace runnel::data {
namespace {

using namespace test;

TEST(Numbers, EveryGroupingOfOneToSevenDigits) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t v = 0; v < 20000; ++v) values.push_back(v);
  for (std::uint64_t v = 20000; v < 10'000'000; v += 997) values.push_back(v);
  for (const NumberFormat& format : all_formats) {
    for (const std::string& mark : spellings(format.grouping)) {
      for (const std::uint64_t v : values) {
        const std::string cell = in_threes(std::to_string(v), mark);
        ASSERT_EQ(parse_number(cell, format), static_cast<double>(v)) << cell;
        const std::string fraction = cell + format.decimal + "25";
        ASSERT_EQ(parse_number("-" + fraction, format), -(static_cast<double>(v) + 0.25)) << fraction;
      }
    }
  }
}

// Marks at any of the six gaps between seven digits: right are those before every third digit from the
// right, all or none of them; and by commas those of India.
TEST(Numbers, MarksStandAtAllTheirPlacesOrAtNone) {
  for (const NumberFormat& format : all_formats) {
    if (format.grouping == 0) continue;
    for (std::size_t digits = 1; digits <= 9; ++digits) {
      unsigned threes = 0,
               india = 0;  // bit i: a mark before the digit that has i digits behind it and itself
      for (std::size_t i = 3; i < digits; i += 3) threes |= 1u << i;
      for (std::size_t i = 3; i < digits; i += 2) india |= 1u << i;
      for (unsigned marks = 0; marks < 1u << digits; marks += 2) {
        std::string cell;
        const std::string number = std::string("987654321").substr(9 - digits);
        for (std::size_t i = 0; i < digits; ++i) {
          if (i > 0 && marks >> (digits - i) & 1u) cell += format.grouping;
          cell += number[i];
        }
        const bool right = marks == 0 || marks == threes || (format.grouping == ',' && marks == india);
        ASSERT_EQ(parse_number(cell, format).has_value(), right) << cell << " in " << show(format);
        if (right) {
          EXPECT_EQ(parse_number(cell, format), std::stod(number)) << cell;
        }
      }
    }
  }
}

TEST(Numbers, NoThousandsBeginWithZeroOrStandInAFraction) {
  for (const char* cell :
       {"0,126", "012,345", "-0,126", "1.234,567", "1,234.567,8", ",123", "1,,234", "1,234,", "1,23",
        "1234,567", "1,2345", "1, 234", "1,234e5", "1,234e", "12,34,56", "123,45,678", "1,23,4567"})
    EXPECT_FALSE(parse_number(cell, english)) << cell;
  EXPECT_EQ(parse_number("1,234.5", english), 1234.5);
  EXPECT_EQ(parse_number("12,34,567.5", english), 1234567.5);
  EXPECT_EQ(parse_number("1234.5e1", english), 12345);
  EXPECT_EQ(parse_number("007", english), 7);
  // India's groups are written with commas only.
  EXPECT_FALSE(parse_number("12.34.567", german));
  EXPECT_FALSE(parse_number("1\t234", french));
  EXPECT_EQ(parse_number("1 234\xC2\xA0"
                         "567,5",
                         french),
            1234567.5);
}

// The plain format reads what to_number reads, but for infinities of digits and blanks around.
TEST(Numbers, PlainIsToNumber) {
  for (const char* cell : {"0",
                           "-0",
                           "1",
                           "+1",
                           "007",
                           "1.5",
                           ".5",
                           "5.",
                           "-.5",
                           "1e5",
                           "1E-5",
                           "1e+5",
                           "1e-999",
                           "123456789012345678901234567890",
                           "0.1234567890123456789",
                           "",
                           "x",
                           "1x",
                           "1 2",
                           "--1",
                           "+-1",
                           "-+1",
                           "1,5",
                           "0x10",
                           "1e",
                           "e5",
                           ".",
                           "-",
                           "+",
                           "1.2.3",
                           "1_000",
                           "5%",
                           "$5",
                           "(5)",
                           "inf",
                           "-inf",
                           "+inf",
                           "Infinity",
                           "-INFINITY",
                           "in",
                           "infinite"}) {
    EXPECT_EQ(parse_number(cell, plain), to_number(cell)) << cell;
  }
  for (const NumberFormat& format : all_formats) {
    EXPECT_EQ(parse_number("inf", format), std::numeric_limits<double>::infinity());
    EXPECT_EQ(parse_number("-Infinity", format), -std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isnan(parse_number("nan", format).value()));
  }
}

TEST(Numbers, DigitsThatOverflowAreNone) {
  for (const NumberFormat& format : all_formats) {
    for (const char* cell : {"1e999", "-1e999", "12e4567", "77E999", "1e309"})
      EXPECT_FALSE(parse_number(cell, format)) << cell << show(format);
    EXPECT_FALSE(parse_number(std::string(400, '9'), format));
    EXPECT_EQ(parse_number("1e-999", format), 0);
    EXPECT_EQ(parse_number("12e45", format), 12e45);
  }
  EXPECT_FALSE(parse_number(in_threes(std::string(330, '9'), ","), english));
}

TEST(Numbers, MinusSignsAndBlanks) {
  for (const NumberFormat& format : all_formats) {
    EXPECT_EQ(parse_number("\xE2\x88\x92"
                           "12",
                           format),
              -12);
    EXPECT_EQ(parse_number("\xE2\x88\x92"
                           "1e\xE2\x88\x92"
                           "2",
                           format),
              -0.01);
    EXPECT_EQ(parse_number("\xE2\x88\x92inf", format), -std::numeric_limits<double>::infinity());
    for (const std::string blank : {" ", "\t", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", " \xC2\xA0 "})
      EXPECT_EQ(parse_number(blank + "12" + blank, format), 12) << show(format);
    for (const char* cell : {"\xE2\x88\x92",
                             "\xE2\x88\x92\xE2\x88\x92"
                             "1",
                             "-\xE2\x88\x92"
                             "1",
                             "- 1", "1-", "\xC2\xA0", "\xC2", "1\xC2", "12\xE2\x80",
                             "1\xE2\x88\x92"
                             "2"})
      EXPECT_FALSE(parse_number(cell, format)) << cell;
  }
}

// Every currency at every place that people put it, with every sign, in every format.
TEST(Numbers, CurrenciesStandAnywhere) {
  for (const std::string& sign : currencies) {
    for (NumberFormat format : all_formats) {
      format.currency = sign;
      format.brackets = true;
      const std::string mark = spellings(format.grouping).back();
      const std::string number = "1" + mark + "234" + format.decimal + "5";
      for (const std::string gap : {"", " ", "\xC2\xA0"}) {
        EXPECT_EQ(parse_number(number, format), 1234.5);
        for (const std::string& cell : {sign + gap + number, number + gap + sign, "+" + sign + gap + number})
          EXPECT_EQ(parse_number(cell, format), 1234.5) << cell;
        for (const std::string minus : {"-", "\xE2\x88\x92"}) {
          for (const std::string& cell : {minus + sign + gap + number, sign + gap + minus + number,
                                          minus + number + gap + sign, minus + " " + sign + gap + number})
            EXPECT_EQ(parse_number(cell, format), -1234.5) << cell;
        }
        for (const std::string& cell :
             {"(" + sign + gap + number + ")", sign + gap + "(" + number + ")",
              "(" + number + gap + sign + ")", "(" + number + ")" + gap + sign, "( " + number + " )"})
          EXPECT_EQ(parse_number(cell, format), -1234.5) << cell;
        for (const std::string& cell :
             {sign + gap, gap + sign, "-" + sign, sign + gap + "-", "(" + sign + ")", sign + gap + sign,
              sign + gap + number + gap + sign, "-" + sign + gap + "-" + number,
              "(" + sign + gap + "-" + number + ")", "-(" + number + ")", sign + gap + "inf",
              sign + gap + "nan", sign + gap + ".", sign + gap + "x", number + gap + sign + "x",
              "((" + number + "))", "(" + number, number + ")", sign + number + "%"})
          EXPECT_FALSE(parse_number(cell, format)) << cell;
      }
      for (const std::string& another : currencies) {
        if (another == sign) continue;
        EXPECT_FALSE(parse_number(another + number, format)) << another << " for " << sign;
        EXPECT_FALSE(parse_number(number + " " + another, format)) << another << " for " << sign;
      }
    }
  }
}

TEST(Numbers, Percent) {
  const NumberFormat percent{.percent = true};
  for (const char* cell : {"12%", "12 %", "12\xC2\xA0%", "12\xE2\x80\xAF%", "+12%", "12.0%", "12"})
    EXPECT_EQ(parse_number(cell, percent), 12) << cell;
  EXPECT_EQ(parse_number("-0.5 %", percent), -0.5);
  EXPECT_EQ(parse_number("\xE2\x88\x92"
                         "3%",
                         percent),
            -3);
  const NumberFormat bracketed{.decimal = ',', .percent = true, .brackets = true};
  EXPECT_EQ(parse_number("(1,5%)", bracketed), -1.5);
  EXPECT_EQ(parse_number("(1,5)%", bracketed), -1.5);
  for (const char* cell : {"%", "%12", "12%%", "12 % %", "-%", "inf%", "12%5", "(12%)"})
    EXPECT_FALSE(parse_number(cell, percent)) << cell;
  EXPECT_FALSE(parse_number("12%", plain));
}

TEST(Numbers, WordsAndMarksAloneAreNone) {
  for (const NumberFormat& marks : all_formats) {
    for (const std::string& currency : currencies) {
      NumberFormat format = marks;
      format.currency = currency;
      format.percent = format.brackets = true;
      for (const char* cell :
           {"",    " ",    "-",   "+",         ".",    ",",     "'",   "-.",    "()",        "( )",
            "(-)", "(-5)", "kr",  "CHF",       "-CHF", "CHF -", "$",   "%",     "()%",       "e5",
            "1e",  "1e+",  "one", "12 apples", "1 2",  "5-",    "1/2", "12:30", "2019-01-31"})
        EXPECT_FALSE(parse_number(cell, format)) << cell << " in " << show(format);
    }
  }
}

// Numbers of any size, written in the format, come back to the last bit.
TEST(Numbers, SurviveBeingWritten) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const double x = std::ldexp(static_cast<double>(random() >> 11u), static_cast<int>(random() % 80) - 80);
    std::string digits = from_number(x);
    std::string tail;
    if (const auto e = digits.find('e'); e != std::string::npos) {
      tail = digits.substr(e);
      digits.resize(e);
    }
    const auto point = digits.find('.');
    const std::string whole = digits.substr(0, point);
    const std::string fraction = point == std::string::npos ? "" : digits.substr(point + 1);
    for (NumberFormat format : all_formats) {
      for (const std::string& mark : spellings(format.grouping)) {
        std::string cell = tail.empty() ? in_threes(whole, mark) : whole;
        if (!fraction.empty()) cell += format.decimal + fraction;
        cell += tail;
        ASSERT_EQ(parse_number(cell, format), x) << cell;
        format.currency = "€";
        ASSERT_EQ(parse_number("-" + cell + " €", format), -x) << cell;
      }
    }
  }
}

// Point and comma are mirror images: a cell is read by a format if and only if the cell with both exchanged
// is read by the format with both exchanged, as the same number.
TEST(Numbers, PointAndCommaAreMirrored) {
  std::mt19937_64 random(13);
  constexpr std::string_view pieces = "0123456789000.,.,.,-e $%()";
  const auto dressed = [](NumberFormat format) {
    format.currency = "$";
    format.percent = format.brackets = true;
    return format;
  };
  int found = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string cell, mirrored;
    for (std::size_t n = random() % 10; n > 0; --n) cell += pieces[random() % pieces.size()];
    for (const char c : cell) mirrored += c == '.' ? ',' : c == ',' ? '.' : c;
    for (const auto& [a, b] :
         {std::pair(plain, comma), std::pair(point_space, french), std::pair(swiss, austrian)}) {
      ASSERT_EQ(parse_number(cell, a), parse_number(mirrored, b)) << cell;
      ASSERT_EQ(parse_number(cell, dressed(a)), parse_number(mirrored, dressed(b))) << cell;
    }
    // By commas India's groups are read too.
    if (const auto value = parse_number(cell, dressed(german))) {
      ++found;
      ASSERT_EQ(parse_number(mirrored, dressed(english)), value) << cell;
    }
  }
  EXPECT_GT(found, 1000);
}

}  // namespace
}  // namespace runnel::data
