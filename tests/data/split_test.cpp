// Laws of splits: complete, disjoint, keyed by the seed, and true to classes, groups and times.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "data/random.h"
#include "helpers.h"

namespace runnel {
namespace {

using ::testing::HasSubstr;
using Rows = std::vector<std::size_t>;

void expect_partition(std::vector<Rows> parts, std::size_t n) {
  Rows all;
  for (const Rows& part : parts) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), n);
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(all[i], i);
}

std::size_t drawn(std::size_t i, std::uint32_t part, std::size_t below) {
  return static_cast<std::size_t>(data::Draws(99, data::Stream::moons, part).uniform(i) *
                                  static_cast<double>(below));
}

// Labels of very unequal classes.
Rows some_labels(std::size_t n, std::size_t classes) {
  Rows labels(n);
  for (std::size_t i = 0; i < n; ++i) labels[i] = std::min(drawn(i, 1, classes), drawn(i, 2, classes));
  return labels;
}

TEST(Split, RandomIsAPartitionOfTheRightSizes) {
  for (const std::size_t n : {5u, 10u, 101u, 1000u}) {
    const Split s = split_rows({.rows = n}, {.seed = 3});
    expect_partition({s.train, s.validation, s.test}, n);
    EXPECT_EQ(s.test.size(), static_cast<std::size_t>(std::llround(0.2 * static_cast<double>(n))));
    EXPECT_EQ(s.validation.size(), s.test.size());
  }
}

TEST(Split, IsAFunctionOfTheSeed) {
  const SplitKeys keys{.rows = 200};
  const Split a = split_rows(keys, {.seed = 1}), b = split_rows(keys, {.seed = 1}),
              c = split_rows(keys, {.seed = 2});
  EXPECT_EQ(a.train, b.train);
  EXPECT_EQ(a.test, b.test);
  EXPECT_NE(a.test, c.test);
  EXPECT_NE(a.test, split_rows(keys, {.seed = std::uint64_t{1} << 32}).test);  // the high word counts too
}

// Over many seeds each row is a test row in its fraction of the splits: 0.2, to within five deviations.
TEST(Split, EveryRowHasTheSameChance) {
  constexpr std::size_t n = 50, seeds = 2000;
  std::vector<double> hits(n);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (const std::size_t row : split_rows({.rows = n}, {.seed = seed}).test) hits[row] += 1;
  }
  const double deviation = std::sqrt(0.2 * 0.8 * seeds);
  for (const double h : hits) EXPECT_NEAR(h, 0.2 * seeds, 5 * deviation);
}

TEST(Split, StratifiedIsWithinOneRowPerClass) {
  for (const std::size_t classes : {2u, 3u, 10u, 40u}) {
    for (const std::size_t n : {97u, 400u, 3001u}) {
      const Rows labels = some_labels(n, classes);
      for (const auto& [validation, test] : {std::pair{0.2, 0.2}, {0.1, 0.3}, {0.25, 0.0}, {0.15, 0.15}}) {
        const Split s =
            split_rows({.rows = n, .labels = labels}, {.validation = validation, .test = test, .seed = 5});
        expect_partition({s.train, s.validation, s.test}, n);
        std::map<std::size_t, double> count;
        for (const std::size_t l : labels) count[l] += 1;
        const auto check = [&](const Rows& part, double fraction) {
          std::map<std::size_t, double> have;
          for (const std::size_t row : part) have[labels[row]] += 1;
          for (const auto& [label, total] : count) {
            EXPECT_LE(std::abs(have[label] - fraction * total), 1 + 1e-9)
                << "class " << label << " of " << total << " rows, fraction " << fraction;
          }
        };
        check(s.train, 1 - validation - test);
        check(s.validation, validation);
        check(s.test, test);
        EXPECT_NEAR(static_cast<double>(s.test.size()), test * static_cast<double>(n), 2);
      }
    }
  }
}

