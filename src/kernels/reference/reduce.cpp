#include "kernels/reference/reduce.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/dispatch.h"
#include "kernels/reference/arithmetic.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/vectors.h"

namespace runnel::kernels {
namespace {

constexpr std::int64_t kPartials = 16;
constexpr std::int64_t kChunk = 64;  // lanes whose partial results stand on the stack together

// What is folded. Folding `start` into a partial result never changes its bits (a sum that began at +0 is
// never -0), so partial results that received no element may be left out of the tree.
struct Sum {
  template <class T>
  static constexpr T start() {
    return T{0};
  }
  template <class T>
  static T join(T acc, T x) {
    return add(acc, x);
  }
  template <class V>
  static V join_vectors(V acc, V x) {
    return acc + x;
  }
};

struct Max {
  template <class T>
  static constexpr T start() {
    using L = std::numeric_limits<T>;
    return L::has_infinity ? -L::infinity() : L::lowest();
  }
  template <class T>
  static T join(T acc, T x) {
    return larger(acc, x);
  }
  template <class V>
  static V join_vectors(V acc, V x) {
    return ((x > acc) | (x != x)) ? x : acc;
  }
};

struct Min {
  template <class T>
  static constexpr T start() {
    using L = std::numeric_limits<T>;
    return L::has_infinity ? L::infinity() : L::max();
  }
  template <class T>
  static T join(T acc, T x) {
    return smaller(acc, x);
  }
  template <class V>
  static V join_vectors(V acc, V x) {
    return ((x < acc) | (x != x)) ? x : acc;
  }
};

// The fixed tree over the first `used` of sixteen rows of `width` partial results; row 0 receives the result.
template <class Op, class T>
void meet(T* p, std::int64_t used, std::int64_t width, std::int64_t row) {
  for (std::int64_t h = kPartials / 2; h > 0; h /= 2)
    for (std::int64_t j = 0; j < h && j + h < used; ++j)
      for (std::int64_t c = 0; c < width; ++c)
        p[j * row + c] = Op::join(p[j * row + c], p[(j + h) * row + c]);
}

// Folds whole blocks of sixteen neighbours, the partial results in registers; returns where it stopped.
template <class Op, class T>
std::int64_t fold_blocks([[maybe_unused]] T* p, [[maybe_unused]] const T* x, std::int64_t i,
                         [[maybe_unused]] std::int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int W = 32 / static_cast<int>(sizeof(T));
    constexpr int kVectors = kPartials / W;
    Vector<T, W> q[kVectors];
    for (int v = 0; v < kVectors; ++v) q[v] = load<T, W>(p + v * W);
    for (; i + kPartials <= n; i += kPartials)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) q[v] = Op::join_vectors(q[v], load<T, W>(x + i + v * W));
    for (int v = 0; v < kVectors; ++v) store<T, W>(p + v * W, q[v]);
  }
  return i;
}

// Folds n elements into the sixteen partial results of one lane; `phase` is the number of the first one.
template <class Op, class T>
void fold_run(T* p, std::int64_t phase, const T* x, std::int64_t n, std::int64_t step) {
  std::int64_t i = 0;
  for (; i < n && (phase + i) % kPartials != 0; ++i) {
    T& part = p[(phase + i) % kPartials];
    part = Op::join(part, x[i * step]);
  }
  if (step == 1 && std::is_floating_point_v<T>) {
    i = fold_blocks<Op>(p, x, i, n);
  } else {
    for (; i + kPartials <= n; i += kPartials)
      for (std::int64_t j = 0; j < kPartials; ++j) p[j] = Op::join(p[j], x[(i + j) * step]);
  }
  for (std::int64_t j = 0; i < n; ++i, ++j) p[j] = Op::join(p[j], x[i * step]);
}

// One lane: a lone number, whichever way its elements lie.
template <class Op, class T>
T fold_lane(const T* x, const Nest<1>& reduced, std::int64_t n) {
  std::array<T, kPartials> p;
  p.fill(Op::template start<T>());
  const std::int64_t run = reduced.row_size();
  const std::int64_t step = reduced.row_stride()[0];
  std::int64_t phase = 0;
  reduced.rows([&](const auto& at) {
    fold_run<Op>(p.data(), phase, x + at[0], run, step);
    phase += run;
  });
  meet<Op>(p.data(), std::min(n, kPartials), 1, 1);
  return p[0];
}

