#include "runnel/dtype.h"

#include <algorithm>

#include "core/fail.h"

namespace runnel {

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return 1;
    case DType::i32:
    case DType::u32:
    case DType::f32:
      return 4;
    case DType::f64:
      return 8;
  }
  return 0;
}

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return "bool";
    case DType::i32:
      return "i32";
    case DType::u32:
      return "u32";
    case DType::f32:
      return "f32";
    case DType::f64:
      return "f64";
  }
  return "?";
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (is_integer(a) && is_integer(b)) fail("i32 and u32 do not mix: convert one of them");
  return std::max(a, b);
}

}  // namespace runnel
