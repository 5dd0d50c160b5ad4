// The format that is found for a column of numbers: where one reads it, where two do, and what is wished for.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "data/numbers.h"
#include "number_cells.h"

namespace runnel::data {
namespace {

using namespace test;

using Cells = std::vector<std::string_view>;

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
