#include "core/threads.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "core/fail.h"

namespace runnel {
namespace {
constexpr int kMostThreads = 4096;
}

int thread_count(int wanted) {
  if (wanted > kMostThreads) fail("{} threads: at most {} can be asked for", wanted, kMostThreads);
  if (wanted > 0) return wanted;
  if (const char* text = std::getenv("RUNNEL_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (*end != '\0' || n < 1 || n > kMostThreads)
      fail("RUNNEL_THREADS is \"{}\": it must be a number from 1 to 4096", text);
    return static_cast<int>(n);
  }
  return tbb::info::default_concurrency();
}

void run_jobs(std::size_t n, int threads, const std::function<void(std::size_t)>& job) {
  if (threads <= 1 || n <= 1) {
    for (std::size_t i = 0; i < n; ++i) job(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  auto worker = [&] {
    for (std::size_t i = next++; i < n && !failed; i = next++) {
      try {
        job(i);
      } catch (...) {
        failed = true;
        throw;
      }
    }
  };
  // As many threads as were asked for, be they more than the cores.
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  arena.execute([&] {
    tbb::task_group group;
    for (int t = 1; t < threads; ++t) group.run(worker);
    group.run_and_wait(worker);
  });
}

}  // namespace runnel
