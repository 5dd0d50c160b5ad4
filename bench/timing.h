// Measuring time, and telling it: one JSON object a line on standard output.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace runnel::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds per call over several runs.
struct Timing {
  double median = 0, min = 0, max = 0;
  int runs = 0;

  Timing per(double pieces) const { return {median / pieces, min / pieces, max / pieces, runs}; }
};

inline Timing timing_of(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const std::size_t n = seconds.size();
  return {(seconds[(n - 1) / 2] + seconds[n / 2]) / 2, seconds.front(), seconds.back(), static_cast<int>(n)};
}

// How often to run: at least five times (a median of fewer says little), each as many calls as make it last.
struct Effort {
  int runs = 7;
  int warmup = 1;             // runs before the first that counts
  double run_seconds = 0.02;  // that a run lasts at least
  double pause = 0;  // seconds before each run, for threads of the other that spin on after their work
};

namespace detail {
template <class Work>
double seconds_of(const Work& work, std::int64_t calls) {
  const double begin = now();
  for (std::int64_t i = 0; i < calls; ++i) work();
  return (now() - begin) / static_cast<double>(calls);
}

template <class Work>
double seconds_after(double pause, const Work& work, std::int64_t calls) {
  if (pause > 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(pause));
    seconds_of(work, calls / 4 + 2);
  }
  return seconds_of(work, calls);
}

template <class Work>
std::int64_t calls_that_last(const Work& work, double seconds) {
  work();  // what happens once (tracing, compiling, page faults) is not what is measured
  std::int64_t calls = 1;
  for (;;) {
    const double took = seconds_of(work, calls) * static_cast<double>(calls);
    if (took >= seconds) return calls;
    const double factor = took > 0 ? 1.2 * seconds / took : 10;
    calls = static_cast<std::int64_t>(static_cast<double>(calls) * std::clamp(factor, 1.5, 10.0)) + 1;
  }
}
}  // namespace detail

template <class Work>
Timing measure(const Work& work, const Effort& effort = {}) {
  const std::int64_t calls = detail::calls_that_last(work, effort.run_seconds);
  for (int i = 0; i < effort.warmup; ++i) detail::seconds_of(work, calls);
  std::vector<double> seconds;
  for (int i = 0; i < effort.runs; ++i) seconds.push_back(detail::seconds_of(work, calls));
  return timing_of(std::move(seconds));
}

// Two works by turns, so that both see the same machine.
template <class A, class B>
std::pair<Timing, Timing> measure_both(const A& a, const B& b, const Effort& effort = {}) {
  const std::int64_t calls_a = detail::calls_that_last(a, effort.run_seconds);
  const std::int64_t calls_b = detail::calls_that_last(b, effort.run_seconds);
  std::vector<double> of_a, of_b;
  for (int i = -effort.warmup; i < effort.runs; ++i) {
    const double took_a = detail::seconds_after(effort.pause, a, calls_a);
    const double took_b = detail::seconds_after(effort.pause, b, calls_b);
    if (i < 0) continue;
    of_a.push_back(took_a);
    of_b.push_back(took_b);
  }
  return {timing_of(std::move(of_a)), timing_of(std::move(of_b))};
}

// What a row writes. `who` is "runnel" or a peer; further figures of a case stand in `facts`.
using Facts = std::vector<std::pair<std::string, double>>;
class Report {
 public:
  Report(std::string row, int threads) : row_(std::move(row)), threads_(threads) {}

  int threads() const { return threads_; }
  // Seconds.
  void time(const std::string& name, const std::string& who, const Timing& t, const Facts& facts = {}) const;
  // Any other unit.
  void figure(const std::string& name, const std::string& who, double value, const std::string& unit,
              const Facts& facts = {}) const;

 private:
  std::string row_;
  int threads_;
};

// Keeps a result from being optimised away.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace runnel::bench
