// Columns that tell the classes apart alone.
#include "fit/giveaways.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fit/tables.h"

namespace runnel {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Classes = std::vector<std::size_t>;
using Numbers = std::vector<double>;

TEST(Giveaways, ThresholdsAreStretches) {
  EXPECT_TRUE(apart_by_thresholds(Numbers{3.0, 1, 2, 9}, Classes{1, 0, 0, 1}));
  EXPECT_TRUE(apart_by_thresholds(Numbers{3.0, 1, 2, 9}, Classes{1, 5, 5, 0}));   // three classes
  EXPECT_FALSE(apart_by_thresholds(Numbers{3.0, 1, 2, 9}, Classes{1, 0, 0, 0}));  // 0 on both sides
  EXPECT_FALSE(apart_by_thresholds(Numbers{3.0, 1, 3, 9}, Classes{1, 0, 0, 1}));  // 3 is of both
  EXPECT_FALSE(apart_by_thresholds(Numbers{3.0, 1}, Classes{1, 1}));              // one class
}

// Against all orders of the values, counted one by one.
TEST(Giveaways, TheChanceOfThresholdsIsThatOfRandomOrder) {
  for (const Classes& sorted :
       {Classes{0, 1, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 1}, {0, 0, 1, 1, 2, 2, 2}, {0, 2, 2, 2}}) {
    std::vector<double> values(sorted.size());
    std::iota(values.begin(), values.end(), 0.0);
    Classes classes = sorted;
    double apart = 0, all = 0;
    do {
      all += 1;
      apart += apart_by_thresholds(values, classes);
    } while (std::next_permutation(classes.begin(), classes.end()));
    EXPECT_NEAR(chance_of_thresholds(sorted), apart / all, 1e-12);
  }
}

TEST(Giveaways, LevelsGoWithOneClassEach) {
  EXPECT_TRUE(apart_by_levels(Classes{0, 0, 7, 7}, Classes{1, 1, 0, 0}));
  EXPECT_FALSE(apart_by_levels(Classes{0, 0, 7, 7}, Classes{1, 0, 0, 0}));
  EXPECT_FALSE(apart_by_levels(Classes{0, 1, 7, 7}, Classes{1, 1, 0, 0}));  // less than two rows a level
  EXPECT_FALSE(apart_by_levels(Classes{0, 0, 7, 7}, Classes{1, 1, 1, 1}));
}

// Against all draws of classes with their shares: two levels of two rows, a half each.
TEST(Giveaways, TheChanceOfLevelsIsThatOfDraws) {
  EXPECT_NEAR(chance_of_levels(Classes{0, 0, 1, 1}, Classes{0, 0, 1, 1}), 0.5 * 0.5, 1e-12);
  const double third = 1.0 / 3;
  EXPECT_NEAR(chance_of_levels(Classes{0, 0, 0, 5, 5, 5}, Classes{0, 0, 1, 1, 1, 1}),
              std::pow(third * third * third + 8 * third * third * third, 2), 1e-12);
}

// Three hundred rows of a class that is decided by `a` > 0, and another column for each case.
struct Made {
  Table table = table_of(300);
  std::vector<std::size_t> rows = std::vector<std::size_t>(300);

  Made() {
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    Column k{.name = "k", .type = Column::Type::text};
    for (std::size_t i = 0; i < 300; ++i) {
      k.texts.push_back(high(i) ? "high" : "low");
      k.missing.push_back(0);
    }
    table.columns.push_back(k);
  }
  bool high(std::size_t row) const { return table.columns[0].numbers[row] > 0; }

  std::vector<std::string> warnings(TriageOptions triage = {}) const {
    std::vector<std::string> said;
    triage.target = "k";
    const Target target = Target::fit(table, {.column = "k"}, said);
    const Preprocessor preprocessor = Preprocessor::fit(table, rows, triage);
    const Matrix<float> m = preprocessor.transform(table, rows);
    const Array x =
        Array::from(m.values, {static_cast<std::int64_t>(m.rows), static_cast<std::int64_t>(m.cols)});
    std::vector<double> y;
    const TargetValues values = target.read(table, said);
    for (const std::size_t row : rows) y.push_back(values.y[row]);
    return giveaway_warnings(table, target, preprocessor, x, y);
  }
};

TEST(Giveaways, AThresholdOfANumberIsSaid) {
  Made made;
  EXPECT_THAT(
      made.warnings(),
      ElementsAre("column a gives the target 'k' away: one threshold tells the classes of all 300 training "
                  "rows apart; if it is not known when you predict, leave it out with --drop a"));
  made.table.columns[0].name = "a, b";
  EXPECT_THAT(made.warnings(), ElementsAre(HasSubstr(R"(--drop '"a, b"')")));
  EXPECT_THAT(made.warnings({.drop = {"a, b"}}), IsEmpty());
  // One row on the wrong side, and it is none.
  made = {};
  made.table.columns.back().texts.set(0, made.high(0) ? "low" : "high");
  EXPECT_THAT(made.warnings(), IsEmpty());
}

TEST(Giveaways, GapsAreNoValues) {
  Made made;
  for (std::size_t i = 0; i < 300; i += 10) made.table.columns[0].numbers[i] = NAN;
  const std::string rows = "one threshold tells the classes of all 270 training rows that have a value apart";
  // The classes were made before the gaps.
  EXPECT_THAT(made.warnings(), ElementsAre(HasSubstr(rows)));
}

TEST(Giveaways, WhatIsMissingTellsToo) {
  Made made;
  Column reason = normal_column("reason", 300, 77);
  for (std::size_t i = 0; i < 300; ++i)
    if (!made.high(i)) reason.numbers[i] = NAN;
  made.table.columns[0] = reason;
  EXPECT_THAT(made.warnings(),
              ElementsAre(AllOf(HasSubstr("column reason gives the target 'k' away: whether its "
                                          "value is missing tells the classes of all 300"),
                                HasSubstr("--drop reason"))));
}

// What few rows do by chance is not told: one row of a class is the largest of twenty in one column of ten.
TEST(Giveaways, ChanceIsNot) {
  Made made;
  made.rows.resize(20);
  for (std::size_t i = 0; i < 300; ++i) made.table.columns.back().texts.set(i, "low");
  const auto& a = made.table.columns[0].numbers;
  made.table.columns.back().texts.set(
      static_cast<std::size_t>(std::max_element(a.begin(), a.begin() + 20) - a.begin()), "high");
  made.table.columns.back().texts.set(299, "high");
  EXPECT_THAT(made.warnings(), IsEmpty());
}

}  // namespace
}  // namespace runnel
