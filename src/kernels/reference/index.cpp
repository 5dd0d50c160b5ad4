#include "kernels/reference/index.h"

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/dispatch.h"
#include "kernels/reference/arithmetic.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/loops.h"

namespace runnel::kernels {
namespace {

// The elements of a gather or scatter, in row-major order of A + I + C + B: `whole` is x or the scattered
// output, `parts` the gathered output or the updates. Along I the first stands still (the index moves it),
// along A and C the index does.
Nest<3> index_nest(const View& whole, const View& index, const View& parts, int axis, int batch) {
  const int index_rank = index.shape.rank() - batch;
  Nest<3> nest;
  for (int i = 0; i < parts.shape.rank(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const bool in_index = i >= axis && i < axis + index_rank;
    const bool in_batch = i >= parts.shape.rank() - batch;
    const std::size_t in_whole = i < axis ? at : static_cast<std::size_t>(i - index_rank + 1);
    std::int64_t index_stride = 0;
    if (in_index) index_stride = index.strides[static_cast<std::size_t>(i - axis)];
    if (in_batch)
      index_stride = index.strides[static_cast<std::size_t>(i - parts.shape.rank() + index.shape.rank())];
    nest.add(parts.shape[at], {in_index ? 0 : whole.strides[in_whole], index_stride, parts.strides[at]});
  }
  return nest;
}

void check_range(const char* op, const View& index, int axis, std::int64_t size) {
  const Nest<1> nest(index.shape, {&index.strides});
  const std::int64_t n = nest.row_size();
  const std::int64_t step = nest.row_stride()[0];
  nest.rows([&](const auto& at) {
    const std::int32_t* row = index.as<const std::int32_t>() + at[0];
    bool inside = true;
    for (std::int64_t i = 0; i < n; ++i) inside &= row[i * step] >= 0 && row[i * step] < size;
    if (inside) return;
    for (std::int64_t i = 0; i < n; ++i)
      if (row[i * step] < 0 || row[i * step] >= size)
        fail("[{}] index {} is out of range for axis {} with size {}", op, row[i * step], axis, size);
  });
}

template <class T>
void gather_as(const View& x, const View& index, int axis, int batch, const View& out) {
  const Nest<3> nest = index_nest(x, index, out, axis, batch);
  const std::int64_t n = nest.row_size();
  const auto step = nest.row_stride();
  const std::int64_t stride = x.strides[static_cast<std::size_t>(axis)];
  nest.rows([&](const auto& at) {
    const T* from = x.as<const T>() + at[0];
    const std::int32_t* which = index.as<const std::int32_t>() + at[1];
    T* __restrict to = out.as<T>() + at[2];
    if (step[1] == 0) {
      from += *which * stride;
      if (step[0] == 1 && step[2] == 1) {
        std::copy_n(from, n, to);
      } else {
        for (std::int64_t i = 0; i < n; ++i) to[i * step[2]] = from[i * step[0]];
      }
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) to[i * step[2]] = from[i * step[0] + which[i * step[1]] * stride];
  });
}

template <class T>
void scatter_as(const View& index, const View& updates, int axis, int batch, const View& out) {
  const Nest<3> nest = index_nest(out, index, updates, axis, batch);
  const std::int64_t n = nest.row_size();
  const auto step = nest.row_stride();
  const std::int64_t stride = out.strides[static_cast<std::size_t>(axis)];
  nest.rows([&](const auto& at) {
    T* to = out.as<T>() + at[0];
    const std::int32_t* which = index.as<const std::int32_t>() + at[1];
    const T* from = updates.as<const T>() + at[2];
    if (step[1] == 0 && step[0] == 1 && step[2] == 1) {
      T* __restrict row = to + *which * stride;
      for (std::int64_t i = 0; i < n; ++i) row[i] = add(row[i], from[i]);
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      T& place = to[i * step[0] + which[i * step[1]] * stride];
      place = add(place, from[i * step[2]]);
    }
  });
}

// The part of `whole` that begins at `start` (in elements from its first) and has `shape`.
View part_of(const View& whole, std::int64_t start, const Shape& shape) {
  return {whole.data + start * static_cast<std::int64_t>(size_of(whole.dtype)), whole.dtype, shape,
          whole.strides};
}

// nan comes after every number; equal elements keep their order.
template <class T>
bool before(T a, T b) {
  return a < b || (is_nan(b) && !is_nan(a));
}

constexpr std::int64_t kWorthDigits = 128;

// A stable sort of many words, digit by digit from the last: what permutations of random words are made of.
// Words travel with their places, so that each pass reads memory in order.
template <std::uint32_t Bits>
void sort_by_digits(const std::uint32_t* x, std::int64_t step, std::vector<std::int32_t>& order) {
  constexpr std::uint32_t kDigits = 1u << Bits;
  constexpr std::size_t kPasses = (32 + Bits - 1) / Bits;
  const std::size_t n = order.size();
  const auto digit = [](std::uint64_t pair, std::size_t pass) {
    return static_cast<std::uint32_t>(pair >> 32) >> (pass * Bits) & (kDigits - 1);
  };
  std::vector<std::uint32_t> begin(kPasses * kDigits, 0);
  std::vector<std::uint64_t> pairs(n), sorted(n);
  for (std::size_t i = 0; i < n; ++i) {
    pairs[i] = std::uint64_t{x[static_cast<std::int64_t>(i) * step]} << 32 | i;
    for (std::size_t pass = 0; pass < kPasses; ++pass) ++begin[pass * kDigits + digit(pairs[i], pass)];
  }
  for (std::size_t pass = 0; pass < kPasses; ++pass) {
    std::uint32_t* const place = begin.data() + pass * kDigits;
    std::uint32_t total = 0;
    for (std::uint32_t d = 0; d < kDigits; ++d) total += std::exchange(place[d], total);
    for (const std::uint64_t pair : pairs) sorted[place[digit(pair, pass)]++] = pair;
    pairs.swap(sorted);
  }
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::int32_t>(pairs[i]);
}

// Few words do not fill the counts of many digits.
void sort_words(const std::uint32_t* x, std::int64_t step, std::vector<std::int32_t>& order) {
  constexpr std::size_t kMany = 4096;
  order.size() < kMany ? sort_by_digits<8>(x, step, order) : sort_by_digits<11>(x, step, order);
}

template <class T>
void sort_as(const View& in, int axis, const View& sorted, const View& permutation) {
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t n = in.shape[a];
  Nest<3> lanes;
  for (std::size_t i = 0; i < in.shape.size(); ++i)
    if (i != a) lanes.add(in.shape[i], {in.strides[i], sorted.strides[i], permutation.strides[i]});
  std::vector<std::int32_t> order(static_cast<std::size_t>(n));
  lanes.each([&](const auto& at) {
    const T* x = in.as<const T>() + at[0];
    const std::int64_t step = in.strides[a];
    std::iota(order.begin(), order.end(), 0);
    const auto less = [=](std::int32_t i, std::int32_t j) { return before(x[i * step], x[j * step]); };
    if constexpr (std::is_same_v<T, std::uint32_t>) {
      n < kWorthDigits ? std::stable_sort(order.begin(), order.end(), less) : sort_words(x, step, order);
    } else {
      std::stable_sort(order.begin(), order.end(), less);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int32_t from = order[static_cast<std::size_t>(i)];
      sorted.as<T>()[at[1] + i * sorted.strides[a]] = x[from * step];
      permutation.as<std::int32_t>()[at[2] + i * permutation.strides[a]] = from;
    }
  });
}

}  // namespace

void gather(const View& x, const View& index, int axis, int batch, const View& out) {
  check_range("gather", index, axis, x.shape[static_cast<std::size_t>(axis)]);
  switch (size_of(x.dtype)) {
    case 1:
      return gather_as<std::uint8_t>(x, index, axis, batch, out);
    case 4:
      return gather_as<std::uint32_t>(x, index, axis, batch, out);
    default:
      return gather_as<std::uint64_t>(x, index, axis, batch, out);
  }
}

void scatter_add(const View& x, const View& index, const View& updates, int axis, int batch,
                 const View& out) {
  check_range("scatter_add", index, axis, x.shape[static_cast<std::size_t>(axis)]);
  copy(x, out);
  dispatch_numeric("scatter_add", x.dtype, [&](auto tag) {
    scatter_as<typename decltype(tag)::type>(index, updates, axis, batch, out);
  });
}

void concatenate(std::span<const View> parts, int axis, const View& out) {
  const auto a = static_cast<std::size_t>(axis);
  std::int64_t start = 0;
  for (const View& part : parts) {
    copy(part, part_of(out, start, part.shape));
    start += part.shape[a] * out.strides[a];
  }
}

void pad(const View& in, const Dims& low, const View& value, const View& out) {
  Strides still = out.strides;
  for (std::int64_t& s : still) s = 0;
  copy({value.data, value.dtype, out.shape, still}, out);
  std::int64_t start = 0;
  for (std::size_t axis = 0; axis < out.shape.size(); ++axis) start += low[axis] * out.strides[axis];
  copy(in, part_of(out, start, in.shape));
}

void iota(int axis, const View& out) {
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t n = out.shape[a];
  const std::int64_t inner = out.strides[a];
  const std::int64_t outer = out.size() == 0 ? 0 : out.size() / (n * inner);
  dispatch_numeric("iota", out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* o = out.as<T>();
    for (std::int64_t r = 0; r < outer; ++r)
      for (std::int64_t i = 0; i < n; ++i, o += inner) std::fill_n(o, inner, static_cast<T>(i));
  });
}

void sort(const View& in, int axis, const View& sorted, const View& permutation) {
  dispatch(in.dtype, [&](auto tag) { sort_as<typename decltype(tag)::type>(in, axis, sorted, permutation); });
}

}  // namespace runnel::kernels
