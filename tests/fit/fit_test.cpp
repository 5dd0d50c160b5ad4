// From a table to a model: nothing may reach the model from rows that are to judge it.
#include "runnel/fit.h"
#include "error_of.h"
#include "fit/tables.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

namespace runnel {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

FitOptions options() {
  FitOptions o;
  o.target.column = "y";
  o.grid = {"hidden=none,6", "rate=0.003,0.01", "epochs=2,4"};
  o.set["batch"] = 32;
  o.folds = 0;
  return o;
}

void expect_same_model(const FitResult& a, const FitResult& b) {
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.model.preprocessor.to_json(), b.model.preprocessor.to_json());
  EXPECT_EQ(a.model.target_mean, b.model.target_mean);
  const auto x = tree::flatten(a.model.network);
  const auto y = tree::flatten(b.model.network);
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(same_bits(x[i], y[i]));
}

// Every cell of the given rows changed: numbers, categories, gaps, targets.
Table spoiled(Table t, const std::vector<std::size_t>& rows) {
  for (std::size_t row : rows) {
    t.columns[0].numbers[row] = 1e6;
    t.columns[1].numbers[row] = NAN;
    t.columns[2].texts.set(row, "violet");
    t.columns[3].numbers[row] = -12345 - static_cast<double>(row);
  }
  return t;
}

TEST(Fit, TestRowsDoNotReachTheModel) {
  const Table t = table_of(300);
  for (std::size_t folds : {0, 3}) {
    FitOptions o = options();
    o.folds = folds;
    const FitResult clean = fit(t, o);
    ASSERT_EQ(clean.split.test.size(), 60u);
    const FitResult dirty = fit(spoiled(t, clean.split.test), o);
    expect_same_model(clean, dirty);
    EXPECT_LT(dirty.test.value, clean.test.value - 1);  // the change did reach the score
  }
}

TEST(Fit, ValidationRowsDoNotReachThePreprocessing) {
  const Table t = table_of(300);
  const FitResult clean = fit(t, options());
  const FitResult dirty = fit(spoiled(t, clean.split.validation), options());
  EXPECT_EQ(clean.model.preprocessor.to_json(), dirty.model.preprocessor.to_json());
  EXPECT_EQ(clean.model.target_mean, dirty.model.target_mean);
}

// A word among the test rows is an error that names its place; it does not turn the column into text.
TEST(Fit, TrainingRowsSayWhatAColumnIs) {
  const Table t = table_of(300);
  const FitResult clean = fit(t, options());
  Table worded = t;
  Column& a = worded.columns[0];
  a.type = Column::Type::text;
  for (double v : a.numbers) {
    a.texts.push_back(fmt::format("{}", v));
    a.missing.push_back(0);
  }
  a.numbers.clear();
  FitOptions declared = options();
  declared.triage.numeric = {"a"};
  expect_same_model(clean, fit(worded, declared));
  a.texts.set(clean.split.test[0], "oops");
  EXPECT_THAT(error_of([&] { fit(worded, declared); }),
              HasSubstr(fmt::format("made.csv, line {}, column 'a': 'oops' is not a number",
                                    clean.split.test[0] + 2)));
}

TEST(Fit, ThreadsChangeNoBit) {
  FitOptions one = options();
  one.threads = 1;
  FitOptions two = options();
  two.threads = 2;
  expect_same_model(fit(table_of(300), one), fit(table_of(300), two));
}

// A candidate that learns nothing predicts its training rows' mean: its error is known for each fold, in the
// target's unit.
TEST(Fit, ErrorsUnderFoldsAreInTheTargetsUnit) {
  const Table t = table_of(200);
  FitOptions o = options();
  o.metric = models::Metric::rmse;
  o.folds = 4;
  o.grid = {"hidden=none", "rate=0", "epochs=1"};
  const FitResult result = fit(t, o);
  std::vector<std::size_t> rows = result.split.train;
  rows.insert(rows.end(), result.split.validation.begin(), result.split.validation.end());
  std::sort(rows.begin(), rows.end());
  std::vector<std::string> warnings;
  const Target target = Target::fit(t, o.target, warnings);
  double expected = 0;
  for (const Fold& fold : fold_table(t, rows, target.read(t, warnings), Task::regression, 4, {.seed = 0})) {
    double mean = 0;
    for (std::size_t row : fold.train)
      mean += t.columns[3].numbers[row] / static_cast<double>(fold.train.size());
    double squares = 0;
    for (std::size_t row : fold.validation) squares += std::pow(t.columns[3].numbers[row] - mean, 2);
    expected += std::sqrt(squares / static_cast<double>(fold.validation.size())) / 4;
  }
  EXPECT_NEAR(models::metric_of(result.search.candidates[0]), expected, 1e-4 * expected);
}

