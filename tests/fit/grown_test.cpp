// Known points to begin a search with; and studies that are gone on with and more: what is known stays, and
// what is new comes to what it comes to in a search of its own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "error_of.h"
#include "fit/tables.h"
#include "runnel/fit.h"
#include "study/support.h"

namespace runnel {
namespace {

using study::Folder;
using testing::ElementsAre;
using testing::HasSubstr;

FitOptions drawn(std::int64_t n, const std::string& rate = "rate=1e-3..1e-1") {
  FitOptions o;
  o.target.column = "y";
  o.random = n;
  o.space = {rate};
  o.set["hidden"] = "6";
  o.set["batch"] = 32;
  o.set["epochs"] = 4;
  o.folds = 0;
  o.seed = 7;
  o.noise_seeds = 0;
  return o;
}

FitOptions grid(const std::string& rates) {
  FitOptions o = drawn(0);
  o.random = 0;
  o.space.clear();
  o.grid = {rates};
  return o;
}

FitOptions in(const std::string& file, FitOptions o, bool resume = false) {
  o.study.file = file;
  o.study.resume = resume;
  return o;
}

using Told = std::vector<std::pair<params::Configuration, double>>;  // candidates and their metric

Told told(const FitResult& result, std::int64_t first, std::int64_t last) {
  Told out;
  for (std::int64_t i = first; i < last; ++i) {
    const search::Candidate& c = result.search.candidates.at(static_cast<std::size_t>(i));
    out.emplace_back(c.configuration, models::metric_of(c));
  }
  return out;
}

Told all(const FitResult& result) { return told(result, 0, std::ssize(result.search.candidates)); }

void expect_one_search(const std::string& file, const FitResult& result) {
  const study::Study study = study::read(file);
  ASSERT_EQ(study.candidates.size(), result.search.candidates.size());
  EXPECT_EQ(study.state, study::State::finished);
  EXPECT_EQ(study.best, result.best);
  for (const study::Candidate& c : study.candidates) {
    const search::Candidate& out = result.search.candidates[static_cast<std::size_t>(c.index)];
    EXPECT_EQ(study::configuration_of(c), out.configuration) << c.index;
    EXPECT_EQ(c.metric, models::metric_of(out)) << c.index;
  }
}

// ---- known points --------------------------------------------------------------------------------------

TEST(Tries, ComeFirstAndOnce) {
  const Table table = curved_table(200);
  FitOptions o = grid("rate=0.003,0.01");
  const FitResult plain = fit(table, o);
  o.tries = {"rate=0.02,hidden=3", "rate=0.01", "hidden=3,rate=0.02"};  // one that the grid has, one twice
  const FitResult result = fit(table, o);
  EXPECT_THAT(result.search.tried, ElementsAre(0, 1));
  ASSERT_EQ(result.search.candidates.size(), 4u);
  const params::Configuration& first = result.search.candidates[0].configuration;
  EXPECT_EQ(first["rate"].number(), 0.02);
  EXPECT_THAT(models::hidden_of(first), ElementsAre(3));
  EXPECT_EQ(models::epochs_of(first), 4);  // what a point does not say is as for all
  EXPECT_EQ(told(result, 1, 2), told(plain, 1, 2));
  EXPECT_EQ(told(result, 2, 4), all(plain));  // the grid's own stays where it is
}

TEST(Tries, AreCheckedAsValuesAre) {
  const params::Configuration base(models::network_schema());
  const auto complaint = [&](const char* text) { return error_of([&] { params::read_point(base, text); }); };
  EXPECT_THAT(complaint("rat=0.1"), HasSubstr("did you mean 'rate'"));
  EXPECT_THAT(complaint("rate=fast"), HasSubstr("rate"));
  EXPECT_THAT(complaint("rate=0.1,rate=0.2"), HasSubstr("rate is given twice"));
  EXPECT_THAT(complaint("rate=0.1,0.2"), HasSubstr("rate is \"0.1,0.2\""));
  EXPECT_THAT(complaint("rate=1e-4..1e-1"), HasSubstr("not a range"));
  EXPECT_THAT(complaint("layers=2"), HasSubstr("hidden=64x64"));
  EXPECT_THAT(complaint(""), HasSubstr("name=value"));
  EXPECT_THAT(complaint("optimizer=sgd,momentum=0.5"), HasSubstr("momentum takes part where optimizer is"));
  EXPECT_EQ(params::read_point(base, "lr=0.5")["rate"].number(), 0.5);  // another name of it
}

TEST(Tries, ComeLastInAStudyThatIsGoneOnWith) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  FitOptions o = drawn(3);
  o.tries = {"rate=0.02"};
  const FitResult first = fit(table, in(file, o));
  o.tries = {"rate=0.05", "rate=0.02"};
  const FitResult more = fit(table, in(file, o, true));
  EXPECT_THAT(more.search.tried, ElementsAre(0, 4));
  EXPECT_EQ(more.search.known, 4);
  EXPECT_EQ(told(more, 0, 4), all(first));
  EXPECT_EQ(more.search.candidates[4].configuration["rate"].number(), 0.05);
  expect_one_search(file, more);
  for (const bool once_more : {true, false}) {  // and no further one, whether they are named or not
    if (!once_more) o.tries.clear();
    const FitResult again = fit(table, in(file, o, true));
    EXPECT_EQ(all(again), all(more));
    EXPECT_THAT(again.search.tried, ElementsAre(0, 4));
  }
}

TEST(Tries, AreNotAddedToAStudyThatHasThem) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  FitOptions o = grid("rate=0.003,0.01");
  const FitResult first = fit(table, in(file, o));
  o.tries = {"rate=0.01"};
  const FitResult more = fit(table, in(file, o, true));
  EXPECT_EQ(all(more), all(first));
  EXPECT_THAT(more.search.tried, ElementsAre());
}

