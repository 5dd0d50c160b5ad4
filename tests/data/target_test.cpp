// Targets: the task found, the classes and their order, and what is refused.
#include <cmath>

#include "helpers.h"

namespace runnel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TargetTest : public test::DataTest {
 protected:
  // A table with one column y of these values, over and over until there are `rows`.
  Table cycle(const std::vector<std::string>& values, std::size_t rows) const {
    std::string text = "y,x\n";
    for (std::size_t i = 0; i < rows; ++i) text += values[i % values.size()] + "," + std::to_string(i) + "\n";
    return csv(text);
  }
  Target fit(const Table& t, TargetOptions options = {}) {
    options.column = "y";
    return Target::fit(t, options, warnings_);
  }
  std::vector<std::string> warnings_;
};

TEST_F(TargetTest, TaskIsFoundFromTheValues) {
  EXPECT_EQ(fit(cycle({"yes", "no"}, 20)).task(), Task::binary);
  EXPECT_EQ(fit(cycle({"0", "1"}, 20)).task(), Task::binary);
  EXPECT_EQ(fit(cycle({"a", "b", "c"}, 30)).task(), Task::multiclass);
  EXPECT_EQ(fit(cycle({"1", "2", "3"}, 30)).task(), Task::multiclass);
  EXPECT_EQ(fit(cycle({"1", "2", "3"}, 29)).task(), Task::regression);     // fewer than ten rows each
  EXPECT_EQ(fit(cycle({"1", "2", "3.5"}, 300)).task(), Task::regression);  // a fraction
  EXPECT_EQ(fit(cycle({"1", "2", "3"}, 300), {.task = Task::regression}).task(), Task::regression);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(TargetTest, ClassesAreSortedNumbersByValue) {
  EXPECT_THAT(fit(cycle({"10", "9", "-1"}, 90)).classes(), ElementsAre("-1", "9", "10"));
  EXPECT_THAT(fit(cycle({"yes", "no"}, 20)).classes(), ElementsAre("no", "yes"));
  const Table t = cycle({"10", "9", "-1"}, 90);
  EXPECT_THAT(fit(t).read(t, warnings_).y[0], 2);
}

TEST_F(TargetTest, PositiveMakesABinaryTarget) {
  const Table t = cycle({"49", "50", "51", "NA"}, 40);
  const auto ones = [&](const std::string& expression) {
    const TargetValues y = fit(t, {.positive = expression}).read(t, warnings_);
    std::size_t sum = 0;
    for (const std::size_t row : y.rows) sum += y.y[row] == 1;
    EXPECT_EQ(y.rows.size(), 30u);
    EXPECT_TRUE(std::isnan(y.y[3]));
    return sum;
  };
  EXPECT_EQ(ones(">50"), 10u);
  EXPECT_EQ(ones(">= 50"), 20u);
  EXPECT_EQ(ones("<50"), 10u);
  EXPECT_EQ(ones("<=50"), 20u);
  EXPECT_EQ(ones("==50.0"), 10u);
  EXPECT_EQ(ones("!=50"), 20u);
  EXPECT_THAT(fit(t, {.positive = ">50"}).classes(), ElementsAre("not >50", ">50"));
  const Table words = cycle({"yes", "no", "perhaps"}, 30);
  EXPECT_EQ(fit(words, {.positive = "==yes"}).read(words, warnings_).y[0], 1);
  EXPECT_EQ(fit(words, {.positive = "!=yes"}).read(words, warnings_).y[0], 0);

  EXPECT_THAT(error_of([&] { fit(t, {.positive = "50"}); }), HasSubstr("begin with one of"));
  EXPECT_THAT(error_of([&] { fit(t, {.positive = ">many"}); }), HasSubstr("needs a number"));
  EXPECT_THAT(error_of([&] { fit(t, {.positive = ">99"}); }), HasSubstr("holds for none of the 30 rows"));
  EXPECT_THAT(error_of([&] { fit(t, {.positive = ">0"}); }), HasSubstr("holds for all"));
  EXPECT_THAT(error_of([&] { fit(words, {.positive = ">3"}); }),
              AllOf(HasSubstr("line 2"), HasSubstr("'yes'")));
}

TEST_F(TargetTest, WhatCannotBeATarget) {
  EXPECT_THAT(error_of([&] {
                Target::fit(cycle({"1", "2"}, 9), {.column = "xy"}, warnings_);
              }),
              HasSubstr("did you mean"));
  EXPECT_THAT(error_of([&] { Target::fit(cycle({"1", "2"}, 9), {}, warnings_); }), HasSubstr("--target"));
  EXPECT_THAT(error_of([&] { fit(cycle({"7"}, 9)); }), HasSubstr("constant (every value is '7')"));
  EXPECT_THAT(error_of([&] { fit(cycle({"NA", ""}, 9)); }), HasSubstr("every value is missing"));
  EXPECT_THAT(error_of([&] {
                fit(cycle({"a", "b"}, 9), {.task = Task::regression});
              }),
              HasSubstr("text ('a')"));
  EXPECT_THAT(error_of([&] {
                fit(cycle({"a", "b", "c"}, 9), {.task = Task::binary});
              }),
              HasSubstr("--positive"));

  std::vector<std::string> many;
  for (int i = 0; i < 101; ++i) many.push_back("c" + std::to_string(i));
  EXPECT_THAT(error_of([&] { fit(cycle(many, 1010)); }),
              AllOf(HasSubstr("101 classes"), HasSubstr("at most 100")));
  EXPECT_EQ(fit(cycle(many, 1010), {.max_classes = 101}).classes().size(), 101u);
  EXPECT_THAT(error_of([&] { fit(cycle(many, 101)); }), HasSubstr("nearly every row has its own"));
  EXPECT_THAT(error_of([&] {
                fit(cycle({"1", "2", "3", "4", "5"}, 8), {.task = Task::multiclass});
              }),
              AllOf(HasSubstr("5 classes in 8 rows"), HasSubstr("--task regression")));
  EXPECT_THAT(error_of([] { task_from_name("regresion"); }), HasSubstr("did you mean 'regression'?"));
}

TEST_F(TargetTest, RareClassesAreSaid) {
  std::string text = "y\n";
  for (int i = 0; i < 30; ++i) text += i == 7 ? "rare\n" : i % 2 ? "a\n" : "b\n";
  fit(csv(text));
  EXPECT_THAT(warnings_,
              ElementsAre(HasSubstr(
                  "fewer than three rows cannot stand in training, validation and test: 'rare' (1)")));
}

TEST_F(TargetTest, LabelsWithAFinalDotAreMatchedAloud) {
  const Target target = fit(cycle({"<=50K", ">50K"}, 20));
  const Table dotted = cycle({"<=50K.", ">50K.", ">50K"}, 30);
  const TargetValues y = target.read(dotted, warnings_);
  EXPECT_EQ(y.y[0], 0);
  EXPECT_EQ(y.y[1], 1);
  EXPECT_EQ(y.y[2], 1);
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("in 20 rows"), HasSubstr("final '.'"))));
}

