// What every failure in Runnel is: one exception with a text that says what, where and what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace runnel {

// input: the caller's data, arguments or shapes are at fault (the program exits with 2).
// run:   the work itself failed: divergence everywhere, disk full (the program exits with 1), stopped early.
enum class ErrorKind { input, run };

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace runnel