// ---- more of everything --------------------------------------------------------------------------------

class MoreDraws : public testing::TestWithParam<const char*> {};

TEST_P(MoreDraws, AreThoseOfTheLargerSearch) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  const auto options = [&](std::int64_t n) {
    FitOptions o = drawn(n);
    o.sampler = GetParam();
    return o;
  };
  fit(table, in(file, options(14)));
  const FitResult more = fit(table, in(file, options(20), true));
  EXPECT_EQ(all(more), all(fit(table, options(20))));
  EXPECT_EQ(more.search.known, 14);
  expect_one_search(file, more);
  EXPECT_EQ(all(fit(table, in(file, options(20), true))), all(more));
  EXPECT_THAT(
      error_of([&] { fit(table, in(file, options(15), true)); }),
      HasSubstr(fmt::format("the sampler {} has 15 candidates, and 20 were chosen already; ask for as "
                            "many or more",
                            GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Samplers, MoreDraws, testing::Values("random", "sobol", "tpe"),
                         [](const auto& made) { return std::string(made.param); });

TEST(GrownStudy, DrawsOfAWiderRangeComeBehindThoseThatAreKnown) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s"), wide = "rate=1e-4..0.3";
  const FitResult first = fit(table, in(file, drawn(3)));
  EXPECT_THAT(error_of([&] { fit(table, in(file, drawn(3, wide), true)); }),
              HasSubstr("rate 0.001..0.1 -> 0.0001..0.3 is wider, and the sampler's 3 candidates were chosen "
                        "already: ask for more"));
  EXPECT_THAT(error_of([&] { fit(table, in(file, drawn(5, "rate=1e-2..1e-1"), true)); }),
              HasSubstr("rate 0.001..0.1 -> 0.01..0.1, which does not hold all of it"));
  const FitResult more = fit(table, in(file, drawn(6, wide), true));
  EXPECT_EQ(told(more, 0, 3), all(first));
  EXPECT_EQ(told(more, 3, 6), told(fit(table, drawn(6, wide)), 3, 6));
  expect_one_search(file, more);
}

TEST(GrownStudy, ValuesMoreOfAGrid) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  const FitResult first = fit(table, in(file, grid("rate=0.003,0.03")));
  const FitResult more = fit(table, in(file, grid("rate=0.003,0.01,0.03"), true));
  EXPECT_EQ(told(more, 0, 2), all(first));
  EXPECT_EQ(told(more, 2, 3), told(fit(table, grid("rate=0.003,0.01,0.03")), 1, 2));
  expect_one_search(file, more);
  // Epochs among what a grid varies are values as others are: those that are known stay as long as they are.
  FitOptions epochs = grid("rate=0.003,0.01,0.03");
  epochs.set.erase("epochs");
  epochs.grid.emplace_back("epochs=4,9");
  const FitResult longer = fit(table, in(file, epochs, true));
  EXPECT_EQ(told(longer, 0, 3), all(more));
  EXPECT_EQ(longer.search.candidates.size(), 6u);
  EXPECT_EQ(longer.search.trajectories, 3);
  expect_one_search(file, longer);
}

