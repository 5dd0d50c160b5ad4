// Prepared copies, gathers, scatters and random words give the bits of the reference kernels.
#include "kernels/fast.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/index.h"
#include "kernels/reference/random.h"
#include "kernels/simd_support.h"
#include "runnel/error.h"

namespace runnel::testing {
namespace {

View no_data(View view) {
  view.data = nullptr;
  return view;
}

void check_copy(const View& in, const std::string& what) {
  const Held want = dense(in.dtype, in.shape);
  const Held got = dense(in.dtype, in.shape);
  kernels::copy(in, want);
  const auto prepared = kernels::prepare_copy(no_data(in), no_data(got));
  ASSERT_NE(prepared, nullptr);
  run_prepared(*prepared, {in.data}, {got.view.data}, what);
  EXPECT_EQ(
      std::memcmp(got.view.data, want.view.data, static_cast<std::size_t>(in.size()) * size_of(in.dtype)), 0)
      << what;
}

TEST(SimdMoves, CopiesOfAnyView) {
  on_every_isa([] {
    Random random(31);
    for (int i = 0; i < 3000; ++i) {
      const DType dtype = kAll[i % 5];
      const Held in = strided(dtype, random_shape(random, 4, i % 4 == 0 ? 50 : 12), random, i % 2 == 0);
      check_copy(in, fmt::format("copy of {} {} with strides {}", name_of(dtype), to_string(in.view.shape),
                                 to_string(in.view.strides)));
    }
  });
}

TEST(SimdMoves, TransposedPlanesOfEverySize) {
  on_every_isa([] {
    Random random(32);
    for (DType dtype : kAll) {
      for (std::int64_t rows = 1; rows < 35; ++rows) {
        for (std::int64_t columns = 1; columns < 35; ++columns) {
          const Held in = dense(dtype, {columns, rows});
          fill_random(in, random);
          View turned = in;
          turned.shape = {rows, columns};
          turned.strides = {1, rows};
          check_copy(turned, fmt::format("transpose {} {}", rows, columns));
        }
      }
    }
  });
}

// A + (n,) + C + B for what is indexed, I + B for the index, A + I + C + B for the parts.
struct Indexed {
  Held whole;
  Held index;
  Shape parts;
  int axis = 0;
  int batch = 0;

