// Searches with rungs: survivors keep their bits, nothing is trained twice, and nothing depends on how the
// search is run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <mutex>

#include "candidates.h"
#include "runnel/models.h"
#include "runnel/random.h"
#include "search/kept_lanes.h"
#include "search/lanes.h"

namespace runnel::models {
namespace {

using testing::ElementsAre;

Fold noisy_rings(std::int64_t n, std::uint64_t seed) {
  const auto make = [&](std::uint64_t s) {
    const Array x = random::normal(random::key(s), {n, 3});
    const Array noise = 0.5 * random::normal(random::key(s + 77), {n});
    return std::pair(x, convert(sum(x * x, 1) + noise > 2.4, DType::f32));
  };
  const auto [x, y] = make(seed);
  const auto [xv, yv] = make(seed + 1000);
  return {x, y, xv, yv};
}

Problem problem(std::size_t folds = 1, Metric metric = Metric::log_loss) {
  Problem p{{}, Loss::logistic, metric, 1};
  for (std::size_t i = 0; i < folds; ++i) p.folds.push_back(noisy_rings(60, 1 + i));
  return p;
}

// Random configurations of several shapes.
std::vector<Configuration> candidates(std::int64_t n, const std::string& epochs,
                                      const std::string& more = "clip=0,1") {
  const Space space =
      space_of({"rate=1e-4..3e-1", "optimizer=adam,momentum", "hidden=5,3x2", more, "epochs=" + epochs},
               {{"batch", 20}});
  return sample(space, search::sobol(n), 5);
}

// One shape: the cheapest there is.
std::vector<Configuration> lines(std::int64_t n, std::int64_t epochs) {
  Values base = {{"hidden", "none"}, {"batch", 30}, {"epochs", epochs}};
  return sample(space_of({"rate=1e-4..1", "l2=0..0.1"}, base), search::random(n), 3);
}

std::int64_t count(const Result& r, search::Status status) {
  return std::count_if(r.candidates.begin(), r.candidates.end(),
                       [&](const search::Candidate& o) { return o.status == status; });
}

// nan equals nan.
void expect_equal(double a, double b, std::size_t i) {
  EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << i << ": " << a << ", " << b;
}

void expect_same_bits(const Result& a, std::int64_t i, const Result& b, std::int64_t j) {
  ASSERT_TRUE(a.networks.contains(i) && b.networks.contains(j));
  const auto x = tree::flatten(a.networks.at(i));
  const auto y = tree::flatten(b.networks.at(j));
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t k = 0; k < x.size(); ++k) EXPECT_TRUE(same_bits(x[k], y[k])) << "leaf " << k;
}

void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.rungs, b.rungs);
  EXPECT_EQ(a.epochs, b.epochs);
  EXPECT_EQ(a.trajectories, b.trajectories);
  EXPECT_EQ(a.warnings, b.warnings);
  for (std::size_t i = 0; i < a.candidates.size(); ++i) {
    EXPECT_EQ(a.candidates[i].status, b.candidates[i].status) << i;
    EXPECT_EQ(a.candidates[i].epochs, b.candidates[i].epochs) << i;
    expect_equal(metric_of(a.candidates[i]), metric_of(b.candidates[i]), i);
    expect_equal(loss_of(a.candidates[i]), loss_of(b.candidates[i]), i);
    EXPECT_EQ(a.candidates[i].curve.size(), b.candidates[i].curve.size());
  }
  if (a.best && a.networks.contains(*a.best)) expect_same_bits(a, *a.best, b, *b.best);
}

