// Jobs on threads: each is run once, on no more threads than asked for, and a failure comes back.
#include "core/threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
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

}  // namespace
}  // namespace runnel