  Indexed(DType dtype, std::int64_t longest, Random& random) {
    const Shape before = random_shape(random, 2, 4);
    const Shape own = random_shape(random, 2, 6);
    const Shape after = random_shape(random, 1, longest);
    const Shape matched = uniform(random, 0, 1) == 0 ? Shape{} : random_shape(random, 2, 20);
    const std::int64_t n = uniform(random, 1, 6);
    axis = before.rank();
    batch = matched.rank();
    Shape all = before;
    Shape which = own;
    parts = before;
    all.push_back(n);
    for (std::int64_t s : own) parts.push_back(s);
    for (std::int64_t s : after) {
      all.push_back(s);
      parts.push_back(s);
    }
    for (std::int64_t s : matched) {
      all.push_back(s);
      which.push_back(s);
      parts.push_back(s);
    }
    whole = uniform(random, 0, 1) == 0 ? dense(dtype, all) : strided(dtype, all, random, true);
    fill_wild(whole, random);
    index = strided(DType::i32, which, random, uniform(random, 0, 1) == 0);
    each_index(which, [&](const Index& at) {
      element<std::int32_t>(index, at) = static_cast<std::int32_t>(uniform(random, 0, n - 1));
    });
  }
};

TEST(SimdMoves, GathersAndScattersAlongAnyAxis) {
  on_every_isa([] {
    Random random(33);
    for (int i = 0; i < 2000; ++i) {
      const DType dtype = kAll[i % 5];
      const Indexed x(dtype, i % 3 == 0 ? 300 : 8, random);
      const Held want = dense(dtype, x.parts);
      const Held got = dense(dtype, x.parts);
      kernels::gather(x.whole, x.index, x.axis, x.batch, want);
      const auto gather =
          kernels::prepare_gather(no_data(x.whole), no_data(x.index), x.axis, x.batch, no_data(got));
      ASSERT_NE(gather, nullptr);
      run_prepared(*gather, {x.whole.view.data, x.index.view.data}, {got.view.data}, "gather");
      expect_same_view(got, want, "gather");
      if (dtype == DType::boolean) continue;
      const Held updates = strided(dtype, x.parts, random, true);
      const Held sum = dense(dtype, x.whole.view.shape);
      const Held want_sum = dense(dtype, x.whole.view.shape);
      kernels::scatter_add(x.whole, x.index, updates, x.axis, x.batch, want_sum);
      const auto scatter = kernels::prepare_scatter_add(no_data(x.whole), no_data(x.index), no_data(updates),
                                                        x.axis, x.batch, no_data(sum));
      ASSERT_NE(scatter, nullptr);
      run_prepared(*scatter, {x.whole.view.data, x.index.view.data, updates.view.data}, {sum.view.data},
                   "scatter_add");
      expect_same_view(sum, want_sum, "scatter_add");
      if (::testing::Test::HasFailure()) return;
    }
  });
}

TEST(SimdMoves, AnIndexOutOfRangeIsNamed) {
  on_every_isa([] {
    const Held x = dense(DType::f32, {3, 5, 2});
    const Held index = dense(DType::i32, {4});
    const Held out = dense(DType::f32, {3, 4, 2});
    const Held sum = dense(DType::f32, {3, 5, 2});
    const auto text = [&](std::int32_t bad, bool scatter) -> std::string {
      std::fill_n(index.view.as<std::int32_t>(), 4, 1);
      element<std::int32_t>(index, {2}) = bad;
      element<std::int32_t>(index, {3}) = 99;
      try {
        if (scatter)
          run_prepared(*kernels::prepare_scatter_add(x, index, out, 1, 0, sum),
                       {x.view.data, index.view.data, out.view.data}, {sum.view.data}, "");
        else
          run_prepared(*kernels::prepare_gather(x, index, 1, 0, out), {x.view.data, index.view.data},
                       {out.view.data}, "");
      } catch (const Error& error) {
        return error.what();
      }
      return "no error";
    };
    EXPECT_EQ(text(7, false), "[gather] index 7 is out of range for axis 1 with size 5");
    EXPECT_EQ(text(5, false), "[gather] index 5 is out of range for axis 1 with size 5");
    EXPECT_EQ(text(-1, false), "[gather] index -1 is out of range for axis 1 with size 5");
    EXPECT_EQ(text(-3, true), "[scatter_add] index -3 is out of range for axis 1 with size 5");
  });
}

// Memory for the words of lanes; `swapped`: those of a row of lanes lie side by side, the last axis touching.
Held numbers_of_lanes(const Shape& words, bool swapped) {
  Held held = dense(DType::u32, words);
  if (!swapped || words.size() < 3 || words.back() == 1) return held;
  Shape other = words;
  std::swap(other[0], other[1]);
  held.view.strides = row_major(other);
  std::swap(held.view.strides[0], held.view.strides[1]);
  return held;
}

TEST(SimdMoves, RandomWordsOfAnyLanes) {
  on_every_isa([] {
    Random random(34);
    for (int i = 0; i < 1500; ++i) {
      Shape lanes = random_shape(random, 3, i % 3 == 0 ? 40 : 9);
      const std::int64_t n = i % 4 == 0 ? uniform(random, 0, 3000) : uniform(random, 1, 40);
      if (i % 4 == 0) lanes = Shape{uniform(random, 1, 3)};
      if (i % 8 == 0) lanes = Shape{};
      Shape pair{2};
      Shape words{n};
      for (std::int64_t s : lanes) {
        pair.push_back(s);
        words.push_back(s);
      }
      const Held keys = strided(DType::u32, pair, random, true);
      const Held streams = strided(DType::u32, pair, random, true);
      fill_wild(keys, random);
      fill_wild(streams, random);
      const bool halves = i % 5 < 2;
      const Held want = numbers_of_lanes(words, i % 3 == 0);
      const Held got = numbers_of_lanes(words, i % 3 == 0);
      kernels::philox(keys, streams, want, halves);
      const auto prepared = kernels::prepare_philox(no_data(keys), no_data(streams), no_data(got), halves);
      ASSERT_NE(prepared, nullptr);
      const std::string what =
          fmt::format("{} {} of lanes {}", n, halves ? "halves" : "words", to_string(lanes));
      run_prepared(*prepared, {keys.view.data, streams.view.data}, {got.view.data}, what);
      expect_same_view(got, want, what);
      if (::testing::Test::HasFailure()) return;
    }
  });
}

}  // namespace
}  // namespace runnel::testing
