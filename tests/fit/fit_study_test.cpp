// A fit that keeps its study comes to the same model however often it was stopped, and the winner of a study
// trained alone is the study's model.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <filesystem>

#include "core/text.h"
#include "error_of.h"
#include "fit/tables.h"
#include "runnel/fit.h"
#include "runnel/ops.h"
#include "runnel/tree.h"
#include "study/support.h"

namespace runnel {
namespace {

using study::Folder;
using testing::HasSubstr;

FitOptions options(const std::string& file, std::size_t folds = 0) {
  FitOptions o;
  o.target.column = "y";
  o.grid = {"hidden=none,6,9", "rate=0.003,0.01", "epochs=4,9,27"};
  o.set["batch"] = 32;
  o.set["dropout"] = 0.1;
  o.folds = folds;
  o.seed = 7;
  o.study.file = file;
  o.study.every = 0;
  o.noise_seeds = 0;  // a stop while the winner is doubted leaves the doubts out, rightly
  return o;
}

std::vector<std::string> bits_of(const nn::Network& network) {
  std::vector<std::string> out;
  for (const Array& array : tree::flatten(network)) {
    std::string bits = to_string(array.shape());
    for (const double v : array.to_doubles()) bits += fmt::format(" {:x}", std::bit_cast<std::uint64_t>(v));
    out.push_back(bits);
  }
  return out;
}

void expect_same_model(const Model& a, const Model& b) {
  EXPECT_EQ(bits_of(a.network), bits_of(b.network));
  EXPECT_EQ(a.preprocessor.to_json(), b.preprocessor.to_json());
  EXPECT_EQ(a.target_mean, b.target_mean);
  EXPECT_EQ(a.target_scale, b.target_scale);
  EXPECT_EQ(a.configuration, b.configuration);
}

// What a study says, but for when and how often it was run.
std::string told(const study::Study& s) {
  std::string out = fmt::format("{} best {}\n", study::state_name(s.state), s.best.value_or(-1));
  for (const study::Candidate& c : s.candidates) {
    out += fmt::format("{} {} {} {} {}\n", c.index, study::status_name(c.status), c.metric, c.loss, c.epochs);
    for (const study::Reading& r : c.readings)
      out += fmt::format("  {} {} {} {} {}\n", r.fold, r.epochs, r.metric, r.loss, fmt::join(r.curve, " "));
  }
  for (const study::Rung& r : s.rungs)
    out += fmt::format("rung {} {} {} {}\n", r.bracket, r.epochs, r.entered, r.kept);
  return out + fmt::format("{}", fmt::join(s.warnings, "\n"));
}

// ---- stopped and resumed -------------------------------------------------------------------------------

// Stops again and again, each time after another share of what was left, on another number of threads.
FitResult fit_with_stops(const Table& table, FitOptions o) {
  std::atomic<bool> stop = false;
  for (int life = 0; life < 40; ++life) {
    o.study.resume = life > 0;
    o.threads = 1 + life % 3;
    int reports = 0;
    stop = false;
    o.stop = &stop;
    o.progress = [&](const search::Progress&) { stop = ++reports > 3 + 2 * life; };
    try {
      FitResult result = fit(table, o);
      if (!result.search.interrupted) {
        EXPECT_GT(life, 2) << "nothing was stopped";
        return result;
      }
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("goes on with --resume"));
    }
    EXPECT_EQ(study::read(o.study.file).state, study::State::interrupted);
  }
  throw std::runtime_error("it never came to an end");
}

class Stopped : public testing::TestWithParam<std::tuple<models::Scheduler, std::size_t>> {};

TEST_P(Stopped, AndResumedComesToTheSameBits) {
  const auto [scheduler, folds] = GetParam();
  const Folder folder;
  const Table table = curved_table(300);
  FitOptions o = options(folder.file("straight"), folds);
  o.scheduling.scheduler = scheduler;
  const FitResult straight = fit(table, o);
  o.study.file = folder.file("stopped");
  const FitResult stopped = fit_with_stops(table, o);
  expect_same_model(straight.model, stopped.model);
  EXPECT_EQ(straight.test.value, stopped.test.value);
  EXPECT_EQ(told(study::read(folder.file("straight"))), told(study::read(folder.file("stopped"))));
}

// Patience, networks of all kinds, weights and ensembles too; and what a study tells of them.
TEST(FitStudy, ExtrasStoppedAndResumedComeToTheSameBits) {
  for (const std::size_t folds : {0, 3}) {
    const Folder folder;
    const Table table = curved_table(300);
    FitOptions o = options(folder.file("straight"), folds);
    o.set["patience"] = 1;
    o.set["norm"] = "layer";
    o.set["embedding"] = "linear-pieces";
    o.ensemble = 2;
    const FitResult straight = fit(table, o);
    o.study.file = folder.file("stopped");
    const FitResult stopped = fit_with_stops(table, o);
    expect_same_model(straight.model, stopped.model);
    EXPECT_EQ(straight.test.value, stopped.test.value);
    const study::Study told_of = study::read(folder.file("straight"));
    EXPECT_EQ(told(told_of), told(study::read(folder.file("stopped"))));
    for (const study::Candidate& c : told_of.candidates) {
      const search::Candidate& candidate = straight.search.candidates[static_cast<std::size_t>(c.index)];
      ASSERT_EQ(c.readings.size(), std::max<std::size_t>(folds, 1));
      double mean = 0;
      for (const study::Reading& r : c.readings) mean += r.metric;
      EXPECT_EQ(mean / static_cast<double>(c.readings.size()), models::metric_of(candidate));
    }
  }
}

TEST(FitStudy, OtherWeightsAreAnotherSearch) {
  const Folder folder;
  Table table = curved_table(100);
  table.columns.push_back({.name = "w", .numbers = std::vector<double>(100, 1)});
  FitOptions o = options(folder.file("s"));
  o.triage.drop = {"w"};
  fit(table, o);
  o.study.resume = true;
  o.weight = "w";
  EXPECT_THAT(error_of([&] { fit(table, o); }), HasSubstr("weight"));
}

INSTANTIATE_TEST_SUITE_P(Fits, Stopped,
                         testing::Combine(testing::Values(models::Scheduler::full,
                                                          models::Scheduler::halving),
                                          testing::Values(0, 3)));

TEST(FitStudy, AFinishedStudyGivesItsModelAgain) {
  const Folder folder;
  FitOptions o = options(folder.file("s"));
  const FitResult first = fit(curved_table(200), o);
  o.study.resume = true;
  const FitResult again = fit(curved_table(200), o);
  expect_same_model(first.model, again.model);
  EXPECT_EQ(study::read(o.study.file).runs.size(), 2u);
}

TEST(FitStudy, KeepsTheNetworkOfTheModel) {
  const Folder folder;
  for (const std::size_t folds : {0, 3}) {
    const FitOptions o = options(folder.file(std::to_string(folds)), folds);
    const FitResult result = fit(curved_table(200), o);
    const auto kept = study::read_snapshot(o.study.file, study::Snapshot::Kind::model, result.best, 0);
    ASSERT_TRUE(kept);
    const std::vector<nn::Dense> layers = nn::dense_layers(result.model.network);
    ASSERT_EQ(kept->tensors.size(), 2 * layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto bytes = std::as_bytes(layers[i].w.data<float>());
      EXPECT_TRUE(std::ranges::equal(bytes, kept->tensors[2 * i].bytes)) << folds << " folds, layer " << i;
    }
  }
}

TEST(FitStudy, SaysWhatBeganItAndHowItWasResolved) {
  const Folder folder;
  FitOptions o = options(folder.file("s"));
  o.study.command = "runnel fit made.csv";
  o.study.caller = R"({"words":["fit"]})";
  o.study.tensorboard = folder.file("board");
  fit(curved_table(200), o);
  const study::Description d = study::read(o.study.file).description;
  EXPECT_EQ(d.command, o.study.command);
  EXPECT_EQ(d.source, "made.csv");
  EXPECT_THAT(d.configuration, HasSubstr(R"("caller":{"words":["fit"]})"));
  EXPECT_THAT(d.configuration, HasSubstr(R"("loss":"squared")"));
  EXPECT_THAT(d.configuration, HasSubstr(R"("values":["none","6","9"])"));
  EXPECT_TRUE(std::filesystem::exists(folder.file("board/candidate-00")));
}

// ---- what is refused -----------------------------------------------------------------------------------

TEST(FitStudy, WhatChangedIsNamed) {
  const Folder folder;
  const Table table = curved_table(200);
  const FitOptions o = options(folder.file("s"), 3);
  fit(table, o);
  const std::string before = told(study::read(o.study.file));
  const auto refused = [&](const Table& t, const std::function<void(FitOptions&)>& change) {
    FitOptions other = o;
    other.study.resume = true;
    change(other);
    return error_of([&] { fit(t, other); });
  };
  Table values = table;
  values.columns[1].numbers[17] += 1;
  EXPECT_THAT(refused(values, [](FitOptions&) {}),
              HasSubstr("another data (made.csv): column 'b' has other values"));
  EXPECT_THAT(refused(curved_table(201), [](FitOptions&) {}), HasSubstr("rows 200 -> 201"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.split.test = 0.3; }),
              HasSubstr("another split of the rows: "));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.grid[1] = "rate=0.003,0.02"; }),
              HasSubstr("another space: rate 0.003,0.01 -> 0.003,0.02, which does not hold all of it"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.grid.pop_back(); }),
              HasSubstr("epochs was varied and is not any more"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.loss = models::Loss::huber; }),
              HasSubstr("loss squared -> huber"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.f64 = true; }), HasSubstr("dtype f32 -> f64"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.triage.log_companions = false; }),
              HasSubstr("log-companions yes -> no"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.scheduling.scheduler = models::Scheduler::median; }),
              HasSubstr("scheduler full -> median"));
  EXPECT_THAT(refused(table, [](FitOptions& x) { x.study.resume = false; }), HasSubstr("is there already"));
  EXPECT_EQ(told(study::read(o.study.file)), before);
  FitOptions nameless = o;
  nameless.study.file.clear();
  nameless.study.resume = true;
  EXPECT_THAT(error_of([&] { fit(table, nameless); }), HasSubstr("name its file"));
}

