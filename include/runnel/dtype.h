// The element types of arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace runnel {

enum class DType : std::uint8_t { boolean, i32, u32, f32, f64 };

std::size_t size_of(DType dtype);       // bytes of one element
std::string_view name_of(DType dtype);  // "bool", "i32", "u32", "f32", "f64"
inline bool is_float(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }
inline bool is_integer(DType dtype) { return dtype == DType::i32 || dtype == DType::u32; }

// The type two operands meet in: bool < i32 < u32 < f32 < f64.
// Throws for i32 with u32, where either choice would lose values.
DType promote(DType a, DType b);

// dtype_of<float>() is DType::f32, and so on.
template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<bool>() {
  return DType::boolean;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<std::uint32_t>() {
  return DType::u32;
}
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}

}  // namespace runnel
