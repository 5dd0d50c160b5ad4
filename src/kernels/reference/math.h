// Elementary functions without branches, for float and double.
//
// The compiler inlines them into the kernels' loops and vectorises these; every step is one IEEE operation
// (add, multiply, std::fma, divide) or works on bits, and a choice is a select, so that a lane of a vector
// gives the same bits as a call for a single number.
//
// Largest errors found over dense grids and random bit patterns against long double, in units of the last
// place of the result (subnormal results: of the least subnormal); tests/kernels/math_test.cpp holds them to
// these:
//              exp   expm1  log   log1p  tanh  logistic
//   float      0.78  1.35   0.81  0.81   2.08  2.25
//   double     0.78  1.36   0.78  0.80   2.09  2.27
//
// Reductions as in W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), chapters 5
// and 6; the form of the logarithm that keeps the low bits of f as in P. T. P. Tang, "Table-driven
// implementation of the logarithm function" (ACM TOMS 16, 1990). The polynomials are the Taylor series.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace runnel::kernels::math {

template <class T>
struct Format;

template <>
struct Format<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr Bits bias = 127;
  static constexpr Bits magic_exponent =
      0x4B000000u;  // of 2^23: an integer below 2^23 as a number's low bits
  // ln 2 in two parts, the first with nine bits so that a multiple by an exponent is exact.
  static constexpr float ln2_high = 0x1.63p-1f;
  static constexpr float ln2_low = -0x1.bd0106p-13f;
  static constexpr float exp_largest = 89.0f;     // exp overflows from 88.73
  static constexpr float exp_least = -104.0f;     // and is 0 below -103.98
  static constexpr float expm1_least = -18.0f;    // expm1 is -1 below -17.4
  static constexpr float tanh_largest = 9.1f;     // tanh is 1 above 9.02
  static constexpr float tiny = 0x1p-25f;         // expm1(x) and log1p(x) are x below this
  static constexpr Bits sqrt_half = 0x3F3504F3u;  // the bits of sqrt(1/2)
  static constexpr int exp_terms = 8;             // r^9 / 9! < 2e-10 for r <= ln 2 / 2
  static constexpr int log_terms = 5;             // z^5 / 11 < 3e-9 for z <= 0.0295
};

template <>
struct Format<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr Bits bias = 1023;
  static constexpr Bits magic_exponent = 0x4330000000000000u;
  static constexpr double ln2_high = 0x1.62e42feep-1;  // 32 bits
  static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double exp_largest = 710.0;
  static constexpr double exp_least = -746.0;
  static constexpr double expm1_least = -40.0;
  static constexpr double tanh_largest = 20.0;
  static constexpr double tiny = 0x1p-54;
  static constexpr Bits sqrt_half = 0x3FE6A09E667F3BCDu;
  static constexpr int exp_terms = 14;  // r^15 / 15! < 1e-19
  static constexpr int log_terms = 11;  // z^11 / 23 < 7e-19
};

template <class T>
inline T absolute(T x) {
  using Bits = typename Format<T>::Bits;
  return std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(x) & (~Bits{0} >> 1)));
}

template <class T>
inline T with_sign_of(T magnitude, T sign) {
  using Bits = typename Format<T>::Bits;
  constexpr Bits top = ~(~Bits{0} >> 1);
  return std::bit_cast<T>(
      static_cast<Bits>((std::bit_cast<Bits>(magnitude) & ~top) | (std::bit_cast<Bits>(sign) & top)));
}

// 1/k!, and 2/(2k+1), as constants of the type.
template <class T, int K>
constexpr T inverse_factorial() {
  double f = 1.0;  // exact up to 18!
  for (int i = 2; i <= K; ++i) f *= i;
  return static_cast<T>(1.0 / f);
}

// (e^r - 1 - r) / r^2 = 1/2! + r/3! + ... by Horner's rule.
template <class T, int K = 2>
inline T exp_tail(T r) {
  if constexpr (K == Format<T>::exp_terms) {
    return inverse_factorial<T, K>();
  } else {
    return std::fma(r, exp_tail<T, K + 1>(r), inverse_factorial<T, K>());
  }
}

// x = n ln 2 + r with |r| <= ln 2 / 2. `shifted` holds n in its low bits: adding 1.5 * 2^mantissa rounds to
// an integer. `less` is e^r - 1: what the rounding of r lost comes back in its low part. A nan stays in it.
template <class T>
struct Reduced {
  T n;
  T less;
  T shifted;
};

template <class T>
inline constexpr T kRounder = static_cast<T>(3 * (std::uint64_t{1} << (Format<T>::mantissa - 1)));

template <class T>
inline Reduced<T> reduce_exp(T x) {
  using F = Format<T>;
  constexpr T log2_e = static_cast<T>(1.44269504088896340736L);
  const T shifted = std::fma(x, log2_e, kRounder<T>);
  const T n = shifted - kRounder<T>;
  const T high = std::fma(-n, F::ln2_high, x);
  const T r = std::fma(-n, F::ln2_low, high);
  const T lost = std::fma(-n, F::ln2_low, high - r);
  return {n, r + std::fma(r * r, exp_tail(r), std::fma(lost, r, lost)), shifted};
}

// 2^n for n held in the low bits (two's complement), |n| within the exponents of normal numbers.
template <class T>
inline T power_of_two(typename Format<T>::Bits n) {
  using F = Format<T>;
  return std::bit_cast<T>(static_cast<typename F::Bits>((n + F::bias) << F::mantissa));
}