TEST(Fit, BaselinesAreTheConstantAndTheLinearModel) {
  const FitResult result = fit(table_of(300), options());
  EXPECT_NEAR(result.constant_baseline, 0, 0.05);
  // Var(20 a - 10 b) = 500 beside a noise of 9, and one b in 17 unknown: about 9 + 100 / 17 of 509 stay
  // unexplained.
  EXPECT_NEAR(result.linear_baseline, 1 - (9 + 100 / 17.0) / 509, 0.03);
}

// Stopped once the winner stands: the fit ends with it, and says that no linear model stands beside it,
// rather than show one that was trained half-way.
TEST(Fit, ABaselineThatIsStoppedIsSaid) {
  FitOptions o = options();
  o.target.column = "c";
  const FitResult whole = fit(table_of(300), o);
  EXPECT_FALSE(std::isnan(whole.linear_baseline));
  EXPECT_THAT(whole.warnings, Not(Contains(HasSubstr("linear model"))));
  std::atomic<bool> stop{false};
  o.stop = &stop;
  o.searched = [&](const FitResult&) { stop = true; };
  const FitResult stopped = fit(table_of(300), o);
  EXPECT_FALSE(stopped.search.interrupted);
  expect_same_model(stopped, whole);
  EXPECT_EQ(stopped.test.value, whole.test.value);
  EXPECT_TRUE(std::isnan(stopped.linear_baseline));
  EXPECT_THAT(stopped.warnings, Contains(HasSubstr("the best linear model was not found")));
}

TEST(Fit, AColumnThatGivesTheTargetAwayIsSaid) {
  Table t = table_of(200);
  EXPECT_THAT(fit(t, options()).warnings, Not(Contains(HasSubstr("--drop"))));
  Column leak{.name = "leak", .numbers = t.columns[3].numbers};
  for (double& v : leak.numbers) v = 2 * v + 1;
  t.columns.push_back(leak);
  EXPECT_THAT(fit(t, options()).warnings,
              Contains(testing::AllOf(HasSubstr("column leak"), HasSubstr("--drop leak"))));
}

// Rungs retire candidates of the search; the linear model beside it is chosen as ever.
TEST(Fit, RungsChangeTheSearchAlone) {
  const Table t = table_of(200);
  for (std::size_t folds : {0, 3}) {
    FitOptions o = options();
    o.grid = {"hidden=none,6", "rate=0.001,0.003,0.01,0.03"};
    o.set["epochs"] = 8;
    o.folds = folds;
    const FitResult full = fit(t, o);
    o.scheduling = {models::Scheduler::halving, 2, 2};
    const FitResult rungs = fit(t, o);
    EXPECT_EQ(rungs.linear_baseline, full.linear_baseline);
    EXPECT_LT(rungs.search.epochs, full.search.epochs);
    const Forecast told = forecast(t, o);
    EXPECT_EQ(told.plan.rungs, rungs.search.rungs);
    EXPECT_EQ(told.plan.epochs, rungs.search.epochs);
    const auto& winner = rungs.search.candidates[static_cast<std::size_t>(rungs.best)];
    EXPECT_EQ(models::metric_of(winner),
              models::metric_of(full.search.candidates[static_cast<std::size_t>(rungs.best)]));
    o.threads = 3;
    expect_same_model(rungs, fit(t, o));
  }
}

TEST(Fit, HyperbandDrawsAsManyAsItAsksFor) {
  FitOptions o = options();
  o.grid = {};
  o.space = {"rate=1e-3..1e-1", "epochs=3..9"};
  o.scheduling.scheduler = models::Scheduler::hyperband;
  o.sampler = "sobol";
  const Forecast told = forecast(table_of(100), o);
  EXPECT_EQ(told.plan.candidates, 17);  // 9 + 5 + 3 for nine epochs and eta 3
  EXPECT_EQ(told.sampler, "sobol");
}

// The rows of a table again, in their order, `times[i]` times each.
Table repeated(const Table& t, const std::vector<int>& times) {
  Table out = t;
  for (Column& c : out.columns) c.numbers.clear(), c.texts.clear(), c.missing.clear();
  out.lines.clear();
  for (std::size_t row = 0; row < t.rows; ++row)
    for (int k = 0; k < times[row]; ++k) {
      for (std::size_t c = 0; c < t.columns.size(); ++c) {
        const Column& from = t.columns[c];
        if (from.type == Column::Type::number)
          out.columns[c].numbers.push_back(from.numbers[row]);
        else
          out.columns[c].texts.push_back(from.texts[row]), out.columns[c].missing.push_back(0);
      }
      out.lines.push_back(t.lines[row]);
    }
  out.rows = out.lines.size();
  return out;
}

