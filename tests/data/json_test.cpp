// JSON Lines and arrays of objects.
#include <cmath>

#include "data/readers.h"
#include "helpers.h"

namespace runnel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> texts(const data::RawColumn& column) {
  return {column.texts.begin(), column.texts.end()};
}

std::vector<std::string> names(const data::RawTable& table) {
  std::vector<std::string> out;
  for (const auto& column : table.columns) out.push_back(column.name);
  return out;
}

class Json : public test::DataTest {
 protected:
  static data::RawTable raw(std::string_view text) { return data::read_json("t.jsonl", text, {}); }
  std::string error(std::string_view text) const {
    return error_of([&] { read_table(write("t.jsonl", text)); });
  }
};

TEST_F(Json, TextsStandAsInTheFile) {
  const data::RawTable t =
      raw("{\"a\": 1234567890123456789, \"b\": 1.10, \"c\": \"x\\u00e9\\n\", \"d\": true}\n"
          "{\"a\": 18446744073709551615, \"b\": -2.50E+3, \"c\": \"\", \"d\": false}\r\n"
          "{\"a\": 123456789012345678901234567890, \"b\": 1e-400, \"c\": \"007\", \"d\": null}");
  EXPECT_THAT(names(t), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(texts(t.columns[0]),
              ElementsAre("1234567890123456789", "18446744073709551615", "123456789012345678901234567890"));
  EXPECT_THAT(texts(t.columns[1]), ElementsAre("1.10", "-2.50E+3", "1e-400"));
  EXPECT_THAT(texts(t.columns[2]), ElementsAre("x\xC3\xA9\n", "", "007"));
  EXPECT_THAT(texts(t.columns[3]), ElementsAre("true", "false", ""));
  EXPECT_THAT(t.columns[0].absent, IsEmpty());
  EXPECT_THAT(t.columns[3].absent, ElementsAre(0, 0, 1));
  EXPECT_THAT(t.lines, ElementsAre(1u, 2u, 3u));
}

// Columns come in the order in which their keys first stand; null and no key are the same.
TEST_F(Json, KeysMayComeAndGo) {
  const data::RawTable t = raw("{\"b\":1}\n\n{\"a\":\"x\",\"b\":null}\n{\"c\":3,\"b\":2}\n{}\n");
  EXPECT_THAT(names(t), ElementsAre("b", "a", "c"));
  EXPECT_THAT(t.columns[0].absent, ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(t.columns[1].absent, ElementsAre(1, 0, 1, 1));
  EXPECT_THAT(t.columns[2].absent, ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(t.lines, ElementsAre(1u, 3u, 4u, 5u));
  const Table typed = read_table(write("t.jsonl", "{\"b\":1}\n{\"a\":\"x\",\"b\":null}\n"));
  EXPECT_TRUE(typed.at("b").is_missing(1));
  EXPECT_EQ(typed.at("b").numbers[0], 1);
  EXPECT_TRUE(typed.at("a").is_missing(0));
  EXPECT_EQ(typed.at("a").texts[1], "x");
}

TEST_F(Json, ObjectsInObjectsAreFlattened) {
  const data::RawTable t =
      raw("{\"u\":{\"id\":1,\"at\":{\"x\":2,\"y\":3}},\"z\":4}\n{\"u\":null,\"z\":5}\n{\"u\":{},\"z\":6}\n");
  EXPECT_THAT(names(t), ElementsAre("u.id", "u.at.x", "u.at.y", "z"));
  EXPECT_THAT(texts(t.columns[2]), ElementsAre("3", "", ""));
  EXPECT_THAT(texts(t.columns[3]), ElementsAre("4", "5", "6"));
}

// Python's json.dumps writes NaN.
TEST_F(Json, NaNIsMissing) {
  const data::RawTable t = raw("{\"NaN\":NaN,\"b\":\"a NaN \\\" NaN\"}\n{\"NaN\":1,\"b\":NaN}\n");
  EXPECT_THAT(names(t), ElementsAre("NaN", "b"));
  EXPECT_THAT(t.columns[0].absent, ElementsAre(1, 0));
  EXPECT_THAT(texts(t.columns[1]), ElementsAre("a NaN \" NaN", ""));
  EXPECT_THAT(t.lines, ElementsAre(1u, 2u));
}

// One array, objects over several lines, one behind the other: the same rows.
TEST_F(Json, OneTableInManyLayouts) {
  const data::RawTable lines = raw("{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"[{\"}\n");
  for (const char* other : {"[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"[{\"}]",
                            "\n [ {\n\"a\": 1,\n\"b\": \"x\"\n}\n,\n{\"a\":2,\"b\":\"[{\"} ]\n",
                            "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n{\n  \"a\": 2,\n  \"b\": \"[{\"\n}\n",
                            "{\"a\":1,\"b\":\"x\"}{\"a\":2,\"b\":\"[{\"}"}) {
    ASSERT_TRUE(data::is_json(other));
    const data::RawTable t = raw(other);
    EXPECT_EQ(names(t), names(lines));
    for (std::size_t c = 0; c < 2; ++c) EXPECT_EQ(t.columns[c].texts, lines.columns[c].texts) << other;
  }
  EXPECT_THAT(raw("[\n{\"a\":1},\n\n{\n\"a\":2}]").lines, ElementsAre(2u, 4u));
  EXPECT_THAT(read_table(write("x", "\n\n[{\"a\":1}]"), {.skip_rows = 1}).lines, ElementsAre(3u));
}

TEST_F(Json, MistakesNameTheirLine) {
  const std::string one = "{\"a\":1}\n";
  EXPECT_THAT(error(one + "[1,2]\n"),
              AllOf(HasSubstr("t.jsonl, line 2"), HasSubstr("an array where an object")));
  EXPECT_THAT(error(one + "3\n"), AllOf(HasSubstr("line 2"), HasSubstr("a number where an object")));
  EXPECT_THAT(error(one + "\"x\"\n"), AllOf(HasSubstr("line 2"), HasSubstr("a text where an object")));
  EXPECT_THAT(error(one + "a,b\n"), AllOf(HasSubstr("line 2"), HasSubstr("not JSON at character 1")));
  EXPECT_THAT(error(one + "{\"a\":1,\"a\":2}\n"), AllOf(HasSubstr("line 2"), HasSubstr("'a' stands twice")));
  EXPECT_THAT(error(one + "{\"a\":{\"b\":1},\"a.b\":2}\n"), HasSubstr("'a.b' stands twice"));
  EXPECT_THAT(error(one + "{\"u\":{\"tags\":[1]}}\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("'u.tags' is an array")));
  EXPECT_THAT(error(one + "{\"a\":Infinity}\n"), AllOf(HasSubstr("line 2"), HasSubstr("null")));
  EXPECT_THAT(error(one + "{\"a\":1\n{\"a\":2}\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("object that begins on line 2")));
  EXPECT_THAT(error(one + "{\"a\":"), HasSubstr("unexpected end of input"));
  EXPECT_THAT(error("[{\"a\":1},\n{\"a\":2}"), AllOf(HasSubstr("line 2"), HasSubstr("truncated")));
  EXPECT_THAT(error("[{\"a\":1}\n{\"a\":2}]"), AllOf(HasSubstr("line 2"), HasSubstr("comma")));
  EXPECT_THAT(error("[{\"a\":1}]\n[{\"a\":2}]"), AllOf(HasSubstr("line 2"), HasSubstr("behind the array")));
  EXPECT_THAT(error("{\"\":1}\n"), HasSubstr("empty key"));
  EXPECT_THAT(error("{}\n"), HasSubstr("no object of the file has a key"));
  EXPECT_THAT(error("{\"a\":1e999}\n"), HasSubstr("line 1"));
}

// A number of JSON is plain, whatever the column's way of writing; a text is written as the column is.
TEST_F(Json, NumbersArePlainInEveryColumn) {
  const Reading comma{.columns = {{"a", {.number = {.decimal = ',', .grouping = '.'}}}}, .missing = {"-999"}};
  const Table t = read_table(write("t.jsonl",
                                   "{\"a\": 1.126}\n{\"a\": \"1.126\"}\n{\"a\": \"2,5\"}\n"
                                   "{\"a\": 12.5}\n{\"a\": -999}\n{\"a\": \" 2,5 \"}\n"),
                             {.missing = {"-999"}, .reading = comma});
  EXPECT_THAT(std::vector<double>(t.columns[0].numbers.begin(), t.columns[0].numbers.begin() + 4),
              ElementsAre(1.126, 1126, 2.5, 12.5));
  EXPECT_TRUE(std::isnan(t.columns[0].numbers[4]));
  EXPECT_EQ(t.columns[0].numbers[5], 2.5);
  // So it is when the table is read again by a model.
  const Table plain = read_table(write("u.jsonl", "{\"a\": 1.126}\n{\"a\": 12.5}\n"));
  const auto again = reread(plain, comma);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->columns[0].numbers, ElementsAre(1.126, 12.5));
  // Numbers beside a text with a decimal comma do not follow it, nor is 1.126 then in doubt.
  const Table mixed = read_table(write("v.jsonl", "{\"a\": 1.126}\n{\"a\": \"2,5\"}\n"));
  EXPECT_THAT(mixed.columns[0].numbers, ElementsAre(1.126, 2.5));
  EXPECT_THAT(mixed.warnings, IsEmpty());
}

// Blanks around keys and texts are no part of them, as in CSV.
TEST_F(Json, BlanksAroundTextsDoNotCount) {
  const data::RawTable t = raw("{\" a\": \" b \"}\n{\"a\": \"b\"}");
  EXPECT_THAT(names(t), ElementsAre("a"));
  EXPECT_THAT(texts(t.columns[0]), ElementsAre("b", "b"));
}

}  // namespace
}  // namespace runnel
