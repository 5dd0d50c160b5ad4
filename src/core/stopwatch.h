// Wall-clock time.
#pragma once

#include <chrono>
#include <utility>

namespace runnel {

class Stopwatch {
 public:
  double total() const { return seconds_since(begin_); }
  // Seconds since the last lap, or since the beginning.
  double lap() { return seconds_since(std::exchange(lap_, Clock::now())); }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point time) {
    return std::chrono::duration<double>(Clock::now() - time).count();
  }
  Clock::time_point begin_ = Clock::now();
  Clock::time_point lap_ = begin_;
};

}  // namespace runnel
