// The elementwise functions of one element that are not a single operator, beside arithmetic.h and math.h.
#pragma once

#include <cmath>
#include <limits>

#include "kernels/reference/arithmetic.h"
#include "kernels/reference/math.h"

namespace runnel::kernels {

template <class T>
inline T negative(T x) {
  if constexpr (std::is_floating_point_v<T>) return -x;
  return subtract(T{0}, x);
}

template <class T>
inline T magnitude(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return math::absolute(x);
  else
    return x < T{0} ? subtract(T{0}, x) : x;
}

// Of ±0 it is 0, of nan it is nan.
template <class T>
inline T sign(T x) {
  const T nonzero = x > T{0} ? T{1} : (x < T{0} ? static_cast<T>(-1) : x);
  return x == T{0} ? T{0} : nonzero;
}

template <class T>
inline T divide(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a / b;
  if (b == T{0}) return T{0};
  if constexpr (std::is_signed_v<T>) {
    if (b == T{-1}) return subtract(T{0}, a);  // the least integer by -1 wraps
  }
  return static_cast<T>(a / b);
}

template <class T>
inline T power(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return math::pow(base, exponent);
  } else {
    if constexpr (std::is_signed_v<T>) {
      if (exponent < 0) {
        if (base == T{1}) return T{1};
        if (base == T{-1}) return exponent % 2 == 0 ? T{1} : T{-1};
        return T{0};
      }
    }
    T result = 1;
    for (auto left = static_cast<std::uint32_t>(exponent); left != 0; left >>= 1) {
      if (left & 1u) result = multiply(result, base);
      base = multiply(base, base);
    }
    return result;
  }
}

template <class To, class From>
inline To convert_one(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // The limits as numbers of the source type: `past` is the first one too large, exactly a power of two.
    constexpr From past = std::is_signed_v<To> ? From{2147483648.0} : From{4294967296.0};
    constexpr From least = std::is_signed_v<To> ? From{-2147483648.0} : From{0};
    if (is_nan(x)) return To{0};
    if (x >= past) return std::numeric_limits<To>::max();
    if (x <= least) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace runnel::kernels
