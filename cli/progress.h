// The live line of a search, on a terminal only.
#pragma once

#include <chrono>
#include <string>

#include "runnel/sweep.h"

namespace runnel::cli {

class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool is_on() const { return on_; }
  void show(const sweep::Progress& progress);  // at most ten times a second
  void clear();

 private:
  bool on_, shown_ = false;
  std::chrono::steady_clock::time_point last_ = {};
};

// "12/32 candidates, best 0.8312, 8 s left"
std::string progress_text(const sweep::Progress& progress);
// "8 s", "3 min", "2 h 10 min"
std::string duration_text(double seconds);

}  // namespace runnel::cli
