// The text of the error that a test expects.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "runnel/error.h"

namespace runnel {

// Runs f, which must throw an Error of the kind, and gives its text; the test fails where it does not.
template <class F>
std::string error_of(F&& f, ErrorKind kind = ErrorKind::input) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error was raised";
  return "";
}

}  // namespace runnel
