// Calling a generic function with the C++ type that a DType stands for.
#pragma once

#include <type_traits>

#include "core/fail.h"
#include "runnel/dtype.h"

namespace runnel {

template <class T>
struct TypeTag {
  using type = T;
};

// f(TypeTag<T>{}) for the element type of `dtype`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::boolean:
      return f(TypeTag<bool>{});
    case DType::i32:
      return f(TypeTag<std::int32_t>{});
    case DType::u32:
      return f(TypeTag<std::uint32_t>{});
    case DType::f32:
      return f(TypeTag<float>{});
    case DType::f64:
      return f(TypeTag<double>{});
  }
  fail("unknown dtype {}", static_cast<int>(dtype));
}

// The same for f32 and f64 alone; `what` names the op in the error.
template <class F>
decltype(auto) dispatch_float(const char* what, DType dtype, F&& f) {
  if (dtype == DType::f32) return f(TypeTag<float>{});
  if (dtype == DType::f64) return f(TypeTag<double>{});
  fail("[{}] needs f32 or f64, got {}", what, name_of(dtype));
}

// The same for the four numeric types.
template <class F>
decltype(auto) dispatch_numeric(const char* what, DType dtype, F&& f) {
  if (dtype == DType::boolean) fail("[{}] needs a numeric dtype, got bool", what);
  if (dtype == DType::i32) return f(TypeTag<std::int32_t>{});
  if (dtype == DType::u32) return f(TypeTag<std::uint32_t>{});
  return dispatch_float(what, dtype, f);
}

}  // namespace runnel
