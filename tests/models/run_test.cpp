// Searches: what comes out does not depend on how they are run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "candidates.h"
#include "models/measured.h"
#include "models/networks.h"
#include "models/schema.h"
#include "runnel/models.h"
#include "runnel/random.h"
#include "search/block.h"

namespace runnel::models {
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

std::vector<Configuration> candidates() {
  Values base = {{"batch", 20}, {"hidden", "8"}};
  return grid(base, {"rate=0.003,0.01,0.03", "dropout=0,0.2", "hidden=8,6x6", "epochs=3,6", "seed=0,1"});
}

void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.warnings, b.warnings);
  for (std::size_t i = 0; i < a.candidates.size(); ++i) {
    EXPECT_EQ(metric_of(a.candidates[i]), metric_of(b.candidates[i])) << i;
    EXPECT_EQ(loss_of(a.candidates[i]), loss_of(b.candidates[i])) << i;
    EXPECT_EQ(a.candidates[i].curve, b.candidates[i].curve) << i;
  }
}

void expect_same_bits(const nn::Network& a, const nn::Network& b) {
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
    expect_same_bits(one.networks.at(*one.best), many.networks.at(*many.best));
  }
}

TEST(Sweep, TheWinnerAloneIsTheWinner) {
  const auto all = candidates();
  const Result whole = run(problem(), all, {.threads = 2});
  ASSERT_TRUE(whole.best);
  const search::Candidate& winner = whole.candidates[static_cast<std::size_t>(*whole.best)];
  EXPECT_GT(metric_of(winner), 0.9);
  const Result alone = run(problem(), {winner.configuration}, {.threads = 1});
  EXPECT_EQ(metric_of(alone.candidates[0]), metric_of(winner));
  EXPECT_EQ(loss_of(alone.candidates[0]), loss_of(winner));
  expect_same_bits(alone.networks.at(0), whole.networks.at(winner.number));
}

TEST(Sweep, EveryCandidateAloneIsItself) {
  const auto all = candidates();
  const Result whole = run(problem(2), all, {.threads = 2});
  for (std::size_t i = 0; i < all.size(); i += 7) {
    const Result alone = run(problem(2), {all[i]}, {.threads = 1});
    EXPECT_EQ(metric_of(alone.candidates[0]), metric_of(whole.candidates[i])) << i;
    EXPECT_EQ(loss_of(alone.candidates[0]), loss_of(whole.candidates[i])) << i;
  }
}

// The blocks in which candidates begin.
struct Cut {
  Cut(const Problem& problem, const std::vector<Configuration>& candidates, int threads)
      : networks(problem), programs(networks, networks.folds()) {
    trajectories = search::make_trajectories(programs, candidates, 0, {});
    std::vector<search::Waiting> waiting;
    for (std::size_t fold = 0; fold < problem.folds.size(); ++fold)
      for (const search::Trajectory& t : trajectories) waiting.push_back({&t, fold, 0});
    blocks = search::make_blocks(programs, waiting, 1000, threads);
  }
  const Networks networks;
  search::Programs programs;
  std::vector<search::Trajectory> trajectories;
  std::vector<search::Block> blocks;
};
using search::Block;

TEST(Sweep, EpochsAreReadingsOfOneTrajectory) {
  const Problem p = problem();
  std::size_t lanes = 0;
  std::size_t readings = 0;
  const Cut cut(p, candidates(), 2);
  for (const Block& block : cut.blocks) {
    lanes += block.trajectories.size();
    for (const search::Trajectory& t : block.trajectories) readings += t.readings.size();
  }
  EXPECT_EQ(readings, candidates().size());
  EXPECT_EQ(lanes, candidates().size() / 2);
}

// The lanes of the thread that gets most, where each block goes to the thread that has least, the largest
// first.
std::size_t most_of_a_thread(const std::vector<Block>& blocks, std::size_t threads) {
  std::vector<std::size_t> lanes, loads(threads, 0);
  for (const Block& block : blocks) lanes.push_back(block.trajectories.size());
  std::sort(lanes.rbegin(), lanes.rend());
  for (const std::size_t n : lanes) *std::min_element(loads.begin(), loads.end()) += n;
  return *std::max_element(loads.begin(), loads.end());
}

