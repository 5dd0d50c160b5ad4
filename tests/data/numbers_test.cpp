// Numbers in every format: enumerations of where marks, signs and currencies stand, values that survive being
// written and read, texts that are no numbers, and the format that is found for a column.
#include "data/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "data/text.h"

namespace runnel::data {
namespace {

using Cells = std::vector<std::string_view>;

const NumberFormat plain;
const NumberFormat english{.decimal = '.', .grouping = ','};
const NumberFormat comma{.decimal = ','};
const NumberFormat german{.decimal = ',', .grouping = '.'};
const NumberFormat point_space{.decimal = '.', .grouping = ' '};
const NumberFormat french{.decimal = ',', .grouping = ' '};
const NumberFormat swiss{.decimal = '.', .grouping = '\''};
const NumberFormat austrian{.decimal = ',', .grouping = '\''};
const std::vector<NumberFormat> all_formats = {plain,       english, comma, german,
                                               point_space, french,  swiss, austrian};

// The ways of writing a mark between thousands.
std::vector<std::string> spellings(char grouping) {
  if (grouping == 0) return {""};
  if (grouping == ' ') return {" ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};
  if (grouping == '\'') return {"'", "\xE2\x80\x99"};
  return {std::string(1, grouping)};
}

// A whole number with a mark before every third digit from the right.
std::string in_threes(const std::string& digits, const std::string& mark) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += mark;
    out += digits[i];
  }
  return out;
}

std::string show(const NumberFormat& format) {
  return std::string(1, format.decimal) + (format.grouping ? std::string(1, format.grouping) : "none") +
         format.currency;
}

// ---- reading one cell
// --------------------------------------------------------------------------------------

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

const std::vector<std::string> currencies = {"$",   "€",   "£",   "¥",   "₹",  "₽", "₩",   "₺",
                                             "₴",   "zł",  "kr",  "Kč",  "Ft", "CHF", "USD", "EUR",
                                             "GBP", "JPY", "CNY", "INR", "R$", "A$",  "C$",  "US$"};

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

// ---- the format of a column
// --------------------------------------------------------------------------------

void expect_format(const Cells& texts, const NumberFormat& format, const NumberWish& wish = {}) {
  const auto guess = find_number_format(texts, wish);
  ASSERT_TRUE(guess) << texts.front();
  EXPECT_EQ(guess->format, format) << texts.front() << ": " << describe(guess->format);
  EXPECT_FALSE(guess->other) << texts.front() << ": " << describe(*guess->other);
  EXPECT_EQ(guess->example, "");
}

void expect_two(const Cells& texts, const NumberFormat& format, const NumberFormat& other,
                const std::string& example) {
  const auto guess = find_number_format(texts);
  ASSERT_TRUE(guess) << texts.front();
  EXPECT_EQ(guess->format, format) << texts.front();
  ASSERT_TRUE(guess->other) << texts.front();
  EXPECT_EQ(*guess->other, other) << texts.front() << ": " << describe(*guess->other);
  EXPECT_EQ(guess->example, example);
  EXPECT_NE(parse_number(example, format), parse_number(example, other));
}

TEST(NumberFormats, OneReadingIsFoundWithoutAnother) {
  expect_format({"1", "-2", "1234", "007"}, plain);
  expect_format({"1.5", "1e5", "inf"}, plain);
  expect_format({"0.126", "1.126"}, plain);     // 0.126 can be no thousands
  expect_format({"1.126", "12.5"}, plain);      // nor 12.5
  expect_format({"1.126", "1234.126"}, plain);  // nor 1234.126
  expect_format({"1.126e+05", "1.5e+00"}, plain);
  expect_format({"1.126e+05"}, plain);
  expect_format({}, plain);
  expect_format({"36,12", "7,67", "139,11"}, comma);
  expect_format({"0,126", "1,126"}, comma);
  expect_format({"1,5e3", "2"}, comma);
  expect_format({"26,122", "922", "1,234,567"}, english);  // two commas are no decimal commas
  expect_format({"1,126", "1.5"}, english);
  expect_format({"1,126.50"}, english);
  expect_format({"12,34,567"}, english);
  expect_format({"1.126", "1,5"}, german);
  expect_format({"1.234.567"}, german);
  expect_format({"1.234,50", "12"}, german);
  expect_format({"1 234", "5"}, point_space);
  expect_format({"1 234.5"}, point_space);
  expect_format({"1 234,5", "0,5"}, french);
  expect_format({"1\xC2\xA0"
                 "234",
                 "1\xE2\x80\xAF"
                 "234",
                 "-0,25"},
                french);
  expect_format({"1 234,567"}, french);
  expect_format({"1'234.50", "99.00"}, swiss);
  expect_format({"1\xE2\x80\x99"
                 "234"},
                swiss);
  expect_format({"1'234,50"}, austrian);
  expect_format({"1'234", "1,234"}, austrian);  // one mark for thousands: the comma is decimal
  expect_format({"\xE2\x88\x92"
                 "3",
                 "\xC2\xA0"
                 "4"},
                plain);
}

TEST(NumberFormats, TwoReadingsAreToldWithAnExample) {
  expect_two({"1.126"}, plain, german, "1.126");
  expect_two({"7", "12", "1.126", "999.000"}, plain, german, "1.126");
  expect_two({"-12.126", "500"}, plain, german, "-12.126");
  expect_two({"1,126"}, english, comma, "1,126");
  expect_two({"922", "26,122", "4,002"}, english, comma, "26,122");
  expect_two({"1.234", "1,234"}, english, german, "1.234");
  expect_two({"$1.126"}, {.currency = "$"}, {.decimal = ',', .grouping = '.', .currency = "$"}, "$1.126");
  expect_two({"5%", "1,126%"}, {.grouping = ',', .percent = true}, {.decimal = ',', .percent = true},
             "1,126%");
}

TEST(NumberFormats, WishesAreUsedWhereTheColumnReadsUnderThem) {
  expect_format({"1.126"}, german, {.decimal = ','});
  expect_format({"1.126"}, plain, {.decimal = '.'});
  expect_format({"1.126"}, german, {.grouping = '.'});
  expect_format({"1.126"}, german, {.decimal = ',', .grouping = '.'});
  expect_format({"1,126"}, comma, {.decimal = ','});
  expect_format({"1,126"}, english, {.decimal = '.'});
  expect_format({"1,126"}, english, {.grouping = ','});
  expect_format({"1,126"}, french, {.decimal = ',', .grouping = ' '});
  expect_format({"12"}, comma, {.decimal = ','});
  // Where it does not: the column's own format.
  expect_format({"1.5"}, plain, {.decimal = ','});
  expect_format({"1,5"}, comma, {.decimal = '.'});
  expect_format({"1'234,5"}, austrian, {.decimal = ',', .grouping = '.'});
  const auto guess = find_number_format(Cells{"1.126", "1,126"}, {.decimal = '.', .grouping = ' '});
  ASSERT_TRUE(guess);
  EXPECT_EQ(guess->format, english);
  EXPECT_FALSE(guess->other);
  EXPECT_FALSE(find_number_format(Cells{"x"}, {.decimal = ','}));
}

TEST(NumberFormats, UnitsAndBrackets) {
  expect_format({"15.0%", "36.6%"}, {.percent = true});
  expect_format({"12 %", "1,5 %"}, {.decimal = ',', .percent = true});
  expect_format({"$492.09", "5"}, {.currency = "$"});
  expect_format({"-$5.00", "$-5.00", "5.00 $"}, {.currency = "$"});
  expect_format({"CHF 1'234.50", "7"}, {.grouping = '\'', .currency = "CHF"});
  expect_format({"1.234,50 €"}, {.decimal = ',', .grouping = '.', .currency = "€"});
  expect_format({"(1,234.50)", "3.00"}, {.grouping = ',', .brackets = true});
  expect_format({"($5)", "$(6)", "$7"}, {.currency = "$", .brackets = true});
  expect_format({"US$5", "6"}, {.currency = "US$"});
  expect_format({"kr. 500"}, {.currency = "kr."});
  expect_format({"R$ 1.234,5"}, {.decimal = ',', .grouping = '.', .currency = "R$"});
  for (const std::string& sign : currencies) {
    for (const std::string& text : {sign + "5", sign + " 5", "5" + sign, "5 " + sign, "-" + sign + "5",
                                    sign + "-5", "\xE2\x88\x92" + sign + "5"}) {
      const auto guess = find_number_format(Cells{"12", text});
      ASSERT_TRUE(guess) << text;
      EXPECT_EQ(guess->format, NumberFormat{.currency = sign}) << text;
    }
  }
}

TEST(NumberFormats, TextsAreNone) {
  for (const Cells& texts : {Cells{"x"},
                             Cells{""},
                             Cells{"1", "x"},
                             Cells{"5 $", "5 €"},
                             Cells{"$5", "US$5"},
                             Cells{"5%", "5 $"},
                             Cells{"kr"},
                             Cells{"CHF", "5"},
                             Cells{"-", "5"},
                             Cells{".", "5"},
                             Cells{"5", ""},
                             Cells{"12e4567"},
                             Cells{"90e3", "77e999"},
                             Cells{"1,5", "1.5"},
                             Cells{"1'234", "1 234"},
                             Cells{"1.2.3"},
                             Cells{"0,126", "1.5"},
                             Cells{"192.168.1.1"},
                             Cells{"31.01.2019"},
                             Cells{"2019-01-31"},
                             Cells{"12:30"},
                             Cells{"A12", "B7"},
                             Cells{"(030) 12345"},
                             Cells{"030 123 456"},
                             Cells{"1 kg"},
                             Cells{"5 apples"},
                             Cells{"1,23,4"},
                             Cells{"3-4"}})
    EXPECT_FALSE(find_number_format(texts)) << texts.front();
}

// What is found for columns of random numbers reads them back.
TEST(NumberFormats, RandomColumnsAreReadAsTheyWereWritten) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 2000; ++i) {
    const NumberFormat& format = all_formats[random() % all_formats.size()];
    const std::string mark = spellings(format.grouping).front();
    std::vector<double> values;
    std::vector<std::string> cells;
    for (int k = 0; k < 8; ++k) {
      const std::uint64_t whole = random() % 10'000'000, cents = random() % 100;
      const std::string fraction = (cents < 10 ? "0" : "") + std::to_string(cents);
      cells.push_back(in_threes(std::to_string(whole), mark) + format.decimal + fraction);
      values.push_back((static_cast<double>(whole) * 100 + static_cast<double>(cents)) / 100);
    }
    const auto guess = find_number_format(Cells(cells.begin(), cells.end()));
    ASSERT_TRUE(guess) << cells[0];
    EXPECT_FALSE(guess->other) << cells[0];
    for (std::size_t k = 0; k < cells.size(); ++k)
      EXPECT_EQ(parse_number(cells[k], guess->format), values[k]) << cells[k];
  }
}

TEST(NumberFormats, InWords) {
  EXPECT_EQ(describe(plain), "");
  EXPECT_EQ(describe(comma), "with a decimal comma");
  EXPECT_EQ(describe(english), "with thousands by comma");
  EXPECT_EQ(describe(german), "with thousands by point and a decimal comma");
  EXPECT_EQ(describe(french), "with thousands by space and a decimal comma");
  EXPECT_EQ(describe(swiss), "with thousands by apostrophe");
  EXPECT_EQ(describe({.currency = "€"}), "in €");
  EXPECT_EQ(describe({.percent = true}), "in percent");
  EXPECT_EQ(describe({.decimal = ',', .currency = "CHF", .brackets = true}),
            "with a decimal comma, in CHF, negative in brackets");
}

}  // namespace
}  // namespace runnel::data