// Lanes that lie side by side, `width` of them: each step folds a row of lanes.
template <class Op, class T>
void fold_chunk(const T* x, const Nest<1>& reduced, std::int64_t n, std::int64_t width, T* __restrict out) {
  alignas(64) std::array<T, kPartials * kChunk> p;
  std::fill_n(p.data(), std::clamp<std::int64_t>(n, 1, kPartials) * kChunk, Op::template start<T>());
  const std::int64_t run = reduced.row_size();
  const std::int64_t step = reduced.row_stride()[0];
  std::int64_t i = 0;
  reduced.rows([&](const auto& at) {
    for (std::int64_t r = 0; r < run; ++r, ++i) {
      const T* lanes = x + at[0] + r * step;
      T* __restrict part = p.data() + (i % kPartials) * kChunk;
      for (std::int64_t c = 0; c < width; ++c) part[c] = Op::join(part[c], lanes[c]);
    }
  });
  meet<Op>(p.data(), std::min(n, kPartials), width, kChunk);
  std::copy_n(p.data(), width, out);
}

// A dense block of n rows of `width` lanes: sixteen rows together are one contiguous run, folded as such.
template <class Op, class T>
void fold_dense(const T* x, std::int64_t n, std::int64_t width, T* __restrict out) {
  alignas(64) std::array<T, kPartials * kChunk> p;
  const std::int64_t block = kPartials * width;
  const std::int64_t total = n * width;
  std::fill_n(p.data(), block, Op::template start<T>());
  std::int64_t i = 0;
  for (; i + block <= total; i += block)
    for (std::int64_t c = 0; c < block; ++c)
      p[static_cast<std::size_t>(c)] = Op::join(p[static_cast<std::size_t>(c)], x[i + c]);
  for (std::int64_t c = 0; i + c < total; ++c)
    p[static_cast<std::size_t>(c)] = Op::join(p[static_cast<std::size_t>(c)], x[i + c]);
  meet<Op>(p.data(), std::min(n, kPartials), width, width);
  std::copy_n(p.data(), width, out);
}

template <class Op, class T>
void fold(const View& in, const Dims& axes, const View& out) {
  Nest<2> kept;
  Nest<1> reduced;
  std::size_t next_axis = 0;
  std::size_t next_out = 0;
  for (std::size_t axis = 0; axis < in.shape.size(); ++axis) {
    if (next_axis < axes.size() && axes[next_axis] == static_cast<std::int64_t>(axis)) {
      reduced.add(in.shape[axis], {in.strides[axis]});
      ++next_axis;
    } else {
      kept.add(in.shape[axis], {in.strides[axis], out.strides[next_out++]});
    }
  }
  const T* source = in.as<const T>();
  T* target = out.as<T>();
  const std::int64_t n = reduced.count();
  const std::int64_t lanes = kept.row_size();
  const std::int64_t lane_step = kept.row_stride()[0];
  const bool side_by_side = lanes > 1 && lane_step == 1;
  const bool dense = side_by_side && lanes <= kChunk && reduced.rank() == 1 && reduced.stride(0)[0] == lanes;
  kept.rows([&](const auto& at) {
    const T* x = source + at[0];
    T* o = target + at[1];
    if (dense) return fold_dense<Op>(x, n, lanes, o);
    if (side_by_side) {
      for (std::int64_t c = 0; c < lanes; c += kChunk)
        fold_chunk<Op>(x + c, reduced, n, std::min(kChunk, lanes - c), o + c);
      return;
    }
    for (std::int64_t c = 0; c < lanes; ++c) o[c] = fold_lane<Op>(x + c * lane_step, reduced, n);
  });
}

// The axes other than one, for walking two arrays that share them.
Nest<2> without(const View& in, int axis, const View& out, bool out_has_axis) {
  Nest<2> nest;
  std::size_t o = 0;
  for (std::size_t i = 0; i < in.shape.size(); ++i) {
    if (static_cast<int>(i) == axis) {
      if (out_has_axis) ++o;
      continue;
    }
    nest.add(in.shape[i], {in.strides[i], out.strides[o++]});
  }
  return nest;
}

