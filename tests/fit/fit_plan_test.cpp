// What fit() tells before it searches is what it then does.
#include <gtest/gtest.h>

#include "runnel/fit.h"

namespace runnel {
namespace {

struct Told {
  int plans = 0;
  bool progress_before = false;
  Split split;
  std::vector<ColumnDecision> columns;
  std::size_t features = 0, folds = 0, test_rows = 0;
};

// Fits a generated table and collects what is told on the way.
FitResult fit_telling(std::size_t folds, Told& told) {
  ReadOptions read;
  read.rows = 300;
  const Table table = read_table("demo:songs", read);
  FitOptions options;
  options.set["hidden"] = "4";
  options.set["epochs"] = 2;
  options.grid = {"rate=0.01,0.1"};
  options.folds = folds;
  bool progress = false;
  options.progress = [&](const search::Progress&) { progress = true; };
  options.planned = [&](const FitPlan& plan) {
    told = {told.plans + 1, progress, plan.split, plan.columns, plan.features, plan.folds, plan.test_rows};
  };
  FitResult result = fit(table, options);
  EXPECT_TRUE(progress);
  return result;
}

TEST(FitPlan, IsToldOnceBeforeTheSearchAndKept) {
  for (const std::size_t folds : {std::size_t{0}, std::size_t{3}}) {
    Told told;
    const FitResult result = fit_telling(folds, told);
    EXPECT_EQ(told.plans, 1);
    EXPECT_FALSE(told.progress_before);
    EXPECT_EQ(told.folds, folds);
    EXPECT_EQ(result.folds, folds);
    EXPECT_EQ(told.split.train, result.split.train);
    EXPECT_EQ(told.split.test, result.split.test);
    EXPECT_EQ(told.test_rows, result.test.rows);
    EXPECT_EQ(told.features, result.model.preprocessor.features().size());
    ASSERT_EQ(told.columns.size(), result.columns.size());
    for (std::size_t i = 0; i < told.columns.size(); ++i)
      EXPECT_EQ(told.columns[i].why, result.columns[i].why);
  }
}

TEST(FitPlan, ThePhasesMakeUpTheFit) {
  Told told;
  const FitResult result = fit_telling(3, told);
  const FitTimings& t = result.timings;
  for (const double phase : {t.preparing, t.searching, t.retraining, t.doubting, t.baselines, t.testing})
    EXPECT_GT(phase, 0);
  const double sum = t.preparing + t.searching + t.retraining + t.doubting + t.baselines + t.testing;
  EXPECT_LE(sum, result.seconds + 1e-9);  // rounding
  EXPECT_NEAR(sum, result.seconds, 1e-3 + 0.01 * result.seconds);
  EXPECT_GE(t.searching, result.search.seconds);
}

}  // namespace
}  // namespace runnel
