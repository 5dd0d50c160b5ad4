// A search whose process is killed at any moments comes, resumed, to the study of one that nobody disturbed.
#include "study/keeper.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <random>
#include <thread>

#include "candidates.h"
#include "runnel/ops.h"
#include "runnel/random.h"
#include "study/support.h"

namespace runnel::study {
namespace {

// Searches run in child processes alone: a process that has started threads cannot be forked in good order.
struct Way {
  const char* name;
  sweep::Scheduling scheduling;
  std::size_t folds;
};

const Way kWays[] = {{"full", {}, 1},
                     {"halving", {sweep::Scheduler::halving, 2, 2}, 2},
                     {"hyperband", {sweep::Scheduler::hyperband, 3, 1}, 1},
                     {"median", {sweep::Scheduler::median, 3, 3}, 2}};

sweep::Fold rings(std::uint64_t seed) {
  const auto make = [&](std::uint64_t s) {
    const Array x = random::normal(random::key(s), {80, 3});
    const Array noise = 0.5 * random::normal(random::key(s + 77), {80});
    return std::pair(x, convert(sum(x * x, 1) + noise > 2.4, DType::f32));
  };
  const auto [x, y] = make(seed);
  const auto [xv, yv] = make(seed + 1000);
  return {x, y, xv, yv};
}

sweep::Problem problem_of(const Way& c) {
  sweep::Problem p{{}, sweep::Loss::logistic, sweep::Metric::log_loss, 1};
  for (std::size_t i = 0; i < c.folds; ++i) p.folds.push_back(rings(1 + i));
  return p;
}

// Of several shapes and lengths; some share a trajectory, one diverges.
std::vector<params::Configuration> candidates() {
  std::vector<params::Configuration> out;
  for (std::int64_t i = 0; i < 24; ++i)
    out.push_back(sweep::network({{"hidden", i % 3 == 0 ? "none" : std::to_string(5 + i % 2)},
                                  {"optimizer", i % 2 == 0 ? "adam" : "momentum"},
                                  {"rate", 0.001 * std::pow(1.6, static_cast<double>(i / 2 % 6))},
                                  {"batch", 20},
                                  {"dropout", i % 3 == 1 ? 0.25 : 0},
                                  {"epochs", i % 4 == 3 ? 9 : 36}}));
  out[4].set("rate", 1e30);
  out[9] = sweep::changed(out[8], {{"epochs", 5}});
  return out;
}

Description description_of(const Way& c) {
  Description d = some_description();
  d.metric = "log_loss";
  d.folds = static_cast<std::int64_t>(c.folds);
  d.space = space_fingerprint({{"scheduler", c.name}}, candidates());
  return d;
}

// The whole of a life: begins the study or goes on with it, and says so to the parent.
[[noreturn]] void search(const Way& c, const std::string& path, int threads, int said,
                         const Keeper::Cadence& cadence) {
  try {
    const sweep::Problem problem = problem_of(c);
    const std::vector<params::Configuration> all = candidates();
    Keeper keeper(std::filesystem::exists(path) ? Store::resume(path, description_of(c))
                                                : Store::create(path, description_of(c), all),
                  problem, all, cadence);
    sweep::Options options;
    options.threads = threads;
    options.scheduling = c.scheduling;
    keeper.attach(options);
    if (said >= 0) [[maybe_unused]]
      const auto told = ::write(said, "x", 1);
    keeper.finish(sweep::run(problem, all, options));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    ::_exit(1);
  }
  ::_exit(0);
}

bool ended_well(::pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void run_undisturbed(const Way& c, const std::string& path, int threads) {
  const ::pid_t child = ::fork();
  if (child == 0) search(c, path, threads, -1, {});
  ASSERT_TRUE(ended_well(child)) << c.name;
}

void expect_same(const std::vector<double>& a, const std::vector<double>& b, std::int64_t candidate) {
  ASSERT_EQ(a.size(), b.size()) << candidate;
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(same(a[i], b[i])) << candidate << ", epoch " << i + 1;
}

void expect_same_study(const std::string& one, const std::string& other) {
  const Study a = read(one), b = read(other);
  EXPECT_EQ(a.state, State::finished);
  EXPECT_EQ(b.state, State::finished);
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.rungs, b.rungs);
  EXPECT_EQ(a.warnings, b.warnings);
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  for (std::size_t i = 0; i < a.candidates.size(); ++i) {
    const Candidate &x = a.candidates[i], &y = b.candidates[i];
    EXPECT_EQ(x.status, y.status) << i;
    EXPECT_EQ(x.epochs, y.epochs) << i;
    EXPECT_TRUE(same(x.metric, y.metric)) << i;
    EXPECT_TRUE(same(x.loss, y.loss)) << i;
    ASSERT_EQ(x.readings.size(), y.readings.size()) << i;
    for (std::size_t k = 0; k < x.readings.size(); ++k) {
      EXPECT_EQ(x.readings[k].fold, y.readings[k].fold);
      EXPECT_EQ(x.readings[k].epochs, y.readings[k].epochs);
      EXPECT_EQ(x.readings[k].finite, y.readings[k].finite);
      EXPECT_TRUE(same(x.readings[k].loss, y.readings[k].loss)) << i;
      expect_same(x.readings[k].curve, y.readings[k].curve, x.index);
    }
  }
  ASSERT_TRUE(a.best);
  EXPECT_EQ(read_snapshot(one, Snapshot::Kind::model, *a.best, 0),
            read_snapshot(other, Snapshot::Kind::model, *a.best, 0));
}

TEST(Keeper, TheFileSaysWhatTheSearchSaid) {
  const Folder folder;
  const Way& halving = kWays[1];
  run_undisturbed(halving, folder.file("s"), 2);
  const Study study = read(folder.file("s"));
  EXPECT_EQ(study.count(Status::waiting), 0);
  EXPECT_EQ(study.candidates[4].status, Status::diverged);
  EXPECT_GT(study.count(Status::retired), 5);
  EXPECT_GT(study.count(Status::done), 2);
  ASSERT_TRUE(study.best);
  EXPECT_EQ(study.ranked().at(0), *study.best);
  EXPECT_FALSE(study.rungs.empty());
  for (const Candidate& c : study.candidates) {
    ASSERT_EQ(c.readings.size(), 2u) << c.index;
    for (const Reading& r : c.readings) {
      EXPECT_EQ(r.epochs, c.epochs);
      ASSERT_EQ(std::ssize(r.curve), c.epochs);
      EXPECT_TRUE(same(r.metric, r.curve.back()));
    }
    if (c.status != Status::diverged) {
      EXPECT_EQ(c.metric, (c.readings[0].metric + c.readings[1].metric) / 2) << c.index;
    }
  }
}

TEST(Keeper, AFinishedStudyResumedStaysAsItIs) {
  const Folder folder;
  for (const Way& c : kWays) {
    run_undisturbed(c, folder.file(c.name), 1);
    std::filesystem::copy_file(folder.file(c.name), folder.file("again"));
    run_undisturbed(c, folder.file("again"), 2);
    expect_same_study(folder.file(c.name), folder.file("again"));
    EXPECT_EQ(read(folder.file("again")).runs.size(), 2u);
    std::filesystem::remove(folder.file("again"));
  }
}

TEST(Keeper, KilledFiftyTimesItComesToTheSameBits) {
  const Folder folder;
  for (const Way& c : kWays) run_undisturbed(c, folder.file(c.name), 2);
  std::mt19937 random(7);  // of moments and threads
  int kills = 0, studies = 0, resumed = 0;
  const std::string path = folder.file("killed");
  for (int life = 0; kills < 50 || std::filesystem::exists(path); ++life) {
    ASSERT_LT(life, 400);
    const Way& c = kWays[studies % 4];
    int said[2];
    ASSERT_EQ(::pipe(said), 0);
    resumed += std::filesystem::exists(path);
    const ::pid_t child = ::fork();
    // All states at every epoch in one study, hardly any in the next.
    if (child == 0)
      search(c, path, 1 + life % 3, said[1],
             studies % 2 == 0 ? Keeper::Cadence{0, 1, 0} : Keeper::Cadence{0.1, 0.1, 0.02});
    ::close(said[1]);
    char byte = 0;
    [[maybe_unused]] const auto begun = ::read(said[0], &byte, 1);
    ::close(said[0]);
    // After 50 kills the last study is let live.
    const auto patience = kills < 50 ? 1 + random() % 150 : 60'000;
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() >= until) ::kill(child, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (WIFSIGNALED(status)) {
      ++kills;
      continue;
    }
    ASSERT_EQ(WEXITSTATUS(status), 0);
    expect_same_study(folder.file(c.name), path);
    std::filesystem::remove(path);
    ++studies;
  }
  EXPECT_GE(studies, 1);
  EXPECT_GT(resumed, 20);
  RecordProperty("kills", kills);
  RecordProperty("studies", studies);
}

}  // namespace
}  // namespace runnel::study
