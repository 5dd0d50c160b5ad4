// Gather, scatter, concatenate, pad, iota and sort against their definitions on random shapes and strides.
#include "kernels/reference/index.h"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/support.h"
#include "runnel/error.h"

namespace runnel::testing {
namespace {

// A + (n,) + C + B for x, I + B for the index, A + I + C + B for the result.
struct Parts {
  Shape before, index, after, batch;
  std::int64_t n = 1;

  Parts(Random& random, bool with_batch) {
    const auto sizes = [&](int max_rank) {
      Shape s = random_shape(random, max_rank, 5);
      return s;
    };
    before = sizes(2);
    index = sizes(2);
    after = sizes(2);
    if (with_batch) batch = sizes(2);
    n = uniform(random, 1, 6);
  }
  static Shape join(std::initializer_list<Shape> shapes) {
    Shape all;
    for (const Shape& s : shapes)
      for (std::int64_t size : s) all.push_back(size);
    return all;
  }
  int axis() const { return before.rank(); }
  Shape whole() const { return join({before, {n}, after, batch}); }
  Shape which() const { return join({index, batch}); }
  Shape result() const { return join({before, index, after, batch}); }

  // Where an element of the result lies in the index and in the whole.
  Index in_index(const Index& at) const {
    Index i(at.begin() + before.rank(), at.begin() + before.rank() + index.rank());
    i.insert(i.end(), at.end() - batch.rank(), at.end());
    return i;
  }
  Index in_whole(const Index& at, std::int64_t chosen) const {
    Index i(at.begin(), at.begin() + before.rank());
    i.push_back(chosen);
    i.insert(i.end(), at.begin() + before.rank() + index.rank(), at.end());
    return i;
  }
};

Held random_indices(const Parts& parts, Random& random) {
  const Held held = strided(DType::i32, parts.which(), random, uniform(random, 0, 2) == 0);
  each_index(parts.which(), [&](const Index& at) {
    element<std::int32_t>(held, at) = static_cast<std::int32_t>(uniform(random, 0, parts.n - 1));
  });
  return held;
}

TEST(Index, GathersAlongAnyAxisWithAndWithoutLanes) {
  Random random(41);
  for (int round = 0; round < 400; ++round) {
    const Parts parts(random, round % 2 == 0);
    const DType dtype = kAll[round % 5];
    const Held x = strided(dtype, parts.whole(), random, round % 7 == 0);
    const Held index = random_indices(parts, random);
    const Held out = dense(dtype, parts.result());
    kernels::gather(x, index, parts.axis(), parts.batch.rank(), out);
    dispatch(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      expect_same<T>(
          out,
          [&](const Index& at) {
            return element<T>(x, parts.in_whole(at, element<std::int32_t>(index, parts.in_index(at))));
          },
          "gather");
    });
  }
}

TEST(Index, ScatterAddsRepeatedIndicesInOrder) {
  Random random(42);
  for (int round = 0; round < 400; ++round) {
    const Parts parts(random, round % 2 == 0);
    const DType dtype = kNumeric[round % 4];
    const Held x = strided(dtype, parts.whole(), random, round % 7 == 0);
    const Held index = random_indices(parts, random);
    const Held updates = strided(dtype, parts.result(), random, round % 5 == 0);
    const Held out = dense(dtype, parts.whole());
    kernels::scatter_add(x, index, updates, parts.axis(), parts.batch.rank(), out);
    const Held want = dense(dtype, parts.whole());
    dispatch_numeric("test", dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      each_index(parts.whole(), [&](const Index& at) { element<T>(want, at) = element<T>(x, at); });
      each_index(parts.result(), [&](const Index& at) {
        T& place = element<T>(want, parts.in_whole(at, element<std::int32_t>(index, parts.in_index(at))));
        const T more = element<T>(updates, at);
        if constexpr (std::is_floating_point_v<T>)
          place = place + more;
        else
          place = static_cast<T>(static_cast<std::uint32_t>(place) + static_cast<std::uint32_t>(more));
      });
      expect_same<T>(
          out, [&](const Index& at) { return element<T>(want, at); }, "scatter_add");
    });
  }
}

