// Searches: what comes out does not depend on how they are run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runnel/random.h"
#include "runnel/sweep.h"
#include "sweep/block.h"

namespace runnel::sweep {
namespace {

using testing::Contains;
using testing::HasSubstr;

// Two rings of points, told apart by their distance from the origin.
Fold rings(std::int64_t n, std::uint64_t seed) {
  auto make = [&](std::uint64_t s) {
    const Array x = random::normal(random::key(s), {n, 2});
    return std::pair(x, convert(sum(x * x, 1) > 1.4, DType::f32));
  };
  const auto [x, y] = make(seed);
  const auto [xv, yv] = make(seed + 1000);
  return {x, y, xv, yv};
}

Problem problem(std::size_t folds = 1) {
  Problem p{{}, Loss::logistic, Metric::accuracy, 1};
  for (std::size_t i = 0; i < folds; ++i) p.folds.push_back(rings(200, 1 + i));
  return p;
}

std::vector<Hyper> candidates() {
  Hyper base;
  base.batch = 20;
  base.hidden = {8};
  return grid(base, {parse_choice("rate=0.003,0.01,0.03"), parse_choice("dropout=0,0.2"),
                     parse_choice("hidden=8,6x6"), parse_choice("epochs=3,6"), parse_choice("seed=0,1")});
}

void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.outcomes.size(), b.outcomes.size());
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.warnings, b.warnings);
  for (std::size_t i = 0; i < a.outcomes.size(); ++i) {
    EXPECT_EQ(a.outcomes[i].validation, b.outcomes[i].validation) << i;
    EXPECT_EQ(a.outcomes[i].validation_loss, b.outcomes[i].validation_loss) << i;
    EXPECT_EQ(a.outcomes[i].curve, b.outcomes[i].curve) << i;
  }
}

void expect_same_bits(const nn::Mlp& a, const nn::Mlp& b) {
  const auto x = tree::flatten(a);
  const auto y = tree::flatten(b);
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(same_bits(x[i], y[i])) << "leaf " << i;
}

TEST(Sweep, ThreadsChangeNothing) {
  const Result one = run(problem(), candidates(), {.threads = 1});
  for (int threads : {2, 4}) {
    const Result many = run(problem(), candidates(), {.threads = threads});
    expect_same(one, many);
    expect_same_bits(*one.outcomes[static_cast<std::size_t>(*one.best)].model,
                     *many.outcomes[static_cast<std::size_t>(*many.best)].model);
  }
}

TEST(Sweep, TheWinnerAloneIsTheWinner) {
  const auto all = candidates();
  const Result whole = run(problem(), all, {.threads = 2});
  ASSERT_TRUE(whole.best);
  const Outcome& winner = whole.outcomes[static_cast<std::size_t>(*whole.best)];
  EXPECT_GT(winner.validation, 0.9);
  const Result alone = run(problem(), {winner.hyper}, {.threads = 1});
  EXPECT_EQ(alone.outcomes[0].validation, winner.validation);
  EXPECT_EQ(alone.outcomes[0].validation_loss, winner.validation_loss);
  expect_same_bits(*alone.outcomes[0].model, *winner.model);
}

TEST(Sweep, EveryCandidateAloneIsItself) {
  const auto all = candidates();
  const Result whole = run(problem(2), all, {.threads = 2});
  for (std::size_t i = 0; i < all.size(); i += 7) {
    const Result alone = run(problem(2), {all[i]}, {.threads = 1});
    EXPECT_EQ(alone.outcomes[0].validation, whole.outcomes[i].validation) << i;
    EXPECT_EQ(alone.outcomes[0].validation_loss, whole.outcomes[i].validation_loss) << i;
  }
}

TEST(Sweep, EpochsAreReadingsOfOneTrajectory) {
  const Problem p = problem();
  std::size_t lanes = 0;
  std::size_t readings = 0;
  for (const Block& block : make_blocks(p, candidates(), 2)) {
    lanes += block.trajectories.size();
    for (const Trajectory& t : block.trajectories) readings += t.readings.size();
  }
  EXPECT_EQ(readings, candidates().size());
  EXPECT_EQ(lanes, candidates().size() / 2);
}

// Three shapes of 22 lanes on two threads: one of them is cut, and each thread gets half of the work.
TEST(Sweep, BlocksAreCutWhereThreadsWouldWait) {
  Hyper base;
  base.hidden = {8};
  base.batch = 20;
  const auto all = grid(base, {parse_choice("activation=relu,tanh,sigmoid"), parse_choice("seed=0,1"),
                               parse_choice("rate=1e-4,2e-4,3e-4,4e-4,5e-4,6e-4,7e-4,8e-4,9e-4,1e-3,2e-3")});
  ASSERT_EQ(all.size(), 66u);
  const Problem p = problem();
  EXPECT_EQ(make_blocks(p, all, 1).size(), 3u);
  std::vector<std::size_t> lanes;
  for (const Block& block : make_blocks(p, all, 2)) lanes.push_back(block.trajectories.size());
  EXPECT_THAT(lanes, testing::UnorderedElementsAre(22, 22, 11, 11));
  // Many blocks share themselves out.
  const auto many =
      grid(base, {parse_choice("hidden=8,9,10,11,12,13,14,15,16"), parse_choice("rate=1e-3,2e-3")});
  EXPECT_EQ(make_blocks(p, many, 2).size(), 9u);
}

