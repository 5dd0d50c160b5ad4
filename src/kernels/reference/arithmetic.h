// Arithmetic that means the same for every dtype: integers wrap, nan is seen.
#pragma once

#include <cstdint>
#include <type_traits>

namespace runnel::kernels {

template <class T>
constexpr bool is_nan([[maybe_unused]] T x) {
  if constexpr (std::is_floating_point_v<T>) return x != x;
  return false;
}

// Signed overflow is undefined in C++; through the unsigned type it wraps.
template <class T>
constexpr T add(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a + b;
  return static_cast<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

template <class T>
constexpr T subtract(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a - b;
  return static_cast<T>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}

template <class T>
constexpr T multiply(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a * b;
  return static_cast<T>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
}

// nan if either is nan.
template <class T>
constexpr T larger(T a, T b) {
  return b > a || is_nan(b) ? b : a;
}

template <class T>
constexpr T smaller(T a, T b) {
  return b < a || is_nan(b) ? b : a;
}

}  // namespace runnel::kernels
