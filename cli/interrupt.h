// Ctrl-C during a search: the first one asks it to stop, the second one ends the program.
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

}  // namespace runnel::cli
