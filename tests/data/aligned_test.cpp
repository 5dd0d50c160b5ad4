// Tables whose columns are set apart by blanks.
#include "helpers.h"

namespace runnel {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Aligned : public test::DataTest {};

// What write.table writes with and without quotes, column -t, and a file of the UCI repository.
TEST_F(Aligned, OneTableInManyDresses) {
  for (const char* text : {
           "name x y\na 1 0.5\nbc 22 -1e3\nd NA 7\n",
           "name  x   y\na     1   0.5\nbc    22  -1e3\nd     NA  7\n",
           "  name    x     y \n    a  1.0   0.5 \n   bc 22.0 -1000\n    d   NA     7",
           "\"name\" \"x\" \"y\"\r\n\"a\" 1 0.5\r\n\"bc\" 22 -1000\r\n\"d\" NA 7\r\n",
           "name\tx   y\na\t1   0.5\nbc\t22   -1000\nd\tNA   7\n",
       }) {
    const Table t = csv(text);
    ASSERT_THAT(t.names(), ElementsAre("name", "x", "y")) << text;
    EXPECT_THAT(t.at("name").texts, ElementsAre("a", "bc", "d")) << text;
    EXPECT_THAT(t.at("y").numbers, ElementsAre(0.5, -1000, 7)) << text;
    EXPECT_EQ(t.at("x").numbers[1], 22);
    EXPECT_TRUE(t.at("x").is_missing(2));
    EXPECT_THAT(t.lines, ElementsAre(2u, 3u, 4u));
    EXPECT_THAT(t.notes, Contains(HasSubstr("set apart by")));
  }
}

TEST_F(Aligned, WithoutHeader) {
  const Table t = csv(" 0.00632  18.00   2.310  0\n 0.02731   0.00   7.070  0\n 15.0000 10.00 99.000 1\n",
                      {.header = false});
  EXPECT_THAT(t.names(), ElementsAre("column1", "column2", "column3", "column4"));
  EXPECT_THAT(t.columns[1].numbers, ElementsAre(18, 0, 10));
  EXPECT_THAT(error_of([&] { csv(" 5.1   3.5\n 4.9   3.0\n"); }), HasSubstr("--no-header"));
}

// Tabs between some columns and blanks between the others, as in auto-mpg.data.
TEST_F(Aligned, TabsAmongBlanks) {
  const Table t =
      csv("18.0   8   307.0  1\t\"chevrolet chevelle malibu\"\n15.0   8   350.0  1\t\"buick skylark\"\n",
          {.header = false});
  EXPECT_THAT(t.columns[4].texts, ElementsAre("chevrolet chevelle malibu", "buick skylark"));
  EXPECT_THAT(t.columns[2].numbers, ElementsAre(307, 350));
  // Tabs alone stay the separator, whatever words stand between them.
  EXPECT_THAT(csv("name\tage\nJohn Smith\t31\nAnn Lee\t40\n").at("name").texts,
              ElementsAre("John Smith", "Ann Lee"));
}

TEST_F(Aligned, CellsWithBlanks) {
  const Table quoted = csv("city n\n\"New York\" 1\n\"a \\\"b\\\" c\" 2\n\"d\"\"e\" 3\n");
  EXPECT_THAT(quoted.at("city").texts, ElementsAre("New York", "a \"b\" c", "d\"e"));
  const Table words = csv("\"a\" \"b c\"\n\"x y\" \"z\"\nNA \"w\"\n");
  EXPECT_THAT(words.names(), ElementsAre("a", "b c"));
  EXPECT_THAT(words.at("a").texts, ElementsAre("x y", "NA"));
  EXPECT_THAT(words.at("a").missing, ElementsAre(0, 1));
  // Two blanks are between columns where single ones are in cells.
  const Table wide =
      csv("city       n  the mayor\nNew York   1  A B\nBern       2  C\nSan Jose   3  D E F\n");
  EXPECT_THAT(wide.names(), ElementsAre("city", "n", "the mayor"));
  EXPECT_THAT(wide.at("city").texts, ElementsAre("New York", "Bern", "San Jose"));
  EXPECT_THAT(wide.at("the mayor").texts, ElementsAre("A B", "C", "D E F"));
}

// write.table(x) in R: row names without a name above them.
TEST_F(Aligned, RowNames) {
  const Table t = csv("\"a\" \"b\"\n\"1\" 1 \"x\"\n\"2\" 2 \"y z\"\n");
  EXPECT_THAT(t.names(), ElementsAre("row", "a", "b"));
  EXPECT_THAT(t.at("row").numbers, ElementsAre(1, 2));
  EXPECT_THAT(t.at("b").texts, ElementsAre("x", "y z"));
  EXPECT_THAT(t.notes, Contains(HasSubstr("'row'")));
  EXPECT_THAT(csv("mpg row\nMazda 21.0 6\nFiat 32.4 4\n").names(), ElementsAre("row2", "mpg", "row"));
  EXPECT_THAT(csv("\"x\"\n\"1\" 0.5\n\"2\" 0.7\n").names(), ElementsAre("row", "x"));
}

// Texts with blanks do not make columns.
TEST_F(Aligned, OtherFilesStayWhatTheyAre) {
  EXPECT_THAT(csv("name\nJohn Smith\nAnn Lee\n").names(), ElementsAre("name"));
  EXPECT_THAT(csv("full name\nJohn Smith\nAnn Lee\n").names(), ElementsAre("full name"));
  EXPECT_THAT(csv("time\n2020-01-01 10:00\n2020-01-01 11:00\n").names(), ElementsAre("time"));
  EXPECT_THAT(csv("weight\n12 kg\n13 kg\n").names(), ElementsAre("weight"));
  EXPECT_THAT(csv("39, State-gov, 77516\n50, Private, 83311\n", {.header = false}).columns.size(), 3u);
  EXPECT_THAT(csv("id,full name,n\n1,John Smith,2\n2,Ann Lee,3\n").names(),
              ElementsAre("id", "full name", "n"));
  EXPECT_THAT(error_of([&] { csv("id,full name\n1,John Smith\n2,Ann,Lee R\n3,A B\n"); }),
              HasSubstr("line 3"));
  EXPECT_THAT(error_of([&] { csv("a, b, c\n1, 2, 3\n4, 5\n6, 7, 8\n"); }), HasSubstr("line 3"));
}

TEST_F(Aligned, SpaceAsTheSeparatorIsAnyNumberOfThem) {
  const ReadOptions space = {.separator = ' '};
  EXPECT_THAT(csv("name\nJohn Smith\nAnn Lee\n", space).names(), ElementsAre("row", "name"));
  const Table t = csv("a   b\n x    y\nz w\n", space);
  EXPECT_THAT(t.at("b").texts, ElementsAre("y", "w"));
  EXPECT_THAT(error_of([&] { csv("a b\n1 2\n1 2 3\n4 5\n6 7\n", space); }),
              AllOf(HasSubstr("line 3"), HasSubstr("' '")));
}

}  // namespace
}  // namespace runnel
