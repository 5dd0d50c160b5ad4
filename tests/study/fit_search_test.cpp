// The study of a fit's search: killed at any moments and resumed it comes to that of a search that nobody
// disturbed.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <random>
#include <thread>

#include "candidates.h"
#include "runnel/ops.h"
#include "runnel/random.h"
#include "study/search_study.h"
#include "study/support.h"

namespace runnel::study {
namespace {

using testing::HasSubstr;

// Searches run in child processes alone: a process that has started threads cannot be forked in good order.
struct Way {
  const char* name;
  search::Scheduling scheduling;
  std::size_t folds;
};

const Way kWays[] = {{"full", {}, 1},
                     {"halving", {search::Scheduler::halving, 2, 2}, 2},
                     {"hyperband", {search::Scheduler::hyperband, 3, 1}, 1},
                     {"median", {search::Scheduler::median, 3, 3}, 2}};

models::Fold rings(std::uint64_t seed) {
  const auto make = [&](std::uint64_t s) {
    const Array x = random::normal(random::key(s), {80, 3});
    const Array noise = 0.5 * random::normal(random::key(s + 77), {80});
    return std::pair(x, convert(sum(x * x, 1) + noise > 2.4, DType::f32));
  };
  const auto [x, y] = make(seed);
  const auto [xv, yv] = make(seed + 1000);
  return {x, y, xv, yv};
}

models::Problem problem_of(const Way& c) {
  models::Problem p{{}, models::Loss::logistic, models::Metric::log_loss, 1};
  for (std::size_t i = 0; i < c.folds; ++i) p.folds.push_back(rings(1 + i));
  return p;
}

// Of several shapes and lengths; some share a trajectory, one diverges.
std::vector<params::Configuration> candidates() {
  std::vector<params::Configuration> out;
  for (std::int64_t i = 0; i < 24; ++i)
    out.push_back(models::network({{"hidden", i % 3 == 0 ? "none" : std::to_string(5 + i % 2)},
                                   {"optimizer", i % 2 == 0 ? "adam" : "momentum"},
                                   {"rate", 0.001 * std::pow(1.6, static_cast<double>(i / 2 % 6))},
                                   {"batch", 20},
                                   {"dropout", i % 3 == 1 ? 0.25 : 0},
                                   {"epochs", i % 4 == 3 ? 9 : 36}}));
  out[4].set("rate", 1e30);
  out[9] = models::changed(out[8], {{"epochs", 5}});
  return out;
}

Description description_of(const Way& c) {
  Description d = some_description();
  d.seed = 0;
  d.metric = "log_loss";
  d.folds = static_cast<std::int64_t>(c.folds);
  d.space = settings_fingerprint({{"scheduler", c.name}});
  return d;
}

struct Cadence {
  double snapshots = 2, share = 0.02;
};

// A fit's search and its study.
struct FitSearch {
  FitSearch(const Way& c, const std::string& path, const Cadence& cadence = {})
      : problem(problem_of(c)),
        study(std::make_shared<SearchStudy>(
            path, FitStudyFacts{description_of(c), std::filesystem::exists(path), cadence.snapshots,
                                cadence.share})) {
    options.threads = 1;
    options.scheduling = c.scheduling;
    options.study = study;
  }

  models::Result run() const { return models::run(problem, candidates(), options); }
  void conclude(const models::Result& result) const {
    const auto network = result.networks.find(result.best.value_or(-1));
    study->conclude(result, network == result.networks.end() ? nullptr : &network->second);
  }