TEST(Index, AnIndexOutOfRangeIsNamed) {
  const Held x = dense(DType::f32, {2, 5});
  const Held index = dense(DType::i32, {3});
  const Held out = dense(DType::f32, {2, 3});
  const auto text = [&](std::int32_t bad, bool scatter) -> std::string {
    for (std::int64_t i = 0; i < 3; ++i) element<std::int32_t>(index, {i}) = i == 1 ? bad : 0;
    try {
      if (scatter)
        kernels::scatter_add(x, index, out, 1, 0, x);
      else
        kernels::gather(x, index, 1, 0, out);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(text(7, false), "[gather] index 7 is out of range for axis 1 with size 5");
  EXPECT_EQ(text(-1, false), "[gather] index -1 is out of range for axis 1 with size 5");
  EXPECT_EQ(text(5, true), "[scatter_add] index 5 is out of range for axis 1 with size 5");
}

TEST(Index, ConcatenatesPartsOfAnySizes) {
  Random random(43);
  for (int round = 0; round < 200; ++round) {
    Shape shape = random_shape(random, 3, 6);
    shape.push_back(3);
    const auto axis = static_cast<std::size_t>(uniform(random, 0, shape.rank() - 1));
    const DType dtype = kAll[round % 5];
    std::vector<Held> held;
    std::vector<View> views;
    std::vector<std::pair<std::size_t, std::int64_t>> origin;
    for (std::size_t p = 0; p < 3; ++p) {
      Shape part = shape;
      part[axis] = uniform(random, 0, 4);
      for (std::int64_t i = 0; i < part[axis]; ++i) origin.emplace_back(p, i);
      held.push_back(strided(dtype, part, random, true));
      views.push_back(held.back());
    }
    shape[axis] = static_cast<std::int64_t>(origin.size());
    const Held out = dense(dtype, shape);
    kernels::concatenate(views, static_cast<int>(axis), out);
    dispatch(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      expect_same<T>(
          out,
          [&](const Index& at) {
            Index from = at;
            const auto [part, i] = origin[static_cast<std::size_t>(at[axis])];
            from[axis] = i;
            return element<T>(views[part], from);
          },
          "concatenate");
    });
  }
}

TEST(Index, PadsBothSides) {
  Random random(44);
  for (int round = 0; round < 200; ++round) {
    const Shape shape = random_shape(random, 4, 5);
    const DType dtype = kAll[round % 5];
    Dims low = shape;
    Shape padded = shape;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      low[i] = uniform(random, 0, 2);
      padded[i] = low[i] + shape[i] + uniform(random, 0, 2);
    }
    const Held in = strided(dtype, shape, random, true);
    const Held value = strided(dtype, {}, random);
    const Held out = dense(dtype, padded);
    kernels::pad(in, low, value, out);
    dispatch(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      expect_same<T>(
          out,
          [&](const Index& at) {
            Index from = at;
            for (std::size_t i = 0; i < at.size(); ++i) {
              from[i] -= low[i];
              if (from[i] < 0 || from[i] >= shape[i]) return element<T>(value, {});
            }
            return element<T>(in, from);
          },
          "pad");
    });
  }
}

TEST(Index, IotaCountsAlongItsAxis) {
  for (DType dtype : kNumeric) {
    for (const Shape& shape : {Shape{7}, Shape{3, 4}, Shape{2, 3, 4}, Shape{2, 0, 4}, Shape{2, 3, 0}}) {
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const Held out = dense(dtype, shape);
        kernels::iota(axis, out);
        dispatch_numeric("test", dtype, [&](auto tag) {
          using T = typename decltype(tag)::type;
          expect_same<T>(
              out, [&](const Index& at) { return static_cast<T>(at[static_cast<std::size_t>(axis)]); },
              "iota");
        });
      }
    }
  }
}

TEST(Index, SortIsStableAndPutsNanLast) {
  Random random(45);
  for (int round = 0; round < 200; ++round) {
    Shape shape = random_shape(random, 2, 6);
    shape.push_back(round % 10 == 3 ? uniform(random, 400, 1500) : uniform(random, 1, 40));
    const int axis = static_cast<int>(uniform(random, 0, shape.rank() - 1));
    const auto a = static_cast<std::size_t>(axis);
    const DType dtype = kNumeric[round % 4];
    const Held in = strided(dtype, shape, random, round % 3 == 0);
    dispatch_numeric("test", dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_floating_point_v<T>)
        each_index(shape, [&](const Index& at) {
          T& x = element<T>(in, at);
          x = uniform(random, 0, 5) == 0 ? std::numeric_limits<T>::quiet_NaN() : std::round(x);  // ties too
        });
      const Held sorted = dense(dtype, shape);
      const Held permutation = dense(DType::i32, shape);
      kernels::sort(in, axis, sorted, permutation);
      each_index(shape, [&](const Index& at) {
        const std::int32_t from = element<std::int32_t>(permutation, at);
        ASSERT_TRUE(from >= 0 && from < shape[a]);
        Index source = at;
        source[a] = from;
        const T here = element<T>(sorted, at);
        EXPECT_TRUE(same_bits(here, element<T>(in, source)));
        if (at[a] == 0) return;
        Index previous = at;
        --previous[a];
        const T before = element<T>(sorted, previous);
        const bool here_nan = here != here;
        const bool before_nan = before != before;
        EXPECT_TRUE(here_nan || before <= here);
        // Equal elements (all nans are) keep their order; so the permutation repeats nothing either.
        if (before == here || (here_nan && before_nan)) {
          EXPECT_LT(element<std::int32_t>(permutation, previous), from);
        }
      });
    });
  }
}

}  // namespace
}  // namespace runnel::testing