// Full-batch descent on rows of weights 1 and 2 goes where it goes on rows that stand there once and twice.
// Only the training rows are weighed, so the others are the same file.
TEST(Fit, WeightsAreRowsThatStandThereMoreOften) {
  Table t = table_of(120);
  t.columns.erase(t.columns.begin() + 1, t.columns.begin() + 3);  // no gaps, no categories: a and y
  Table test = t;
  FitOptions o = options();
  o.grid = {"epochs=30"};
  o.set["hidden"] = "none";
  o.set["optimizer"] = "sgd";
  o.set["rate"] = 0.1;
  o.set["batch"] = 1000;
  o.scale_target = false;
  o.triage.standardize = false;
  o.triage.log_companions = false;
  o.split.validation = 0.3;
  const Split split = fit(t, o, &test).split;
  Column w{.name = "w", .numbers = std::vector<double>(t.rows, 1)};
  std::vector<int> times(t.rows, 0);
  for (std::size_t i = 0; i < split.train.size(); ++i) times[split.train[i]] = i % 3 == 0 ? 2 : 1;
  for (std::size_t i = 0; i < t.rows; ++i) w.numbers[i] = times[i] == 0 ? 7 : times[i];
  Table weighted = t;
  weighted.columns.push_back(w);
  o.weight = "w";
  const FitResult by_weight = fit(weighted, o, &test);
  EXPECT_EQ(by_weight.model.preprocessor.features(), std::vector<std::string>{"a"});
  ASSERT_EQ(by_weight.split.train, split.train);
  // The same descent on the repeated rows, by hand.
  const Table more = repeated(t, times);
  double slope = 0, bias = 0;
  for (int step = 0; step < 30; ++step) {
    double by_slope = 0, by_bias = 0;
    for (std::size_t i = 0; i < more.rows; ++i) {
      const double r = slope * more.columns[0].numbers[i] + bias - more.columns[1].numbers[i];
      by_slope += 2 * r * more.columns[0].numbers[i] / static_cast<double>(more.rows);
      by_bias += 2 * r / static_cast<double>(more.rows);
    }
    slope -= 0.1 * by_slope;
    bias -= 0.1 * by_bias;
  }
  EXPECT_NEAR(nn::dense_layers(by_weight.model.network)[0].w.at({0, 0}), slope, 2e-4 * std::abs(slope));
  EXPECT_NEAR(nn::dense_layers(by_weight.model.network)[0].b.at({0}), bias, 2e-4 * std::abs(bias));
}

// Balanced weights are those that one may write down oneself.
TEST(Fit, BalancedWeightsAreTheInverseShares) {
  Table t = table_of(300);
  Column& y = t.columns[3];
  y.type = Column::Type::text;
  for (double v : y.numbers)
    y.texts.push_back(v > 115 ? "high" : v > 100 ? "middle" : "low"), y.missing.push_back(0);
  y.numbers.clear();
  FitOptions o = options();
  o.class_weights = class_weights_from("balanced");
  const FitResult balanced = fit(t, o);
  std::map<std::string, double> count;
  for (std::size_t row : balanced.split.train) count[y.text(row)] += 1;
  ASSERT_EQ(count.size(), 3u);
  const double n = static_cast<double>(balanced.split.train.size());
  o.class_weights = class_weights_from(fmt::format("low={},high={},middle={}", n / (3 * count["low"]),
                                                   n / (3 * count["high"]), n / (3 * count["middle"])));
  expect_same_model(balanced, fit(t, o));
  o.class_weights = {};
  const FitResult plain = fit(t, o);
  EXPECT_NE(plain.search.candidates[0].curve, balanced.search.candidates[0].curve);
  EXPECT_EQ(plain.linear_baseline, balanced.linear_baseline);  // counts every row once
  EXPECT_THROW(class_weights_from("low"), Error);
  EXPECT_THROW(class_weights_from("low=1,low=2"), Error);
  EXPECT_THROW(class_weights_from("low=nan"), Error);
  o.class_weights = class_weights_from("lo=2");
  EXPECT_THAT(error_of([&] { fit(t, o); }), HasSubstr("did you mean 'low'"));
}

