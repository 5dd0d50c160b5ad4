// Strided arrays for the kernels' tests: random values behind every kind of stride, and element access that
// shares nothing with the kernels' own walking.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "core/buffer.h"
#include "core/dispatch.h"
#include "kernels/view.h"

namespace runnel::testing {

using Index = std::vector<std::int64_t>;

struct Held {
  std::shared_ptr<std::byte> memory;
  View view;
  operator const View&() const { return view; }
};

inline Held dense(DType dtype, const Shape& shape) {
  Held held;
  held.memory = allocate_buffer(static_cast<std::size_t>(shape.product()) * size_of(dtype));
  held.view = dense_view(held.memory.get(), dtype, shape);
  // A pattern no kernel computes, so that an element left unwritten shows.
  std::memset(held.memory.get(), 0x5A, static_cast<std::size_t>(shape.product()) * size_of(dtype));
  return held;
}

inline std::int64_t offset_of(const View& view, const Index& at) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < at.size(); ++i) offset += at[i] * view.strides[i];
  return offset;
}

template <class T>
T& element(const View& view, const Index& at) {
  return view.as<T>()[offset_of(view, at)];
}

inline void each_index(const Shape& shape, const std::function<void(const Index&)>& visit) {
  Index at(shape.size(), 0);
  const std::int64_t n = shape.product();
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t rest = i;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    visit(at);
  }
}

using Random = std::mt19937_64;

inline std::int64_t uniform(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

template <class T>
T random_value(Random& random) {
  if constexpr (std::is_same_v<T, bool>)
    return uniform(random, 0, 1) == 1;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(uniform(random, -9, 9));
  else
    return static_cast<T>(std::normal_distribution<double>(0.0, 2.0)(random));
}

inline void fill_random(const View& view, Random& random) {
  dispatch(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_index(view.shape, [&](const Index& at) { element<T>(view, at) = random_value<T>(random); });
  });
}

// A view of a larger array through permuted axes, steps and reversals; with `repeat`, some axes repeat.
inline Held strided(DType dtype, const Shape& shape, Random& random, bool repeat = false) {
  const std::size_t rank = shape.size();
  std::vector<std::size_t> order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = i;
  if (uniform(random, 0, 1) == 1) std::shuffle(order.begin(), order.end(), random);
  Held held;
  held.view.dtype = dtype;
  held.view.shape = shape;
  held.view.strides = shape;
  std::int64_t step = 1;
  std::int64_t start = 0;
  for (std::size_t i = rank; i-- > 0;) {
    const std::size_t axis = order[i];
    if (repeat && uniform(random, 0, 2) == 0) {
      held.view.strides[axis] = 0;
      continue;
    }
    const std::int64_t every = uniform(random, 0, 3) == 0 ? 2 : 1;
    held.view.strides[axis] = step * every;
    const std::int64_t extent = std::max<std::int64_t>(shape[axis], 1) * every + uniform(random, 0, 4) / 4;
    if (uniform(random, 0, 4) == 0) {
      start += step * every * (std::max<std::int64_t>(shape[axis], 1) - 1);
      held.view.strides[axis] = -held.view.strides[axis];
    }
    step *= extent;
  }
  held.memory = allocate_buffer(static_cast<std::size_t>(step) * size_of(dtype));
  std::memset(held.memory.get(), 0, static_cast<std::size_t>(step) * size_of(dtype));
  held.view.data = held.memory.get() + start * static_cast<std::int64_t>(size_of(dtype));
  fill_random(held.view, random);
  return held;
}

inline Shape random_shape(Random& random, int max_rank, std::int64_t max_size) {
  Shape shape;
  const std::int64_t rank = uniform(random, 0, max_rank);
  for (std::int64_t i = 0; i < rank; ++i) {
    std::int64_t size = uniform(random, 1, max_size);
    if (uniform(random, 0, 19) == 0) size = 0;
    if (uniform(random, 0, 5) == 0) size = 1;
    shape.push_back(size);
  }
  return shape;
}

// The same value to the last bit; two nans are the same.
template <class T>
bool same_bits(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a && b != b) return true;
  }
  return std::memcmp(&a, &b, sizeof a) == 0;
}

template <class T>
void expect_same(const View& got, const std::function<T(const Index&)>& want, const std::string& what) {
  int wrong = 0;
  each_index(got.shape, [&](const Index& at) {
    const T g = element<T>(got, at);
    const T w = want(at);
    if (same_bits(g, w) || wrong++ > 0) return;
    ADD_FAILURE() << what << ", shape " << to_string(got.shape) << ", at " << fmt::format("{}", at)
                  << ": got " << +g << ", expected " << +w;
  });
  EXPECT_EQ(wrong, 0) << what;
}

inline constexpr DType kAll[] = {DType::boolean, DType::i32, DType::u32, DType::f32, DType::f64};
inline constexpr DType kNumeric[] = {DType::i32, DType::u32, DType::f32, DType::f64};

}  // namespace runnel::testing
