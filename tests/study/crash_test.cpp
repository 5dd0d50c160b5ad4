// A writer that is killed at any moment leaves a study that opens and holds what was committed: all of it,
// nothing else, and the next writer goes on from there.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "study/support.h"

namespace runnel::study {
namespace {

constexpr std::int64_t kCandidates = 8, kOwners = 3;

// What a study holds after `step` steps of the sequence below.
struct Expected {
  std::vector<std::optional<Reading>> readings = std::vector<std::optional<Reading>>(kCandidates);
  std::vector<std::optional<Snapshot>> snapshots = std::vector<std::optional<Snapshot>>(kOwners);
  std::size_t rungs = 0;
};

Reading reading_of(std::int64_t step) {
  std::vector<double> curve;
  for (std::int64_t i = 0; i <= step % 20; ++i) curve.push_back(static_cast<double>(step + i) / 7);
  return {step % kCandidates, 0, step, 1.0 / static_cast<double>(step + 1), 0.5, true, curve};
}

Snapshot snapshot_of(std::int64_t step) {
  return {Snapshot::Kind::state,
          step % kOwners,
          0,
          step,
          {static_cast<double>(step)},
          {0.5 * static_cast<double>(step)},
          {some_tensor("w", 500 + static_cast<std::size_t>(step % 5) * 4000, static_cast<int>(step)),
           some_tensor("m", 10, static_cast<int>(step))}};
}

// Each step makes several changes, which belong together; every fifth takes a state away.
void write_step(Store& store, std::int64_t step) {
  store.reading(reading_of(step));
  if (step % 5 == 4)
    store.drop_snapshot(Snapshot::Kind::state, step % kOwners, 0);
  else
    store.snapshot(snapshot_of(step));
  store.rung({0, step, 2 * step, step});
  store.timing("step", static_cast<double>(step));
  store.commit();
}

Expected expected_after(std::int64_t last) {
  Expected out;
  for (std::int64_t step = 0; step <= last; ++step) {
    out.readings[static_cast<std::size_t>(step % kCandidates)] = reading_of(step);
    auto& snapshot = out.snapshots[static_cast<std::size_t>(step % kOwners)];
    if (step % 5 == 4)
      snapshot.reset();
    else
      snapshot = snapshot_of(step);
    ++out.rungs;
  }
  return out;
}

std::int64_t last_step(const Study& study) {
  return study.timings.empty() ? -1 : static_cast<std::int64_t>(study.timings.at(0).second);
}

[[noreturn]] void write_until_killed(const std::string& path) {
  try {
    Store store = std::filesystem::exists(path)
                      ? Store::resume(path, some_description())
                      : Store::create(path, some_description(), some_candidates(kCandidates));
    for (std::int64_t step = last_step(store.contents()) + 1;; ++step) write_step(store, step);
  } catch (...) {
    ::_exit(1);
  }
}

void expect_prefix(const Study& study) {
  const std::int64_t last = last_step(study);
  const Expected expected = expected_after(last);
  EXPECT_EQ(study.rungs.size(), expected.rungs);
  ASSERT_EQ(study.candidates.size(), static_cast<std::size_t>(kCandidates));
  for (std::size_t c = 0; c < expected.readings.size(); ++c) {
    const auto& readings = study.candidates[c].readings;
    ASSERT_EQ(readings.size(), expected.readings[c] ? 1u : 0u);
    if (!readings.empty()) {
      EXPECT_EQ(readings[0], *expected.readings[c]);
    }
  }
}

void expect_snapshots(const std::string& path, std::int64_t last) {
  const Expected expected = expected_after(last);
  for (std::int64_t owner = 0; owner < kOwners; ++owner)
    EXPECT_EQ(read_snapshot(path, Snapshot::Kind::state, owner, 0),
              expected.snapshots[static_cast<std::size_t>(owner)]);
}

// How a child ended: the signal that killed it, or its exit code below zero.
int end_of(::pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

TEST(Crash, AKilledWriterLeavesAPrefix) {
  const Folder folder;
  const std::string path = folder.file("s");
  std::mt19937 random(1);  // of the moments; what is written in between is up to the machine
  std::int64_t last = -1;
  int grew = 0, read_alive = 0;
  std::int64_t window = 30'000;  // microseconds; wider while a slow machine comes to nothing in them
  // A slow machine has done enough when it has shown the same as a quick one must.
  for (int kill = 0; kill < 50 && (window == 30'000 || grew < 8 || read_alive < 8); ++kill) {
    const ::pid_t child = ::fork();
    if (child == 0) write_until_killed(path);
    ASSERT_GT(child, 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % window);
    // Whoever reads meanwhile finds a prefix too.
    if (kill % 2 == 1 && std::filesystem::exists(path)) {
      expect_prefix(read(path));
      ++read_alive;
    }
    std::this_thread::sleep_until(until);
    ::kill(child, SIGKILL);
    ASSERT_EQ(end_of(child), SIGKILL) << "the writer failed";
    const std::int64_t wider = std::min<std::int64_t>(window * 5 / 4, 1'000'000);
    if (!std::filesystem::exists(path)) {  // it was not made yet
      window = wider;
      continue;
    }
    const Study study = read(path);
    expect_prefix(study);
    expect_snapshots(path, last_step(study));
    EXPECT_GE(last_step(study), last) << "a step that had been committed is gone";
    if (last_step(study) > last)
      ++grew;
    else
      window = wider;
    last = last_step(study);
  }
  EXPECT_GT(grew, 5);
  EXPECT_GT(read_alive, 5);
  // And the last word is a writer's that nobody killed.
  Store store = Store::resume(path, some_description());
  write_step(store, last + 1);
  store.finish(State::finished, 1);
  EXPECT_EQ(last_step(read(path)), last + 1);
}

TEST(Crash, AWriterKilledInAChildIsNoLongerThere) {
  const Folder folder;
  const std::string path = folder.file("s");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const ::pid_t child = ::fork();
  if (child == 0) {
    const Store store = Store::create(path, some_description(), some_candidates(kCandidates));
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(error_of([&] { Store::resume(path, some_description()); }),
              testing::HasSubstr("(process " + std::to_string(child) + ")"));
  ::kill(child, SIGKILL);
  EXPECT_EQ(end_of(child), SIGKILL);
  EXPECT_NO_THROW(Store::resume(path, some_description()));
  ::close(ready[0]);
  ::close(ready[1]);
}

// A file that may not grow stands in for a disk that is full.
TEST(Crash, AFullDiskIsSaidAndLosesNothing) {
  const Folder folder;
  const std::string path = folder.file("s");
  const ::pid_t child = ::fork();
  if (child == 0) {
    try {
      Store store = Store::create(path, some_description(), some_candidates(kCandidates));
      for (std::int64_t step = 0; step < 4; ++step) write_step(store, step);
      std::signal(SIGXFSZ, SIG_IGN);
      const ::rlimit limit{400'000, 400'000};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      try {
        for (std::int64_t step = 4; step < 1000; ++step) write_step(store, step);
      } catch (const Error& e) {
        const bool named = std::string_view(e.what()).find(path) != std::string_view::npos;
        ::_exit(e.kind() == ErrorKind::run && named ? 7 : 8);
      }
    } catch (...) {
    }
    ::_exit(9);
  }
  EXPECT_EQ(end_of(child), -7);
  const Study study = read(path);
  EXPECT_GE(last_step(study), 3);
  expect_prefix(study);
  expect_snapshots(path, last_step(study));
}

}  // namespace
}  // namespace runnel::study
