#include "core/threads.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/fail.h"

namespace runnel {
namespace {

constexpr int kMostThreads = 4096;

std::atomic<int> most_threads{0};  // 0: not read yet
std::atomic<int> running_jobs{0};
thread_local bool in_job = false;
thread_local bool in_part = false;

// oneTBB orders a task after what went before its start, and what follows the wait after the task. These
// two say so once more where the thread sanitizer can see it, which does not look into the library. (What is
// left, the library's own tasks, scripts/tsan.supp names.)
std::atomic<unsigned> forked{0};
std::atomic<unsigned> joined{0};

// work() on this thread and on `others` more, as many of these as there are free; returns when all have
// ended. A thread that comes late finds nothing left to do: work() must be fit to run once or often.
template <class Work>
void fork(int others, const Work& work) {
  // Isolated: while this thread waits here it takes on nothing else, such as a whole job.
  tbb::this_task_arena::isolate([&] {
    tbb::task_group group;
    for (int i = 0; i < others; ++i) {
      tbb::task_handle task = group.defer([w = &work] {
        forked.load(std::memory_order_acquire);
        (*w)();
        joined.fetch_add(1, std::memory_order_release);
      });
      forked.fetch_add(1, std::memory_order_release);
      group.run(std::move(task));
    }
    work();
    group.wait();
    joined.load(std::memory_order_acquire);
  });
}

// More threads than cores are given only where somebody asks for them.
void allow_threads(int threads) {
  static std::mutex mutex;
  static std::unique_ptr<tbb::global_control> control;
  static int allowed = tbb::info::default_concurrency();
  const std::lock_guard lock(mutex);
  if (threads <= allowed) return;
  control.reset();
  control = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  static_cast<std::size_t>(threads));
  allowed = threads;
}

class Jobs {
 public:
  Jobs(std::size_t n, const std::function<void(std::size_t)>& job) : n_(n), job_(job) {}

  void operator()() const {
    for (std::size_t i = next_++; i < n_; i = next_++) {
      const bool outer = std::exchange(in_job, true);
      ++running_jobs;
      try {
        job_(i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_ = n_;  // jobs not yet begun are dropped
      }
      --running_jobs;
      in_job = outer;
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const std::size_t n_;
  const std::function<void(std::size_t)>& job_;
  mutable std::atomic<std::size_t> next_{0};
  mutable std::mutex mutex_;
  mutable std::exception_ptr failure_;
};

}  // namespace

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
  const int used = static_cast<int>(std::min(n, static_cast<std::size_t>(threads)));
  allow_threads(used);
  const Jobs jobs(n, job);
  tbb::task_arena arena(used);
  arena.execute([&] { fork(used - 1, jobs); });
  jobs.rethrow();
}

int most_work_threads() {
  int n = most_threads.load(std::memory_order_relaxed);
  if (n == 0) most_threads = n = thread_count(0);
  return n;
}

void set_threads(int threads) { most_threads = thread_count(threads); }

int work_threads() {
  if (in_part) return 1;
  const int n = most_work_threads();
  return in_job ? std::max(1, n / std::max(1, running_jobs.load(std::memory_order_relaxed))) : n;
}

void detail::parallel_parts(int parts, void (*call)(const void* part, int i), const void* part) {
  const int threads = std::min(parts, work_threads());
  if (threads <= 1) {
    for (int i = 0; i < parts; ++i) call(part, i);
    return;
  }
  std::atomic<int> next{0};
  fork(threads - 1, [&] {
    // A part does not part again.
    const bool before = std::exchange(in_part, true);
    for (int i = next++; i < parts; i = next++) call(part, i);
    in_part = before;
  });
}

}  // namespace runnel