// ---- the winner again ----------------------------------------------------------------------------------

TEST(Refit, GivesTheModelOfTheStudy) {
  const Folder folder;
  const Table table = curved_table(300);
  for (const std::size_t folds : {0, 3}) {
    FitOptions o = options(folder.file(std::to_string(folds)), folds);
    const FitResult searched = fit(table, o);
    o.threads = 3;
    const FitResult again = refit(table, o, study::read(o.study.file), false);
    expect_same_model(searched.model, again.model);
    EXPECT_EQ(searched.test.value, again.test.value);
    EXPECT_THAT(again.warnings, testing::Not(testing::Contains(HasSubstr("in the study"))));
  }
}

TEST(Refit, AnAverageComesWithAllItsMembers) {
  const Folder folder;
  const Table table = curved_table(300);
  for (const bool of_seeds : {false, true})
    for (const std::size_t folds : {0, 3}) {
      FitOptions o = options(folder.file(std::to_string(folds) + (of_seeds ? "s" : "c")), folds);
      o.ensemble = 3;
      o.ensemble_of_seeds = of_seeds;
      const FitResult searched = fit(table, o);
      const FitResult again = refit(table, o, study::read(o.study.file), false);
      ASSERT_EQ(searched.model.others.size(), 2u);
      ASSERT_EQ(again.model.others.size(), 2u);
      expect_same_model(searched.model, again.model);
      for (std::size_t i = 0; i < 2; ++i)
        EXPECT_EQ(bits_of(searched.model.others[i].network), bits_of(again.model.others[i].network));
    }
}

