// Whether this processor can run the program at all, found out before anything else runs: the rest is
// compiled for AVX2 and FMA, and would end in "illegal instruction". This file alone is compiled for every
// x86-64.
#if defined(__x86_64__)
#include <unistd.h>

#include <cstring>

namespace {

// Ahead of the initialisers of the program's own variables, which may hold vector code already.
[[gnu::constructor(101)]] void check_processor() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return;
  const char* text =
      "runnel: error: this processor lacks AVX2 or FMA, which Runnel is built for (Intel since 2013, AMD "
      "since "
      "2015); run it on a newer machine\n";
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text, std::strlen(text));
  ::_exit(1);
}

}  // namespace
#endif