// Three shapes of 22 lanes on two threads: without a cut one thread would wait for a third of the time.
TEST(Sweep, BlocksAreCutWhereThreadsWouldWait) {
  Values base = {{"hidden", "8"}, {"batch", 20}};
  const auto all = grid(base, {"activation=relu,tanh,sigmoid", "seed=0,1",
                               "rate=1e-4,2e-4,3e-4,4e-4,5e-4,6e-4,7e-4,8e-4,9e-4,1e-3,2e-3"});
  ASSERT_EQ(all.size(), 66u);
  const Problem p = problem();
  EXPECT_EQ(Cut(p, all, 1).blocks.size(), 3u);
  EXPECT_EQ(most_of_a_thread(Cut(p, all, 1).blocks, 2), 44u);
  EXPECT_LE(most_of_a_thread(Cut(p, all, 2).blocks, 2), 34u);
  // Many blocks share themselves out.
  const auto many = grid(base, {"hidden=8,9,10,11,12,13,14,15,16", "rate=1e-3,2e-3"});
  EXPECT_EQ(Cut(p, many, 2).blocks.size(), 9u);
}

// Two blocks that cost the same keep four threads busy only if both are cut: one cut alone gains nothing.
TEST(Sweep, BlocksThatCostTheSameAreCutTogether) {
  Values base = {{"hidden", "8"}, {"batch", 20}};
  const auto all = grid(base, {"seed=0,1,2,3", "l2=0,0.1", "rate=1e-4,2e-4,3e-4,4e-4"});
  ASSERT_EQ(all.size(), 32u);
  const Problem p = problem(2);
  ASSERT_EQ(Cut(p, all, 1).blocks.size(), 2u);
  EXPECT_EQ(most_of_a_thread(Cut(p, all, 1).blocks, 4), 32u);
  EXPECT_LE(most_of_a_thread(Cut(p, all, 4).blocks, 4), 17u);
  // Every candidate stands in one block of each fold, however many threads there are.
  for (int threads : {2, 3, 5, 7, 64}) {
    std::vector<std::pair<std::size_t, std::int64_t>> readings;
    const Cut cut(p, all, threads);
    for (const Block& block : cut.blocks)
      for (const search::Trajectory& t : block.trajectories)
        for (const auto& [epochs, candidate] : t.readings) readings.emplace_back(block.fold, candidate);
    std::sort(readings.begin(), readings.end());
    EXPECT_EQ(std::unique(readings.begin(), readings.end()), readings.end()) << threads;
    EXPECT_EQ(readings.size(), 64u) << threads;
  }
}

