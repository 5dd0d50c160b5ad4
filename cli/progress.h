// How far a search has come: a live line on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "runnel/models.h"

namespace runnel::cli {

class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool is_on() const { return on_; }
  // On a terminal at most ten times a second. Elsewhere at most every 30 seconds, the first time after as
  // long, or as often as the environment's RUNNEL_PROGRESS says (seconds; 0: never).
  void show(const search::Progress& progress);
  void clear();

 private:
  bool on_, live_, shown_ = false;
  std::chrono::duration<double> every_;
  std::chrono::steady_clock::time_point last_ = {};
};

// "12/32 candidates, best 0.8312, 8 s left"
std::string progress_text(const search::Progress& progress);
// "8 s", "3 min", "2 h 10 min"
std::string duration_text(double seconds);

}  // namespace runnel::cli