// Whatever a candidate got, training it alone for as many epochs gives the same bits. Where its steps know
// how many there will be it has to be trained to the end, and its curve began as that one does.
void expect_as_if_alone(const Problem& p, const Result& whole) {
  for (const search::Candidate& outcome : whole.candidates) {
    const Configuration& candidate = outcome.configuration;
    if (depends_on_total(candidate) && outcome.status == search::Status::retired) {
      const auto curve = run(p, {candidate}, {.threads = 1}).candidates[0].curve;
      ASSERT_GE(curve.size(), outcome.curve.size());
      EXPECT_TRUE(std::equal(outcome.curve.begin(), outcome.curve.end(), curve.begin())) << outcome.number;
      continue;
    }
    const Result alone = run(p, {changed(candidate, {{"epochs", outcome.epochs}})}, {.threads = 1});
    const auto i = static_cast<std::size_t>(outcome.number);
    expect_equal(metric_of(alone.candidates[0]), metric_of(outcome), i);
    expect_equal(loss_of(alone.candidates[0]), loss_of(outcome), i);
    if (outcome.status != search::Status::diverged) {
      EXPECT_EQ(alone.candidates[0].curve, outcome.curve) << i;
    }
    if (whole.best == outcome.number && p.folds.size() == 1)
      expect_same_bits(alone, 0, whole, outcome.number);
  }
}

const search::Scheduling kSchedulings[] = {{Scheduler::halving, 3, 1},
                                           {Scheduler::halving, 2, 2},
                                           {Scheduler::hyperband, 3, 1},
                                           {Scheduler::median, 3, 2}};

TEST(Rungs, SurvivorsAndRetiredAreAsIfAlone) {
  for (const search::Scheduling& scheduling : kSchedulings)
    for (std::size_t folds : {1, 2}) {
      const Problem p = problem(folds);
      const Result r = run(p, candidates(24, "9"), {.threads = 2, .scheduling = scheduling});
      EXPECT_GT(count(r, search::Status::retired), 0) << scheduler_name(scheduling.scheduler);
      EXPECT_GT(count(r, search::Status::done), 0);
      ASSERT_TRUE(r.best);
      EXPECT_EQ(r.candidates[static_cast<std::size_t>(*r.best)].status, search::Status::done);
      expect_as_if_alone(p, r);
    }
}

// The state of a lane holds averages of weights, and the step that a schedule has come to.
TEST(Rungs, SchedulesAndAveragesGoOnWhereTheyStood) {
  for (const char* more :
       {"schedule=cosine,step", "averaging=exponential,uniform", "optimizer=amsgrad,adagrad-full"}) {
    Values base = {{"hidden", "3"}, {"batch", 20}, {"epochs", 9}};
    const auto all = sample(space_of({"rate=1e-4..3e-1", more}, base), search::sobol(12), 1);
    const Problem p = problem();
    expect_as_if_alone(p, run(p, all, {.threads = 2, .scheduling = {Scheduler::halving, 3, 1}}));
  }
}

TEST(Rungs, ThreadsChangeNothing) {
  for (const search::Scheduling& scheduling : kSchedulings)
    for (std::size_t folds : {1, 2}) {
      const Result one = run(problem(folds), candidates(40, "3,9"), {.threads = 1, .scheduling = scheduling});
      for (int threads : {2, 5})
        expect_same(
            one, run(problem(folds), candidates(40, "3,9"), {.threads = threads, .scheduling = scheduling}));
    }
}

// Where not all lanes are in memory at a time, those that cannot go on are forgotten before the rung is full.
TEST(Rungs, LittleMemoryChangesNothing) {
  for (const search::Scheduling& scheduling : kSchedulings) {
    const auto all = candidates(60, "9", "batch=10,15,20,30,60");
    const Result roomy = run(problem(2), all, {.threads = 1, .scheduling = scheduling});
    expect_same(roomy, run(problem(2), all, {.threads = 1, .scheduling = scheduling, .memory = 1}));
  }
}

