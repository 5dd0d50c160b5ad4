// Reductions and scans against their definitions, bit by bit.
#include "kernels/reference/reduce.h"

#include <array>
#include <cmath>

#include "kernels/support.h"

namespace runnel::testing {
namespace {

template <class T>
T plus(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

// The sum's law, written from its sentence: element i to partial sum i mod 16, then the tree.
template <class T>
T ordered_sum(const std::vector<T>& x) {
  std::array<T, 16> p{};
  for (std::size_t i = 0; i < x.size(); ++i) p[i % 16] = plus(p[i % 16], x[i]);
  for (std::size_t h : {8u, 4u, 2u, 1u})
    for (std::size_t j = 0; j < h; ++j) p[j] = plus(p[j], p[j + h]);
  return p[0];
}

Dims random_axes(Random& random, const Shape& shape) {
  Dims axes;
  for (std::int64_t i = 0; i < shape.rank(); ++i)
    if (uniform(random, 0, 1) == 1) axes.push_back(i);
  return axes;
}

bool contains(const Dims& axes, std::size_t axis) {
  return std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(axis)) != axes.end();
}

// The elements that meet in out[at], in row-major order of the reduced axes.
template <class T>
std::vector<T> meeting(const View& in, const Dims& axes, const Index& at) {
  Shape reduced;
  for (std::int64_t axis : axes) reduced.push_back(in.shape[static_cast<std::size_t>(axis)]);
  std::vector<T> x;
  each_index(reduced, [&](const Index& along) {
    Index full;
    std::size_t r = 0;
    std::size_t k = 0;
    for (std::size_t axis = 0; axis < in.shape.size(); ++axis)
      full.push_back(contains(axes, axis) ? along[r++] : at[k++]);
    x.push_back(element<T>(in, full));
  });
  return x;
}

Shape kept_shape(const Shape& shape, const Dims& axes) {
  Shape kept;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (!contains(axes, axis)) kept.push_back(shape[axis]);
  return kept;
}

void check_sum(const View& in, const Dims& axes) {
  const Held out = dense(in.dtype, kept_shape(in.shape, axes));
  kernels::reduce_sum(in, axes, out);
  dispatch_numeric("test", in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    expect_same<T>(
        out, [&](const Index& at) { return ordered_sum(meeting<T>(in, axes, at)); },
        fmt::format("sum of {} strides {} over {}", to_string(in.shape), to_string(in.strides),
                    to_string(axes)));
  });
}

void check_extremes(const View& in, const Dims& axes) {
  const Held out = dense(in.dtype, kept_shape(in.shape, axes));
  dispatch_numeric("test", in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    kernels::reduce_max(in, axes, out);
    expect_same<T>(
        out,
        [&](const Index& at) {
          const std::vector<T> x = meeting<T>(in, axes, at);
          return *std::max_element(x.begin(), x.end());
        },
        "max");
    kernels::reduce_min(in, axes, out);
    expect_same<T>(
        out,
        [&](const Index& at) {
          const std::vector<T> x = meeting<T>(in, axes, at);
          return *std::min_element(x.begin(), x.end());
        },
        "min");
  });
}

TEST(Reduce, SumsInTheOneOrderWhateverTheLayout) {
  Random random(31);
  for (int round = 0; round < 400; ++round) {
    const Shape shape = random_shape(random, 4, round % 4 == 0 ? 20 : 9);
    const DType dtype = kNumeric[round % 4];
    check_sum(strided(dtype, shape, random, round % 5 == 0), random_axes(random, shape));
  }
}

TEST(Reduce, SumsOfTheLayoutsThatArePaths) {
  Random random(32);
  for (DType dtype : kNumeric) {
    for (std::int64_t n : {0, 1, 2, 15, 16, 17, 31, 33, 100, 1000}) {
      for (std::int64_t lanes : {1, 3, 8, 63, 64, 65, 130}) {
        Held leading = dense(dtype, {n, lanes});
        fill_random(leading, random);
        check_sum(leading, {0});
        Held last = dense(dtype, {lanes, n});
        fill_random(last, random);
        check_sum(last, {1});
        check_sum(last, {0, 1});
        check_sum(last, {});
      }
    }
    Held cube = dense(dtype, {7, 5, 33});
    fill_random(cube, random);
    for (const Dims& axes : {Dims{0, 2}, Dims{1}, Dims{0, 1}, Dims{1, 2}, Dims{0}}) check_sum(cube, axes);
  }
}

TEST(Reduce, ALanesSumDoesNotSeeItsNeighbours) {
  Random random(33);
  const Held all = strided(DType::f32, {300, 70}, random);
  const Held wide = dense(DType::f32, {70});
  kernels::reduce_sum(all, {0}, wide);
  for (std::int64_t lane = 0; lane < 70; ++lane) {
    View one = all;
    one.data += lane * all.view.strides[1] * 4;
    one.shape = {300};
    one.strides = {all.view.strides[0]};
    const Held alone = dense(DType::f32, {});
    kernels::reduce_sum(one, {0}, alone);
    EXPECT_TRUE(same_bits(element<float>(alone, {}), element<float>(wide, {lane}))) << lane;
  }
}