TEST(Split, GroupsStayTogether) {
  constexpr std::size_t n = 2000;
  Rows groups(n);
  for (std::size_t i = 0; i < n; ++i) groups[i] = drawn(i, 3, 300);
  const Split s = split_rows({.rows = n, .labels = some_labels(n, 2), .groups = groups}, {.seed = 8});
  expect_partition({s.train, s.validation, s.test}, n);
  std::map<std::size_t, std::set<int>> sides;
  int side = 0;
  for (const Rows* part : {&s.train, &s.validation, &s.test}) {
    for (const std::size_t row : *part) sides[groups[row]].insert(side);
    ++side;
  }
  for (const auto& [group, where] : sides) EXPECT_EQ(where.size(), 1u) << group;
  EXPECT_NEAR(static_cast<double>(s.test.size()), 400, 20);
  EXPECT_NEAR(static_cast<double>(s.validation.size()), 400, 20);
}

TEST(Split, ThreeGroupsGiveOneToEachPart) {
  Rows groups(300);
  for (std::size_t i = 0; i < 300; ++i) groups[i] = i / 100;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split s = split_rows({.rows = 300, .groups = groups}, {.seed = seed});
    EXPECT_EQ(s.train.size(), 100u);
    EXPECT_EQ(s.test.size(), 100u);
  }
}

// Sizes of groups: equal, falling, and one with nine tenths of the rows.
std::vector<Rows> sizes_of_groups(std::size_t n) {
  Rows equal(n, 30), falling, one(n, 5);
  for (std::size_t g = 0; g < n; ++g) falling.push_back(3 + 7 * g * g);
  one.back() = 9 * 5 * std::max<std::size_t>(n - 1, 1);
  Rows first = one;
  std::reverse(first.begin(), first.end());
  return {equal, falling, one, first};
}

Rows numbered(const Rows& sizes) {
  Rows out;
  for (std::size_t g = 0; g < sizes.size(); ++g) out.insert(out.end(), sizes[g], g);
  return out;
}

std::set<std::size_t> picked(const Rows& of, const Rows& rows) {
  std::set<std::size_t> out;
  for (const std::size_t row : rows) out.insert(of[row]);
  return out;
}

// As many groups as parts are enough, whatever their sizes; fewer are an error that says what to do.
TEST(Split, FewGroupsFillEveryPart) {
  for (std::size_t n = 1; n <= 8; ++n)
    for (const Rows& sizes : sizes_of_groups(n))
      for (const auto& [validation, test] :
           {std::pair{0.2, 0.2}, {0.2, 0.0}, {0.0, 0.2}, {0.4, 0.4}, {0.01, 0.01}})
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
          const Rows groups = numbered(sizes);
          const std::size_t parts = 1 + (validation > 0) + (test > 0);
          const SplitKeys keys{.rows = groups.size(), .groups = groups};
          const SplitOptions options{.validation = validation, .test = test, .seed = seed, .group = "site"};
          if (n < parts) {
            EXPECT_THAT(error_of([&] { split_rows(keys, options); }),
                        testing::AllOf(
                            HasSubstr(n == 1 ? "1 group (--group site)" : "2 groups (--group site)"),
                            HasSubstr(fmt::format("rows need {}", parts)), HasSubstr("leave --group out")));
            continue;
          }
          const Split s = split_rows(keys, options);
          expect_partition({s.train, s.validation, s.test}, groups.size());
          EXPECT_FALSE(s.train.empty());
          EXPECT_EQ(s.validation.empty(), validation == 0);
          EXPECT_EQ(s.test.empty(), test == 0);
          EXPECT_EQ(picked(groups, s.train).size() + picked(groups, s.validation).size() +
                        picked(groups, s.test).size(),
                    n);
        }
}

// The group that does not fit anywhere trains.
TEST(Split, AGroupOfNearlyAllRowsTrains) {
  for (std::size_t n = 3; n <= 8; ++n)
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Rows groups = numbered(sizes_of_groups(n)[2]);
      const Split s = split_rows({.rows = groups.size(), .groups = groups}, {.seed = seed});
      EXPECT_TRUE(picked(groups, s.train).contains(n - 1)) << n << " groups, seed " << seed;
    }
}

TEST(Split, OneGroupTooFewAsksForAFile) {
  const SplitKeys keys{.rows = 4, .groups = {0, 0, 1, 1}};
  EXPECT_THAT(
      error_of([&] { split_rows(keys, {}); }),
      HasSubstr("training, validation and test rows need 3: rows of one group stay together; give the test "
                "rows by --test FILE, or leave --group out"));
  const Split s = split_rows(keys, {.test = 0});
  EXPECT_EQ(s.train.size(), 2u);
  EXPECT_EQ(s.validation.size(), 2u);
}