// Experiment: Hyperband with R = 81 and eta = 3 costs 1581 epochs when survivors go on from where they stand,
// 1902 when they begin again.
TEST(Rungs, HyperbandCostsTheResumedBudget) {
  const Result r = run(problem(), lines(143, 81), {.scheduling = {Scheduler::hyperband}});
  EXPECT_EQ(r.trajectories, 143);
  EXPECT_EQ(r.epochs, 297 + 276 + 279 + 324 + 405);
  std::int64_t restarted = 0;
  std::map<std::int64_t, std::vector<std::int64_t>> lanes;
  for (const Rung& rung : r.rungs) {
    if (lanes[rung.bracket].empty()) lanes[rung.bracket] = {rung.entered};
    EXPECT_EQ(rung.entered, lanes[rung.bracket].back());
    lanes[rung.bracket].push_back(rung.kept);
    restarted += rung.entered * rung.epochs;
  }
  EXPECT_THAT(lanes[0], ElementsAre(81, 27, 9, 3, 1));
  EXPECT_THAT(lanes[1], ElementsAre(34, 11, 3, 1));
  EXPECT_THAT(lanes[2], ElementsAre(15, 5, 1));
  EXPECT_THAT(lanes[3], ElementsAre(8, 2));
  restarted += 81 * count(r, search::Status::done);
  EXPECT_EQ(restarted, 1902);
  EXPECT_EQ(count(r, search::Status::done), 1 + 1 + 1 + 2 + 5);
}

// At a rung nobody who was kept stands behind one who was retired there.
TEST(Rungs, TheBetterOnesGoOn) {
  const Result r =
      run(problem(1, Metric::accuracy), lines(40, 8), {.scheduling = {Scheduler::halving, 2, 2}});
  ASSERT_EQ(r.rungs.size(), 2u);
  EXPECT_EQ(r.rungs[0], (Rung{0, 2, 40, 20}));
  EXPECT_EQ(r.rungs[1], (Rung{0, 4, 20, 10}));
  for (const Rung& rung : r.rungs) {
    const auto at = static_cast<std::size_t>(rung.epochs) - 1;
    double worst_kept = 1;
    double best_retired = 0;
    for (const search::Candidate& o : r.candidates) {
      if (o.epochs > rung.epochs) worst_kept = std::min(worst_kept, o.curve[at]);
      if (o.epochs == rung.epochs) best_retired = std::max(best_retired, o.curve[at]);
    }
    EXPECT_GE(worst_kept, best_retired);
  }
}

// The median rule again, from the curves of a search that trained everybody to the end.
TEST(Rungs, MedianStoppingIsItsDefinition) {
  const auto all = lines(15, 12);
  const Problem p = problem();
  const Result full = run(p, all, {});
  const Result r = run(p, all, {.scheduling = {Scheduler::median, 3, 3}});
  std::vector<std::int64_t> end(all.size(), 12);
  for (std::int64_t s = 3; s < 12; s += 3) {
    std::vector<double> averages;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto n = std::min(end[i], s);
      double sum = 0;
      for (std::int64_t e = 0; e < n; ++e) sum += full.candidates[i].curve[static_cast<std::size_t>(e)];
      averages.push_back(sum / static_cast<double>(n));
    }
    std::nth_element(averages.begin(), averages.begin() + 7, averages.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& curve = full.candidates[i].curve;
      if (end[i] == 12 && *std::min_element(curve.begin(), curve.begin() + s) > averages[7]) end[i] = s;
    }
  }
  EXPECT_GT(count(r, search::Status::retired), 2);
  EXPECT_GT(count(r, search::Status::done), 2);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(r.candidates[i].epochs, end[i]) << i;
}

// Shorter candidates of a trajectory that was retired have been read on the way, and are not lost.
TEST(Rungs, ShorterReadingsOfARetiredTrajectoryAreDone) {
  auto all = lines(9, 9);
  for (std::size_t i = 0; i < 9; ++i) {
    all.push_back(all[i]);
    all.back().set("epochs", 2);
  }
  const Result r = run(problem(), all, {.scheduling = {Scheduler::halving, 3, 3}});
  EXPECT_EQ(r.trajectories, 9);
  for (std::size_t i = 9; i < 18; ++i) EXPECT_EQ(r.candidates[i].status, search::Status::done);
  EXPECT_EQ(count(r, search::Status::retired), 6);
}