// A learning rate that falls to its end over all steps makes another trajectory of every number of epochs;
// one that falls by the epoch does not. Either way a candidate is what it is alone.
TEST(Sweep, SchedulesThatKnowTheirEndAreTrajectoriesOfTheirOwn) {
  Problem p = problem();
  p.metric = Metric::log_loss;
  auto trajectories = [&](const std::vector<Configuration>& all) {
    std::size_t lanes = 0;
    const Cut cut(p, all, 1);
    for (const Block& block : cut.blocks) lanes += block.trajectories.size();
    return lanes;
  };
  struct Case {
    const char* schedule;
    double warmup;
    const char* averaging;
    bool knows_its_end;
  };
  for (const Case& c : {Case{"constant", 0, "none", false}, Case{"step", 0, "none", false},
                        Case{"exponential", 0, "exponential", false}, Case{"inverse-sqrt", 0, "none", false},
                        Case{"constant", 0.2, "none", true}, Case{"inverse-sqrt", 0.2, "none", true},
                        Case{"cosine", 0, "none", true}, Case{"one-cycle", 0.4, "none", true},
                        Case{"constant", 0, "uniform", true}}) {
    SCOPED_TRACE(c.schedule + std::string(" ") + c.averaging);
    Values base = {{"hidden", "6"},          {"batch", 20},        {"rate", 0.02},
                   {"schedule", c.schedule}, {"warmup", c.warmup}, {"averaging", c.averaging},
                   {"average_decay", 0.9},   {"every", 1.5}};
    const auto all = grid(base, {"rate=0.01,0.02", "epochs=2,4"});
    EXPECT_EQ(depends_on_total(network(base)), c.knows_its_end);
    EXPECT_EQ(trajectories(all), c.knows_its_end ? 4u : 2u);
    const Result together = run(p, all, {.threads = 1});
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Result alone = run(p, {all[i]}, {.threads = 1});
      EXPECT_EQ(alone.candidates[0].curve, together.candidates[i].curve);
      EXPECT_EQ(loss_of(alone.candidates[0]), loss_of(together.candidates[i]));
    }
    // The first two epochs of the longer run are those of the shorter one where nobody knows the end.
    const std::vector<double>& longer = together.candidates[1].curve;
    ASSERT_EQ(longer.size(), 4u);
    EXPECT_EQ(together.candidates[0].curve != std::vector<double>(longer.begin(), longer.begin() + 2),
              c.knows_its_end);
    const Configuration shorter = changed(all[1], {{"epochs", 2}});
    EXPECT_EQ(loss_of(run(p, {shorter}, {}).candidates[0]), loss_of(together.candidates[0]));
  }
}

// What one epoch of the schedules does is what the rates that they stand for do.
TEST(Sweep, AStepScheduleIsTheRatesThatItStandsFor) {
  const Problem p = problem();
  Values h = {{"hidden", "6"}, {"batch", 20}, {"optimizer", "sgd"}, {"rate", 0.5}, {"epochs", 1}};
  Values halved = h;
  halved.emplace_back("schedule", "step");
  halved.emplace_back("every", 0.5);  // five of ten steps
  halved.emplace_back("factor", 1);
  EXPECT_EQ(loss_of(run(p, {network(h)}, {}).candidates[0]),
            loss_of(run(p, {network(halved)}, {}).candidates[0]));
  halved.emplace_back("factor", 1e-30);  // the second half stands still
  const double half = loss_of(run(p, {network(halved)}, {}).candidates[0]);
  EXPECT_NE(half, loss_of(run(p, {network(h)}, {}).candidates[0]));
  halved.emplace_back("epochs", 3);
  EXPECT_EQ(loss_of(run(p, {network(halved)}, {}).candidates[0]), half);
  Values never = h;
  never.emplace_back("schedule", "step");
  never.emplace_back("every", 1);
  never.emplace_back("factor", 1e-30);
  EXPECT_EQ(loss_of(run(p, {network(never)}, {}).candidates[0]),
            loss_of(run(p, {network(h)}, {}).candidates[0]));
}

// Everything that a search can choose: whatever stands in a block together, each candidate is what it is
// alone.
TEST(Sweep, EveryOptimizerAndOptionAloneIsItself) {
  Values base = {{"hidden", "5"}, {"batch", 25}, {"epochs", 2}, {"rate", 0.02}, {"warmup", 0.25}};
  std::vector<Configuration> all;
  auto add = [&](std::initializer_list<const char*> texts) {
    for (const Configuration& h : grid(base, {texts.begin(), texts.end()})) all.push_back(h);
  };
  for (const std::string& optimizer : train::optimizer_names())
    add({("optimizer=" + optimizer).c_str(), "decay=0,0.1", "eps=0,0.01"});
  for (const std::string& schedule : train::schedule_names())
    add({("schedule=" + schedule).c_str(), "warmup=0.25,0.5", "floor=0,0.1",
         "averaging=none,exponential,uniform"});
  add({"clip-value=0,0.01,0.1", "clip_example=0,0.05,0.2", "clip=0,0.1"});
  add({"optimizer=adagrad,rmsprop", "accumulator=0,1", "eps_root=0,0.1", "tail=0.1,1", "averaging=uniform"});
  add({"optimizer=adamw", "l2=0,0.1", "decay=0,0.1"});
  const Result one = run(problem(), all, {.threads = 1});
  expect_same(one, run(problem(), all, {.threads = 2}));
  for (std::size_t i = 0; i < all.size(); i += 5) {
    const Result alone = run(problem(), {all[i]}, {.threads = 1});
    EXPECT_EQ(alone.candidates[0].curve, one.candidates[i].curve) << i;
    EXPECT_EQ(loss_of(alone.candidates[0]), loss_of(one.candidates[i])) << i;
  }
  for (const search::Candidate& outcome : one.candidates)
    EXPECT_EQ(outcome.status, search::Status::done) << outcome.number;
}

