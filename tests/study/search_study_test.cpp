// A search of any training as a study: killed and gone on with it comes to the same bits, and goes on with
// nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <random>
#include <thread>

#include "../search/ways.h"
#include "search/archive.h"
#include "support.h"

namespace runnel::study {
namespace {

using search::lines::Way;
using testing::HasSubstr;

[[noreturn]] void train_in_child(const Way& way, const std::string& path, int threads) {
  try {
    search::Options options = way.options;
    options.study = at(path);
    options.threads = threads;
    search::lines::run(way, options);
    ::_exit(0);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
  }
  ::_exit(1);
}

class Kept : public testing::TestWithParam<Way> {};

TEST_P(Kept, ComesToTheSameBitsHoweverOftenItIsKilled) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  std::mt19937 random(3);
  std::int64_t window = 2'000;  // microseconds
  bool has_ended = false;
  int kills = 0;
  for (int life = 0; life < 60 && !has_ended; ++life) {
    const ::pid_t child = ::fork();
    if (child == 0) train_in_child(GetParam(), path, 1 + life % 3);
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<std::uint64_t>(window)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    has_ended = WIFEXITED(status);
    ASSERT_TRUE(!has_ended || WEXITSTATUS(status) == 0);
    kills += !has_ended;
    window = window * 5 / 4;
  }
  EXPECT_GT(kills, 0);
  search::Options options = GetParam().options;
  options.study = at(path);
  const auto kept = search::lines::run(GetParam(), options);
  search::lines::expect_same(search::lines::run(GetParam(), 1), kept);

  const Study study = read(path);
  EXPECT_EQ(study.state, State::finished);
  EXPECT_EQ(study.best, kept.best);
  ASSERT_EQ(study.candidates.size(), kept.candidates.size());
  for (std::size_t i = 0; i < kept.candidates.size(); ++i) {
    const search::Candidate& c = kept.candidates[i];
    EXPECT_EQ(status_name(study.candidates[i].status), search::status_name(c.status)) << i;
    EXPECT_EQ(study.candidates[i].epochs, c.epochs) << i;
    EXPECT_TRUE(c.best_epoch == 0 || study.candidates[i].metric == c.measures[0]) << i;
    EXPECT_EQ(study.candidates[i].value("rate"), to_string(c.configuration["rate"])) << i;
  }
  EXPECT_EQ(study.ranked()[0], *kept.best);
}
INSTANTIATE_TEST_SUITE_P(Search, Kept, testing::ValuesIn(search::lines::ways()),
                         [](const auto& p) { return std::string(p.param.name); });

// ---- what is refused -----------------------------------------------------------------------------------

struct Point {
  Array w;
};
struct Rows {
  Array x;
};

// A search whose every part can be another one.
struct Parts {
  double start = 0, shift = 0, factor = 1, high = 1;
  std::int64_t rows = 20;
  search::SamplerPtr sampler = search::random(4);
  search::Options options = {};
};

void run(const Parts& p, const std::string& path) {
  search::Schema schema;
  schema.real("rate", {0, p.high});
  const auto t = search::trainable(
      schema, [=](const search::Settings&, const Array&) { return Point{Array::scalar(p.start)}; },
      [=](const search::Settings& h, const Point& s, const Rows& batch) {
        const Array error = s.w - mean(batch.x) + p.shift;
        return std::pair(Point{s.w - h["rate"] * error}, square(error));
      },
      [=](const search::Settings&, const Point& s, const Rows& rows) {
        return search::Measures{search::mean("error", p.factor * square(s.w - rows.x))};
      });
  search::Options options = p.options;
  options.study = at(path);
  search::run(t, search::split(Rows{random::normal(random::key(1), {p.rows})}), p.sampler, options);
}

TEST(SearchStudy, GoesOnWithNothingElseThanWhatItWasBegunWith) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  run({}, path);
  run({}, path);
  const std::pair<Parts, const char*> others[] = {
      {{.start = 1}, "the study was begun with another init: its graph"},
      {{.shift = 1}, "the study was begun with another step: its graph"},
      {{.factor = 2}, "the study was begun with another evaluate: its graph"},
      {{.high = 0.5}, "the study was begun with another schema: rate 0..1 -> 0..0.5"},
      {{.rows = 25}, "number of fold 1's training rows 16 -> 20"},
      {{.sampler = search::sobol(4)}, "the study was begun with another sampler: random -> sobol"},
      {{.options = {.scheduling = search::halving()}}, "scheduler: full -> halving"},
      {{.options = {.seed = 3}}, "the study was begun with another seed: 0 -> 3"},
  };
  for (const auto& [parts, message] : others)
    EXPECT_THAT(error_of([&, p = &parts] { run(*p, path); }), HasSubstr(message));
  run({.sampler = search::random(7)}, path);  // more of the same
  EXPECT_EQ(read(path).candidates.size(), 7u);
  run({.high = 2, .sampler = search::random(9)}, path);  // and of a wider space
  EXPECT_EQ(read(path).candidates.size(), 9u);
  write_bytes(folder.file("text"), "no study");
  EXPECT_THAT(error_of([&] { run({}, folder.file("text")); }), HasSubstr("not a study"));
}

