// Spaces in TOML files, and what is said of those that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "error_of.h"
#include "runnel/space.h"

namespace runnel::sweep {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A file that is gone at the end of the test.
class File {
 public:
  explicit File(const std::string& text) : path_(testing::TempDir() + "space_file_test.toml") {
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<Parameter> read(const std::string& text) {
  const File file(text);
  return read_space_file(file.path());
}

// The message behind the file's name.
std::string complaint(const std::string& text) {
  const File file(text);
  const std::string error = error_of([&] { make_space({}, read_space_file(file.path())); });
  EXPECT_THAT(error, StartsWith(file.path() + ":"));
  return error.substr(std::min(error.size(), file.path().size() + 1));
}

TEST(SpaceFile, SaysWhatTheFlagsSay) {
  const auto p = read(R"(
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
  EXPECT_EQ(p[0].low, 1e-4);
  EXPECT_EQ(p[1].values, (std::vector<std::string>{"adam", "momentum"}));
  EXPECT_EQ(p[2].values, (std::vector<std::string>{"30"}));
  EXPECT_EQ(p[3].high, 0.5);
  EXPECT_FALSE(p[4].logarithmic);
  EXPECT_EQ(p[4].points, 4);
  ASSERT_TRUE(p[5].when);
  EXPECT_EQ(p[5].when->name, "optimizer");
  EXPECT_EQ(p[5].when->values, (std::vector<std::string>{"momentum"}));
  EXPECT_THAT(p[5].where, EndsWith(":9:2"));
}

// The example of docs/search.md, as a grid: 4 rates, 2 batches, widths 3 + 9 + 27, and 2 momenta where they
// take part.
TEST(SpaceFile, TheExampleIsOne) {
  const Space space = make_space({}, read_space_file(RUNNEL_EXAMPLES "/space.toml"));
  EXPECT_EQ(grid(space).size(), 4u * 2u * 39u * (1u + 2u));
}

TEST(SpaceFile, LayersAndWidths) {
  const Space space = make_space({}, read("layers = { low = 1, high = 2 }\nwidth = [8, 16]\n"));
  EXPECT_EQ(grid(space).size(), 6u);
}

TEST(SpaceFile, ErrorsSayLineAndColumn) {
  EXPECT_THAT(complaint("l2 = 0\nraet = [1]"),
              StartsWith("2:1: there is no hyperparameter \"raet\"; did you mean 'rate'"));
  EXPECT_THAT(complaint("rate = [0.1,\n  \"fast\"]"), StartsWith("2:3: rate: \"fast\" is not a number"));
  EXPECT_THAT(complaint("rate = { lo = 1, high = 2 }"),
              StartsWith("1:10: a parameter has no `lo`; did you mean 'low'"));
  EXPECT_THAT(complaint("rate = { low = 1 }"), StartsWith("1:1: rate needs `values`, or both"));
  EXPECT_THAT(complaint("rate = { low = 2, high = 1 }"), HasSubstr("the range is empty: low is 2, high 1"));
  EXPECT_THAT(complaint("rate = { low = 0, high = 1, scale = \"log\" }"), HasSubstr("begins above 0"));
  EXPECT_THAT(complaint("rate = { low = 0, high = 1, scale = \"lgo\" }"), HasSubstr("did you mean 'log'"));
  EXPECT_THAT(complaint("rate = { values = [1], low = 0 }"), HasSubstr("`low` does not go with `values`"));
  EXPECT_THAT(complaint("hidden = { low = 1, high = 2 }"),
              StartsWith("1:1: \"hidden=1..2\": hidden takes values"));
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
  EXPECT_THAT(complaint(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of([] { read_space_file("/nowhere/space.toml"); }),
              HasSubstr("/nowhere/space.toml: no such file"));
}

// Characters beyond ASCII belong into texts and comments alone.
TEST(SpaceFile, CharactersStandInTextsAndComments) {
  for (const char* good : {"# ж\nl2 = 1 # \"あ\n", "\xEF\xBB\xBFl2 = 1"})
    EXPECT_EQ(read(good).size(), 1u) << good;
  for (const char* bad : {"l2 = 0.ж", "l2 = 1 あ", "l2 = \"\"あ", "l2 = '\\'あ", "l2 = \"\\\"\"あ",
                          "l2 = '''あ'''あ", "l2 = \"\"\"\"\"あ\"\"\"\"\"あ", "l2 = \"あ\nあ", "あ = 1"})
    EXPECT_THAT(complaint(bad), HasSubstr("a character beyond ASCII stands outside texts and comments"))
        << bad;
  EXPECT_THAT(complaint("# あ\nl2 = 'あ' あ"), StartsWith("2:10: a character"));
  for (const char* bad : {"l2 = 0\"あ", "l2 = -[\"あ\"]", "l2 = 0.\"あ\"", "l2 = 1{あ",
                          "l2 = \"\"\"\"\"\"\"\"\"", "l2 = \"1\" 'あ'", "l2 = 1 # あ\nl\"2 = あ"})
    EXPECT_THAT(complaint(bad), HasSubstr("opens within a word")) << bad;
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
  EXPECT_EQ(read(points("1000000"))[0].points, 1'000'000);
  for (const char* n : {"1", "1000001", "9223372036854775807", "2.5"})
    EXPECT_THAT(complaint(points(n)), StartsWith("1:38: points is a whole number from 2 to 1,000,000")) << n;
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
}  // namespace runnel::sweep