TEST(Split, TimeGoesForward) {
  constexpr std::size_t n = 500;
  std::vector<double> times(n);
  for (std::size_t i = 0; i < n; ++i) times[i] = static_cast<double>(drawn(i, 4, 100));
  const Split s = split_rows({.rows = n, .times = times}, {});
  expect_partition({s.train, s.validation, s.test}, n);
  const auto range = [&](const Rows& rows) {
    double low = 1e9, high = -1e9;
    for (const std::size_t row : rows) {
      low = std::min(low, times[row]);
      high = std::max(high, times[row]);
    }
    return std::pair{low, high};
  };
  EXPECT_LE(range(s.train).second, range(s.validation).first);
  EXPECT_LE(range(s.validation).second, range(s.test).first);
}

// Every split of ties: rows of one time are in one part, parts follow each other, and none is empty.
TEST(Split, RowsOfOneTimeStayTogether) {
  for (const std::size_t distinct : {1u, 2u, 3u, 4u, 7u, 40u})
    for (const int skewed : {0, 1, 2})
      for (const auto& [validation, test] : {std::pair{0.2, 0.2}, {0.2, 0.0}, {0.0, 0.2}, {0.01, 0.3}}) {
        constexpr std::size_t n = 120;
        std::vector<double> times(n);
        for (std::size_t i = 0; i < n; ++i) {
          const std::size_t all = i % distinct;  // evenly, or nine tenths at the first or last time
          const bool crowd = skewed > 0 && i % 10 != 0;
          times[i] = static_cast<double>(crowd ? (skewed == 1 ? 0 : distinct - 1) : (i / 10) % distinct);
          if (skewed == 0) times[i] = static_cast<double>(all);
        }
        const std::size_t there = std::set<double>(times.begin(), times.end()).size();
        const std::size_t parts = 1 + (validation > 0) + (test > 0);
        const SplitKeys keys{.rows = n, .times = times};
        const SplitOptions options{.validation = validation, .test = test, .time = "day"};
        if (there < parts) {
          EXPECT_THAT(error_of([&] { split_rows(keys, options); }), HasSubstr("different time"));
          continue;
        }
        const Split s = split_rows(keys, options);
        expect_partition({s.train, s.validation, s.test}, n);
        EXPECT_FALSE(s.train.empty());
        EXPECT_EQ(s.validation.empty(), validation == 0);
        EXPECT_EQ(s.test.empty(), test == 0);
        double last = -1;
        for (const Rows* part : {&s.train, &s.validation, &s.test}) {
          double highest = last;
          for (const std::size_t row : *part) {
            EXPECT_GT(times[row], last);
            highest = std::max(highest, times[row]);
          }
          last = highest;
        }
      }
}

