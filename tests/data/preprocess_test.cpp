// Triage and preprocessing: every decision is said, and only training rows are looked at.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/random.h"
#include "helpers.h"

namespace runnel {
namespace {

using test::all_rows;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Preprocess : public test::DataTest {
 protected:
  static ColumnDecision decision(const Preprocessor& p, const std::string& name) {
    const auto& all = p.decisions();
    const auto it = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.name == name; });
    EXPECT_NE(it, all.end()) << name;
    return it == all.end() ? ColumnDecision{} : *it;
  }
  static std::vector<float> feature(const Preprocessor& p, const Matrix<float>& m, const std::string& name) {
    const auto& names = p.features();
    const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    EXPECT_LT(at, names.size()) << name;
    std::vector<float> out;
    if (at == names.size()) return out;
    for (std::size_t i = 0; i < m.rows; ++i) out.push_back(m(i, at));
    return out;
  }
};

// Columns of every kind, 60 rows.
std::string mixed() {
  std::string text = "user_id,store_id,row,name,flag,sex,city,born,same,gone,size,hole,y\n";
  const char* cities[] = {"Rome", "Oslo", "Bern", "?"};
  for (int i = 0; i < 60; ++i) {
    text += "u" + std::to_string(i * 7919) + "," + std::to_string(i % 4) + "," + std::to_string(i + 1) +
            ",name " + std::to_string(i) + "," + std::to_string(i % 2) + "," + (i % 3 ? "m" : "f") + "," +
            cities[i % 4] + "," + (i % 2 ? "2001" : "2001-07") + (i % 4 == 2 ? "-15" : "") + ",k,," +
            std::to_string(i * i * i * i) + "," + (i % 5 ? std::to_string(i * 0.5) : "NA") + "," +
            std::to_string(i % 2) + "\n";
  }
  return text;
}

// The ids of 45 shops say which shop a row belongs to, be they numbers or words; those of rows say nothing.
TEST_F(Preprocess, IdsThatRepeatAreCategories) {
  std::string text = "shop_id,kind_id,row_id,y\n";
  for (int i = 0; i < 900; ++i)
    text += std::to_string(1000 + i % 45) + ",k" + std::to_string(i % 45) + "," +
            std::to_string(7919 * i % 997) + "," + std::to_string(i % 7) + "\n";
  const Table t = csv(text);
  const Preprocessor p = Preprocessor::fit(t, all_rows(t), {.target = "y"});
  EXPECT_EQ(decision(p, "shop_id").role, Role::categorical);
  EXPECT_THAT(decision(p, "shop_id").why,
              HasSubstr("45 distinct values as categories, the 32 most frequent"));
  EXPECT_EQ(decision(p, "kind_id").role, Role::categorical);
  EXPECT_EQ(decision(p, "row_id").role, Role::dropped);
}

TEST_F(Preprocess, EachColumnGetsItsRoleAndAReason) {
  const Table t = csv(mixed());
  const Preprocessor p = Preprocessor::fit(t, all_rows(t), {.target = "y"});
  const auto expect = [&](const std::string& name, Role role, const std::string& why) {
    EXPECT_EQ(role_name(decision(p, name).role), role_name(role)) << name;
    EXPECT_THAT(decision(p, name).why, HasSubstr(why)) << name;
  };
  expect("user_id", Role::dropped, "an id by its name, with 60 distinct values");
  expect("store_id", Role::categorical, "4 distinct values as categories");
  expect("row", Role::dropped, "counts the rows");
  expect("name", Role::dropped, "names or free text");
  expect("flag", Role::boolean, "0 is 0, 1 is 1");
  expect("sex", Role::boolean, "'f' is 0, 'm' is 1");
  expect("city", Role::categorical, "15 missing: a category of their own");
  expect("born", Role::date, "fractional years");
  expect("same", Role::dropped, "constant: always 'k'");
  expect("gone", Role::dropped, "every value is missing");
  expect("size", Role::numeric, "whole numbers from 0 to");
  expect("hole", Role::numeric, "12 missing: the median 15 and an indicator");
  expect("y", Role::target, "the target");
  std::size_t features = 0;
  for (const ColumnDecision& d : p.decisions()) features += d.features;
  EXPECT_EQ(features, p.features().size());
  EXPECT_THAT(p.needed_columns(), ElementsAre("store_id", "flag", "sex", "city", "born", "size", "hole"));
}

