// Jobs on threads: each is run once, on no more threads than asked for, and a failure comes back. Parts of
// one piece of work likewise; and nothing spins afterwards.
#include "core/threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "core/fail.h"
#include "error_of.h"

namespace runnel {
namespace {

TEST(Threads, EveryJobRunsOnce) {
  for (int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> runs(100);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    run_jobs(runs.size(), threads, [&](std::size_t i) {
      ++runs[i];
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
    EXPECT_LE(seen.size(), static_cast<std::size_t>(threads));
  }
  run_jobs(0, 3, [](std::size_t) { FAIL(); });
}

TEST(Threads, AFailureComesBackAndStopsTheRest) {
  for (int threads : {1, 3}) {
    std::atomic<int> runs{0};
    const auto job = [&](std::size_t i) {
      ++runs;
      if (i == 2) fail("job 2 failed");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    EXPECT_EQ(error_of([&] { run_jobs(1000, threads, job); }), "job 2 failed");
    EXPECT_LT(runs, 1000);
  }
}

TEST(Threads, TheirNumberIsCheckedWhereverItComesFrom) {
  EXPECT_EQ(thread_count(3), 3);
  EXPECT_THAT(error_of([] { thread_count(5000); }), testing::HasSubstr("at most 4096"));
  for (const char* text : {"abc", "0", "-1", "5000", "2x"}) {
    ::setenv("RUNNEL_THREADS", text, 1);
    EXPECT_THAT(error_of([] { thread_count(0); }), testing::HasSubstr(text));
  }
  ::setenv("RUNNEL_THREADS", "5", 1);
  EXPECT_EQ(thread_count(0), 5);
  ::unsetenv("RUNNEL_THREADS");
  EXPECT_GE(thread_count(0), 1);
}

// More threads than cores are threads all the same: four jobs that wait for each other all come to run.
TEST(Threads, AsManyRunAtOnceAsAreAskedFor) {
  std::atomic<int> here{0};
  std::atomic<int> met{0};
  run_jobs(4, 4, [&](std::size_t) {
    ++here;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (here < 4 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (here == 4) ++met;
  });
  EXPECT_EQ(met, 4);
}

struct RestoreThreads {
  ~RestoreThreads() { set_threads(0); }
};

// The sums are plain numbers: the thread sanitizer watches that their way here and back is in order.
TEST(Threads, EveryPartRunsOnce) {
  const RestoreThreads restore;
  for (int threads : {1, 2, 4}) {
    set_threads(threads);
    EXPECT_EQ(most_work_threads(), threads);
    EXPECT_EQ(work_threads(), threads);
    std::vector<int> runs(50);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    for (int round = 0; round < 200; ++round)
      parallel_parts(static_cast<int>(runs.size()), [&](int i) {
        ++runs[static_cast<std::size_t>(i)];
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
      });
    for (int count : runs) EXPECT_EQ(count, 200);
    EXPECT_LE(seen.size(), static_cast<std::size_t>(threads));
  }
  parallel_parts(0, [](int) { FAIL(); });
}

TEST(Threads, RunningJobsShareTheThreads) {
  const RestoreThreads restore;
  set_threads(2);
  std::atomic<int> here{0};
  run_jobs(2, 2, [&](std::size_t) {
    ++here;
    while (here < 2) std::this_thread::yield();
    EXPECT_EQ(work_threads(), 1);
    ++here;
    while (here < 4) std::this_thread::yield();
  });
  EXPECT_EQ(work_threads(), 2);
  // A job alone has them all, and its parts do not wait for other jobs nor take them on.
  std::atomic<int> inside{0};
  run_jobs(6, 2, [&](std::size_t) {
    thread_local bool busy = false;
    EXPECT_FALSE(busy) << "a job began on a thread that waits inside another";
    busy = true;
    parallel_parts(8, [&](int) { ++inside; });
    busy = false;
  });
  EXPECT_EQ(inside, 48);
}

TEST(Threads, NothingSpinsAfterwards) {
  const RestoreThreads restore;
  set_threads(2);
  std::atomic<int> sum{0};
  for (int i = 0; i < 100; ++i) parallel_parts(4, [&](int part) { sum += part; });
  const auto processor_time = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  // The least of three windows: what spins shows in all of them, what only takes a while to lie down does
  // not.
  double least = 1;
  for (int window = 0; window < 3; ++window) {
    const double before = processor_time();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    least = std::min(least, processor_time() - before);
  }
  EXPECT_LT(least, 0.03);
}

}  // namespace
}  // namespace runnel
