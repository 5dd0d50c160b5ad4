// Running independent jobs on threads.
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

}  // namespace runnel