// That the options do something, and what is the same stays the same.
TEST(Sweep, OptionsAreHeard) {
  Values base = {{"hidden", "6"}, {"batch", 20}, {"epochs", 3}, {"rate", 0.02}};
  auto loss = [&](std::initializer_list<std::pair<const char*, const char*>> settings) {
    Values h = base;
    for (const auto& [name, value] : settings)
      h.emplace_back(name, params::read((*network_schema())[name], value));
    return loss_of(run(problem(), {network(h)}, {}).candidates[0]);
  };
  const double plain = loss({});
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"decay", "0.1"},
                                                        {"eps", "0.1"},
                                                        {"eps_root", "0.1"},
                                                        {"clip_value", "0.001"},
                                                        {"clip_example", "0.01"},
                                                        {"warmup", "0.5"},
                                                        {"schedule", "cosine"},
                                                        {"schedule", "inverse-sqrt"},
                                                        {"averaging", "exponential"},
                                                        {"averaging", "uniform"},
                                                        {"optimizer", "nadam"},
                                                        {"optimizer", "amsgrad"},
                                                        {"l2", "0.1"}})
    EXPECT_NE(loss({{name, value}}), plain) << name;
  // Adam's own eps; averages of the newest weights alone; AdamW as Adam with decay.
  EXPECT_EQ(loss({{"eps", "1e-8"}}), plain);
  EXPECT_EQ(loss({{"averaging", "exponential"}, {"average_decay", "0"}}), plain);
  EXPECT_EQ(loss({{"averaging", "uniform"}, {"tail", "0"}}), plain);
  EXPECT_EQ(loss({{"optimizer", "adamw"}, {"decay", "0.1"}}), loss({{"decay", "0.1"}}));
  EXPECT_EQ(loss({{"optimizer", "adamw"}, {"l2", "0.1"}}), loss({{"l2", "0.1"}}));
  EXPECT_NE(loss({{"decay", "0.1"}}), loss({{"l2", "0.1"}}));
  EXPECT_NEAR(loss({{"clip_example", "1e6"}}), plain, 1e-5);
}

TEST(Sweep, ValuesThatDoNotGoTogetherAreRefused) {
  Values h = {{"schedule", "one-cycle"}};
  EXPECT_THROW(run(problem(), {network(h)}, {}), Error);
  h.emplace_back("warmup", 0.6);
  EXPECT_THROW(check(network(h)), Error);
  h.emplace_back("warmup", 0.5);
  EXPECT_NO_THROW(check(network(h)));
}

