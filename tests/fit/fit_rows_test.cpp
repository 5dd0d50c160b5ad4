// Which rows a fit trains, chooses and tests with, and what it says of them.
#include "runnel/fit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "error_of.h"
#include "fit/tables.h"

namespace runnel {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Rows = std::vector<std::size_t>;

FitOptions options(const std::string& target) {
  FitOptions o;
  o.target.column = target;
  o.grid = {"hidden=none,6", "rate=0.01"};
  o.set["epochs"] = 2;
  o.set["batch"] = 32;
  return o;
}

Table picked(const Table& t, const Rows& rows) {
  Table out = t;
  out.rows = rows.size();
  out.lines.clear();
  for (std::size_t c = 0; c < t.columns.size(); ++c) {
    const Column& from = t.columns[c];
    Column& to = out.columns[c];
    to = {.name = from.name, .type = from.type};
    for (const std::size_t row : rows) {
      if (from.type == Column::Type::number) to.numbers.push_back(from.numbers[row]);
      if (from.type == Column::Type::text) to.texts.push_back(from.texts[row]);
      if (from.type == Column::Type::text) to.missing.push_back(from.missing[row]);
    }
  }
  return out;
}

// Weights 0, 1 and 2; rows of weight 0 are far from all others.
Table weighed(std::size_t n, std::uint64_t seed, Rows& weighty) {
  Table t = table_of(n, seed);
  Column w{.name = "w"};
  for (std::size_t i = 0; i < n; ++i) {
    w.numbers.push_back(i % 7 == 3 ? 0.0 : static_cast<double>(1 + i % 2));
    if (w.numbers[i] > 0) {
      weighty.push_back(i);
      continue;
    }
    t.columns[0].numbers[i] = 1e6;
    t.columns[2].texts.set(i, "red");
    t.columns[3].numbers[i] = -1e5;
  }
  t.columns.push_back(w);
  return t;
}

void expect_same(const FitResult& a, const FitResult& b) {
  EXPECT_EQ(a.model.preprocessor.to_json(), b.model.preprocessor.to_json());
  EXPECT_EQ(a.model.target_mean, b.model.target_mean);
  const auto x = tree::flatten(a.model.network), y = tree::flatten(b.model.network);
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(same_bits(x[i], y[i]));
  ASSERT_EQ(a.search.candidates.size(), b.search.candidates.size());
  for (std::size_t i = 0; i < a.search.candidates.size(); ++i)
    EXPECT_EQ(models::metric_of(a.search.candidates[i]), models::metric_of(b.search.candidates[i]));
  EXPECT_EQ(a.test.value, b.test.value);
  EXPECT_EQ(a.test.rows, b.test.rows);
  EXPECT_EQ(a.constant_baseline, b.constant_baseline);
  EXPECT_EQ(a.linear_baseline, b.linear_baseline);
  EXPECT_EQ(a.test_read.y, b.test_read.y);
}

// The fit is, to the bit, that of a table without them: in training, choosing, testing and the baselines.
TEST(FitRows, OfWeightZeroAreNotThere) {
  Rows weighty, weighty_test;
  const Table all = weighed(280, 1, weighty), test = weighed(70, 2, weighty_test);
  const Table some = picked(all, weighty), some_test = picked(test, weighty_test);
  for (const std::string target : {"y", "c"})
    for (const std::size_t folds : {0u, 3u})
      for (const bool separate : {false, true}) {
        FitOptions o = options(target);
        o.weight = "w";
        o.folds = folds;
        const FitResult with = fit(all, o, separate ? &test : nullptr);
        const FitResult without = fit(some, o, separate ? &some_test : nullptr);
        expect_same(with, without);
        EXPECT_THAT(with.warnings, Contains(HasSubstr("40 rows of weight 0 (--weight w) are left out")));
        EXPECT_THAT(without.warnings, Not(Contains(HasSubstr("weight 0"))));
        for (const Rows* part : {&with.split.train, &with.split.validation, &with.split.test})
          for (const std::size_t row : *part) EXPECT_NE(row % 7, 3u);
      }
}

TEST(FitRows, AllOfWeightZeroAreNone) {
  Rows weighty;
  Table t = weighed(50, 1, weighty);
  for (double& w : t.columns.back().numbers) w = 0;
  FitOptions o = options("y");
  o.weight = "w";
  EXPECT_THAT(error_of([&] { fit(t, o); }), HasSubstr("column 'w': every row has the weight 0 (--weight)"));
}

Table grouped(std::size_t n, std::size_t groups) {
  Table t = table_of(n);
  Column g{.name = "site"};
  for (std::size_t i = 0; i < n; ++i) g.numbers.push_back(static_cast<double>(i % groups));
  t.columns.push_back(g);
  return t;
}

TEST(FitRows, TheUsualFoldsAreNoMoreThanTheGroups) {
  for (std::size_t groups = 3; groups <= 9; ++groups) {
    const Table t = grouped(240, groups);
    FitOptions o = options("y");
    o.split.group = "site";
    const FitResult result = fit(t, o);
    std::set<std::size_t> left;
    for (const Rows* part : {&result.split.train, &result.split.validation})
      for (const std::size_t row : *part) left.insert(row % groups);
    EXPECT_EQ(result.folds, std::min<std::size_t>(5, left.size()));
    const std::string said = fmt::format("; {} folds: as many as there are groups", left.size());
    if (left.size() < 5)
      EXPECT_THAT(result.split.how, HasSubstr(said));
    else
      EXPECT_THAT(result.split.how, Not(HasSubstr("folds")));
    o.folds = left.size() + 1;
    EXPECT_THAT(error_of([&] { fit(t, o); }), HasSubstr(fmt::format("give --folds {}", left.size())));
  }
}

// With a file of test rows two groups are enough.
TEST(FitRows, TwoGroupsAndATestFile) {
  const Table t = grouped(240, 2), test = grouped(40, 1);
  FitOptions o = options("y");
  o.split.group = "site";
  EXPECT_THAT(error_of([&] { fit(t, o); }), HasSubstr("give the test rows by --test FILE"));
  const FitResult result = fit(t, o, &test);
  EXPECT_EQ(result.folds, 2u);
  EXPECT_EQ(result.test.rows, 40u);
  EXPECT_THAT(error_of([&] { fit(test, o, &test); }),
              HasSubstr("rows need 2: rows of one group stay together; "
                        "leave --group out"));
}

// A rate of nought keeps the network that was drawn: a constant that answers with one class.
TEST(FitRows, AModelThatAnswersOneClassIsSaidOnce) {
  FitOptions o = options("c");
  o.grid = {"hidden=none", "rate=0"};
  o.metric = models::Metric::log_loss;
  o.set["epochs"] = 1;
  Table t = table_of(200);
  for (Column& column : t.columns)
    if (column.name != "c")
      for (double& v : column.numbers) v = 0;
  for (const bool tested : {true, false}) {
    o.folds = tested ? 3 : 0;
    o.split.test = tested ? 0.2 : 0;
    o.triage.keep = {"a", "b", "y"};
    const FitResult result = fit(t, o);
    const auto one = [](const std::string& text) {
      return text.find("has learnt nothing") != std::string::npos;
    };
    EXPECT_EQ(std::count_if(result.warnings.begin(), result.warnings.end(), one), 1);
    EXPECT_THAT(result.warnings,
                Contains(HasSubstr(fmt::format("for all {} rows", tested ? "40 test" : "40 validation"))));
  }
}

}  // namespace
}  // namespace runnel
