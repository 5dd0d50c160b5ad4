// Which instruction set runs: what is forced is what runs, and what cannot run is refused by name.
#include "kernels/isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "error_of.h"

namespace runnel::kernels {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct RestoreIsa {
  const Isa before = isa();
  ~RestoreIsa() { force_isa(before); }
};

TEST(Isa, TheForcedOneRuns) {
  const RestoreIsa restore;
  EXPECT_THAT(isas_here(), Contains(Isa::reference));
  for (Isa wanted : isas_here()) {
    force_isa(wanted);
    EXPECT_EQ(isa(), wanted);
    EXPECT_EQ(isa_that_runs(), wanted) << name_of(wanted);
  }
}

TEST(Isa, SetsAreThoseOfTheProcessor) {
  EXPECT_EQ(isas_here().size(),
            1U + (__builtin_cpu_supports("avx2") ? 1U : 0U) +
                (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq")
                     ? 1U
                     : 0U));
}

TEST(Isa, WhatTheMachineLacksIsRefused) {
  const std::vector<Isa> here = isas_here();
  for (Isa wanted : {Isa::avx2, Isa::avx512}) {
    if (std::find(here.begin(), here.end(), wanted) != here.end()) continue;
    const std::string error = error_of([&] { force_isa(wanted); });
    EXPECT_THAT(error, HasSubstr(name_of(wanted)));
    EXPECT_THAT(error, HasSubstr("reference"));
  }
}

// The environment is read once, at the first call: each case is a process of its own.
void say_isa(const char* wanted) {
  ::setenv("RUNNEL_ISA", wanted, 1);
  try {
    std::fprintf(stderr, "[%s]\n", std::string(name_of(isa_that_runs())).c_str());
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
  }
  std::_Exit(7);
}

TEST(IsaDeathTest, RunnelIsaChoosesOrNamesWhatThereIs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (Isa wanted : isas_here())
    EXPECT_EXIT(say_isa(std::string(name_of(wanted)).c_str()), ::testing::ExitedWithCode(7),
                "\\[" + std::string(name_of(wanted)) + "\\]");
  EXPECT_EXIT(say_isa(""), ::testing::ExitedWithCode(7),
              "\\[" + std::string(name_of(isas_here().back())) + "\\]");
  EXPECT_EXIT(say_isa("sse9"), ::testing::ExitedWithCode(7), "RUNNEL_ISA is \"sse9\".*reference");
}

}  // namespace
}  // namespace runnel::kernels