TEST_F(TargetTest, UnseenLabelsAreLeftOutAndTold) {
  const Target target = fit(cycle({"<=50K", ">50K"}, 20));
  const TargetValues y = target.read(cycle({"<=50K", "60K"}, 4), warnings_);
  EXPECT_THAT(y.rows, ElementsAre(0, 2));
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("2 rows with a label that was not among the classes "
                                                     "(<=50K, >50K) are left out: '60K', first in"),
                                           HasSubstr("line 3"))));
  EXPECT_THAT(error_of([&] {
                target.read(cycle({"70K", "60K"}, 4), warnings_);
              }),
              AllOf(HasSubstr("line 2"), HasSubstr("'70K' was not among the classes (<=50K, >50K)")));
}

TEST_F(TargetTest, TruthsAreLabelsOfZeroAndOne) {
  const Target target = fit(cycle({"0", "1"}, 20));
  Table words = cycle({"no", "TRUE", "1", "false"}, 8);
  words.columns.at(0).truths = true;  // as a model reads a column of 0 and 1
  const TargetValues y = target.read(words, warnings_);
  EXPECT_THAT(std::vector<double>(y.y.begin(), y.y.begin() + 4), ElementsAre(0, 1, 1, 0));
}

TEST_F(TargetTest, SpellingsOfOneNumberAreToldApartByEquality) {
  const Table t = cycle({"007", "7", "8", "07"}, 40);
  const Target target = fit(t, {.positive = "==007"});
  EXPECT_THAT(target.why(), HasSubstr("10 of 40"));
  const Target stored = Target::from_json(target.to_json());
  const TargetValues y = stored.read(t, warnings_);
  EXPECT_THAT(std::vector<double>(y.y.begin(), y.y.begin() + 4), ElementsAre(1, 0, 0, 0));
  // Where it is written in one way a value is a value.
  EXPECT_THAT(fit(cycle({"7.0", "8.0"}, 40), {.positive = "==7"}).why(), HasSubstr("20 of 40"));
  // What predictions say is read as what it is.
  const TargetValues own = stored.read(cycle({"==007", "not ==007"}, 4), warnings_);
  EXPECT_THAT(std::vector<double>(own.y.begin(), own.y.begin() + 2), ElementsAre(1, 0));
}

TEST_F(TargetTest, SurvivesStorage) {
  const Table t = cycle({"10", "9", "-1"}, 90);
  for (const Target& target : {fit(t), fit(t, {.positive = ">9"}), fit(t, {.task = Task::regression})}) {
    const Target copy = Target::from_json(target.to_json());
    EXPECT_EQ(copy.task(), target.task());
    EXPECT_EQ(copy.classes(), target.classes());
    EXPECT_EQ(copy.why(), target.why());
    EXPECT_EQ(copy.read(t, warnings_).y, target.read(t, warnings_).y);
  }
  EXPECT_THAT(error_of([] { Target::from_json("{\"task\": 3}"); }), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace runnel