// The same rows in another order are split the same.
TEST(Split, TheOrderOfTiesDecidesNothing) {
  constexpr std::size_t n = 200;
  std::vector<double> times(n), turned(n);
  for (std::size_t i = 0; i < n; ++i) times[i] = static_cast<double>(drawn(i, 6, 12));
  for (std::size_t i = 0; i < n; ++i) turned[i] = times[n - 1 - i];
  const auto back = [](Rows rows) {
    for (std::size_t& row : rows) row = n - 1 - row;
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  const Split a = split_rows({.rows = n, .times = times}, {}),
              b = split_rows({.rows = n, .times = turned}, {});
  EXPECT_EQ(a.test, back(b.test));
  EXPECT_EQ(a.validation, back(b.validation));
  const auto folds = fold_rows({.rows = n, .times = times}, 4, {}),
             folded = fold_rows({.rows = n, .times = turned}, 4, {});
  for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(folds[j].validation, back(folded[j].validation));
}

TEST(Split, ABorderThatWasMovedIsSaid) {
  // Ten rows; two of ten test, two validate. The times begin at rows 0, 5 and 9: the borders go there.
  const std::vector<double> times{0, 0, 0, 0, 0, 1, 1, 1, 1, 2};
  const Split moved = split_rows({.rows = 10, .times = times}, {});
  EXPECT_EQ(moved.test, Rows{9});
  EXPECT_EQ(moved.validation, (Rows{5, 6, 7, 8}));
  EXPECT_THAT(moved.how, HasSubstr("borders were moved so that rows of one time stay together"));
  const std::vector<double> clean{0, 0, 0, 0, 0, 0, 1, 1, 2, 2};
  EXPECT_THAT(split_rows({.rows = 10, .times = clean}, {}).how, ::testing::Not(HasSubstr("moved")));
}

TEST(Split, WhatCannotBe) {
  EXPECT_THAT(error_of([] { split_rows({.rows = 10}, {.validation = 0.6, .test = 0.5}); }),
              HasSubstr("train"));
  EXPECT_THAT(error_of([] { split_rows({.rows = 10}, {.validation = NAN}); }), HasSubstr("validation"));
  EXPECT_THAT(error_of([] { split_rows({.rows = 2}, {}); }), HasSubstr("too few rows"));
  EXPECT_THAT(error_of([] { split_rows({.rows = 10}, {.kind = SplitKind::stratified}); }),
              HasSubstr("classes"));
  EXPECT_THAT(error_of([] { split_rows({.rows = 1, .groups = {0}, .times = {0}}, {}); }),
              HasSubstr("--group"));
}

TEST(Folds, EachRowValidatesOnce) {
  constexpr std::size_t n = 503;
  const Rows labels = some_labels(n, 7);
  Rows groups(n);
  for (std::size_t i = 0; i < n; ++i) groups[i] = drawn(i, 5, 90);
  const std::vector<SplitKeys> cases = {
      {.rows = n}, {.rows = n, .labels = labels}, {.rows = n, .labels = labels, .groups = groups}};
  for (const SplitKeys& keys : cases) {
    for (const std::size_t k : {2u, 5u, 10u}) {
      const auto folds = fold_rows(keys, k, {.seed = 4});
      ASSERT_EQ(folds.size(), k);
      std::vector<Rows> validations;
      std::map<std::size_t, std::size_t> fold_of_group;
      for (std::size_t j = 0; j < k; ++j) {
        expect_partition({folds[j].train, folds[j].validation}, n);
        validations.push_back(folds[j].validation);
        if (keys.groups.empty()) {
          EXPECT_LE(folds[j].validation.size(), n / k + 1);
        } else {
          for (const std::size_t row : folds[j].validation) {
            EXPECT_EQ(fold_of_group.emplace(groups[row], j).first->second, j);
          }
        }
        if (!keys.labels.empty() && keys.groups.empty()) {
          std::map<std::size_t, double> total, have;
          for (const std::size_t l : labels) total[l] += 1;
          for (const std::size_t row : folds[j].validation) have[labels[row]] += 1;
          for (const auto& [label, count] : total)
            EXPECT_LT(std::abs(have[label] - count / static_cast<double>(k)), 1);
        }
      }
      expect_partition(validations, n);
    }
  }
}

TEST(Folds, OfTimeNeverLookAhead) {
  std::vector<double> times(60);
  for (std::size_t i = 0; i < 60; ++i) times[i] = static_cast<double>((i * 37) % 60);
  for (const Fold& fold : fold_rows({.rows = 60, .times = times}, 5, {})) {
    ASSERT_EQ(fold.validation.size(), 10u);
    double last = -1;
    for (const std::size_t row : fold.train) last = std::max(last, times[row]);
    for (const std::size_t row : fold.validation) EXPECT_GT(times[row], last);
  }
}

TEST(Folds, OfTimeDoNotCutATimeApart) {
  std::vector<double> times(60);
  for (std::size_t i = 0; i < 60; ++i)
    times[i] = static_cast<double>(i < 30 ? 0 : i < 50 ? (i - 30) / 7 + 1 : 9);
  // Times begin at rows 0, 30, 37, 44 and 50: five of them, enough for four folds.
  for (const std::size_t n : {1u, 2u, 3u, 4u})
    for (const Fold& fold : fold_rows({.rows = 60, .times = times}, n, {})) {
      EXPECT_FALSE(fold.validation.empty());
      for (const std::size_t row : fold.validation)
        EXPECT_LT(times[fold.train.back()], times[row]);  // times rise with the rows
    }
  EXPECT_THAT(error_of([&] { fold_rows({.rows = 60, .times = times}, 5, {}); }),
              HasSubstr("5 different times (--time-column), and 5 folds need 6: rows of one time stay "
                        "together; give --folds "
                        "4"));
  EXPECT_THAT(error_of([&] { fold_rows({.rows = 60, .times = std::vector<double>(60, 1)}, 2, {}); }),
              HasSubstr("give --folds 0"));
}

TEST(Folds, NeedAGroupEach) {
  for (std::size_t n = 2; n <= 8; ++n)
    for (const Rows& sizes : sizes_of_groups(n)) {
      const Rows groups = numbered(sizes);
      const auto folds = fold_rows({.rows = groups.size(), .groups = groups}, n, {});
      for (const Fold& fold : folds) EXPECT_EQ(picked(groups, fold.validation).size(), 1u);
      EXPECT_THAT(error_of([&] { fold_rows({.rows = groups.size(), .groups = groups}, n + 1, {}); }),
                  HasSubstr(fmt::format("{} groups for {} folds", n, n + 1)));
    }
  EXPECT_THAT(
      error_of([&] { fold_rows({.rows = 20, .groups = Rows(20, 0)}, 5, {}); }),
      HasSubstr("1 group for 5 folds: the rows that train and validate have no more groups, and each fold "
                "needs one; give --folds 0"));
}

class SplitTable : public test::DataTest {};

TEST_F(SplitTable, RowsWithoutTargetAreInNoPart) {
  std::string text = "x,y,when\n";
  for (int i = 0; i < 100; ++i) {
    text += std::to_string(i) + "," +
            (i % 10 == 0 ? "NA"
             : i % 3     ? "b"
                         : "a") +
            ",20" + std::to_string(10 + i / 10) + "-0" + std::to_string(1 + i % 9) + "\n";
  }
  const Table t = csv(text);
  std::vector<std::string> warnings;
  const Target target = Target::fit(t, {.column = "y"}, warnings);
  const TargetValues y = target.read(t, warnings);
  EXPECT_EQ(y.rows.size(), 90u);
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("10 rows without a target are left out")));
  const Split s = split_table(t, y, target.task(), {.time = "when"});
  EXPECT_EQ(s.train.size() + s.validation.size() + s.test.size(), 90u);
  for (const Rows* part : {&s.train, &s.validation, &s.test}) {
    for (const std::size_t row : *part) EXPECT_NE(row % 10, 0u);
  }
  EXPECT_GE(s.test.front(), 80u);  // the years rise with the rows
  EXPECT_THAT(error_of([&] { split_table(t, y, target.task(), {.time = "y"}); }),
              HasSubstr("neither a number nor a date"));
  EXPECT_THAT(error_of([&] { split_table(t, y, target.task(), {.group = "wehn"}); }), HasSubstr("'when'"));
}

