// Lists in one argument.
#include "data/list.h"

#include <fmt/format.h>

#include "core/text.h"
#include "helpers.h"

namespace runnel {
namespace {

using data::split_list;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(List, IsCutAtCommasOutsideQuotes) {
  EXPECT_THAT(split_list("a"), ElementsAre("a"));
  EXPECT_THAT(split_list("a,b c,d"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(split_list("a, b ,\tc"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(R"("income, usd")"), ElementsAre("income, usd"));
  EXPECT_THAT(split_list(R"(a,"income, usd" , "b")"), ElementsAre("a", "income, usd", "b"));
  EXPECT_THAT(split_list(R"("say ""a, b""",c)"), ElementsAre(R"(say "a, b")", "c"));
  EXPECT_THAT(split_list(R"(5" pipe,6" pipe)"), ElementsAre(R"(5" pipe)", R"(6" pipe)"));  // as in CSV
  EXPECT_THAT(split_list(""), ElementsAre(""));
  EXPECT_THAT(split_list(",-"), ElementsAre("", "-"));
  EXPECT_THAT(split_list(R"("",-)"), ElementsAre("", "-"));
  EXPECT_THAT(split_list(R"(" a ")"), ElementsAre(" a "));
}

TEST(List, QuotesThatDoNotMatchAreErrors) {
  EXPECT_THAT(error_of([] { split_list(R"(a,"b,c)"); }), HasSubstr("before b,c is not closed"));
  EXPECT_THAT(error_of([] { split_list(R"(")"); }), HasSubstr("not closed"));
  EXPECT_THAT(error_of([] {
                split_list(R"("a""")"
                           R"(,"b)");
              }),
              HasSubstr("not closed"));
  EXPECT_THAT(error_of([] { split_list(R"("a"b,c)"); }),
              HasSubstr("of 'a' comes a comma or the end, not 'b'"));
}

// What is written is what is read, whatever stands in the names.
TEST(List, JoinedListsComeApartAgain) {
  const std::vector<std::string> names{"a", "b, c", "\"",       "\"\"", " d",   "e\t",
                                       "",  "f=g",  "5\" pipe", ",",    "\",\""};
  for (const std::string& a : names) {
    EXPECT_THAT(split_list(data::in_list(a)), ElementsAre(a));
    for (const std::string& b : names) {
      EXPECT_THAT(split_list(data::joined_list({a, b, "z"})), ElementsAre(a, b, "z"));
      const auto named = data::split_named_list(data::in_list(a) + "=1," + data::in_list(b) + "=x");
      ASSERT_EQ(named.size(), 2u);
      EXPECT_EQ(named[0].name, a);
      EXPECT_EQ(named[0].text, "1");
      EXPECT_EQ(named[1].name, b);
      EXPECT_EQ(named[1].text, "x");
    }
  }
}

TEST(List, NamedValuesAreCutAtTheLastEqualsSign) {
  const auto list = data::split_named_list(R"("low, cheap"=2,high=dear=1, x =3)");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].name, "low, cheap");
  EXPECT_EQ(list[1].name, "high=dear");
  EXPECT_EQ(list[1].text, "1");
  EXPECT_EQ(list[2].name, "x");
  EXPECT_THAT(error_of([] { data::split_named_list("low, cheap=2"); }),
              HasSubstr("'low' is not a name, '='"));
  EXPECT_THAT(error_of([] { data::split_named_list(R"("a=2")"); }), HasSubstr("not closed"));
}

// Words of a POSIX shell: what stands between single quotes is taken as it is.
TEST(List, ShellWordsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(shell_quoted("songs.csv"), "songs.csv");
  EXPECT_EQ(shell_quoted("größe"), "größe");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted(R"("income, usd")"), R"('"income, usd"')");
  EXPECT_EQ(shell_quoted("it's"), R"('it'\''s')");
  for (const char c : std::string(" #~`!$&*()[]{}|;<>?\\\"\n"))
    EXPECT_EQ(shell_quoted(std::string(1, c)), fmt::format("'{}'", c));
}

}  // namespace
}  // namespace runnel