TEST(Reduce, SumsOfNegativeZerosAndNothingAreZero) {
  const Held x = dense(DType::f64, {3, 2});
  std::fill_n(x.view.as<double>(), 6, -0.0);
  const Held out = dense(DType::f64, {2});
  kernels::reduce_sum(x, {0}, out);
  EXPECT_TRUE(same_bits(element<double>(out, {0}), 0.0));
  const Held none = dense(DType::f64, {0, 2});
  kernels::reduce_sum(none, {0}, out);
  EXPECT_TRUE(same_bits(element<double>(out, {1}), 0.0));
}

TEST(Reduce, ExtremesOnAnyStrides) {
  Random random(34);
  for (int round = 0; round < 300; ++round) {
    Shape shape = random_shape(random, 4, 12);
    for (std::int64_t& size : shape) size = std::max<std::int64_t>(size, 1);
    check_extremes(strided(kNumeric[round % 4], shape, random, round % 3 == 0), random_axes(random, shape));
  }
}

TEST(Reduce, ExtremesKeepNanWhereverItStands) {
  Random random(35);
  for (std::int64_t at = 0; at < 40; ++at) {
    for (bool leading : {false, true}) {
      const Held x = dense(DType::f32, leading ? Shape{40, 3} : Shape{3, 40});
      fill_random(x, random);
      element<float>(x, leading ? Index{at, 1} : Index{1, at}) = std::nanf("");
      const Held out = dense(DType::f32, {3});
      for (auto reduce : {kernels::reduce_max, kernels::reduce_min}) {
        reduce(x, leading ? Dims{0} : Dims{1}, out);
        EXPECT_FALSE(std::isnan(element<float>(out, {0})));
        EXPECT_TRUE(std::isnan(element<float>(out, {1}))) << at;
        EXPECT_FALSE(std::isnan(element<float>(out, {2})));
      }
    }
  }
}

Shape without_axis(const Shape& shape, int axis) {
  Shape rest = shape;
  rest.erase(axis);
  return rest;
}

TEST(Reduce, ArgmaxFindsTheFirstLargestAndTheFirstNan) {
  Random random(36);
  for (int round = 0; round < 300; ++round) {
    Shape shape = random_shape(random, 3, 9);
    shape.push_back(uniform(random, 1, 80));
    const int axis = static_cast<int>(uniform(random, 0, shape.rank() - 1));
    const auto a = static_cast<std::size_t>(axis);
    shape[a] = std::max<std::int64_t>(shape[a], 1);
    const DType dtype = kNumeric[round % 4];
    const Held in = strided(dtype, shape, random, round % 3 == 0);
    if (dtype == DType::f32 && in.view.size() > 0)
      for (int i = 0; i < 3; ++i) {
        Index at;
        for (std::int64_t size : shape) at.push_back(uniform(random, 0, size - 1));
        element<float>(in, at) = std::nanf("");
      }
    const Held out = dense(DType::i32, without_axis(shape, axis));
    kernels::argmax(in, axis, out);
    dispatch_numeric("test", dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      expect_same<std::int32_t>(
          out,
          [&](const Index& at) {
            const std::vector<T> x = meeting<T>(in, {axis}, at);
            for (std::size_t i = 0; i < x.size(); ++i)
              if (x[i] != x[i]) return static_cast<std::int32_t>(i);
            return static_cast<std::int32_t>(std::max_element(x.begin(), x.end()) - x.begin());
          },
          "argmax");
    });
  }
}

TEST(Reduce, RunningSumsAddInOrderBothWays) {
  Random random(37);
  for (int round = 0; round < 300; ++round) {
    Shape shape = random_shape(random, 3, 9);
    shape.push_back(uniform(random, 0, 20));
    const int axis = static_cast<int>(uniform(random, 0, shape.rank() - 1));
    const bool reverse = uniform(random, 0, 1) == 1;
    const DType dtype = kNumeric[round % 4];
    const Held in = strided(dtype, shape, random, round % 3 == 0);
    const Held out = dense(dtype, shape);
    kernels::cumsum(in, axis, reverse, out);
    dispatch_numeric("test", dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      expect_same<T>(
          out,
          [&](const Index& at) {
            Index lane = at;
            lane.erase(lane.begin() + axis);
            std::vector<T> x = meeting<T>(in, {axis}, lane);
            std::size_t end = static_cast<std::size_t>(at[static_cast<std::size_t>(axis)]);
            if (reverse) {
              std::reverse(x.begin(), x.end());
              end = x.size() - 1 - end;
            }
            T sum = x[0];
            for (std::size_t i = 1; i <= end; ++i) sum = plus(sum, x[i]);
            return sum;
          },
          reverse ? "reverse cumsum" : "cumsum");
    });
  }
}

}  // namespace
}  // namespace runnel::testing