// The members of an ensemble are the networks that the candidates have when they are searched alone.
TEST(Fit, EnsemblesAreOfTheBestCandidates) {
  const Table t = table_of(300);
  for (std::size_t folds : {0, 3}) {
    FitOptions o = options();
    o.folds = folds;
    const FitResult single = fit(t, o);
    o.ensemble = 3;
    const FitResult result = fit(t, o);
    ASSERT_EQ(result.members.size(), 3u);
    ASSERT_EQ(result.model.others.size(), 2u);
    EXPECT_EQ(result.best, single.best);
    EXPECT_EQ(result.single.value, single.test.value);
    expect_same_model(result, single);
    EXPECT_NE(result.test.value, single.test.value);
    double worst = 1;
    for (std::int64_t i : result.members)
      worst = std::min(worst, models::metric_of(result.search.candidates[static_cast<std::size_t>(i)]));
    for (const search::Candidate& out : result.search.candidates)
      if (std::find(result.members.begin(), result.members.end(), out.number) == result.members.end()) {
        EXPECT_LE(models::metric_of(out), worst);
      }
    o.ensemble_of_seeds = true;
    o.grid[0] = "hidden=6";  // a linear model does not depend on its seed
    const FitResult seeds = fit(t, o);
    ASSERT_EQ(seeds.model.others.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      FitOptions alone = options();
      alone.folds = folds;
      const params::Configuration& winner = seeds.model.configuration;
      for (std::size_t k = 0; k < winner.values().size(); ++k)
        if (!winner.values()[k].is_nothing())
          alone.set[winner.schema().parameters()[k].name] = winner.values()[k];
      alone.set.erase("seed");
      alone.grid = {fmt::format("seed={}", i + 1)};
      const auto expected = tree::flatten(fit(t, alone).model.network);
      const auto got = tree::flatten(seeds.model.others[i].network);
      for (std::size_t leaf = 0; leaf < got.size(); ++leaf) EXPECT_TRUE(same_bits(got[leaf], expected[leaf]));
    }
  }
}

// The whole default space gives the average of its best; what is said of the search leaves one network.
TEST(Fit, TheDefaultSearchGivesAnEnsemble) {
  const Table t = table_of(200);
  FitOptions o = options();
  o.grid.clear();
  o.set.clear();
  o.folds = 2;
  const FitResult usual = fit(t, o);
  EXPECT_EQ(std::ssize(usual.members), FitOptions::kUsualEnsemble);
  EXPECT_EQ(std::ssize(usual.model.others), FitOptions::kUsualEnsemble - 1);
  FitOptions one = o;
  one.ensemble = 1;
  const FitResult single = fit(t, one);
  EXPECT_TRUE(single.model.others.empty());
  EXPECT_EQ(single.best, usual.best);
  EXPECT_EQ(single.test.value, usual.single.value);
  one.ensemble = 0;
  one.set["l2"] = 0;
  EXPECT_TRUE(fit(t, one).model.others.empty());
}

// The winner of folds is trained on all rows for as many epochs as the best ones of the folds were on
// average.
TEST(Fit, PatienceUnderFoldsIsTheMeanBestEpoch) {
  const Table t = table_of(200);
  FitOptions o = options();
  o.grid = {"rate=0.05"};
  o.set["hidden"] = "8";
  o.set["epochs"] = 60;
  o.set["patience"] = 2;
  o.folds = 3;
  const FitResult patient = fit(t, o);
  const double best = patient.search.candidates[0].best_epoch;
  EXPECT_LT(best, 60);
  EXPECT_EQ(models::epochs_of(patient.model.configuration), std::lround(best));
  EXPECT_TRUE(patient.model.configuration["patience"].is_off());
  o.set["patience"] = params::Value::off();
  o.set["epochs"] = std::lround(best);
  expect_same_model(patient, fit(t, o));
}

TEST(Fit, ImpossibleWishesAreRefused) {
  const Table t = table_of(100);
  const auto error = [&](auto change, ErrorKind kind = ErrorKind::input) {
    FitOptions o = options();
    change(o);
    return error_of([&] { fit(t, o); }, kind);
  };
  EXPECT_THAT(error([](auto& o) { o.split.group = "y"; }), HasSubstr("--group y: that is the target"));
  EXPECT_THAT(error([](auto& o) { o.random = 3; }), HasSubstr("not both"));
  EXPECT_THAT(error([](auto& o) { o.metric = models::Metric::accuracy; }),
              HasSubstr("does not fit a regression target"));
  EXPECT_THAT(error([](auto& o) { o.loss = models::Loss::softmax; }),
              HasSubstr("does not fit a regression target"));
  EXPECT_THAT(error([](auto& o) { o.threads = 5000; }), HasSubstr("at most 4096"));
  EXPECT_THAT(error([](auto& o) { o.sampler = "sobol"; }), HasSubstr("needs a number of draws"));
  const auto wild = [](FitOptions& o) {
    o.grid = {"rate=1e30", "hidden=6"};
    o.set["optimizer"] = "sgd";
  };
  EXPECT_THAT(error(wild, ErrorKind::run), HasSubstr("all 1 candidates diverged"));
  const auto wild_rungs = [](FitOptions& o) {
    o.grid = {"rate=1e30", "hidden=6", "seed=1,2,3"};
    o.set["optimizer"] = "sgd";
    o.set["epochs"] = 3;
    o.scheduling.scheduler = models::Scheduler::halving;
  };
  EXPECT_THAT(error(wild_rungs, ErrorKind::run), HasSubstr("all 3 candidates diverged"));
}

}  // namespace
}  // namespace runnel
