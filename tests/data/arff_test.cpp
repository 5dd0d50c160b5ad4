// ARFF, from Weka's description of the format.
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

class Arff : public test::DataTest {
 protected:
  Table read(std::string_view text) const { return read_table(write("t.arff", text)); }
  static data::RawTable raw(std::string_view text) { return data::read_arff("t.arff", text, {}); }
  std::string error(std::string_view text) const {
    return error_of([&] { read(text); });
  }
};

// The example of the description, shortened.
TEST_F(Arff, Iris) {
  const Table t = read(
      "% 1. Title: Iris Plants Database\n"
      "%\n"
      "@RELATION iris\n"
      "\n"
      "@ATTRIBUTE sepallength  NUMERIC\n"
      "@ATTRIBUTE class        {Iris-setosa,Iris-versicolor,Iris-virginica}\n"
      "\n"
      "@DATA\n"
      "5.1,Iris-setosa\n"
      "% a remark\n"
      "\n"
      "4.9,Iris-virginica\n"
      "?,?\n");
  EXPECT_THAT(t.names(), ElementsAre("sepallength", "class"));
  EXPECT_THAT(t.at("class").texts, ElementsAre("Iris-setosa", "Iris-virginica", ""));
  EXPECT_EQ(t.at("sepallength").numbers[1], 4.9);
  EXPECT_TRUE(t.at("sepallength").is_missing(2));
  EXPECT_TRUE(t.at("class").is_missing(2));
  EXPECT_THAT(t.lines, ElementsAre(9u, 12u, 13u));
  EXPECT_THAT(t.notes, IsEmpty());
}

TEST_F(Arff, TypesAreDeclared) {
  const data::RawTable t = raw(
      "@relation 'a b'\n@attribute n numeric\n@attribute r REAL\n@attribute i integer\n@attribute s string\n"
      "@attribute c {1,2}\n@attribute d date\n@attribute e DATE 'dd/MM/yyyy HH:mm'\n"
      "@attribute f date \"MM-dd-yy\"\n@attribute g date yyyyMMdd\n@attribute h date HH:mm:ss\n"
      "@data\n1,1.10,3,007,2,2001-04-03T12:12:12,'31/12/2001 10:00',12-31-01,20011231,10:00:00\n");
  const auto type = [&](std::size_t c) { return t.columns.at(c).declared.value().type; };
  for (const std::size_t c : {0, 1, 2}) EXPECT_EQ(type(c), ColumnType::number);
  for (const std::size_t c : {3, 4}) EXPECT_EQ(type(c), ColumnType::text);
  using Order = DateFormat::Order;
  const Order orders[] = {Order::ymd, Order::dmy, Order::mdy, Order::ymd, Order::clock};
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_EQ(type(5 + k), ColumnType::date);
    EXPECT_EQ(t.columns[5 + k].declared->date.order, orders[k]) << k;
  }
  EXPECT_THAT(texts(t.columns[1]), ElementsAre("1.10"));
  EXPECT_THAT(texts(t.columns[3]), ElementsAre("007"));
  EXPECT_THAT(texts(t.columns[6]), ElementsAre("31/12/2001 10:00"));
}

// A nominal column of numbers is text, as it is declared.
TEST_F(Arff, DeclaredTypesHold) {
  const Table t = read("@relation r\n@attribute c {1,2}\n@attribute s string\n@data\n1,5\n2,6\n");
  EXPECT_THAT(t.at("c").texts, ElementsAre("1", "2"));
  EXPECT_THAT(t.at("s").texts, ElementsAre("5", "6"));
}

TEST_F(Arff, QuotesAndEscapes) {
  const data::RawTable t =
      raw("@relation r\n"
          "@attribute 'the name' { 'b c' , \"it's\", d\\'e, 'x,y', '{z}', '50%' }\n"
          "@attribute \"a \\\"quoted\\\" one\" string\n"
          "@data\n"
          "'b c','it\\'s'\n"
          "  \"it's\" ,\t\"a, b\"  \r\n"
          "'x,y','\\\\ and \\n'\n"
          "'{z}', '50\\%'\n"
          "'50%', plain words % a remark\n"
          "d\\'e,'?'\n"
          "?,?\n");
  EXPECT_EQ(t.columns[0].name, "the name");
  EXPECT_EQ(t.columns[1].name, "a \"quoted\" one");
  EXPECT_THAT(texts(t.columns[0]), ElementsAre("b c", "it's", "x,y", "{z}", "50%", "d\\'e", ""));
  EXPECT_THAT(texts(t.columns[1]), ElementsAre("it's", "a, b", "\\ and \n", "50%", "plain words", "?", ""));
  EXPECT_THAT(t.columns[1].absent, ElementsAre(0, 0, 0, 0, 0, 0, 1));  // in quotes ? is a text
}

