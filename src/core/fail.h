// Raising runnel::Error with a formatted text.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "runnel/error.h"

namespace runnel {

// The input is at fault.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::input, fmt::format(format, std::forward<Args>(args)...));
}

// The run failed though the input was in order.
template <class... Args>
[[noreturn]] void fail_run(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::run, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace runnel
