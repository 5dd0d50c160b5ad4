// What a plan says is what a run does.
#include <gtest/gtest.h>

#include <cmath>

#include "candidates.h"
#include "runnel/models.h"
#include "runnel/random.h"

namespace runnel::models {
namespace {

Problem problem(std::size_t folds, std::int64_t rows = 90) {
  Problem p{{}, Loss::squared, Metric::rmse, 1};
  for (std::size_t i = 0; i < folds; ++i) {
    const Array x = random::normal(random::key(i), {rows, 4});
    const Array xv = random::normal(random::key(i + 9), {20, 4});
    p.folds.push_back({x, sum(x, 1), xv, sum(xv, 1)});
  }
  return p;
}

std::vector<Configuration> candidates(std::int64_t n, const std::string& more) {
  Values base = {{"epochs", 27}, {"batch", 30}, {"hidden", "6"}};
  return sample(space_of({"rate=1e-4..1e-2", more}, base), search::random(n), 1);
}

TEST(Plan, RungsAndWorkAreThoseOfTheRun) {
  for (Scheduler scheduler : {Scheduler::full, Scheduler::halving, Scheduler::hyperband})
    for (std::size_t folds : {1, 3})
      for (const char* more : {"l2=0..1", "hidden=6,3x3", "clip=0,1"}) {
        const search::Options options{.threads = 2, .scheduling = {scheduler}};
        const auto all = candidates(40, more);
        const search::Plan told = plan(problem(folds), all, options);
        const Result done = run(problem(folds), all, options);
        EXPECT_EQ(told.rungs, done.rungs);
        EXPECT_EQ(told.epochs, done.epochs);
        std::int64_t steps = 0;
        double flops = 0;
        for (const search::PlannedStretch& s : told.stretches) {
          steps += s.steps;
          flops += s.operations;
        }
        EXPECT_EQ(steps, done.epochs * 3);
        EXPECT_DOUBLE_EQ(flops, told.operations);
        EXPECT_EQ(told.stretches[0].lanes, done.trajectories * told.folds);
        EXPECT_EQ(told.trajectories, done.trajectories);
        if (scheduler == Scheduler::full) {
          EXPECT_EQ(told.stretches[0].blocks, done.blocks);
        }
        EXPECT_GT(told.seconds, 0);
        EXPECT_LT(told.seconds, 600);
      }
}

TEST(Plan, EpochsAloneAreNoRunsOfTheirOwn) {
  Values base = {{"hidden", "6"}};
  const auto all = grid(base, {"epochs=3,5,9", "rate=0.1,0.2"});
  const search::Plan told = plan(problem(2), all, {});
  EXPECT_EQ(told.candidates, 6);
  EXPECT_EQ(told.trajectories, 2);
  EXPECT_EQ(told.epochs, 2 * 2 * 9);
  ASSERT_EQ(told.programs.size(), 1u);
  EXPECT_EQ(told.programs[0].lanes, 2 * 2);
  EXPECT_EQ(told.timed, 1);
}

// By hand: forwards 2 n (d h + h), backwards as much for the weights, and 2 n h for the hidden layer's
// inputs; forwards again on the validation rows. The rows left over by batches are not trained on. In wide
// networks on large batches the rest of a step is a small share.
TEST(Plan, OperationsAreNearlyThoseOfTheProducts) {
  Problem p = problem(1, 2500);
  Values h = {{"hidden", "600"}, {"batch", 1200}, {"epochs", 1}};
  const double forward = 2 * (4 * 600 + 600);
  const double products = 2400 * (2 * forward + 2 * 600) + 20 * forward;
  const double told = plan(p, {network(h)}, {}).programs.at(0).operations;
  EXPECT_GT(told, products);
  EXPECT_LT(told, 1.6 * products);
}

TEST(Plan, ManyShapesAreTimedByTheCostliest) {
  const auto all = candidates(60, "hidden=1,2,3,4,5,6,7,8,9,10");
  const search::Plan told = plan(problem(1), all, {});
  EXPECT_EQ(told.programs.size(), 10u);
  EXPECT_EQ(told.timed, 6);
  for (std::size_t i = 1; i < told.programs.size(); ++i)
    EXPECT_GE(told.programs[i - 1].operations * static_cast<double>(told.programs[i - 1].lanes),
              told.programs[i].operations * static_cast<double>(told.programs[i].lanes));
  EXPECT_THROW(plan(problem(1), {}, {}), Error);
}

}  // namespace
}  // namespace runnel::models
