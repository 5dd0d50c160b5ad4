// A fit whose search is stopped keeps the best so far: what it keeps is what as many epochs make anyway, it
// is told as what it is, and its study gives the same bits again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <filesystem>

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

constexpr std::int64_t kEpochs = 100'000;  // more than any test waits for

FitOptions options(std::size_t folds) {
  FitOptions o;
  o.target.column = "y";
  o.grid = {"hidden=none,6", "rate=0.003,0.01"};
  o.set["batch"] = 32;
  o.set["dropout"] = 0.1;
  o.set["epochs"] = kEpochs;
  o.folds = folds;
  o.seed = 7;
  o.threads = 2;
  o.noise_seeds = 0;
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

std::vector<std::vector<std::string>> bits_of(const Model& model) {
  std::vector<std::vector<std::string>> out{bits_of(model.network)};
  for (const Member& member : model.others) out.push_back(bits_of(member.network));
  return out;
}

// Stopped after so many reports of progress.
FitResult fit_and_stop(const Table& table, FitOptions o, int reports = 40) {
  std::atomic<bool> stop = false;
  std::atomic<int> seen = 0;
  o.stop = &stop;
  o.progress = [&](const search::Progress&) {
    if (++seen >= reports) stop = true;
  };
  return fit(table, o);
}

const search::Candidate& winner(const FitResult& result) {
  return result.search.candidates[static_cast<std::size_t>(result.best)];
}

TEST(StoppedFit, KeepsWhatAsManyEpochsMake) {
  const Table table = curved_table(300);
  for (const std::size_t folds : {0, 3}) {
    FitOptions o = options(folds);
    const FitResult stopped = fit_and_stop(table, o);
    EXPECT_EQ(stopped.ended, SearchEnd::stopped);
    ASSERT_EQ(winner(stopped).status, search::Status::interrupted);
    ASSERT_GT(stopped.model.stopped_after, 0);
    EXPECT_LT(stopped.model.stopped_after, kEpochs);
    EXPECT_EQ(models::epochs_of(stopped.model.configuration), kEpochs);
    for (const search::Candidate& out : stopped.search.candidates) {  // the best of all readings
      if (out.best_epoch > 0) {
        EXPECT_LE(models::metric_of(out), models::metric_of(winner(stopped)));
      }
    }

    FitOptions alone = options(folds);
    const auto value = [&](const char* name) { return to_string(winner(stopped).configuration[name]); };
    alone.grid = {"hidden=" + value("hidden"), "rate=" + value("rate")};
    alone.set["epochs"] = stopped.model.stopped_after;
    EXPECT_EQ(bits_of(stopped.model.network), bits_of(fit(table, alone).model.network)) << folds;
  }
}

TEST(StoppedFit, TheTimeEndsIt) {
  const Table table = curved_table(300);
  FitOptions o = options(0);
  o.seconds = 0.5;
  const FitResult result = fit(table, o);
  EXPECT_EQ(result.ended, SearchEnd::out_of_time);
  EXPECT_TRUE(result.search.interrupted);
  EXPECT_GT(result.model.stopped_after, 0);
  EXPECT_EQ(search_end_name(result.ended), "out of time");
  o.set["epochs"] = 2;
  o.seconds = 3600;
  EXPECT_EQ(fit(table, o).ended, SearchEnd::whole);
}

TEST(StoppedFit, TheModelFileTellsTheEpochs) {
  const Folder folder;
  FitOptions o = options(0);
  o.ensemble = 2;
  const FitResult stopped = fit_and_stop(curved_table(300), o);
  ASSERT_EQ(stopped.model.others.size(), 1u);
  stopped.model.save(folder.file("m"));
  const Model read = Model::load(folder.file("m"));
  EXPECT_EQ(read.stopped_after, stopped.model.stopped_after);
  EXPECT_EQ(read.others[0].stopped_after, stopped.model.others[0].stopped_after);
}

struct Way {
  const char* name;
  std::string schedule;
  std::int64_t patience, ensemble;
  bool of_seeds = false;
};

class StoppedAndMadeAgain : public testing::TestWithParam<std::tuple<Way, std::size_t>> {};

// Schedules that depend on the total of epochs, patience, ensembles of candidates and of seeds.
TEST_P(StoppedAndMadeAgain, ComesToTheSameBits) {
  const auto& [way, folds] = GetParam();
  const Folder folder;
  const Table table = curved_table(300);
  FitOptions o = options(folds);
  o.set["epochs"] = 400;
  o.set["schedule"] = way.schedule;
  o.set["patience"] = way.patience;
  o.ensemble = way.ensemble;
  o.ensemble_of_seeds = way.of_seeds;
  o.study.file = folder.file("s");
  const FitResult stopped = fit_and_stop(table, o, 61);
  ASSERT_EQ(stopped.ended, SearchEnd::stopped);
  const study::Study study = study::read(o.study.file);
  EXPECT_EQ(study.state, study::State::interrupted);
  EXPECT_EQ(study.best, stopped.best);
  EXPECT_EQ(study.ranked()[0], stopped.best);
  FitOptions again = o;
  again.study = {};
  again.grid.clear();
  const FitResult made = refit(table, again, study, false);
  EXPECT_EQ(bits_of(made.model), bits_of(stopped.model));
  EXPECT_EQ(made.model.stopped_after, stopped.model.stopped_after);
  EXPECT_EQ(made.ended, SearchEnd::whole);
  EXPECT_EQ(made.test.value, stopped.test.value);
  for (const std::string& warning : made.warnings) EXPECT_THAT(warning, Not(HasSubstr("was made with")));
  EXPECT_EQ(models::metric_of(made.search.candidates[0]), models::metric_of(winner(stopped)));
}

INSTANTIATE_TEST_SUITE_P(
    Ways, StoppedAndMadeAgain,
    testing::Combine(testing::Values(Way{"plain", "constant", 0, 1}, Way{"cosine", "cosine", 0, 1},
                                     Way{"patience", "constant", 300, 1}, Way{"three", "cosine", 0, 3},
                                     Way{"seeds", "constant", 0, 2, true}),
                     testing::Values(0, 3)),
    [](const auto& made) {
      return fmt::format("{}_{}_folds", std::get<0>(made.param).name, std::get<1>(made.param));
    });

TEST(StoppedFit, BeforeItBeginsNothingIsKept) {
  const Folder folder;
  FitOptions o = options(3);
  o.set["epochs"] = 3;
  o.study.file = folder.file("s");
  std::atomic<bool> stop = true;
  o.stop = &stop;
  try {
    fit(curved_table(300), o);
    ADD_FAILURE() << "nothing was stopped";
  } catch (const StoppedError& e) {
    EXPECT_THAT(e.what(), HasSubstr("stopped before any candidate had a reading (an epoch on every fold): "
                                    "nothing is kept"));
  }
  EXPECT_FALSE(std::filesystem::exists(o.study.file));
}

// Folds of different sizes are trained one behind the other.
TEST(StoppedFit, BeforeAnyReadingTheStudyGoesOn) {
  const Folder folder;
  const Table table = curved_table(302);
  FitOptions o = options(3);
  o.set["epochs"] = 3;
  o.threads = 1;
  o.study.file = folder.file("s");
  EXPECT_THROW(fit_and_stop(table, o, 1), StoppedError);
  EXPECT_EQ(study::read(o.study.file).state, study::State::interrupted);
  EXPECT_THAT(error_of([&] { fit(table, o); }), HasSubstr("is there already"));
  EXPECT_THAT(error_of([&] { refit(table, o, study::read(o.study.file), false); }),
              HasSubstr("no candidate has a reading"));
  o.study.resume = true;
  try {
    fit_and_stop(table, o, 1);
    ADD_FAILURE() << "nothing was stopped";
  } catch (const StoppedError& e) {
    EXPECT_THAT(e.what(), HasSubstr("stopped before any candidate had a reading (an epoch on every fold); " +
                                    o.study.file + " goes on with --resume"));
  }
  const FitResult resumed = fit(table, o);
  o.study = {};
  EXPECT_EQ(bits_of(fit(table, o).model), bits_of(resumed.model));
}

TEST(StoppedFit, TimeAfterTimeComesToTheUndisturbedBits) {
  const Folder folder;
  const Table table = curved_table(300);
  FitOptions o = options(3);
  o.set["epochs"] = 3000;
  const FitResult straight = fit(table, o);
  o.study.file = folder.file("s");
  o.seconds = 0.05;
  int lives = 0;
  for (bool ended = false; !ended; o.study.resume = true) {
    ASSERT_LT(++lives, 200);
    try {
      ended = fit(table, o).ended == SearchEnd::whole;
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("the time was over before any candidate had a reading"));
    }
    o.seconds *= 1.5;
  }
  o.seconds = 0;
  const FitResult resumed = fit(table, o);
  EXPECT_GT(lives, 1) << "the time never ended it";
  EXPECT_EQ(bits_of(resumed.model), bits_of(straight.model));
  EXPECT_EQ(resumed.test.value, straight.test.value);
}

}  // namespace
}  // namespace runnel