// The same by hand: statistics of, and training on, all rows but those of the test.
TEST(Refit, OnValidationRowsToo) {
  const Folder folder;
  const Table table = curved_table(300);
  const FitOptions o = options(folder.file("s"));
  const FitResult searched = fit(table, o);
  const FitResult release = refit(table, o, study::read(o.study.file), true);

  std::vector<std::size_t> rows = searched.split.train;
  rows.insert(rows.end(), searched.split.validation.begin(), searched.split.validation.end());
  std::sort(rows.begin(), rows.end());
  TriageOptions triage;
  triage.target = "y";
  const Preprocessor statistics = Preprocessor::fit(table, rows, triage);
  const Matrix<float> m = statistics.transform(table, rows);
  const auto n = static_cast<std::int64_t>(m.rows);
  std::vector<double> y;
  for (const std::size_t row : rows) y.push_back(table.columns[2].numbers[row]);
  for (double& v : y) v = (v - release.model.target_mean) / release.model.target_scale;
  const Array x = Array::from(m.values, {n, static_cast<std::int64_t>(m.cols)});
  const Array target = convert(Array::from(y, {n}), DType::f32);
  search::Options by_hand;
  by_hand.seed = o.seed;
  const models::Result result =
      models::run({{{x, target, x, target}}, models::Loss::squared, models::Metric::r2, 1},
                  {searched.model.configuration}, by_hand);
  EXPECT_EQ(bits_of(result.networks.at(0)), bits_of(release.model.network));
  EXPECT_EQ(release.model.preprocessor.to_json(), statistics.to_json());
  EXPECT_NE(bits_of(searched.model.network), bits_of(release.model.network));
  EXPECT_EQ(release.split.test, searched.split.test);
  EXPECT_GT(release.linear_baseline, 0);
}