TEST(Rungs, TheDivergedGoFirstAndAreSaid) {
  auto all = lines(9, 9);
  for (std::size_t i = 0; i < 4; ++i) {
    all[i] = changed(all[i], {{"optimizer", "sgd"}, {"rate", 1e30}});
  }
  const Result r = run(problem(), all, {.scheduling = {Scheduler::halving, 3, 3}});
  EXPECT_EQ(count(r, search::Status::diverged), 4);
  EXPECT_EQ(count(r, search::Status::done), 3);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(r.candidates[i].epochs, 3);
  // Fewer are left than there is room for.
  for (std::size_t i = 4; i < 8; ++i) all[i] = changed(all[0], {{"seed", static_cast<std::int64_t>(i)}});
  const Result one = run(problem(), all, {.scheduling = {Scheduler::halving, 3, 3}});
  EXPECT_EQ(one.best, 8);
  EXPECT_EQ(one.rungs[0], (Rung{0, 3, 9, 1}));
}

// The last state of each lane that was kept before a search was stopped is enough to come to its result.
TEST(Rungs, StoppedAnywhereAndResumedIsStraightThrough) {
  std::vector<search::Scheduling> all(std::begin(kSchedulings), std::end(kSchedulings));
  all.push_back({});
  int resumed_midway = 0;
  for (const search::Scheduling& scheduling : all)
    for (std::size_t folds : {1, 2}) {
      const Problem p = problem(folds);
      const auto them = candidates(20, "4,9", "dropout=0,0.3");
      const Result straight = run(p, them, {.threads = 2, .scheduling = scheduling});
      for (int calls : {1, 4, 12, 20}) {
        const auto kept = std::make_shared<search::KeptLanes>(calls, 2);
        search::Options options{.threads = 2, .scheduling = scheduling};
        options.stop = &kept->stop;
        options.study = kept;
        const Result first = run(p, them, options);
        resumed_midway += first.interrupted;
        // As a kill would have it, some of the states are lost altogether.
        if (calls == 12) std::erase_if(kept->lanes, [](const auto& e) { return e.first.first % 3 == 0; });
        search::Options again{.threads = 3, .scheduling = scheduling};
        again.study = kept;
        expect_same(straight, run(p, them, again));
      }
    }
  EXPECT_GT(resumed_midway, 15);
}

TEST(Rungs, NothingIsTrainedAgainAfterTheEnd) {
  const auto kept = std::make_shared<search::KeptLanes>();
  search::Options options{.scheduling = {Scheduler::halving, 3, 1}};
  options.study = kept;
  const Result first = run(problem(2), lines(9, 9), options);
  for (const auto& [key, state] : kept->lanes) EXPECT_TRUE(state.leaves.empty());  // nobody goes on
  const Result again = run(problem(2), lines(9, 9), options);
  EXPECT_EQ(again.blocks, 0);
  expect_same(first, again);
}

TEST(Rungs, LanesOutAndInAreInverses) {
  const std::vector<Array> leaves{random::normal(random::key(1), {2, 3, 5}),
                                  Array::from<std::int32_t>({4, 3, 2, 1, 0}, {5}),
                                  transpose(random::normal(random::key(2), {5, 7}, DType::f64))};
  std::vector<std::vector<Array>> lanes;
  for (std::int64_t i = 0; i < 5; ++i) lanes.push_back(search::lane_out(leaves, i));
  EXPECT_EQ(lanes[3][0].shape(), (Shape{2, 3}));
  EXPECT_EQ(lanes[3][0].at({1, 2}), leaves[0].at({1, 2, 3}));
  EXPECT_EQ(lanes[3][1].item(), 1);
  EXPECT_EQ(lanes[3][2].at({6}), leaves[2].at({6, 3}));
  std::vector<const std::vector<Array>*> order;
  for (const auto& lane : lanes) order.push_back(&lane);
  const auto back = search::lanes_in(order);
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_TRUE(same_bits(back[i], leaves[i] + 0)) << i;
}

}  // namespace
}  // namespace runnel::models