// The grid of document 003: 256 configurations are 64 trajectories, 16 for each batch size.
TEST(Sweep, TheGridOfTwoHundredAndFiftySix) {
  Hyper base;
  base.hidden.clear();
  const auto all =
      grid(base, {parse_choice("batch=160,200,400,640"), parse_choice("rate=3e-8,3e-6,3e-5,3e-3"),
                  parse_choice("epochs=16,32,48,64"), parse_choice("l2=1e-7,1e-5,1e-3,1e-1")});
  ASSERT_EQ(all.size(), 256u);
  Problem p{{}, Loss::half_squared, Metric::rmse, 1};
  p.folds.push_back(
      {Array::zeros({3200, 4}), Array::zeros({3200}), Array::zeros({800, 4}), Array::zeros({800})});
  std::int64_t updates = 0;
  std::int64_t naive = 0;
  for (const Block& block : make_blocks(p, all, 1))
    for (const Trajectory& t : block.trajectories) updates += t.hyper.epochs * (3200 / t.hyper.batch);
  for (const Hyper& h : all) naive += h.epochs * (3200 / h.batch);
  EXPECT_EQ(updates, 50176);
  EXPECT_EQ(naive, 125440);
}

TEST(Sweep, DivergedLanesDisturbNobodyAndAreNeverChosen) {
  Hyper base;
  base.hidden = {8};
  base.optimizer = "sgd";
  base.batch = 20;
  base.epochs = 4;
  const auto calm = grid(base, {parse_choice("rate=0.01,0.1")});
  auto wild = calm;
  wild.push_back(base);
  wild.back().rate = 1e30;
  const Result a = run(problem(), calm, {});
  const Result b = run(problem(), wild, {});
  for (std::size_t i = 0; i < calm.size(); ++i) {
    EXPECT_EQ(a.outcomes[i].validation, b.outcomes[i].validation);
    EXPECT_EQ(a.outcomes[i].validation_loss, b.outcomes[i].validation_loss);
  }
  EXPECT_EQ(b.outcomes[2].status, Status::diverged);
  EXPECT_TRUE(std::isnan(b.outcomes[2].validation));
  EXPECT_EQ(a.best, b.best);
  EXPECT_THAT(b.warnings, Contains(HasSubstr("1 of 3 candidates diverged")));
  const Result none = run(problem(), {wild.back()}, {});
  EXPECT_FALSE(none.best);
}

TEST(Sweep, StoppingKeepsWhatIsDone) {
  Hyper base;
  base.hidden = {4};
  base.batch = 20;
  const auto all = grid(base, {parse_choice("epochs=2,1000000")});
  std::atomic<bool> stop{false};
  Options options;
  options.stop = &stop;
  options.progress = [&](const Progress& p) { stop = p.done >= 1; };
  const Result result = run(problem(), all, options);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.outcomes[0].status, Status::done);
  EXPECT_EQ(result.outcomes[1].status, Status::interrupted);
  EXPECT_EQ(result.best, 0);
  EXPECT_TRUE(result.outcomes[0].model.has_value());
}

// With all rows in one batch the order of the rows, which each fold has for itself, moves nothing but
// roundings.
TEST(Sweep, FoldsAreAveraged) {
  const Problem both = problem(2);
  Hyper h;
  h.hidden.clear();
  h.batch = 200;
  h.epochs = 3;
  h.rate = 0.1;
  std::vector<double> losses;
  for (const Fold& fold : both.folds) {
    Problem one = both;
    one.folds = {fold};
    losses.push_back(run(one, {h}, {}).outcomes[0].validation_loss);
  }
  const Result mean = run(both, {h}, {});
  EXPECT_NE(losses[0], losses[1]);
  EXPECT_NEAR(mean.outcomes[0].validation_loss, (losses[0] + losses[1]) / 2, 1e-6);
  EXPECT_FALSE(mean.outcomes[0].model.has_value());
}

TEST(Sweep, WrongDataIsRefused) {
  Problem p = problem();
  p.folds[0].y = Array::zeros({7});
  EXPECT_THROW(run(p, candidates(), {}), Error);
  EXPECT_THROW(run(problem(), {}, {}), Error);
  Hyper big;
  big.hidden = {4};
  big.batch = 1000;
  big.epochs = 1;
  EXPECT_THAT(run(problem(), {big}, {}).warnings,
              Contains(HasSubstr("a batch of 1000 is more than the 200 training rows")));
}

}  // namespace
}  // namespace runnel::sweep
