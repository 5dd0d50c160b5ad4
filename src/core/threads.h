// Running work on several threads: independent jobs that last, and the parts of one kernel. The threads are
// oneTBB's, which sleep while there is nothing to do.
#pragma once

#include <cstddef>
#include <functional>

namespace runnel {

// `wanted` if positive, else RUNNEL_THREADS, else the number of cores this process may use. Throws
// Error(input) when RUNNEL_THREADS is no positive number.
int thread_count(int wanted);

// job(0) … job(n - 1), handed out in order to `threads` threads; on this thread alone when that is one. The
// first exception is thrown again here, after jobs not yet begun have been dropped.
void run_jobs(std::size_t n, int threads, const std::function<void(std::size_t)>& job);

// How many threads the kernels of this process may use: thread_count(0) until set_threads says otherwise.
int most_work_threads();
void set_threads(int threads);
// How many a kernel may use here and now: one inside a part, and inside a job while there are as
// many jobs as threads.
int work_threads();

// part(0) … part(parts - 1) on this thread and up to work_threads() - 1 others, which take them in order;
// returns when all have ended. Which thread runs which part is not fixed. Allocates nothing; parts throw
// nothing.
template <class Part>
void parallel_parts(int parts, const Part& part);

namespace detail {
void parallel_parts(int parts, void (*call)(const void* part, int i), const void* part);
}

template <class Part>
void parallel_parts(int parts, const Part& part) {
  detail::parallel_parts(
      parts, [](const void* p, int i) { (*static_cast<const Part*>(p))(i); }, &part);
}

}  // namespace runnel