template <class T>
void argmax_chunk(const T* x, std::int64_t n, std::int64_t step, std::int64_t width, std::int64_t lane_step,
                  std::int32_t* __restrict out) {
  std::array<T, kChunk> best;
  for (std::int64_t c = 0; c < width; ++c) {
    best[static_cast<std::size_t>(c)] = x[c * lane_step];
    out[c] = 0;
  }
  for (std::int64_t i = 1; i < n; ++i) {
    for (std::int64_t c = 0; c < width; ++c) {
      const T y = x[i * step + c * lane_step];
      T& top = best[static_cast<std::size_t>(c)];
      const bool better = y > top || (is_nan(y) && !is_nan(top));
      top = better ? y : top;
      out[c] = better ? static_cast<std::int32_t>(i) : out[c];
    }
  }
}

template <class T>
void argmax_as(const View& in, int axis, const View& out) {
  const auto a = static_cast<std::size_t>(axis);
  const Nest<2> nest = without(in, axis, out, false);
  const std::int64_t lanes = nest.row_size();
  const std::int64_t lane_step = nest.row_stride()[0];
  nest.rows([&](const auto& at) {
    const T* x = in.as<const T>() + at[0];
    std::int32_t* o = out.as<std::int32_t>() + at[1];
    // A chunk of lanes at a time when they lie side by side, else each lane by itself along its own elements.
    const std::int64_t width = lane_step == 1 ? kChunk : 1;
    for (std::int64_t c = 0; c < lanes; c += width)
      argmax_chunk(x + c * lane_step, in.shape[a], in.strides[a], std::min(width, lanes - c), lane_step,
                   o + c);
  });
}

template <class T>
void cumsum_as(const View& in, int axis, bool reverse, const View& out) {
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t n = in.shape[a];
  if (n == 0) return;
  const Nest<2> nest = without(in, axis, out, true);
  const std::int64_t lanes = nest.row_size();
  const auto step = nest.row_stride();
  const std::int64_t first = reverse ? n - 1 : 0;
  const std::int64_t x_step = reverse ? -in.strides[a] : in.strides[a];
  const std::int64_t o_step = reverse ? -out.strides[a] : out.strides[a];
  const bool side_by_side = lanes > 1 && step[0] == 1 && step[1] == 1;
  nest.rows([&](const auto& at) {
    const T* x = in.as<const T>() + at[0] + first * in.strides[a];
    T* o = out.as<T>() + at[1] + first * out.strides[a];
    if (side_by_side) {
      for (std::int64_t c = 0; c < lanes; ++c) o[c] = x[c];
      for (std::int64_t i = 1; i < n; ++i) {
        const T* before = o + (i - 1) * o_step;
        const T* more = x + i * x_step;
        T* __restrict sum = o + i * o_step;
        for (std::int64_t c = 0; c < lanes; ++c) sum[c] = add(before[c], more[c]);
      }
      return;
    }
    for (std::int64_t c = 0; c < lanes; ++c) {
      T sum = x[c * step[0]];
      o[c * step[1]] = sum;
      for (std::int64_t i = 1; i < n; ++i) {
        sum = add(sum, x[c * step[0] + i * x_step]);
        o[c * step[1] + i * o_step] = sum;
      }
    }
  });
}

}  // namespace

void reduce_sum(const View& in, const Dims& axes, const View& out) {
  dispatch_numeric("sum", in.dtype,
                   [&](auto tag) { fold<Sum, typename decltype(tag)::type>(in, axes, out); });
}

void reduce_max(const View& in, const Dims& axes, const View& out) {
  dispatch_numeric("max", in.dtype,
                   [&](auto tag) { fold<Max, typename decltype(tag)::type>(in, axes, out); });
}

void reduce_min(const View& in, const Dims& axes, const View& out) {
  dispatch_numeric("min", in.dtype,
                   [&](auto tag) { fold<Min, typename decltype(tag)::type>(in, axes, out); });
}

void argmax(const View& in, int axis, const View& out) {
  dispatch_numeric("argmax", in.dtype,
                   [&](auto tag) { argmax_as<typename decltype(tag)::type>(in, axis, out); });
}

void cumsum(const View& in, int axis, bool reverse, const View& out) {
  dispatch_numeric("cumsum", in.dtype,
                   [&](auto tag) { cumsum_as<typename decltype(tag)::type>(in, axis, reverse, out); });
}

}  // namespace runnel::kernels
