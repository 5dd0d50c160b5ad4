// What a kernel sees of an array: where its elements lie. Kernels know buffers and shapes, nothing of graphs.
//
// Inputs may have any strides (0 repeats an element, negative runs backwards); every output is dense and
// row-major, and never overlaps an input. Kernels check nothing that an op's type rule has checked already;
// they throw only for what the values alone can show (an index out of range, a matrix that is not positive
// definite).
#pragma once

#include <cstddef>

#include "runnel/dtype.h"
#include "runnel/shape.h"

namespace runnel {

struct View {
  std::byte* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  Strides strides;

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  std::int64_t size() const { return shape.product(); }
};

inline View dense_view(std::byte* data, DType dtype, const Shape& shape) {
  return {data, dtype, shape, row_major(shape)};
}

// Elements in row-major order without gaps (axes of size 1 may have any stride).
inline bool is_dense(const View& view) {
  std::int64_t step = 1;
  for (std::size_t i = view.shape.size(); i-- > 0;) {
    if (view.shape[i] != 1 && view.strides[i] != step) return false;
    step *= view.shape[i];
  }
  return true;
}

// One element, repeated.
inline bool is_repeated(const View& view) {
  for (std::size_t i = 0; i < view.shape.size(); ++i)
    if (view.shape[i] != 1 && view.strides[i] != 0) return false;
  return true;
}

}  // namespace runnel