TEST_F(SplitTable, GroupsAreCountedAmongSomeRows) {
  const Table t = csv("x,g\n1,a\n2,b\n3,NA\n4,a\n5,NA\n6,c\n");
  EXPECT_EQ(group_count(t, test::all_rows(t), "g"), 5u);  // a, b, c, and two that are not known
  EXPECT_EQ(group_count(t, Rows{0, 3}, "g"), 1u);
  EXPECT_EQ(group_count(t, Rows{}, "g"), 0u);
}

TEST_F(SplitTable, RowsOfWeightAreThoseThatDoNotWeighZero) {
  const Table t = csv("w,v\n0,0\n1,a\n0.0,\n-1,0\nNA,2\n1e-9,-0\n");
  EXPECT_EQ(rows_of_weight(t, "w", test::all_rows(t)), (Rows{1, 3, 4, 5}));
  EXPECT_EQ(rows_of_weight(t, "v", Rows{0, 1, 4, 5}), (Rows{1, 4}));
}

TEST_F(SplitTable, ATablesOwnTestRowsStay) {
  Table t = read_table("demo:wave", {.rows = 100});
  t.test_begin = 70;
  std::vector<std::string> warnings;
  const Target target = Target::fit(t, {.column = "y"}, warnings);
  const Split s = split_table(t, target.read(t, warnings), target.task(), {});
  EXPECT_EQ(s.test.size(), 30u);
  EXPECT_EQ(s.test.front(), 70u);
  expect_partition({s.train, s.validation, s.test}, 100);
  EXPECT_EQ(split_table(t, target.read(t, warnings), target.task(), {.test = 0}).test.size(), 0u);
}

}  // namespace
}  // namespace runnel