TEST(GrownStudy, MoreEpochsAreThoseOfTheLongerSearch) {
  const Folder folder;
  const Table table = curved_table(200);
  for (const bool is_drawn : {true, false}) {
    const std::string file = folder.file(is_drawn ? "drawn" : "grid");
    const auto options = [&](std::int64_t epochs, const char* schedule = "constant") {
      FitOptions o = is_drawn ? drawn(3) : grid("rate=0.003,0.01,0.03");
      o.set["epochs"] = epochs;
      o.set["schedule"] = schedule;
      return o;
    };
    const FitResult first = fit(table, in(file, options(4)));
    const FitResult more = fit(table, in(file, options(9), true));
    ASSERT_EQ(more.search.candidates.size(), 3u);  // which are longer now
    EXPECT_EQ(all(more), all(fit(table, options(9))));
    for (std::size_t i = 0; i < 3; ++i) {
      const std::vector<double>&was = first.search.candidates[i].curve, &is = more.search.candidates[i].curve;
      EXPECT_EQ(was, std::vector<double>(is.begin(), is.begin() + 4));
    }
    EXPECT_THAT(more.warnings, testing::Not(testing::Contains(HasSubstr("from the beginning"))));
    expect_one_search(file, more);
    EXPECT_THAT(error_of([&] { fit(table, in(file, options(5), true)); }), HasSubstr("epochs 9 -> 5"));
  }
}

TEST(GrownStudy, MoreEpochsOfASchedulesTotalAreOtherTrainings) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  FitOptions o = drawn(2);
  o.set["schedule"] = "cosine";
  fit(table, in(file, o));
  o.set["epochs"] = 9;
  const FitResult more = fit(table, in(file, o, true));
  EXPECT_EQ(all(more), all(fit(table, o)));
  expect_one_search(file, more);
  EXPECT_THAT(more.warnings,
              testing::Contains(HasSubstr("2 candidates of more epochs are trained from the beginning")));
}

// Who had been trained further than he is in a search of all at once stays as he was; all others come to what
// they come to there.
void expect_grown(const FitResult& grown, const FitResult& whole, const FitResult& small) {
  const std::vector<search::Candidate>&now = grown.search.candidates, &alone = whole.search.candidates;
  ASSERT_EQ(now.size(), alone.size());
  EXPECT_EQ(grown.search.rungs, whole.search.rungs);
  for (std::size_t i = 0; i < now.size(); ++i) {
    EXPECT_EQ(now[i].configuration, alone[i].configuration) << i;
    EXPECT_NE(now[i].status, search::Status::diverged) << i;
    if (now[i].epochs == alone[i].epochs) {
      EXPECT_EQ(now[i].status, alone[i].status) << i;
      EXPECT_EQ(now[i].curve, alone[i].curve) << i;
    } else {
      ASSERT_LT(i, small.search.candidates.size());
      EXPECT_GT(now[i].epochs, alone[i].epochs) << i;
      EXPECT_EQ(now[i].curve, small.search.candidates[i].curve) << i;
    }
  }
}

