// Who goes on at a rung, without any training: the arithmetic of halving, Hyperband and the median rule.
#include "search/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "error_of.h"

namespace runnel::search {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::size_t> lanes_of(const Bracket& bracket) {
  std::vector<std::size_t> lanes{bracket.members.size()};
  for (const RungPlan& rung : bracket.rungs) lanes.push_back(rung.keep);
  return lanes;
}

// Epochs that a bracket costs when survivors go on from where they stand, and when they begin again.
std::pair<std::int64_t, std::int64_t> cost_of(const Bracket& bracket, std::int64_t most) {
  std::int64_t resumed = 0;
  std::int64_t restarted = 0;
  std::int64_t before = 0;
  auto lanes = std::ssize(bracket.members);
  for (std::size_t i = 0; i <= bracket.rungs.size(); ++i) {
    const std::int64_t epochs = i < bracket.rungs.size() ? bracket.rungs[i].epochs : most;
    resumed += lanes * (epochs - before);
    restarted += lanes * epochs;
    before = epochs;
    if (i < bracket.rungs.size()) lanes = static_cast<std::ptrdiff_t>(bracket.rungs[i].keep);
  }
  return {resumed, restarted};
}

// Li et al. 2018, table 1: R = 81, eta = 3.
TEST(Schedule, HyperbandsOwnBrackets) {
  const Scheduling s{Scheduler::hyperband};
  EXPECT_EQ(hyperband_size(s, 81), 143);
  const auto brackets = make_brackets(s, 143, 81, 7);
  ASSERT_EQ(brackets.size(), 5u);
  EXPECT_THAT(lanes_of(brackets[0]), ElementsAre(81, 27, 9, 3, 1));
  EXPECT_THAT(lanes_of(brackets[1]), ElementsAre(34, 11, 3, 1));
  EXPECT_THAT(lanes_of(brackets[2]), ElementsAre(15, 5, 1));
  EXPECT_THAT(lanes_of(brackets[3]), ElementsAre(8, 2));
  EXPECT_THAT(lanes_of(brackets[4]), ElementsAre(5));
  std::vector<std::int64_t> resumed;
  std::vector<std::int64_t> restarted;
  for (const Bracket& b : brackets) {
    resumed.push_back(cost_of(b, 81).first);
    restarted.push_back(cost_of(b, 81).second);
    for (std::size_t i = 0; i < b.rungs.size(); ++i)
      EXPECT_EQ(b.rungs[i].epochs, std::llround(81 / std::pow(3, static_cast<double>(b.rungs.size() - i))));
  }
  EXPECT_THAT(resumed, ElementsAre(297, 276, 279, 324, 405));
  EXPECT_THAT(restarted, ElementsAre(405, 363, 351, 378, 405));
}

TEST(Schedule, BracketsShareTheFieldWhateverItsSize) {
  for (std::size_t n : {1u, 3u, 64u, 143u, 200u, 1001u})
    for (std::int64_t most : {1, 2, 30, 81, 100}) {
      std::set<std::size_t> seen;
      const auto brackets = make_brackets({Scheduler::hyperband}, n, most, 1);
      for (const Bracket& b : brackets) {
        seen.insert(b.members.begin(), b.members.end());
        for (std::size_t i = 0; i < b.rungs.size(); ++i) {
          EXPECT_LT(b.rungs[i].epochs, most);
          EXPECT_GE(b.rungs[i].epochs, i == 0 ? 1 : b.rungs[i - 1].epochs + 1);
          EXPECT_GE(b.rungs[i].keep, 1u);
        }
      }
      EXPECT_EQ(seen.size(), n);
    }
  const auto a = make_brackets({Scheduler::hyperband}, 100, 81, 1);
  EXPECT_EQ(a[0].members, make_brackets({Scheduler::hyperband}, 100, 81, 1)[0].members);
  EXPECT_NE(a[0].members, make_brackets({Scheduler::hyperband}, 100, 81, 2)[0].members);
}

TEST(Schedule, HalvingBeginsAtTheSmallestBudget) {
  const auto halving = [](std::int64_t min_epochs, std::int64_t eta, std::int64_t most) {
    return make_brackets({Scheduler::halving, eta, min_epochs}, 64, most, 0).at(0).rungs;
  };
  EXPECT_THAT(halving(1, 3, 30), ElementsAre(RungPlan{1, 21}, RungPlan{3, 7}, RungPlan{10, 2}));
  EXPECT_THAT(halving(4, 2, 32), ElementsAre(RungPlan{4, 32}, RungPlan{8, 16}, RungPlan{16, 8}));
  EXPECT_THAT(halving(20, 3, 30), ElementsAre());
  EXPECT_THAT(make_brackets({Scheduler::median, 3, 5}, 9, 16, 0).at(0).rungs,
              ElementsAre(RungPlan{5, 9}, RungPlan{10, 9}, RungPlan{15, 9}));
  EXPECT_THAT(make_brackets({}, 9, 16, 0).at(0).rungs, ElementsAre());
  EXPECT_THAT(error_of([&] { halving(1, 1, 9); }), HasSubstr("eta is 1"));
  EXPECT_THAT(error_of([&] { halving(0, 3, 9); }), HasSubstr("min_epochs is 0"));
  EXPECT_THAT(error_of([&] { halving(1, 1'000'000'001, 9); }),
              HasSubstr("eta is 1000000001: no rung keeps one of more than 1,000,000,000"));
  EXPECT_THAT(error_of([&] { halving(1'000'000'001, 3, 9); }),
              HasSubstr("min_epochs is 1000000001: no candidate makes more than 1,000,000,000 epochs"));
  EXPECT_THAT(error_of([] { scheduler_from_name("hyperbend"); }), HasSubstr("did you mean 'hyperband'"));
}

TEST(Schedule, RankIsMetricThenLossThenIndexAndTheDivergedGoFirst) {
  std::vector<Standing> s{{0, 5, true, 0.5, 1.0}, {1, 4, true, 0.9, 2.0},  {2, 3, true, 0.9, 1.0},
                          {3, 2, true, 0.9, 2.0}, {4, 1, false, 1.0, 0.0}, {5, 0, true, 0.1, 0.0}};
  EXPECT_THAT(best_of(s, 4, true), ElementsAre(2, 3, 1, 0));
  EXPECT_THAT(best_of(s, 9, true), ElementsAre(2, 3, 1, 0, 5));
  EXPECT_THAT(best_of(s, 3, false), ElementsAre(5, 0, 2));
  std::reverse(s.begin(), s.end());
  EXPECT_THAT(best_of(s, 4, true), ElementsAre(2, 3, 1, 0));
}

TEST(Schedule, MedianOfRunningAverages) {
  const double nan = std::nan("");
  // Averages over three epochs: 2, 5, 3 (of the two it got), none, 4.
  const std::vector<std::vector<double>> curves{{1, 2, 3, 9}, {5, 5, 5, 5}, {2, 4}, {1, nan, 1}, {4, 4, 4}};
  EXPECT_EQ(median_of_averages(curves, 3), 3.5);
  EXPECT_EQ(median_of_averages(curves, 1), 2);  // of 1, 5, 2, 1, 4
  EXPECT_FALSE(median_of_averages({{nan}}, 1).has_value());
}

TEST(Schedule, BestSoFar) {
  EXPECT_EQ(best_so_far({1, 3, 2, 9}, 3, true), 3);
  EXPECT_EQ(best_so_far({1, 3, 2, 0}, 3, false), 1);
  EXPECT_EQ(best_so_far({1, 3}, 9, true), 3);
}

}  // namespace
}  // namespace runnel::search
