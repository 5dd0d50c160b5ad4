// What a fit says against itself: choices that are chance, and test rows that were seen in training.
#include "fit/doubts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fit/tables.h"

namespace runnel {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

FitOptions options() {
  FitOptions o;
  o.target.column = "y";
  o.folds = 0;
  o.set["hidden"] = "6";
  o.set["epochs"] = 6;
  o.set["batch"] = 32;
  o.set["rate"] = 0.01;
  return o;
}

// A grid of rates.
FitOptions over(const std::string& rates) {
  FitOptions o = options();
  o.set.erase("rate");
  o.grid = {rates};
  return o;
}

// The noise is the deviation of a search over seeds, which anybody can run.
TEST(Doubts, SeedNoiseIsThatOfASearchOverSeeds) {
  const Table t = table_of(300);
  FitOptions o = over("rate=0.003,0.01");
  o.noise_seeds = 4;
  const FitResult result = fit(t, o);
  const auto& best = result.search.candidates[static_cast<std::size_t>(result.best)];
  FitOptions by_hand = options();
  by_hand.set["rate"] = best.configuration["rate"];
  by_hand.grid = {"seed=0,1,2,3,4"};
  by_hand.noise_seeds = 0;
  const FitResult seeds = fit(t, by_hand);
  std::vector<double> values;
  for (const auto& outcome : seeds.search.candidates) values.push_back(models::metric_of(outcome));
  EXPECT_EQ(result.doubts.under_seeds, values);
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / 5;
  for (const double v : values) squares += (v - mean) * (v - mean) / 4;
  EXPECT_NEAR(result.doubts.seed_noise, std::sqrt(squares), 1e-12);
  EXPECT_TRUE(std::isnan(seeds.doubts.seed_noise));
  EXPECT_EQ(seeds.doubts.under_seeds.size(), 1u);
}

// Candidates that differ in nothing but their seeds are rivals; a hopeless one is none.
TEST(Doubts, CandidatesWithinTheNoiseAreRivals) {
  const Table t = table_of(300);
  FitOptions o = options();
  o.grid = {"seed=0,1,2,3,4,5,6,7,8,9,10,11"};
  o.noise_seeds = 6;
  const FitResult twins = fit(t, o);
  EXPECT_GT(twins.doubts.rivals, 0);
  EXPECT_THAT(twins.warnings, Contains(AllOf(HasSubstr("as good as the winner as far as one can tell"),
                                             HasSubstr("under 6 further seeds its own r2"))));
  o = over("rate=1e-9,0.01");
  o.set["epochs"] = 30;
  o.noise_seeds = 6;
  const FitResult clear = fit(t, o);
  EXPECT_EQ(clear.doubts.rivals, 0);
  EXPECT_THAT(clear.warnings, Not(Contains(HasSubstr("as good as the winner"))));
}

// Guesses at coins are right half of the time, all of them: what the best has over the others is luck.
TEST(Doubts, FewRowsForManyCandidatesAreSaid) {
  for (const std::size_t folds : {0u, 5u}) {
    double optimism = 0, gain = 0;
    std::size_t said = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      Table t = table_of(200, seed);
      t.columns[3] = normal_column("y", t.rows, 77 + seed);
      for (double& v : t.columns[3].numbers) v = v > 0;
      FitOptions o = options();
      o.folds = folds;
      o.grid = {"seed=0,1,2,3,4,5,6,7,8,9,10,11"};
      const FitResult result = fit(t, o);
      optimism += result.doubts.optimism;
      gain += result.doubts.gain;
      for (const std::string& text : result.warnings)
        said += text.find("is the luck of being chosen") != std::string::npos;
    }
    EXPECT_GT(optimism, 0.4 * gain) << folds;
    EXPECT_LT(optimism, 1.2 * gain) << folds;
    EXPECT_GE(said, 5u) << folds;
  }
  FitOptions o = over("rate=1e-9,1e-8,0.01");
  o.set["epochs"] = 30;
  const FitResult clear = fit(table_of(2000), o);
  EXPECT_LT(clear.doubts.optimism, clear.doubts.gain / 10);
  EXPECT_THAT(clear.warnings, Not(Contains(HasSubstr("luck"))));
}

TEST(Doubts, OneCandidateIsNoChoice) {
  FitOptions o = over("rate=0.01");
  o.noise_seeds = 2;
  const FitResult result = fit(table_of(300), o);
  EXPECT_TRUE(result.doubts.under_seeds.empty());
  EXPECT_EQ(result.doubts.optimism, 0);
}

TEST(Doubts, TestRowsThatRepeatTrainingRowsAreCounted) {
  Table t = table_of(400);
  const FitResult clean = fit(t, options());
  EXPECT_EQ(clean.doubts.copies, 0u);
  // Every row stands twice, so four of five test rows have a twin among training or validation rows.
  for (Column& column : t.columns)
    for (std::size_t i = 0; i < t.rows; i += 2) {
      if (!column.numbers.empty()) column.numbers[i + 1] = column.numbers[i];
      if (!column.texts.empty()) column.texts.set(i + 1, column.text(i));
    }
  const FitResult leaky = fit(t, options());
  EXPECT_GT(leaky.doubts.copies, leaky.test.rows / 4);
  EXPECT_THAT(leaky.warnings, Contains(HasSubstr("repeat a training row, target and all")));
  // Rows of few categories are bound to repeat: no warning there.
  for (std::size_t c : {0u, 1u, 3u})
    for (double& v : t.columns[c].numbers) v = v > (c == 3 ? 100 : 0) ? 1 : 0;
  const FitResult coarse = fit(t, options());
  EXPECT_EQ(coarse.doubts.copies, 0u);
}

}  // namespace
}  // namespace runnel
