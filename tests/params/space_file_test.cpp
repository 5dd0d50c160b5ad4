// Spaces in TOML files, and what is said of those that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "error_of.h"
#include "runnel/models.h"
#include "runnel/params.h"

namespace runnel::params {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kFile = "space.toml";

Space read(const std::string& text) {
  Space space(models::network_schema());
  read_space(space, kFile, text);
  space.expect_sound();
  return space;
}

std::vector<Varied> axes(const std::string& text) { return read(text).varied(); }

// The message behind the file's name.
std::string complaint(const std::string& text) {
  const std::string error = error_of([&] { read(text); });
  EXPECT_THAT(error, StartsWith(kFile + ":"));
  return error.substr(std::min(error.size(), kFile.size() + 1));
}

TEST(SpaceFile, SaysWhatTheFlagsSay) {
  const auto p = axes(R"(
# how fast
rate = { low = 1e-4, high = 1e-1 }
optimizer = ["adam", "momentum"]
epochs = 30
dropout = "0..0.5"
clip = { low = 1, high = 100, scale = "linear", points = 4 }

[momentum]
values = [0.5, 0.9]
when = { optimizer = "momentum" }
)");
  ASSERT_EQ(p.size(), 6u);
  EXPECT_EQ(p[0].name, "rate");  // in the order of the file
  EXPECT_TRUE(p[0].logarithmic);
  EXPECT_EQ(p[0].range.low, 1e-4);
  EXPECT_THAT(p[1].values, ElementsAre("adam", "momentum"));
  EXPECT_THAT(p[2].values, ElementsAre(30));
  EXPECT_EQ(p[3].range.high, 0.5);
  EXPECT_FALSE(p[4].logarithmic);
  EXPECT_EQ(p[4].points, 4);
  ASSERT_TRUE(p[5].when);
  EXPECT_EQ(p[5].when->name, "optimizer");
  EXPECT_THAT(p[5].when->values, ElementsAre("momentum"));
  EXPECT_EQ(p[5].where, "space.toml:9:2");
}

// The example of docs/search.md, as a grid: 4 rates, 2 batches, widths 3 + 9 + 27, and 2 momenta where they
// take part.
TEST(SpaceFile, TheExampleIsOne) {
  std::ostringstream text;
  text << std::ifstream(RUNNEL_EXAMPLES "/space.toml").rdbuf();
  EXPECT_EQ(read(text.str()).grid().size(), 4u * 2u * 39u * (1u + 2u));
}

TEST(SpaceFile, LayersAndWidths) {
  EXPECT_EQ(read("layers = { low = 1, high = 2 }\nwidth = [8, 16]\n").grid().size(), 6u);
}

TEST(SpaceFile, ErrorsSayLineAndColumn) {
  EXPECT_THAT(complaint("l2 = 0\nraet = [1]"),
              StartsWith("2:1: there is no hyperparameter \"raet\"; did you mean 'rate'"));
  EXPECT_THAT(complaint("rate = [0.1,\n  \"fast\"]"),
              StartsWith("2:3: rate is \"fast\": it is a number, at least 0"));
  EXPECT_THAT(complaint("rate = { lo = 1, high = 2 }"),
              StartsWith("1:10: a parameter has no `lo`; did you mean 'low'"));
  EXPECT_THAT(complaint("rate = { low = 1 }"), StartsWith("1:1: rate needs `values`, or both"));
  EXPECT_THAT(complaint("rate = { low = 2, high = 1 }"), HasSubstr("the range is empty: low is 2, high 1"));
  EXPECT_THAT(complaint("rate = { low = 0, high = 1, scale = \"log\" }"), HasSubstr("begins above 0"));
  EXPECT_THAT(complaint("rate = { low = 0, high = 1, scale = \"lgo\" }"), HasSubstr("did you mean 'log'"));
  EXPECT_THAT(complaint("rate = { values = [1], low = 0 }"), HasSubstr("`low` does not go with `values`"));
  EXPECT_THAT(complaint("hidden = { low = 1, high = 2 }"), StartsWith("1:1: hidden takes values"));
  EXPECT_THAT(complaint("rate = [true]"), StartsWith("1:9: a number or a text is wanted"));
  EXPECT_THAT(complaint("rate = []"), StartsWith("1:8: rate has no values"));
  // No TOML at all.
  for (const char* text :
       {"rate = [1", "[\nrate]", "[[", "= 1", "rate = {", "rate = \"", "\\", "rate = 1 2", "rate = 1e"})
    EXPECT_THAT(complaint(text), testing::ContainsRegex("^[12]:[0-9]+: ")) << text;
  EXPECT_THAT(complaint("clip = { values = [1, 2], when = 3 }"), HasSubstr("`when` is a table of one name"));
  EXPECT_THAT(complaint("clip = { values = [1, 2], when = { optimzer = \"sgd\" } }"),
              StartsWith("1:36: there is no hyperparameter \"optimzer\"; did you mean 'optimizer'"));
  EXPECT_THAT(complaint("l2 = 0\nwidth = 8"), StartsWith("2:1: layers and width go together"));
  EXPECT_THAT(complaint("# nothing"), HasSubstr("the space has no parameters"));
  EXPECT_THAT(complaint(""), HasSubstr("the space has no parameters"));
  EXPECT_THAT(complaint("rate = 1\nlr = 2"), StartsWith("2:1: "));
  EXPECT_THAT(complaint("rate = 1\nlr = 2"), HasSubstr("the space names rate twice"));
}

// Characters beyond ASCII belong into texts and comments alone.
TEST(SpaceFile, CharactersStandInTextsAndComments) {
  for (const char* good : {"# ж\nl2 = 1 # \"あ\n", "\xEF\xBB\xBFl2 = 1"})
    EXPECT_EQ(axes(good).size(), 1u) << good;
  for (const char* bad : {"l2 = 0.ж", "l2 = 1 あ", "l2 = \"\"あ", "l2 = '\\'あ", "l2 = \"\\\"\"あ",
                          "l2 = '''あ'''あ", "l2 = \"\"\"\"\"あ\"\"\"\"\"あ", "l2 = \"あ\nあ", "あ = 1"})
    EXPECT_THAT(complaint(bad), HasSubstr("a character beyond ASCII stands outside texts and comments"))
        << bad;
  EXPECT_THAT(complaint("# あ\nl2 = 'あ' あ"), StartsWith("2:10: a character"));
  for (const char* bad : {"l2 = 0\"あ", "l2 = -[\"あ\"]", "l2 = 0.\"あ\"", "l2 = 1{あ",
                          "l2 = \"\"\"\"\"\"\"\"\"", "l2 = \"1\" 'あ'", "l2 = 1 # あ\nl\"2 = あ"})
    EXPECT_THAT(complaint(bad), HasSubstr("opens within a word")) << bad;
  for (const char* bad : {"l2 = 15=\"あ", "l2 = [1=\"あ\"]", "l2 = [\n1=\"あ\"]", "l2 = [{a = 1}, 1='あ']",
                          "l2 = {a = 1='あ'}", "l2 = ='あ'", "[l2] = 'あ'", "l2 = {} = 'あ'"})
    EXPECT_THAT(complaint(bad), HasSubstr("a = stands within a value")) << bad;
  EXPECT_EQ(axes("clip = { values = [ 1,\n 2 ], when = { optimizer = \"adam\" } } # =\n\"l2\" = '1'\n"
                 "optimizer = [\"adam\", 'sgd']\n[rate]\nlow = 1\nhigh = 2\n")
                .size(),
            4u);
  for (const char* bad :
       {"l2 = \"\\あ", "l2 = \"\"\"\\あ", "l2 = \"\"\"\\\n あ\"\"\"", "l2 = \"\"\"\\ \n あ\"\"\""})
    EXPECT_THAT(complaint(bad), HasSubstr("stands before one of b t n")) << bad;
  EXPECT_THAT(complaint("optimizer = \"ж\""), HasSubstr("\"ж\""));
}

// A grid would count to them.
TEST(SpaceFile, PointsAreNoMoreThanCandidates) {
  const auto points = [](const char* n) {
    return "rate = { low = 1, high = 2, points = " + std::string(n) + " }";
  };
  EXPECT_EQ(axes(points("1000000"))[0].points, 1'000'000);
  for (const char* n : {"0", "1000001", "9223372036854775807", "2.5"})
    EXPECT_THAT(complaint(points(n)), StartsWith("1:38: points is a whole number from 1 to 1,000,000")) << n;
}

// Tables nested by the dots of a key are taken apart one within the other, on the stack.
TEST(SpaceFile, KeysOfManyDotsAreRefused) {
  std::string key = "a";
  for (int i = 0; i < 3'000'000; ++i) key += ".a";
  EXPECT_THAT(complaint(key + " = 1"), HasSubstr("more than 10,000 dots"));
  EXPECT_THAT(complaint("[" + key + "]"), HasSubstr("more than 10,000 dots"));
  EXPECT_THAT(complaint(key.substr(0, 20'001) + " = 1"), HasSubstr("there is no hyperparameter \"a\""));
}

}  // namespace
}  // namespace runnel::params