template <class T>
inline T exp(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  x = x > F::exp_largest ? F::exp_largest : x;
  x = x < F::exp_least ? F::exp_least : x;
  const Reduced<T> z = reduce_exp(x);
  // 2^n in two factors, for n may lie outside the normal exponents; the product rounds once.
  const T half = std::fma(z.n, T{0.5}, kRounder<T>);
  const Bits n = std::bit_cast<Bits>(z.shifted) - std::bit_cast<Bits>(kRounder<T>);
  const Bits n0 = std::bit_cast<Bits>(half) - std::bit_cast<Bits>(kRounder<T>);
  return (T{1} + z.less) * power_of_two<T>(n0) * power_of_two<T>(n - n0);
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), each halved so that 2^n cannot overflow first.
template <class T>
inline T expm1(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  T y = x > F::exp_largest ? F::exp_largest : x;
  y = y < F::expm1_least ? F::expm1_least : y;
  const Reduced<T> z = reduce_exp(y);
  const Bits n = std::bit_cast<Bits>(z.shifted) - std::bit_cast<Bits>(kRounder<T>);
  const T half = power_of_two<T>(n - 1);
  const T result = T{2} * std::fma(z.less, half, half - T{0.5});
  return absolute(x) < F::tiny ? x : result;
}

// 2/3 + 2/5 z + 2/7 z^2 + ...
template <class T, int K = 1>
inline T log_tail(T z) {
  constexpr T c = static_cast<T>(2.0L / (2 * K + 1));
  if constexpr (K == Format<T>::log_terms) {
    return c;
  } else {
    return std::fma(z, log_tail<T, K + 1>(z), c);
  }
}

// e ln 2 + log(1 + f) + c for 1 + f in [sqrt(1/2), sqrt(2)) and c far below f. With s = f / (2 + f),
// log(1 + f) = 2 atanh(s) = f - (f²/2 - s (f²/2 + 2/3 s² + 2/5 s⁴ + ...)): the leading f is exact.
template <class T>
inline T log_sum(T f, T e, T c) {
  using F = Format<T>;
  const T s = f / (T{2} + f);
  const T z = s * s;
  const T h = T{0.5} * f * f;
  const T low = std::fma(s, std::fma(z, log_tail(z), h), std::fma(e, F::ln2_low, c));
  return std::fma(e, F::ln2_high, f - (h - low));
}

// x = 2^e (1 + f) for a positive normal x.
template <class T>
struct Split {
  T f;
  T e;
};

template <class T>
inline Split<T> split(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  // The exponent plus bias as the low bits of 2^mantissa: a conversion that needs no integer instruction.
  const Bits moved = std::bit_cast<Bits>(x) - F::sqrt_half + (F::bias << F::mantissa);
  const T e = std::bit_cast<T>(static_cast<Bits>((moved >> F::mantissa) | F::magic_exponent)) -
              (std::bit_cast<T>(F::magic_exponent) + static_cast<T>(F::bias));
  const Bits fraction = (moved & ((Bits{1} << F::mantissa) - 1)) + F::sqrt_half;
  return {std::bit_cast<T>(static_cast<Bits>(fraction)) - T{1}, e};
}

template <class T>
inline T log(T x) {
  using Limits = std::numeric_limits<T>;
  constexpr T lift = static_cast<T>(std::uint64_t{1} << (Format<T>::mantissa + 2));
  constexpr T lift_exponent = Format<T>::mantissa + 2;
  const bool subnormal = x < Limits::min();
  const Split<T> y = split(subnormal ? x * lift : x);
  T result = log_sum(y.f, y.e - (subnormal ? lift_exponent : T{0}), T{0});
  result = x < Limits::infinity() ? result : x;  // infinity and nan
  result = x < T{0} ? Limits::quiet_NaN() : result;
  return x == T{0} ? -Limits::infinity() : result;
}

// log(1 + x): u = 1 + x rounded, and what the rounding lost comes back as (1 + x - u) / u.
template <class T>
inline T log1p(T x) {
  using Limits = std::numeric_limits<T>;
  const T u = T{1} + x;
  const T lost = x > T{1} ? T{1} - (u - x) : x - (u - T{1});
  const Split<T> y = split(u);
  const bool near = y.e == T{0};
  T result = log_sum(near ? x : y.f, y.e, near ? T{0} : lost / u);
  result = x < Limits::infinity() ? result : x;
  result = x < T{-1} ? Limits::quiet_NaN() : result;
  result = x == T{-1} ? -Limits::infinity() : result;
  return absolute(x) < Format<T>::tiny ? x : result;
}

// With t = e^(2|x|) - 1, tanh |x| = t / (t + 2), which never magnifies the error of t.
template <class T>
inline T tanh(T x) {
  const T a = absolute(x);
  const T t = expm1(T{2} * (a > Format<T>::tanh_largest ? Format<T>::tanh_largest : a));
  return with_sign_of(t / (t + T{2}), x);
}

// 1 / (1 + e^-x), or e^x / (1 + e^x) for negative x: the exponential never overflows.
template <class T>
inline T logistic(T x) {
  const T e = exp(-absolute(x));
  return (x < T{0} ? e : T{1}) / (T{1} + e);
}

}  // namespace runnel::kernels::math