TEST_F(Preprocess, CanBeOverruled) {
  const Table t = csv(mixed());
  const auto fit = [&](TriageOptions options) {
    options.target = "y";
    return Preprocessor::fit(t, all_rows(t), options);
  };
  EXPECT_EQ(decision(fit({.drop = {"city"}}), "city").why, "dropped on request");
  const Preprocessor kept = fit({.keep = {"user_id", "same", "row"}});
  EXPECT_EQ(decision(kept, "user_id").features, 33u);  // the 32 most frequent and other
  EXPECT_THAT(decision(kept, "user_id").why, HasSubstr("kept on request"));
  EXPECT_EQ(decision(kept, "row").role, Role::numeric);
  EXPECT_EQ(decision(fit({.categorical = {"flag"}}), "flag").features, 2u);
  EXPECT_EQ(decision(fit({.numeric = {"store_id"}}), "store_id").role, Role::numeric);
  EXPECT_EQ(decision(fit({.group = "city"}), "city").role, Role::group);
  EXPECT_EQ(decision(fit({.time = "born"}), "born").role, Role::time);
  EXPECT_THAT(error_of([&] { fit({.drop = {"cty"}}); }), HasSubstr("did you mean 'city'?"));
  EXPECT_THAT(error_of([&] { fit({.drop = {"y"}}); }), HasSubstr("target"));
  EXPECT_THAT(error_of([&] { fit({.keep = {"city"}, .drop = {"city"}}); }), HasSubstr("--keep and --drop"));
  EXPECT_THAT(error_of([&] { fit({.keep = {"gone"}}); }), HasSubstr("missing"));
}

TEST_F(Preprocess, DeclaredNumericNamesLineAndColumn) {
  const Table t = csv("a,b,y\n1,2,0\n2,5,1\nthree,3,0\n4,x,1\n");
  EXPECT_THAT(error_of([&] { Preprocessor::fit(t, all_rows(t), {.target = "y", .numeric = {"a"}}); }),
              AllOf(HasSubstr("line 4"), HasSubstr("column 'a'"), HasSubstr("'three' is not a number")));
}

TEST_F(Preprocess, DeclaredNumericTextWithGoodTrainingRows) {
  // The bad value lies outside the training rows: fitting succeeds, transforming that row does not.
  std::string text = "a,y\n";
  for (int i = 0; i < 20; ++i)
    text += std::to_string(i < 18 ? i * i * i * i : 1000000 + i) + "," + std::to_string(i % 2) + "\n";
  const Table t = csv(text + "oops,1\n");
  std::vector<std::size_t> rows(20);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  const Preprocessor p = Preprocessor::fit(t, rows, {.target = "y", .numeric = {"a"}});
  EXPECT_THAT(p.features(), ElementsAre("a", "log a"));
  EXPECT_EQ(p.transform(t, rows).rows, 20u);
  EXPECT_THAT(error_of([&] { p.transform(t); }), AllOf(HasSubstr("line 22"), HasSubstr("'oops'")));
}

TEST_F(Preprocess, NumbersAreStandardisedByTheTrainingRowsAlone) {
  Table t = read_table("demo:songs", {.rows = 500});
  const auto rows = all_rows(t);
  const std::span<const std::size_t> train(rows.data(), 300);
  const TriageOptions options{.target = "hit"};
  const Preprocessor p = Preprocessor::fit(t, train, options);
  const Matrix<float> m = p.transform(t, train);
  const auto values = feature(p, m, "loudness");
  double sum = 0, squares = 0;
  for (const float v : values) {
    sum += v;
    squares += double{v} * v;
  }
  EXPECT_NEAR(sum / 300, 0, 1e-5);
  EXPECT_NEAR(squares / 300, 1, 1e-5);

  // Whatever stands in the other rows, the fitted preprocessing is the same to the last bit.
  for (Column& column : t.columns) {
    for (std::size_t i = 300; i < t.rows; ++i) {
      if (column.type == Column::Type::number) column.numbers[i] = 1e6 + static_cast<double>(i);
      if (column.type == Column::Type::text) column.texts.set(i, "else");
    }
  }
  EXPECT_EQ(Preprocessor::fit(t, train, options).to_json(), p.to_json());
  // And far values are clipped.
  EXPECT_FLOAT_EQ(feature(p, p.transform(t), "loudness")[400], 10);
}