// Tabs do as well as commas.
TEST_F(Arff, ValuesBetweenBlanks) {
  const data::RawTable t = raw("@relation r\n@attribute a {x y}\n@attribute b real\n@data\nx\t1\n'y'   2\n");
  EXPECT_THAT(texts(t.columns[0]), ElementsAre("x", "y"));
  EXPECT_THAT(texts(t.columns[1]), ElementsAre("1", "2"));
}

// What a sparse row leaves out is 0, of nominal values the first; ? is missing.
TEST_F(Arff, SparseRows) {
  const std::string head =
      "@relation r\n@attribute a numeric\n@attribute b {U,V}\n@attribute c numeric\n@attribute d {'p "
      "q',r}\n@data\n";
  const Table sparse = read(head + "{1 V, 3 r}\n{ 0 5 ,2 -1.5 }\n{}\n{3 'p q',0 ?}\n");
  const Table dense = read(head + "0,V,0,r\n5,U,-1.5,'p q'\n0,U,0,'p q'\n?,U,0,'p q'\n");
  for (const std::string name : {"b", "d"}) EXPECT_EQ(sparse.at(name).texts, dense.at(name).texts);
  for (std::size_t r = 0; r < 4; ++r) {
    EXPECT_EQ(sparse.at("a").text(r), dense.at("a").text(r));
    EXPECT_EQ(sparse.at("c").text(r), dense.at("c").text(r));
  }
  EXPECT_TRUE(sparse.at("a").is_missing(3));
  EXPECT_THAT(error(head + "{4 1}\n"), AllOf(HasSubstr("line 7"), HasSubstr("'4'"), HasSubstr("0 to 3")));
  EXPECT_THAT(error(head + "{0 1, 0 2}\n"), HasSubstr("attribute 0 stands twice"));
  EXPECT_THAT(error(head + "{0 1, 1}\n"), HasSubstr("attribute 1 of a sparse row has no value"));
  EXPECT_THAT(error(head + "{0 1\n"), HasSubstr("not closed"));
}

TEST_F(Arff, WeightsAreAColumn) {
  const std::string head = "@relation r\n@attribute a numeric\n@attribute b {U,V}\n@data\n";
  const Table t = read(head + "1,U\n2,V, {5}\n{1 V}, {0.5}\n3,U\n");
  EXPECT_THAT(t.at("weight").numbers, ElementsAre(1, 5, 0.5, 1));
  EXPECT_THAT(t.at("b").texts, ElementsAre("U", "V", "V", "U"));
  EXPECT_THAT(t.notes, ElementsAre(HasSubstr("--weight weight")));
  EXPECT_THAT(error(head + "1,U,{x}\n"), HasSubstr("no weight"));
  EXPECT_THAT(error("@relation r\n@attribute weight numeric\n@data\n1,{2}\n"),
              HasSubstr("rename the attribute"));
}

TEST_F(Arff, MistakesNameTheirLine) {
  const std::string head = "@relation r\n@attribute a numeric\n@attribute b {low,high}\n@data\n";
  EXPECT_THAT(error(head + "1,low\n1,hihg\n"),
              AllOf(HasSubstr("t.arff, line 6"), HasSubstr("'hihg'"), HasSubstr("did you mean 'high'?")));
  EXPECT_THAT(error(head + "1\n"), AllOf(HasSubstr("line 5"), HasSubstr("1 value for 2 attributes")));
  EXPECT_THAT(error(head + "1,low,2\n"), HasSubstr("3 values for 2 attributes"));
  EXPECT_THAT(error(head + "1,\n"), HasSubstr("value 2 is empty"));
  EXPECT_THAT(error(head + "x1,low\n"), AllOf(HasSubstr("line 5"), HasSubstr("'x1' is no number")));
  EXPECT_THAT(error(head + "1,'low\n"), AllOf(HasSubstr("line 5"), HasSubstr("quote")));
  EXPECT_THAT(error(head + "1e999,low\n"), AllOf(HasSubstr("line 5"), HasSubstr("'1e999' is no number")));
  EXPECT_THAT(error("@relation r\n@attribute a numerc\n@data\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("did you mean 'numeric'?")));
  EXPECT_THAT(error("@relation r\n@attribute a real\n@attribute a real\n@data\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("line 2 already")));
  EXPECT_THAT(error("@relation r\n@attribute a relational\n"), HasSubstr("relational"));
  EXPECT_THAT(error("@relation r\n@attribute a {x,x}\n"), HasSubstr("'x' of the attribute 'a' stands twice"));
  EXPECT_THAT(error("@relation r\n@attribute a {x\n"), HasSubstr("not closed"));
  EXPECT_THAT(error("@relation r\n@attribute a date 'yyyy-dd-MM'\n"), HasSubstr("yyyy-dd-MM"));
  EXPECT_THAT(error("@relation r\n@attribute a real\n1\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("@data is expected")));
  EXPECT_THAT(error("@relation r\n@attribute a real\n"), HasSubstr("before @data"));
  EXPECT_EQ(read(head).rows, 0u);
}

}  // namespace
}  // namespace runnel
