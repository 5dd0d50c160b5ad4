// Prepared sums, maxima and minima give the bits of the reference kernels, over random shapes, strides and
// axes.
#include "kernels/fast.h"
#include "kernels/reference/reduce.h"
#include "kernels/simd_support.h"

namespace runnel::testing {
namespace {

using Prepare = kernels::PreparedPtr (*)(const View&, const Dims&, const View&);
using Reference = void (*)(const View&, const Dims&, const View&);

struct Kind {
  const char* name;
  Prepare prepare;
  Reference reference;
};
constexpr Kind kKinds[] = {{"sum", kernels::prepare_sum, kernels::reduce_sum},
                           {"max", kernels::prepare_max, kernels::reduce_max},
                           {"min", kernels::prepare_min, kernels::reduce_min}};

Shape without(const Shape& shape, const Dims& axes) {
  Shape kept;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) == axes.end())
      kept.push_back(shape[i]);
  return kept;
}

// Returns whether there was a prepared kernel.
bool check(const Kind& kind, const View& in, const Dims& axes) {
  const Shape shape = without(in.shape, axes);
  const std::string what =
      fmt::format("{} of {} {} over {}", kind.name, name_of(in.dtype), to_string(in.shape), to_string(axes));
  const Held want = dense(in.dtype, shape);
  const Held got = dense(in.dtype, shape);
  View no_data = in;
  no_data.data = nullptr;
  View out = got;
  out.data = nullptr;
  const auto prepared = kind.prepare(no_data, axes, out);
  if (prepared == nullptr) return false;
  kind.reference(in, axes, want);
  run_prepared(*prepared, {in.data}, {got.view.data}, what);
  expect_same_view(got, want, what);
  return true;
}

Dims random_axes(int rank, Random& random) {
  Dims axes;
  for (int i = 0; i < rank; ++i)
    if (uniform(random, 0, 1) == 1) axes.push_back(i);
  return axes;
}

TEST(SimdReductions, TheOrderIsTheReferences) {
  on_every_isa([] {
    Random random(21);
    int prepared = 0;
    for (int i = 0; i < 4000; ++i) {
      const DType dtype = kNumeric[uniform(random, 0, 3)];
      Shape shape = random_shape(random, 4, i % 3 == 0 ? 40 : 9);
      const bool plain = uniform(random, 0, 1) == 0;
      Held in = plain ? dense(dtype, shape) : strided(dtype, shape, random, true);
      if (uniform(random, 0, 1) == 0)
        fill_wild(in, random);
      else
        fill_random(in, random);
      for (const Kind& kind : kKinds) {
        const Dims axes = random_axes(shape.rank(), random);
        bool nothing = false;
        for (std::int64_t axis : axes) nothing |= shape[static_cast<std::size_t>(axis)] == 0;
        if (nothing && kind.prepare != kernels::prepare_sum) continue;  // refused by the type rule
        prepared += check(kind, in, axes) ? 1 : 0;
      }
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(prepared, 6000);
  });
}

// Every length of both axes around registers, blocks of sixteen and chunks.
TEST(SimdReductions, EveryLengthOfRowsAndColumns) {
  on_every_isa([] {
    Random random(22);
    for (DType dtype : kNumeric) {
      for (std::int64_t rows = 1; rows <= 37; rows += 1) {
        for (std::int64_t columns : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 256}) {
          const Held in = dense(dtype, {rows, columns});
          fill_random(in, random);
          for (const Kind& kind : kKinds) {
            EXPECT_TRUE(check(kind, in, {0}));
            EXPECT_TRUE(check(kind, in, {1}));
            EXPECT_TRUE(check(kind, in, {0, 1}));
          }
          if (::testing::Test::HasFailure()) return;
        }
      }
    }
    for (std::int64_t n : {999, 1000, 2999, 3000}) {
      const Held in = dense(DType::f32, {n, 3});
      fill_random(in, random);
      for (const Kind& kind : kKinds)
        for (const Dims& axes : {Dims{0}, Dims{1}, Dims{0, 1}}) EXPECT_TRUE(check(kind, in, axes));
    }
  });
}

}  // namespace
}  // namespace runnel::testing
