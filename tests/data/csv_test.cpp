// The CSV reader: what stands in the file is what stands in the table.
#include <cmath>

#include "core/text.h"
#include "data/dates.h"
#include "data/utf8.h"
#include "helpers.h"

namespace runnel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Csv : public test::DataTest {};

TEST_F(Csv, NumbersAndTexts) {
  const Table t = csv("a,b,c\n1,x,-2.5e3\n+3,y z,.5\n");
  EXPECT_EQ(t.rows, 2u);
  EXPECT_THAT(t.names(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(t.at("a").numbers, ElementsAre(1, 3));
  EXPECT_THAT(t.at("b").texts, ElementsAre("x", "y z"));
  EXPECT_THAT(t.at("c").numbers, ElementsAre(-2500, 0.5));
}

TEST_F(Csv, OneTableInManyDresses) {
  for (const char separator : {',', ';', '\t', '|'}) {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
      for (const bool last_end : {true, false}) {
        for (const std::string bom : {"", "\xEF\xBB\xBF"}) {
          std::string text = bom;
          for (const char* line : {"name?size", "\"a, b; \"\"c\"\" | d\"? 1 ", " e ?2", "f?3"}) {
            for (const char* c = line; *c; ++c) text += *c == '?' ? separator : *c;
            text += end;
          }
          if (!last_end) text.resize(text.size() - end.size());
          const Table t = csv(text);
          ASSERT_THAT(t.names(), ElementsAre("name", "size")) << text;
          EXPECT_THAT(t.columns[0].texts, ElementsAre("a, b; \"c\" | d", "e", "f")) << text;
          EXPECT_THAT(t.columns[1].numbers, ElementsAre(1, 2, 3)) << text;
          EXPECT_THAT(t.lines, ElementsAre(2u, 3u, 4u)) << text;
        }
      }
    }
  }
}

TEST_F(Csv, NewlinesInQuotesAndEmptyLinesCountAsLines) {
  const Table t = csv("a,b\r\n\r\n\"one\r\ntwo\",1\r\n\r\n\r\nx,2\r\ny,3\r\n");
  EXPECT_EQ(t.at("a").texts[0], "one\r\ntwo");
  EXPECT_THAT(t.lines, ElementsAre(3u, 7u, 8u));
  EXPECT_THAT(t.where(1), HasSubstr("t.csv, line 7"));
}

TEST_F(Csv, MissingValues) {
  const Table t = csv("a,b\n1,x\n,NA\n?,\"\"\n4,y\n");
  EXPECT_TRUE(std::isnan(t.at("a").numbers[1]));
  EXPECT_TRUE(std::isnan(t.at("a").numbers[2]));
  EXPECT_THAT(t.at("b").missing, ElementsAre(0, 1, 1, 0));
  ReadOptions options;
  options.missing = {"-9"};
  const Table own = csv("a,b\n-9,NA\n2,x\n", options);
  EXPECT_TRUE(own.at("a").is_missing(0));
  EXPECT_EQ(own.at("b").text(0), "NA");
}

TEST_F(Csv, NoHeader) {
  const Table t = csv("1,x\n2,y\n", {.header = false});
  EXPECT_THAT(t.names(), ElementsAre("column1", "column2"));
  EXPECT_EQ(t.rows, 2u);
}

TEST_F(Csv, HeaderOfNumbers) {
  EXPECT_THAT(error_of([&] { csv("39,State,7.5\n50,Self,8\n"); }),
              AllOf(HasSubstr("line 1"), HasSubstr("--no-header"), HasSubstr("39, State, 7.5")));
  EXPECT_THAT(csv("country,1990,1991,1992\nA,1,2,3\n").names(),
              ElementsAre("country", "1990", "1991", "1992"));
  EXPECT_THAT(csv("5,2\n1,2\n", {.header = true}).names(), ElementsAre("5", "2"));
}

TEST_F(Csv, RaggedRowNamesItsLine) {
  EXPECT_THAT(error_of([&] { csv("a,b,c\n1,2,3\n\n4,5\n6,7,8\n"); }),
              AllOf(HasSubstr("t.csv, line 4"), HasSubstr("2 fields"), HasSubstr("has 3")));
}

TEST_F(Csv, JunkAtTheTopNamesTheFlag) {
  const std::string text = "|made by hand\n1,2,a\n3,4,b\n5,6,c\n";
  EXPECT_THAT(error_of([&] { csv(text, {.header = false}); }),
              AllOf(HasSubstr("line 1"), HasSubstr("1 field where"), HasSubstr("--skip-rows 1")));
  const Table t = csv(text, {.header = false, .skip_rows = 1});
  EXPECT_EQ(t.rows, 3u);
  EXPECT_THAT(t.lines, ElementsAre(2u, 3u, 4u));
}

// They are read, for a column that nobody uses may have them; digits too many for a number are a word.
TEST_F(Csv, InfiniteValuesAreRead) {
  EXPECT_THAT(csv("a\n1\ninf\n-Infinity\n").at("a").numbers, ElementsAre(1, INFINITY, -INFINITY));
  EXPECT_EQ(csv("a\n1\n1e999\n").at("a").type, ColumnType::text);
  EXPECT_EQ(csv("a\ninf\nword\n").at("a").texts[0], "inf");  // among texts it is a word
}

TEST_F(Csv, FilesThatHoldNoTable) {
  EXPECT_THAT(error_of([&] { read_table(path("none.csv")); }), HasSubstr("none.csv: no such file"));
  EXPECT_THAT(error_of([&] { read_table(path("")); }), HasSubstr("directory"));
  EXPECT_THAT(error_of([&] { csv(""); }), HasSubstr("empty"));
  EXPECT_THAT(error_of([&] { csv("\n \n\n"); }), HasSubstr("empty"));
  EXPECT_THAT(error_of([&] { csv("a,b\n1,2\n", {.skip_rows = 5}); }), HasSubstr("--skip-rows"));
  EXPECT_THAT(error_of([&] { csv("a,b,a\n1,2,3\n"); }),
              AllOf(HasSubstr("'a' stands twice"), HasSubstr("1 and 3")));
  EXPECT_THAT(error_of([&] { csv("a,b\n1,\"x\n2,y\n"); }),
              AllOf(HasSubstr("line 2"), HasSubstr("never closed")));
  // However far from the beginning.
  const std::string late = "a,b\n" + std::string(100'000, '1') + ",2\n\xE9" + std::string(1, '\0') + ",3\n";
  EXPECT_THAT(error_of([&] { csv(late); }), HasSubstr("not a text file"));
}

TEST_F(Csv, UnknownColumnNamesTheNearest) {
  const Table t = csv("track_popularity,age\n1,2\n3,4\n");
  EXPECT_THAT(error_of([&] { t.at("popularity"); }), HasSubstr("did you mean 'track_popularity'?"));
  EXPECT_THAT(error_of([&] { t.at("Aeg"); }), HasSubstr("did you mean 'age'?"));
  EXPECT_THAT(error_of([&] { t.at("zzzzzzzz"); }), HasSubstr("there are: track_popularity, age"));
}

// Every double written in its shortest form is read back to the last bit.
TEST(Text, NumbersSurvive) {
  for (const double x : {0.1, 1.0 / 3, 1e-310, 5e-324, 1.7976931348623157e308, -12345678.9, 3.0, 1e22}) {
    const std::string text = from_number(x);
    ASSERT_TRUE(to_number(text)) << text;
    EXPECT_EQ(*to_number(text), x) << text;
  }
  EXPECT_EQ(from_number(-0.0), "0");
  for (const char* no : {"", "1x", "x", "1 2", "--1", "+-1", "1,5", "0x10"})
    EXPECT_FALSE(to_number(no)) << no;
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(999), "999");
}

// A character has one form: as many strings of three bytes that begin with 0xE0 or above are UTF-8 as there
// are characters from 0x800 to 0xFFFF, without the 2,048 halves of UTF-16 pairs; and of four bytes whose last
// two are fixed, as there are 4,096ths from 0x10000 to 0x10FFFF (Unicode, D92).
TEST(Text, Utf8HasOneFormForEachCharacter) {
  const auto is_utf8 = [](const std::string& s) { return data::first_not_utf8(s) == std::string::npos; };
  std::size_t three = 0, four = 0;
  for (unsigned lead = 0xE0; lead <= 0xFF; ++lead) {
    for (unsigned second = 0; second <= 0xFF; ++second) {
      const std::string begin{static_cast<char>(lead), static_cast<char>(second)};
      four += is_utf8(begin + "\x80\x80");
      for (unsigned third = 0; third <= 0xFF; ++third) three += is_utf8(begin + static_cast<char>(third));
    }
  }
  EXPECT_EQ(three, 0x10000u - 0x800u - 0x800u);
  EXPECT_EQ(four, 0x100000u / 4096u);
}

TEST(Dates, AreFractionalYears) {
  EXPECT_DOUBLE_EQ(*data::to_year("2019"), 2019);
  EXPECT_DOUBLE_EQ(*data::to_year("2019-01-01"), 2019);
  EXPECT_DOUBLE_EQ(*data::to_year("2019-02"), 2019 + 31.0 / 365);
  EXPECT_DOUBLE_EQ(*data::to_year("2020-12-31"), 2020 + 365.0 / 366);
  EXPECT_DOUBLE_EQ(*data::to_year("2019-01-01 12:00"), 2019 + 0.5 / 365);
  EXPECT_DOUBLE_EQ(*data::to_year("2000-02-29T00:00:00Z"), 2000 + 59.0 / 366);
  for (const char* no : {"", "19", "20190", "2019-13", "2019-00", "2019-02-29", "1900-02-29", "2019-1-1",
                         "2019-01/01", "2019-01-01x", "2019-01-01 25:00"}) {
    EXPECT_FALSE(data::to_year(no)) << no;
  }
}

}  // namespace
}  // namespace runnel