// The grid of document 003: 256 configurations are 64 trajectories, 16 for each batch size.
TEST(Sweep, TheGridOfTwoHundredAndFiftySix) {
  Values base = {{"hidden", "none"}};
  const auto all = grid(base, {"batch=160,200,400,640", "rate=3e-8,3e-6,3e-5,3e-3", "epochs=16,32,48,64",
                               "l2=1e-7,1e-5,1e-3,1e-1"});
  ASSERT_EQ(all.size(), 256u);
  Problem p{{}, Loss::half_squared, Metric::rmse, 1};
  p.folds.push_back(
      {Array::zeros({3200, 4}), Array::zeros({3200}), Array::zeros({800, 4}), Array::zeros({800})});
  std::int64_t updates = 0;
  std::int64_t naive = 0;
  const Cut cut(p, all, 1);
  for (const Block& block : cut.blocks)
    for (const search::Trajectory& t : block.trajectories)
      updates += t.epochs * (3200 / t.configuration["batch"].integer());
  for (const Configuration& h : all) naive += epochs_of(h) * (3200 / h["batch"].integer());
  EXPECT_EQ(updates, 50176);
  EXPECT_EQ(naive, 125440);
}

TEST(Sweep, DivergedLanesDisturbNobodyAndAreNeverChosen) {
  Values base = {{"hidden", "8"}, {"optimizer", "sgd"}, {"batch", 20}, {"epochs", 4}};
  const auto calm = grid(base, {"rate=0.01,0.1"});
  auto wild = calm;
  wild.push_back(network(with(base, {{"rate", 1e30}})));
  const Result a = run(problem(), calm, {});
  const Result b = run(problem(), wild, {});
  for (std::size_t i = 0; i < calm.size(); ++i) {
    EXPECT_EQ(metric_of(a.candidates[i]), metric_of(b.candidates[i]));
    EXPECT_EQ(loss_of(a.candidates[i]), loss_of(b.candidates[i]));
  }
  EXPECT_EQ(b.candidates[2].status, search::Status::diverged);
  EXPECT_TRUE(std::isnan(metric_of(b.candidates[2])));
  EXPECT_EQ(a.best, b.best);
  EXPECT_THAT(b.warnings, Contains(HasSubstr("1 of 3 candidates diverged")));
  const Result none = run(problem(), {wild.back()}, {});
  EXPECT_FALSE(none.best);
}

TEST(Sweep, StoppingKeepsWhatIsDone) {
  Values base = {{"hidden", "4"}, {"batch", 20}};
  const auto all = grid(base, {"epochs=2,1000000"});
  std::atomic<bool> stop{false};
  search::Options options;
  options.stop = &stop;
  options.progress = [&](const search::Progress& p) { stop = p.done >= 1; };
  const Result result = run(problem(), all, options);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.candidates[0].status, search::Status::done);
  EXPECT_EQ(result.candidates[1].status, search::Status::interrupted);
  EXPECT_EQ(result.best, 0);
  EXPECT_TRUE(result.networks.contains(0));
}

// With all rows in one batch the order of the rows, which each fold has for itself, moves nothing but
// roundings.
TEST(Sweep, FoldsAreAveraged) {
  const Problem both = problem(2);
  Values h = {{"hidden", "none"}, {"batch", 200}, {"epochs", 3}, {"rate", 0.1}};
  std::vector<double> losses;
  for (const Fold& fold : both.folds) {
    Problem one = both;
    one.folds = {fold};
    losses.push_back(loss_of(run(one, {network(h)}, {}).candidates[0]));
  }
  const Result mean = run(both, {network(h)}, {});
  EXPECT_NE(losses[0], losses[1]);
  EXPECT_NEAR(loss_of(mean.candidates[0]), (losses[0] + losses[1]) / 2, 1e-6);
  EXPECT_TRUE(mean.networks.empty());
}

