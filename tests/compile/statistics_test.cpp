// What compiling cost is counted: once for each program, never for a run of one that is there.
#include <gtest/gtest.h>

#include "runnel/compiled.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

TEST(Statistics, EveryProgramCountsOnce) {
  const CompileStatistics before = compile_statistics();
  const auto f = jit([](const Array& x) { return sum(exp(x) * x); });
  f(Array{1.0F, 2.0F});
  f(Array{3.0F, 4.0F});
  EXPECT_EQ(compile_statistics().programs, before.programs + 1);
  f(Array{1.0F, 2.0F, 3.0F});  // another shape is another program
  EXPECT_EQ(compile_statistics().programs, before.programs + 2);
  Compiled compiled([](const std::vector<Array>& x) { return std::vector<Array>{sin(x[0])}; },
                    {{DType::f64, {}}});
  Compiled copy = compiled;
  EXPECT_EQ(compile_statistics().programs, before.programs + 3);
}

TEST(Statistics, TimesAreThoseOfCompiling) {
  const CompileStatistics before = compile_statistics();
  const auto f = jit([](const Array& x) { return cos(x) * x; });
  f(Array{1.0F, 2.0F});
  const CompileStatistics after = compile_statistics();
  const double took = after.seconds - before.seconds;
  EXPECT_GT(took, 0);
  EXPECT_GE(after.longest, before.longest);
  EXPECT_GE(after.longest, took);
  EXPECT_LE(after.longest, after.seconds);
}

}  // namespace
}  // namespace runnel