TEST_F(Preprocess, ValuesOfEachEncoding) {
  const Table t =
      csv("n,f,c,b\n1,no,x,2\n,yes,y,4\n3,,z,2\n5,no,x,2\n7,no,,4\n1,yes,x,2\n2,no,y,4\n1,no,z,4\n");
  const Preprocessor p =
      Preprocessor::fit(t, all_rows(t), {.categorical = {"c"}, .max_levels = 2, .standardize = false});
  EXPECT_THAT(p.features(),
              ElementsAre("n", "n missing", "f=yes", "f missing", "c=x", "c=y", "c other", "c missing", "b"));
  const Matrix<float> m = p.transform(t);
  EXPECT_THAT(feature(p, m, "n"), ElementsAre(1, 2, 3, 5, 7, 1, 2, 1));  // the median of 1 1 1 2 3 5 7 is 2
  EXPECT_THAT(feature(p, m, "n missing"), ElementsAre(0, 1, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(feature(p, m, "f=yes"), ElementsAre(0, 1, 0, 0, 0, 1, 0, 0));
  EXPECT_THAT(feature(p, m, "f missing"), ElementsAre(0, 0, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT(feature(p, m, "c=x"), ElementsAre(1, 0, 0, 1, 0, 1, 0, 0));
  EXPECT_THAT(feature(p, m, "c other"), ElementsAre(0, 0, 1, 0, 0, 0, 0, 1));
  EXPECT_THAT(feature(p, m, "c missing"), ElementsAre(0, 0, 0, 0, 1, 0, 0, 0));
  EXPECT_THAT(feature(p, m, "b"), ElementsAre(2, 4, 2, 2, 4, 2, 4, 4));
}

TEST_F(Preprocess, ANewTableIsMatchedByName) {
  const Table t = csv(mixed());
  const Preprocessor p = Preprocessor::fit(t, all_rows(t), {.target = "y"});
  Table other = t;
  std::reverse(other.columns.begin(), other.columns.end());
  Column extra = other.columns[0];
  extra.name = "surplus";
  other.columns.push_back(extra);
  EXPECT_EQ(p.transform(other).values, p.transform(t).values);
  EXPECT_THAT(p.notes(other), ElementsAre(HasSubstr("'surplus' is not known to the model and is ignored")));
  EXPECT_THAT(p.notes(t), IsEmpty());

  std::erase_if(other.columns, [](const Column& c) { return c.name == "city"; });
  other.columns[0].name = "cty";
  EXPECT_THAT(error_of([&] { p.transform(other); }),
              AllOf(HasSubstr("'city'"), HasSubstr("did you mean 'cty'?")));
}

TEST_F(Preprocess, UnknownCategoriesAndMissingValuesInNewTables) {
  std::string text = "c,d,n,y\n";
  for (int i = 0; i < 30; ++i)
    text += std::string(1, static_cast<char>('p' + i % 3)) + (i % 2 ? ",2001," : ",2002-05,") +
            std::to_string(i * i) + ",1\n";
  const Table t = csv(text);
  const Preprocessor p = Preprocessor::fit(t, all_rows(t), {.drop = {"y"}});
  // A category never seen gives zeros; a column that is missing throughout gives the medians; years alone are
  // dates.
  const Reading reading = reading_of(t);
  const Table fresh = csv("c,d,n\nnew,2001,\nq,2003,\n", {.reading = reading});
  const Matrix<float> m = p.transform(fresh);
  EXPECT_THAT(feature(p, m, "c=p"), ElementsAre(0, 0));
  EXPECT_THAT(feature(p, m, "c=q"), ElementsAre(0, 1));
  EXPECT_FLOAT_EQ(feature(p, m, "n")[0], feature(p, m, "n")[1]);
  EXPECT_LT(feature(p, m, "d")[0], feature(p, m, "d")[1]);
  EXPECT_THAT(p.notes(fresh),
              ElementsAre(HasSubstr("1 row has a value that training did not have ('new'), first in"),
                          AllOf(HasSubstr("column 'n': 2 rows have no value"), HasSubstr("the median"))));
  // What cannot be read as before is missing, and told with its line.
  const Table odd = csv("c,d,n\np,2001,4\np,Monday,four\n", {.reading = reading});
  EXPECT_EQ(feature(p, p.transform(odd), "n")[1], feature(p, m, "n")[0]);
  EXPECT_THAT(odd.notes, ElementsAre(AllOf(HasSubstr("'d': 1 cell cannot be read as dates"),
                                           HasSubstr("'Monday'"), HasSubstr("line 3")),
                                     AllOf(HasSubstr("'n': 1 cell cannot be read as numbers"),
                                           HasSubstr("'four'"), HasSubstr("line 3"))));
  // A table that was not read so is refused rather than misread.
  EXPECT_THAT(error_of([&] { p.transform(csv("c,d,n\np,2001,4\np,2002-05,four\n")); }),
              AllOf(HasSubstr("line 3"), HasSubstr("column 'n'"), HasSubstr("'four'")));
  EXPECT_THAT(error_of([&] { p.transform(csv("c,d,n\np,Monday,4\n")); }), HasSubstr("is not a date"));
}

TEST_F(Preprocess, InfinitiesBlockOnlyWhatUsesThem) {
  const Table t = csv("a,b,y\n1,5,3\n2,6,4\n3,-inf,8\n");
  EXPECT_THAT(error_of([&] {
                Preprocessor::fit(t, std::vector<std::size_t>{0, 1}, {.target = "y"});
              }),
              AllOf(HasSubstr("t.csv, line 4, column 'b'"), HasSubstr("infinite"), HasSubstr("--missing"),
                    HasSubstr("--drop b")));
  EXPECT_EQ(Preprocessor::fit(t, all_rows(t), {.target = "y", .drop = {"b"}}).features().size(), 1u);
  EXPECT_EQ(Preprocessor::fit(t, all_rows(t), {.target = "b"}).features().size(), 2u);
}

TEST_F(Preprocess, SkewedNumbersGetALogarithmicCompanion) {
  std::string text = "money,even\n";
  for (std::size_t i = 0; i < 400; ++i) {
    const double z = data::Draws(1, data::Stream::moons).normal(i);
    text += std::to_string(std::exp(10 + 2 * z)) + "," + std::to_string(z) + "\n";
  }
  const Table t = csv(text);
  const Preprocessor p = Preprocessor::fit(t, all_rows(t), {});
  EXPECT_THAT(p.features(), ElementsAre("money", "log money", "even"));
  EXPECT_THAT(decision(p, "money").why, AllOf(HasSubstr("skewed"), HasSubstr("logarithmic")));
  // On that scale the lognormal's third moment is small: half of it is nearly normal, half nearly linear.
  double third = 0;
  for (const float v : feature(p, p.transform(t), "log money")) third += std::pow(double{v}, 3);
  EXPECT_LT(std::abs(third / 400), 1.2);
  EXPECT_THAT(Preprocessor::fit(t, all_rows(t), {.log_companions = false}).features(),
              ElementsAre("money", "even"));
}

TEST_F(Preprocess, SurvivesStorageToTheLastBit) {
  Table t = csv(mixed());
  t.block = Block{.name = "pixels", .shape = {2, 2}, .values = std::vector<float>(240)};
  for (std::size_t i = 0; i < 240; ++i)
    t.block->values[i] = static_cast<float>(data::Draws(4, data::Stream::wave).uniform(i));
  const Preprocessor p = Preprocessor::fit(t, all_rows(t), {.target = "y"});
  const Preprocessor copy = Preprocessor::from_json(p.to_json());
  EXPECT_EQ(copy.features(), p.features());
  EXPECT_EQ(copy.transform(t).values, p.transform(t).values);
  EXPECT_EQ(copy.to_json(), p.to_json());
  EXPECT_THAT(error_of([] { Preprocessor::from_json("{}"); }), HasSubstr("cannot be read"));
  std::string damaged = p.to_json();
  const auto at = damaged.find("\"deviation\":[");
  damaged.insert(at + 13, "1.0,");
  EXPECT_THAT(error_of([&] { Preprocessor::from_json(damaged); }),
              ::testing::AnyOf(HasSubstr("damaged"), HasSubstr("cannot")));
}

TEST_F(Preprocess, Blocks) {
  Table t;
  t.source = "made";
  t.rows = 3;
  t.block = Block{.name = "x", .shape = {2}, .values = {0, 100, 1, 100, NAN, 400}};
  const Preprocessor wide = Preprocessor::fit(t, all_rows(t), {});
  // Each of the two columns by itself: mean 0.5, deviation 0.5; mean 200, deviation sqrt(20000).
  const float s = 100 / std::sqrt(20000.0f);
  EXPECT_THAT(wide.transform(t).values,
              ::testing::Pointwise(::testing::FloatNear(1e-6f), {-1.f, -s, 1.f, -s, 0.f, 2 * s}));
  t.block->shape = {1, 2};
  t.block->values = {0, 1, 1, 0, 0.5f, 0.5f};
  const Preprocessor image = Preprocessor::fit(t, all_rows(t), {.standardize = false});
  EXPECT_EQ(image.transform(t).values, t.block->values);
  EXPECT_THAT(image.features(), ElementsAre("x[0]", "x[1]"));
  Table narrow = t;
  narrow.block->shape = {1, 1};
  EXPECT_THAT(error_of([&] { image.transform(narrow); }), AllOf(HasSubstr("holds 1"), HasSubstr("reads 2")));
  narrow.block.reset();
  EXPECT_THAT(error_of([&] { image.transform(narrow); }), HasSubstr("columns only"));
}

TEST_F(Preprocess, NothingLeftIsAnErrorWithTheReasons) {
  const Table t = csv("id,k,y\n11,a,0\n12,a,1\n13,a,0\n");
  EXPECT_THAT(
      error_of([&] { Preprocessor::fit(t, all_rows(t), {.target = "y", .drop = {"id"}}); }),
      AllOf(HasSubstr("no column is left"), HasSubstr("id: dropped on request"), HasSubstr("k: constant")));
  EXPECT_THAT(error_of([&] { Preprocessor::fit(t, {}, {}); }), HasSubstr("no rows"));
}

TEST_F(Preprocess, IdsThatRepeatAreSaid) {
  std::string text = "song_id,album_id,y\n";
  for (int i = 0; i < 100; ++i)
    text += "s" + std::to_string(i % 90) + ",a" + std::to_string(i % 60) + "," + std::to_string(i % 2) + "\n";
  const Table t = csv(text);
  EXPECT_THAT(
      leak_warnings(t, {.target = "y"}),
      ElementsAre(AllOf(HasSubstr("10 rows repeat an id in column song_id"), HasSubstr("--group song_id"))));
  EXPECT_THAT(leak_warnings(t, {.target = "y", .group = "album_id"}), IsEmpty());
  EXPECT_THAT(leak_warnings(read_table("demo:songs"), {.target = "hit"}), IsEmpty());
}

class Summary : public test::DataTest {};

TEST_F(Summary, SaysWhatIsThereAndWhatIsOdd) {
  const Table t = csv(mixed());
  const auto all = summarize(t, "y");
  const auto of = [&](const std::string& name) {
    return *std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == name; });
  };
  ASSERT_EQ(all.size(), t.columns.size());
  EXPECT_EQ(of("hole").type, "number");
  EXPECT_EQ(of("hole").missing, 12u);
  EXPECT_EQ(of("hole").distinct, 48u);
  EXPECT_EQ(of("hole").min, 0.5);
  EXPECT_EQ(of("hole").max, 29.5);
  EXPECT_NEAR(of("hole").mean, 0.5 * (59 * 60 / 2 - 5 * (11 * 12 / 2)) / 48, 1e-12);
  EXPECT_EQ(of("born").type, "date");
  EXPECT_EQ(of("sex").type, "boolean");
  EXPECT_THAT(of("sex").top[0], ::testing::Pair("m", 40u));
  EXPECT_THAT(of("same").suspicions, ElementsAre("constant"));
  EXPECT_THAT(of("gone").suspicions, ElementsAre("every value is missing"));
  EXPECT_THAT(of("row").suspicions, ::testing::Contains("counts the rows"));
  EXPECT_THAT(of("user_id").suspicions, ::testing::Contains("an id by its name"));
  EXPECT_THAT(of("name").suspicions, ::testing::Contains("names or free text"));
  EXPECT_THAT(of("y").suspicions, ::testing::Contains("a copy of column 'flag'"));
  EXPECT_THAT(of("flag").suspicions, ::testing::Contains(HasSubstr("gives the target 'y' away")));
  EXPECT_THAT(of("size").suspicions, IsEmpty());
}

TEST_F(Summary, NearNumbersAndNearCopies) {
  std::string text = "a,b,y\n";
  for (int i = 0; i < 50; ++i) {
    text += (i == 30 ? std::string("n.a.") : std::to_string(i % 7)) + "," +
            std::to_string(i * 3 + (i % 2) * 0.01) + "," + std::to_string(i * i % 50 + i) + "\n";
  }
  const Table t = csv(text);
  const auto all = summarize(t, "b");
  EXPECT_THAT(all[0].suspicions, ElementsAre(AllOf(HasSubstr("'n.a.'"), HasSubstr("line 32"))));
  EXPECT_THAT(all[2].suspicions, IsEmpty());
  EXPECT_THAT(summarize(csv("b,c\n1,2.001\n2,4\n3,6\n4.5,9\n"), "b")[1].suspicions,
              ElementsAre("nearly a copy of the target 'b'"));
}

}  // namespace
}  // namespace runnel
