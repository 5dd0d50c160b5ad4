// For the tests of prepared kernels: every instruction set, wild numbers, runs that may allocate nothing.
#pragma once

#include <cmath>
#include <cstdio>

#include "counting_new.h"
#include "kernels/isa.h"
#include "kernels/prepared.h"
#include "kernels/support.h"

namespace runnel::testing {

// Runs f with each instruction set of this machine; those that are missing are named.
template <class F>
void on_every_isa(F&& f) {
  using kernels::Isa;
  const Isa before = kernels::isa();
  const std::vector<Isa> here = kernels::isas_here();
  for (Isa isa : {Isa::avx2, Isa::avx512}) {
    if (std::find(here.begin(), here.end(), isa) == here.end()) {
      std::printf("not run: this machine lacks %s\n", std::string(kernels::name_of(isa)).c_str());
      continue;
    }
    SCOPED_TRACE(kernels::name_of(isa));
    kernels::force_isa(isa);
    f();
  }
  kernels::force_isa(before);
}

// Numbers of every kind: ordinary, huge, tiny, special.
template <class T>
T wild_value(Random& random) {
  const std::int64_t kind = uniform(random, 0, 9);
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return kind % 2 == 1;
  } else if constexpr (std::is_integral_v<T>) {
    const T special[] = {T{0}, T{1}, static_cast<T>(-1), Limits::min(), Limits::max()};
    if (kind < 5) return random_value<T>(random);
    return kind < 8 ? static_cast<T>(random()) : special[uniform(random, 0, 4)];
  } else {
    const T special[] = {T{0},
                         -T{0},
                         T{1},
                         T{-1},
                         T{0.5},
                         Limits::infinity(),
                         -Limits::infinity(),
                         Limits::quiet_NaN(),
                         Limits::denorm_min(),
                         -Limits::min() / 2,
                         Limits::max(),
                         T{-2147483648.0},
                         T{2147483648.0},
                         T{4294967296.0},
                         static_cast<T>(4294967295.0)};
    if (kind < 5) return random_value<T>(random);
    if (kind < 7)
      return static_cast<T>(std::exp(random_value<double>(random) * 12.0) * (kind == 5 ? 1.0 : -1.0));
    return special[uniform(random, 0, 14)];
  }
}

inline void fill_wild(const View& view, Random& random) {
  dispatch(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_index(view.shape, [&](const Index& at) { element<T>(view, at) = wild_value<T>(random); });
  });
}

inline void expect_same_view(const View& got, const View& want, const std::string& what) {
  dispatch(got.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    expect_same<T>(
        got, [&](const Index& at) { return element<T>(want, at); }, what);
  });
}

// Runs a prepared kernel, which may take no memory.
inline void run_prepared(const kernels::Prepared& prepared, const std::vector<std::byte*>& in,
                         const std::vector<std::byte*>& out, const std::string& what) {
  std::vector<std::byte*> data = in;
  data.insert(data.end(), out.begin(), out.end());
  const auto scratch = allocate_buffer(prepared.scratch_bytes());
  const std::size_t before = allocations_so_far();
  prepared.run(data.data(), scratch.get());
  EXPECT_EQ(allocations_so_far(), before) << what;
}

}  // namespace runnel::testing
