// Ctrl-C during a search: the first one asks it to stop and keep the best, the second one ends the program.
#pragma once

#include <atomic>

namespace runnel::cli {

// While it lives, SIGINT and SIGTERM set the flag instead of ending the program, once.
class Interrupt {
 public:
  explicit Interrupt(bool quiet);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  const std::atomic<bool>* flag() const;
};

// The exit code of a program that the signal stopped: 130 after SIGINT, 143 after SIGTERM.
int code_of_stop();

}  // namespace runnel::cli