TEST(Refit, RefusesWhatItCannotDo) {
  const Folder folder;
  const Table table = curved_table(200);
  FitOptions o = options(folder.file("s"));
  fit(table, o);
  const study::Study study = study::read(o.study.file);
  EXPECT_THAT(error_of([&] { refit(curved_table(200, 2), o, study, false); }),
              HasSubstr("the study was made with another data (made.csv): column 'a' has other values"));
  o.seed = 8;
  EXPECT_THAT(error_of([&] { refit(table, o, study, false); }), HasSubstr("another split of the rows"));
  o.seed = 7;
  o.set["batch"] = 1;  // the candidate's own hyperparameters are those that count
  EXPECT_THAT(refit(table, o, study, false).warnings,
              testing::Not(testing::Contains(HasSubstr("in the study"))));
  o.loss = models::Loss::huber;
  EXPECT_THAT(refit(table, o, study, false).warnings, testing::Contains(HasSubstr("in the study")));
  study::Study killed = study;
  killed.best.reset();
  killed.state = study::State::running;
  EXPECT_THAT(error_of([&] { refit(table, o, killed, false); }), HasSubstr("has not come to its end"));
}

// Dates were a trend alone, and features of networks in doubles were floats: states of then do not fit now.
TEST(Refit, StudiesOfOtherFeaturesAreRefused) {
  const Folder folder;
  Table table = curved_table(200);
  Column day{.name = "day", .type = Column::Type::date};
  for (std::size_t i = 0; i < table.rows; ++i) {
    day.texts.push_back(fmt::format("2020-{:02}-{:02}", 1 + i % 12, 1 + i % 28));
    day.numbers.push_back(1577836800.0 + 86400.0 * static_cast<double>(i % 300));
  }
  table.columns.push_back(day);
  FitOptions o = options(folder.file("s.study"));
  o.grid = {"epochs=2,3"};
  o.f64 = true;
  fit(table, o);
  study::Study study = study::read(o.study.file);
  EXPECT_NO_THROW(refit(table, o, study, false));
  for (const std::string name : {"dates", "features"}) {
    study::Study older = study;
    const auto at = older.description.configuration.find('"' + name + '"');
    ASSERT_NE(at, std::string::npos) << name;
    older.description.configuration.replace(at + 1, name.size(), std::string(name.size(), 'x'));
    EXPECT_THAT(error_of([&] { refit(table, o, older, false); }),
                HasSubstr("features were others (" + name + " are now"));
  }
}

}  // namespace
}  // namespace runnel
