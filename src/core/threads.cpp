#include "core/threads.h"

#include <tbb/info.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

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
  std::mutex mutex;
  std::exception_ptr failure;
  auto worker = [&] {
    for (std::size_t i = next++; i < n; i = next++) {
      try {
        job(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = n;  // jobs not yet begun are dropped
      }
    }
  };
  {
    // Jobs last from milliseconds to minutes: threads of their own cost nothing beside them, and none waits
    // spinning.
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < std::min(n, static_cast<std::size_t>(threads)); ++t)
      others.emplace_back(worker);
    worker();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace runnel