  models::Problem problem;
  std::shared_ptr<SearchStudy> study;
  search::Options options;
};

// The whole of a life: begins the study or goes on with it, and says so to the parent.
[[noreturn]] void search_and_exit(const Way& c, const std::string& path, int threads, int said,
                                  const Cadence& cadence) {
  try {
    FitSearch search(c, path, cadence);
    search.options.threads = threads;
    search.options.progress = [&](const search::Progress&) {
      if (said < 0) return;
      [[maybe_unused]] const auto told = ::write(said, "x", 1);
      said = -1;
    };
    search.conclude(search.run());
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
  if (child == 0) search_and_exit(c, path, threads, -1, {});
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

TEST(FitSearch, TheFileSaysWhatTheSearchSaid) {
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

TEST(FitSearch, AFinishedStudyResumedStaysAsItIs) {
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

TEST(FitSearch, KilledFiftyTimesItComesToTheSameBits) {
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
      search_and_exit(c, path, 1 + life % 3, said[1], studies % 2 == 0 ? Cadence{0, 1} : Cadence{0.1, 0.02});
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

// ---- one process ---------------------------------------------------------------------------------------

std::int64_t states_in(const std::string& path, bool with_tensors) {
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < std::ssize(candidates()); ++i)
    if (const auto s = read_snapshot(path, Snapshot::Kind::state, i, 0))
      n += s->tensors.empty() != with_tensors;
  return n;
}

// States of those in training are written as often as the facts say, and at the latest when the search stops.
TEST(FitSearch, KeepsStatesAtItsCadence) {
  const Folder folder;
  const Way& full = kWays[0];
  for (const bool often : {true, false}) {
    const std::string path = folder.file(often ? "often" : "seldom");
    {
      FitSearch search(full, path, often ? Cadence{0, 1e9} : Cadence{1e9, 0.02});
      std::atomic<bool> stop = false;
      std::int64_t most = 0;
      int reports = 0;  // some of each epoch
      search.options.stop = &stop;
      search.options.progress = [&](const search::Progress&) {
        most = std::max(most, states_in(path, /*with_tensors=*/true));
        stop = ++reports >= 60;
      };
      const models::Result result = search.run();
      EXPECT_TRUE(result.interrupted);
      EXPECT_EQ(most > 0, often);
      search.conclude(result);
      EXPECT_GT(states_in(path, true), 0);
      const Study study = read(path);
      EXPECT_EQ(study.state, State::interrupted);
      EXPECT_EQ(study.best, result.best);
      EXPECT_GT(study.count(Status::interrupted), 0);
    }
    {
      FitSearch again(full, path);
      again.conclude(again.run());
    }
    EXPECT_EQ(states_in(path, true), 0);  // all have ended
    const std::string straight = folder.file("straight");
    if (often) run_undisturbed(full, straight, 1);
    expect_same_study(straight, path);
  }
}

TEST(FitSearch, KeepsTheNetworkOfTheBestAlone) {
  const Folder folder;
  const std::string path = folder.file("s");
  std::int64_t early = 0;
  {
    FitSearch first(kWays[0], path);
    first.options.until = 2;
    const models::Result result = first.run();
    ASSERT_TRUE(result.best);
    early = *result.best;
    first.conclude(result);
    EXPECT_TRUE(read_snapshot(path, Snapshot::Kind::model, early, 0));
  }
  FitSearch second(kWays[0], path);
  const models::Result late = second.run();
  second.conclude(late);
  EXPECT_NE(*late.best, early);
  for (std::int64_t i = 0; i < std::ssize(candidates()); ++i) {
    const auto kept = read_snapshot(path, Snapshot::Kind::model, i, 0);
    EXPECT_EQ(kept.has_value(), i == *late.best) << i;
    if (kept) {
      EXPECT_EQ(kept->epochs, late.candidates[static_cast<std::size_t>(i)].epochs);
    }
  }
}

TEST(FitSearch, TellsWhoIsUnderWay) {
  const Folder folder;
  FitSearch search(kWays[0], folder.file("s"));
  int reports = 0;
  search.options.progress = [&](const search::Progress&) {
    if (++reports > 1) return;
    search.study->under_way(1, {2, 3});
    search.study->under_way(2, {5});
    search.study->under_way(2, {});
    EXPECT_EQ(search.study->contents().under_way,
              (std::map<std::int64_t, std::vector<std::int64_t>>{{1, {2, 3}}}));
    search.study->under_way(1, {});
  };
  search.run();
  EXPECT_GT(reports, 0);
  EXPECT_TRUE(search.study->contents().under_way.empty());
}

TEST(FitSearch, SaysWhatItWasBegunWith) {
  const Folder folder;
  const std::string path = folder.file("s");
  const Way& full = kWays[0];
  const auto message = [&](bool resume, const Description& d) {
    FitSearch search(full, path);
    search.study = std::make_shared<SearchStudy>(path, FitStudyFacts{d, resume});
    search.options.study = search.study;
    return error_of([&] { search.run(); });
  };
  Description d = description_of(full);
  EXPECT_THAT(message(true, d), HasSubstr("s: no such file; without --resume it is begun"));
  {
    FitSearch search(full, path);
    search.conclude(search.run());
  }
  const Description kept = read(path).description;
  EXPECT_THAT(kept.configuration, HasSubstr(R"({"target":"hit","search":{)"));  // beside the fit's own
  EXPECT_EQ(kept.space.digest, d.space.digest);
  EXPECT_EQ(kept.command, d.command);
  EXPECT_THAT(message(false, d),
              HasSubstr("s: is there already; go on with it by --resume, or give another"));
  d.space = settings_fingerprint({{"scheduler", "none"}});
  EXPECT_THAT(message(true, d), HasSubstr("another space: scheduler full -> none"));
  d = description_of(full);
  d.split = split_fingerprint({.train = {0, 2}, .validation = {1}}, {});
  EXPECT_THAT(message(true, d), HasSubstr("another split of the rows"));
  EXPECT_EQ(read(path).runs.size(), 1u);
  write_bytes(folder.file("text"), "no study");
  FitSearch other(full, folder.file("text"));
  EXPECT_THAT(error_of([&] { other.run(); }), HasSubstr("not a study"));
}

TEST(FitSearch, IsDiscardedWhereItWasBegun) {
  const Folder folder;
  const std::string path = folder.file("s");
  {
    FitSearch search(kWays[0], path);
    search.run();
    EXPECT_TRUE(search.study->is_open());
    search.study->discard();
    EXPECT_FALSE(search.study->is_open());
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  {
    FitSearch search(kWays[0], path);
    search.conclude(search.run());
  }
  FitSearch again(kWays[0], path);
  again.run();
  again.study->discard();  // somebody's earlier work
  EXPECT_TRUE(std::filesystem::exists(path));
}

// A disk that is full costs the study what comes later, and the search nothing.
TEST(FitSearch, GoesOnWhereTheDiskIsFull) {
  const Folder folder;
  const std::string path = folder.file("s");
  const Way& full = kWays[0];
  const ::pid_t child = ::fork();
  if (child == 0) {
    try {
      const models::Result wanted = models::run(problem_of(full), candidates(), {.threads = 1});
      FitSearch search(full, path, {0, 1e9});
      std::int64_t reports = 0;
      search.options.progress = [&](const search::Progress&) {
        if (++reports != 5) return;
        std::signal(SIGXFSZ, SIG_IGN);
        const ::rlimit limit{200 << 10, RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &limit);
      };
      const models::Result result = search.run();
      bool same_results = result.best == wanted.best && result.candidates.size() == wanted.candidates.size();
      for (std::size_t i = 0; same_results && i < wanted.candidates.size(); ++i)
        same_results = result.candidates[i].status == wanted.candidates[i].status &&
                       same(models::metric_of(result.candidates[i]), models::metric_of(wanted.candidates[i]));
      if (!same_results) ::_exit(2);
      try {
        search.conclude(result);
        ::_exit(3);
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::run) ::_exit(4);
      }
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read(path).state, State::running);  // and goes on
  run_undisturbed(full, path, 2);
  run_undisturbed(full, folder.file("straight"), 2);
  expect_same_study(folder.file("straight"), path);
}

}  // namespace
}  // namespace runnel::study