// Folds of a row or two, each with a unit of its own: what their rows give at once, predicted fold by fold.
TEST(Sweep, SmallFoldsAreMeasuredTogether) {
  Values h = {{"hidden", "3"}, {"batch", 20}, {"epochs", 3}};
  for (const Metric metric : {Metric::r2, Metric::rmse, Metric::mae}) {
    Problem all{{}, Loss::squared, metric, 1};
    std::vector<double> outputs, y;
    std::int64_t rows = 1;
    for (const double unit : {1.0, 3.0, 0.5}) {
      const Array x = random::normal(random::key(static_cast<std::uint64_t>(rows)), {20 + rows, 2});
      const Array target = sum(x * x, 1);
      const auto part = [&](const Array& of, std::int64_t from, std::int64_t to) {
        return gather(of, arange(to - from) + from);
      };
      all.folds.push_back({part(x, rows, 20 + rows), part(target, rows, 20 + rows), part(x, 0, rows),
                           part(target, 0, rows), unit});
      Problem one = all;
      one.folds = {all.folds.back()};
      if (metric == Metric::r2) {
        const auto undefined = testing::ThrowsMessage<Error>(HasSubstr("r2 of one validation row"));
        if (rows == 1) {
          EXPECT_THAT([&] { run(one, {network(h)}, {}); }, undefined);
        }
        one.metric = Metric::rmse;
      }
      const Result alone = run(one, {network(h)}, {});
      for (const double v : predict(alone.networks.at(0), network(h), one.folds[0].x_validation).to_doubles())
        outputs.push_back(unit * v);
      for (const double v : one.folds[0].y_validation.to_doubles()) y.push_back(unit * v);
      ++rows;
    }
    double mean = 0, spread = 0;
    for (const double v : y) mean += v / static_cast<double>(y.size());
    for (const double v : y) spread += (v - mean) * (v - mean) / static_cast<double>(y.size());
    all.spread = spread;
    const Result together = run(all, {network(h)}, {});
    EXPECT_NEAR(metric_of(together.candidates[0]), train::measure(metric, outputs, y), 1e-5)
        << metric_name(metric);
  }
}

// As many rows right, in whichever folds, is the same accuracy: else rounding would choose, not the loss.
TEST(Sweep, SharesOfFoldsAreExact) {
  Problem p;
  p.metric = Metric::accuracy;
  p.folds.resize(5);
  for (Fold& fold : p.folds) fold.x_validation = Array::zeros({24, 1});
  std::vector<double> right{24, 23, 22, 23, 23};
  std::set<double> means;
  std::sort(right.begin(), right.end());
  do {
    std::vector<double> shares;
    for (const double n : right) shares.push_back(n / 24);
    for (const std::optional<double> spread : {std::optional<double>(), std::optional(0.2)}) {
      p.spread = spread;
      means.insert(over_folds(p, shares));
    }
  } while (std::next_permutation(right.begin(), right.end()));
  EXPECT_EQ(means.size(), 1u);
  EXPECT_NEAR(*means.begin(), 115.0 / 120, 1e-12);
}

TEST(Sweep, RepeatsAndIdleSchedulersAreTold) {
  search::Options options;
  options.scheduling = {Scheduler::halving, 3, 5};
  std::vector<Configuration> few = grid({}, {"rate=0.01,0.02", "epochs=12"});
  few.push_back(few[0]);
  const Result idle = run(problem(), few, options);
  EXPECT_THAT(idle.warnings,
              Contains("1 of the 3 candidates repeats another, and a repeat costs no training: 2 differ"));
  EXPECT_THAT(idle.warnings, Contains("the scheduler halving stops nobody early: it takes 15 epochs (eta "
                                      "times min-epochs), and no candidate makes more than 12"));
  few = grid({}, {"rate=0.01,0.02,0.03", "epochs=15"});
  for (const std::string& text : run(problem(), few, options).warnings) {
    EXPECT_THAT(text, testing::Not(HasSubstr("repeat")));
    EXPECT_THAT(text, testing::Not(HasSubstr("scheduler")));
  }
}

TEST(Sweep, WrongDataIsRefused) {
  Problem p = problem();
  p.folds[0].y = Array::zeros({7});
  EXPECT_THROW(run(p, candidates(), {}), Error);
  EXPECT_THROW(run(problem(), {}, {}), Error);
  Values big = {{"hidden", "4"}, {"batch", 1000}, {"epochs", 1}};
  EXPECT_THAT(run(problem(), {network(big)}, {}).warnings,
              Contains(HasSubstr("a batch of 1000 is more than the 200 training rows")));
}

}  // namespace
}  // namespace runnel::models
