#include "kernels/reference/elementwise.h"

#include <cmath>
#include <cstring>

#include "core/dispatch.h"
#include "kernels/reference/element.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/math.h"

namespace runnel::kernels {
namespace {

// out[i] = f(in[i]). The output is dense, so rows of it are contiguous.
template <class In, class Out, class F>
void map1(const View& in, const View& out, F f) {
  const Nest<2> nest(out.shape, {&in.strides, &out.strides});
  const In* source = in.as<const In>();
  Out* target = out.as<Out>();
  const std::int64_t n = nest.row_size();
  const std::int64_t step = nest.row_stride()[0];
  nest.rows([=](const auto& at) {
    const In* x = source + at[0];
    Out* __restrict o = target + at[1];
    if (step == 1) {
      for (std::int64_t i = 0; i < n; ++i) o[i] = f(x[i]);
    } else if (step == 0) {
      const Out y = f(*x);
      for (std::int64_t i = 0; i < n; ++i) o[i] = y;
    } else {
      for (std::int64_t i = 0; i < n; ++i) o[i] = f(x[i * step]);
    }
  });
}

// out[i] = f(a[i], b[i]).
template <class In, class Out, class F>
void map2(const View& a, const View& b, const View& out, F f) {
  const Nest<3> nest(out.shape, {&a.strides, &b.strides, &out.strides});
  const In* first = a.as<const In>();
  const In* second = b.as<const In>();
  Out* target = out.as<Out>();
  const std::int64_t n = nest.row_size();
  const auto step = nest.row_stride();
  nest.rows([=](const auto& at) {
    const In* x = first + at[0];
    const In* y = second + at[1];
    Out* __restrict o = target + at[2];
    if (step[0] == 1 && step[1] == 1) {
      for (std::int64_t i = 0; i < n; ++i) o[i] = f(x[i], y[i]);
    } else if (step[0] == 1 && step[1] == 0) {
      const In same = *y;
      for (std::int64_t i = 0; i < n; ++i) o[i] = f(x[i], same);
    } else if (step[0] == 0 && step[1] == 1) {
      const In same = *x;
      for (std::int64_t i = 0; i < n; ++i) o[i] = f(same, y[i]);
    } else {
      for (std::int64_t i = 0; i < n; ++i) o[i] = f(x[i * step[0]], y[i * step[1]]);
    }
  });
}

template <class T>
void unary_float(Unary op, const View& in, const View& out) {
  switch (op) {
    case Unary::neg:
      return map1<T, T>(in, out, [](T x) { return negative(x); });
    case Unary::abs:
      return map1<T, T>(in, out, [](T x) { return magnitude(x); });
    case Unary::sign:
      return map1<T, T>(in, out, [](T x) { return sign(x); });
    case Unary::exp:
      return map1<T, T>(in, out, [](T x) { return math::exp(x); });
    case Unary::expm1:
      return map1<T, T>(in, out, [](T x) { return math::expm1(x); });
    case Unary::log:
      return map1<T, T>(in, out, [](T x) { return math::log(x); });
    case Unary::log1p:
      return map1<T, T>(in, out, [](T x) { return math::log1p(x); });
    case Unary::sqrt:
      return map1<T, T>(in, out, [](T x) { return std::sqrt(x); });
    case Unary::rsqrt:
      return map1<T, T>(in, out, [](T x) { return T{1} / std::sqrt(x); });
    case Unary::sin:
      return map1<T, T>(in, out, [](T x) { return math::sin(x); });
    case Unary::cos:
      return map1<T, T>(in, out, [](T x) { return math::cos(x); });
    case Unary::tanh:
      return map1<T, T>(in, out, [](T x) { return math::tanh(x); });
    case Unary::logistic:
      return map1<T, T>(in, out, [](T x) { return math::logistic(x); });
    case Unary::erf:
      return map1<T, T>(in, out, [](T x) { return math::erf(x); });
    case Unary::floor:
      return map1<T, T>(in, out, [](T x) { return std::floor(x); });
    case Unary::logical_not:
      break;
  }
  fail("[logical_not] needs bool, got {}", name_of(in.dtype));
}

void unary_i32(Unary op, const View& in, const View& out) {
  using T = std::int32_t;
  switch (op) {
    case Unary::neg:
      return map1<T, T>(in, out, [](T x) { return negative(x); });
    case Unary::abs:
      return map1<T, T>(in, out, [](T x) { return magnitude(x); });
    case Unary::sign:
      return map1<T, T>(in, out, [](T x) { return sign(x); });
    default:
      fail("an elementwise function that is defined for f32 and f64 alone was given i32: convert it");
  }
}

template <class T>
void binary_numeric(Binary op, const View& a, const View& b, const View& out) {
  switch (op) {
    case Binary::add:
      return map2<T, T>(a, b, out, [](T x, T y) { return add(x, y); });
    case Binary::sub:
      return map2<T, T>(a, b, out, [](T x, T y) { return subtract(x, y); });
    case Binary::mul:
      return map2<T, T>(a, b, out, [](T x, T y) { return multiply(x, y); });
    case Binary::div:
      return map2<T, T>(a, b, out, [](T x, T y) { return divide(x, y); });
    case Binary::pow:
      return map2<T, T>(a, b, out, [](T x, T y) { return power(x, y); });
    case Binary::max:
      return map2<T, T>(a, b, out, [](T x, T y) { return larger(x, y); });
    case Binary::min:
      return map2<T, T>(a, b, out, [](T x, T y) { return smaller(x, y); });
    default:
      fail("a logical function needs bool, got {}", name_of(a.dtype));
  }
}

void binary_bool(Binary op, const View& a, const View& b, const View& out) {
  switch (op) {
    case Binary::logical_and:
      return map2<bool, bool>(a, b, out, [](bool x, bool y) { return x & y; });
    case Binary::logical_or:
      return map2<bool, bool>(a, b, out, [](bool x, bool y) { return x | y; });
    case Binary::logical_xor:
      return map2<bool, bool>(a, b, out, [](bool x, bool y) { return x != y; });
    default:
      fail("arithmetic needs a numeric dtype, got bool: convert it");
  }
}

template <class T>
void compare_as(Compare op, const View& a, const View& b, const View& out) {
  switch (op) {
    case Compare::eq:
      return map2<T, bool>(a, b, out, [](T x, T y) { return x == y; });
    case Compare::ne:
      return map2<T, bool>(a, b, out, [](T x, T y) { return x != y; });
    case Compare::lt:
      return map2<T, bool>(a, b, out, [](T x, T y) { return x < y; });
    case Compare::le:
      return map2<T, bool>(a, b, out, [](T x, T y) { return x <= y; });
    case Compare::gt:
      return map2<T, bool>(a, b, out, [](T x, T y) { return x > y; });
    case Compare::ge:
      return map2<T, bool>(a, b, out, [](T x, T y) { return x >= y; });
  }
}

// A choice moves bits alone, so it knows elements by their size.
template <class T>
void select_as(const View& condition, const View& a, const View& b, const View& out) {
  const Nest<4> nest(out.shape, {&condition.strides, &a.strides, &b.strides, &out.strides});
  const bool* chooser = condition.as<const bool>();
  const T* first = a.as<const T>();
  const T* second = b.as<const T>();
  T* target = out.as<T>();
  const std::int64_t n = nest.row_size();
  const auto step = nest.row_stride();
  nest.rows([=](const auto& at) {
    const bool* c = chooser + at[0];
    const T* x = first + at[1];
    const T* y = second + at[2];
    T* __restrict o = target + at[3];
    if (step[0] == 1 && step[1] == 1 && step[2] == 1) {
      for (std::int64_t i = 0; i < n; ++i) o[i] = c[i] ? x[i] : y[i];
    } else if (step[0] == 1 && step[1] == 1 && step[2] == 0) {
      const T other = *y;
      for (std::int64_t i = 0; i < n; ++i) o[i] = c[i] ? x[i] : other;
    } else if (step[0] == 1 && step[1] == 0 && step[2] == 1) {
      const T other = *x;
      for (std::int64_t i = 0; i < n; ++i) o[i] = c[i] ? other : y[i];
    } else {
      for (std::int64_t i = 0; i < n; ++i) o[i] = c[i * step[0]] ? x[i * step[1]] : y[i * step[2]];
    }
  });
}

template <class T>
void copy_contiguous(const T* x, T* __restrict o, std::int64_t n) {
  std::memcpy(o, x, static_cast<std::size_t>(n) * sizeof(T));
}

// Copies a plane whose rows run along different axes in source and target, tile by tile, so that both sides
// use the whole of each cache line they touch.
template <class T>
void copy_crossed(const T* x, T* __restrict o, std::int64_t rows, std::int64_t x_row, std::int64_t o_row,
                  std::int64_t n, std::int64_t x_step, std::int64_t o_step) {
  constexpr std::int64_t kTile = 16;
  for (std::int64_t r0 = 0; r0 < rows; r0 += kTile) {
    const std::int64_t r1 = r0 + kTile < rows ? r0 + kTile : rows;
    for (std::int64_t i0 = 0; i0 < n; i0 += kTile) {
      const std::int64_t i1 = i0 + kTile < n ? i0 + kTile : n;
      for (std::int64_t r = r0; r < r1; ++r)
        for (std::int64_t i = i0; i < i1; ++i) o[r * o_row + i * o_step] = x[r * x_row + i * x_step];
    }
  }
}

template <class T>
void copy_as(const View& in, const View& out) {
  Nest<2> nest(out.shape, {&in.strides, &out.strides});
  const T* source = in.as<const T>();
  T* target = out.as<T>();
  const std::int64_t n = nest.row_size();
  const auto [x_step, o_step] = nest.row_stride();
  if (x_step != 0 && x_step != 1 && nest.rank() > 1) {
    for (std::size_t axis = nest.rank() - 1; axis-- > 0;) {
      if (nest.stride(axis)[0] != 1) continue;
      const std::int64_t crossing = nest.size(axis);
      const auto [x_row, o_row] = nest.stride(axis);
      nest.remove(axis);
      return nest.rows([=, xs = x_step, os = o_step, xr = x_row, orow = o_row](const auto& at) {
        copy_crossed(source + at[0], target + at[1], crossing, xr, orow, n, xs, os);
      });
    }
  }
  nest.rows([=, xs = x_step, os = o_step](const auto& at) {
    const T* x = source + at[0];
    T* __restrict o = target + at[1];
    if (xs == 1 && os == 1) {
      copy_contiguous(x, o, n);
    } else if (xs == 0 && os == 1) {
      const T same = *x;
      for (std::int64_t i = 0; i < n; ++i) o[i] = same;
    } else {
      for (std::int64_t i = 0; i < n; ++i) o[i * os] = x[i * xs];
    }
  });
}

}  // namespace

void unary(Unary op, const View& in, const View& out) {
  switch (in.dtype) {
    case DType::f32:
      return unary_float<float>(op, in, out);
    case DType::f64:
      return unary_float<double>(op, in, out);
    case DType::i32:
      return unary_i32(op, in, out);
    case DType::boolean:
      if (op == Unary::logical_not) return map1<bool, bool>(in, out, [](bool x) { return !x; });
      break;
    case DType::u32:
      break;
  }
  fail("this elementwise function is not defined for {}: convert it", name_of(in.dtype));
}

void binary(Binary op, const View& a, const View& b, const View& out) {
  if (a.dtype == DType::boolean) return binary_bool(op, a, b, out);
  dispatch_numeric("binary", a.dtype,
                   [&](auto tag) { binary_numeric<typename decltype(tag)::type>(op, a, b, out); });
}

void compare(Compare op, const View& a, const View& b, const View& out) {
  dispatch(a.dtype, [&](auto tag) { compare_as<typename decltype(tag)::type>(op, a, b, out); });
}

void select(const View& condition, const View& a, const View& b, const View& out) {
  switch (size_of(out.dtype)) {
    case 1:
      return select_as<std::uint8_t>(condition, a, b, out);
    case 4:
      return select_as<std::uint32_t>(condition, a, b, out);
    default:
      return select_as<std::uint64_t>(condition, a, b, out);
  }
}

void convert(const View& in, const View& out) {
  if (in.dtype == out.dtype) return copy(in, out);
  dispatch(in.dtype, [&](auto from) {
    dispatch(out.dtype, [&](auto to) {
      using From = typename decltype(from)::type;
      using To = typename decltype(to)::type;
      map1<From, To>(in, out, [](From x) { return convert_one<To, From>(x); });
    });
  });
}

void copy(const View& in, const View& out) {
  switch (size_of(out.dtype)) {
    case 1:
      return copy_as<std::uint8_t>(in, out);
    case 4:
      return copy_as<std::uint32_t>(in, out);
    default:
      return copy_as<std::uint64_t>(in, out);
  }
}

}  // namespace runnel::kernels