// Rungs are those of all candidates.
TEST(GrownStudy, RungsAreThoseOfAllCandidates) {
  const Folder folder;
  const Table table = curved_table(200);
  const auto options = [](std::int64_t n, search::Scheduler scheduler) {
    FitOptions o = drawn(n);
    o.set["epochs"] = 9;
    o.scheduling = {scheduler, 3, 1};
    return o;
  };
  for (const search::Scheduler s :
       {search::Scheduler::halving, search::Scheduler::hyperband, search::Scheduler::median}) {
    SCOPED_TRACE(search::scheduler_name(s));
    const std::string file = folder.file(std::string(search::scheduler_name(s)));
    const FitResult first = fit(table, in(file, options(9, s)));
    const FitResult more = fit(table, in(file, options(27, s), true));
    expect_grown(more, fit(table, options(27, s)), first);
    for (std::size_t i = 0; i < 9; ++i)
      EXPECT_GE(more.search.candidates[i].epochs, first.search.candidates[i].epochs) << i;
    expect_one_search(file, more);
  }
}

// The rungs of more epochs are others.
TEST(GrownStudy, MoreEpochsHaveOtherRungs) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  FitOptions o = drawn(9);
  o.scheduling = {search::Scheduler::halving, 2, 2};
  o.set["epochs"] = 8;
  const FitResult first = fit(table, in(file, o));
  o.set["epochs"] = 20;
  const FitResult more = fit(table, in(file, o, true));
  expect_grown(more, fit(table, o), first);
  expect_one_search(file, more);
}

TEST(GrownStudy, OneThatWasStoppedGrowsToo) {
  const Folder folder;
  const Table table = curved_table(200);
  for (const std::size_t folds : {0, 3}) {
    const std::string file = folder.file(std::to_string(folds));
    FitOptions o = drawn(3);
    o.set["epochs"] = 60;
    o.folds = folds;
    std::atomic<bool> stop = false;
    std::atomic<int> reports = 0;
    FitOptions first = in(file, o);
    first.stop = &stop;
    first.progress = [&](const search::Progress&) { stop = ++reports >= 25; };
    EXPECT_EQ(fit(table, first).ended, SearchEnd::stopped);
    o.random = 6;
    const FitResult more = fit(table, in(file, o, true));
    const FitResult straight = fit(table, o);
    EXPECT_EQ(all(more), all(straight));
    EXPECT_EQ(more.best, straight.best);
    EXPECT_EQ(more.test.value, straight.test.value);
    expect_one_search(file, more);
  }
}

TEST(GrownStudy, WhatIsNoGrowthIsRefused) {
  const Folder folder;
  const Table table = curved_table(200);
  const std::string file = folder.file("s");
  fit(table, in(file, drawn(3)));
  const auto complaint = [&](FitOptions o) {
    return error_of([&] { fit(table, in(file, std::move(o), true)); });
  };
  FitOptions o = drawn(5);
  o.set["l2"] = 1;
  EXPECT_THAT(complaint(o), HasSubstr("another space: l2 0 -> 1"));
  o = drawn(5);
  o.sampler = "sobol";
  EXPECT_THAT(complaint(o), HasSubstr("another sampler: random -> sobol"));
  o = drawn(5);
  o.scheduling.scheduler = models::Scheduler::halving;
  EXPECT_THAT(complaint(o), HasSubstr("scheduler full -> halving"));
  o = drawn(5);
  o.scale_target = false;
  EXPECT_THAT(complaint(o), HasSubstr("scale-target yes -> no"));
  EXPECT_EQ(study::read(file).candidates.size(), 3u);
  EXPECT_THAT(error_of([&] { fit(curved_table(210), in(file, drawn(2), true)); }),
              HasSubstr("rows 200 -> 210"));
}

}  // namespace
}  // namespace runnel