// ---- who is under way ----------------------------------------------------------------------------------

// Ends a search as a kill does: what was written before stays.
class Dying : public search::Archive {
 public:
  explicit Dying(const std::string& path) : study_(at(path)) {}
  search::Earlier begin(const search::Beginning& beginning) override { return study_->begin(beginning); }
  std::vector<search::LaneState> begin_generation(const search::Generation& generation) override {
    return study_->begin_generation(generation);
  }
  bool wants_states() override { return study_->wants_states(); }
  void keep(const search::LaneState& lane, bool has_ended, bool is_stopping) override {
    study_->keep(lane, has_ended, is_stopping);
  }
  void end_generation(std::span<const search::Candidate>) override { throw Error(ErrorKind::run, "killed"); }
  void finish(const search::Result&) override {}

 private:
  std::shared_ptr<search::Archive> study_;
};

TEST(SearchStudy, TellsWhoIsUnderWayAndWhoHasEnded) {
  const auto space = [](search::Space& s) { s.vary("epochs", {2, 6}).vary("seed", {0, 1, 2}); };
  for (const std::int64_t patience : {0, 1}) {
    const Way way{"under way", search::random(30), space, {.patience = patience}, {}, {.folds = 3}};
    const auto whole = search::lines::run(way, 1);
    const Folder folder;
    const std::string path = folder.file("s.study");
    {
      search::Options options = way.options;
      options.study = std::make_shared<Dying>(path);
      options.until = 4;
      EXPECT_EQ(error_of([&] { search::lines::run(way, options); }, ErrorKind::run), "killed");
    }
    const Study study = read(path);
    std::size_t under_way = 0;
    for (const search::Candidate& c : whole.candidates) {
      const Candidate& kept = study.candidates.at(static_cast<std::size_t>(c.number));
      SCOPED_TRACE(testing::Message() << "candidate " << c.number << ", patience " << patience);
      ASSERT_EQ(kept.readings.size(), 3u);
      const Reading& first = kept.readings[0];
      EXPECT_TRUE(search::lines::same(
          first.curve,
          {c.curve.begin(), c.curve.begin() + std::min<std::ptrdiff_t>(4, std::ssize(c.curve))}));
      if (c.epochs <= 4 && c.best_epoch > 0) {  // on every fold
        EXPECT_EQ(kept.status, Status::done);
        EXPECT_EQ(kept.metric, c.measures[0]);
        EXPECT_EQ(kept.loss, c.measures[1]);
        EXPECT_EQ(kept.epochs, c.epochs);
        continue;
      }
      if (c.best_epoch == 0) continue;
      EXPECT_TRUE(kept.is_under_way());
      EXPECT_TRUE(patience > 0 || first.epochs == 4);
      if (patience == 0) {
        EXPECT_EQ(first.metric, c.curve[3]);
      }
      ++under_way;
    }
    EXPECT_GT(under_way, 0u);
    // It goes on from there.
    search::Options options = way.options;
    options.study = at(path);
    search::lines::expect_same(whole, search::lines::run(way, options));
  }
}

// ---- searches that are stopped -------------------------------------------------------------------------

TEST(SearchStudy, GoesOnAfterItsTimeOrAStopOrAnEpochAtWhichAllWait) {
  for (const Way& way : search::lines::ways()) {
    SCOPED_TRACE(way.name);
    const auto whole = search::lines::run(way, 1);
    const Folder folder;
    std::atomic<bool> stop = true;
    search::Options options = way.options;
    options.study = at(folder.file("s.study"));
    options.stop = &stop;
    const auto none = search::lines::run(way, options);  // before it begins
    EXPECT_TRUE(none.interrupted);
    EXPECT_TRUE(none.candidates.empty());
    options.stop = nullptr;
    options.seconds = 1e-9;
    EXPECT_TRUE(search::lines::run(way, options).interrupted);
    options.seconds = 0;
    options.until = 2;
    EXPECT_TRUE(search::lines::run(way, options).interrupted);
    EXPECT_EQ(read(folder.file("s.study")).state, State::interrupted);
    options.until = 0;
    std::int64_t calls = 0;
    options.stop = &stop;
    options.progress = [&](const search::Progress&) { stop = ++calls > 3; };
    stop = false;
    search::lines::run(way, options);
    options.stop = nullptr;
    options.progress = {};
    search::lines::expect_same(whole, search::lines::run(way, options));
    EXPECT_EQ(read(folder.file("s.study")).state, State::finished);
  }
}

}  // namespace
}  // namespace runnel::study
