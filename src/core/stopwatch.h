// Wall-clock time.
#pragma once

#include <chrono>
#include <utility>

namespace runnel {

class Stopwatch {
 public:
  double total() const { return seconds(begin_, Clock::now()); }
  // Seconds since the last lap, or since the beginning.
  double lap() {
    const Clock::time_point now = Clock::now();
    return seconds(std::exchange(lap_, now), now);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  }
  Clock::time_point begin_ = Clock::now();
  Clock::time_point lap_ = begin_;
};

}  // namespace runnel
