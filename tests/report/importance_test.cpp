// How much hyperparameters matter, where that is known.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "report/trials.h"

namespace runnel::report {
namespace {

// A full grid: metric = f(a, b) for a of `as` and b of `bs` values.
template <class F>
Trials grid(std::size_t as, std::size_t bs, F f) {
  Trials trials;
  trials.metric = "r2";
  trials.higher_is_better = true;
  trials.names = {{"a", "", true}, {"b", "", false}, {"same", "", true}};
  for (std::size_t a = 0; a < as; ++a)
    for (std::size_t b = 0; b < bs; ++b) {
      const auto index = static_cast<std::int64_t>(trials.all.size());
      const double y = f(a, b);
      trials.all.push_back(
          {index, "done", 1, y, 0, 0, {std::to_string(a), "b" + std::to_string(b), "1"}, {y}});
    }
  return trials;
}

double share(const Importances& of, const std::string& name) {
  for (const Importance& i : of.of)
    if (i.name == name) return i.share;
  ADD_FAILURE() << name;
  return -1;
}

TEST(Importance, AllIsWithTheOneThatDecidesAlone) {
  const Importances of =
      importances(grid(5, 4, [](auto a, auto) { return std::exp(static_cast<double>(a)); }));
  EXPECT_DOUBLE_EQ(share(of, "a"), 1);
  EXPECT_DOUBLE_EQ(share(of, "b"), 0);
  EXPECT_EQ(of.of.size(), 2U);  // what is the same for all explains nothing and is not listed
  EXPECT_EQ(of.of[0].name, "a");
  EXPECT_EQ(of.trials, 20U);
  EXPECT_EQ(of.epochs, 0);
}

// By hand: ranks 0…n-1 in order of (a, b). With n = 12, as = 3, bs = 4: the ranks of a group of a have the
// means 1.5, 5.5, 9.5, so between = 4·2·16 = 128; total = (12³ - 12) / 12 = 143; within = 15 / 9.
TEST(Importance, IsEpsilonSquaredOfTheRanks) {
  const Importances of =
      importances(grid(3, 4, [](auto a, auto b) { return static_cast<double>(100 * a + b); }));
  EXPECT_NEAR(share(of, "a"), (128 - 2 * 15.0 / 9) / 143, 1e-12);
  // Of b: group means 4, 5, 6, 7, so between = 3·5 = 15, within = 128 / 8: less than chance gives.
  EXPECT_DOUBLE_EQ(share(of, "b"), 0);
}

TEST(Importance, ChanceGivesNothingOnAverage) {
  double sum = 0;
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const Importances of =
        importances(grid(4, 5, [&](auto, auto) { return std::normal_distribution<>()(random); }));
    sum += share(of, "a");
  }
  // Plain shares are 3/19 on average. These are 0 on average (over all permutations of the ranks) before the
  // negative ones are cut, which leaves less than half.
  EXPECT_LT(sum / 200, 0.5 * 3 / 19);
}

TEST(Importance, ManyValuesAreRanges) {
  const Importances of = importances(grid(64, 1, [](auto a, auto) { return static_cast<double>(a); }));
  ASSERT_EQ(of.of.size(), 1U);
  EXPECT_TRUE(of.of[0].ranges);
  EXPECT_EQ(of.of[0].groups, 8U);
  // Between eight ranges of equal size: 1 - (8² - 1) / (64² - 1) of the variance of 0…63.
  const double plain = 1 - 63.0 / 4095;
  EXPECT_NEAR(of.of[0].share, plain - 7 * (1 - plain) / 56, 1e-12);
}

TEST(Importance, RetiredOnesAreComparedWhereAllHaveBeen) {
  Trials trials = grid(5, 2, [](auto a, auto) { return static_cast<double>(a); });
  for (Trial& t : trials.all) t.curve = {t.values[1] == "b0" ? 0.0 : 1.0, t.metric, t.metric};
  trials.all[3].status = "retired";
  trials.all[3].curve.resize(1);
  trials.all[4].status = "diverged";
  const Importances of = importances(trials);
  EXPECT_EQ(of.epochs, 1);
  EXPECT_EQ(of.trials, 9U);
  EXPECT_DOUBLE_EQ(share(of, "b"), 1);
}

// b takes part in half of the trials, in which it decides alone; elsewhere it has no value. What lies between
// the halves is a's.
TEST(Importance, CountsWhereAHyperparameterTakesPart) {
  Trials trials =
      grid(2, 12, [](auto a, auto b) { return static_cast<double>(100 * a + (a == 1 ? b % 4 : 0)); });
  for (Trial& t : trials.all) {
    const std::size_t b = std::stoul(t.values[1].substr(1));
    t.values[1] = t.values[0] == "0" ? "" : "b" + std::to_string(b % 4);
  }
  Importances of = importances(trials);
  EXPECT_GT(share(of, "a"), 0.5);
  EXPECT_DOUBLE_EQ(share(of, "b"), 1);
  for (const Importance& i : of.of) EXPECT_EQ(i.trials, i.name == "b" ? 12U : 24U);
  trials.all.resize(12 + 7);  // seven trials are too few
  of = importances(trials);
  EXPECT_EQ(of.of.size(), 1U);
}

// Hardly any value twice, as of widths that are drawn: nothing says what would differ by chance.
TEST(Importance, NothingIsSaidOfValuesThatHardlyRepeat) {
  std::mt19937_64 random(1);
  Trials trials = grid(2, 20, [&](auto, auto) { return std::normal_distribution<>()(random); });
  for (std::size_t i = 0; i < trials.all.size(); ++i) trials.all[i].values[1] = "w" + std::to_string(i % 25);
  for (const Importance& i : importances(trials).of) EXPECT_NE(i.name, "b");
}

TEST(Importance, NothingIsSaidOfFewOrOfEqualTrials) {
  EXPECT_TRUE(importances(grid(7, 1, [](auto a, auto) { return static_cast<double>(a); })).of.empty());
  EXPECT_TRUE(importances(grid(5, 5, [](auto, auto) { return 1.0; })).of.empty());
  EXPECT_TRUE(importances(Trials{}).of.empty());
}

}  // namespace
}  // namespace runnel::report
