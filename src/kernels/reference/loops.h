// Walking several strided arrays of one shape together.
//
// A Nest holds the axes of a walk, outermost first, with the stride of each of N operands along each axis.
// Axes of size 1 are dropped and neighbours that lie regularly in every operand are merged, so that a walk
// over dense arrays is one long row however many axes they have. What remains is walked row by row: the
// kernels write the loop along a row, and the Nest steps from row to row.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/view.h"

namespace runnel::kernels {

template <std::size_t N>
class Nest {
 public:
  using Offsets = std::array<std::int64_t, N>;  // one number for each operand, in elements

  Nest() = default;
  Nest(const Shape& shape, const std::array<const Strides*, N>& strides) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      Offsets along;
      for (std::size_t o = 0; o < N; ++o) along[o] = (*strides[o])[axis];
      add(shape[axis], along);
    }
  }

  // Appends an axis inside those there are.
  void add(std::int64_t size, const Offsets& stride) {
    if (size == 0) empty_ = true;
    if (size <= 1) return;
    if (rank_ > 0 && continues(size, stride)) {
      size_[rank_ - 1] *= size;
      stride_[rank_ - 1] = stride;
      return;
    }
    size_[rank_] = size;
    stride_[rank_] = stride;
    ++rank_;
  }

  bool empty() const { return empty_; }
  std::size_t rank() const { return rank_; }
  std::int64_t size(std::size_t axis) const { return size_[axis]; }
  const Offsets& stride(std::size_t axis) const { return stride_[axis]; }
  std::int64_t count() const {
    std::int64_t n = empty_ ? 0 : 1;
    for (std::size_t axis = 0; axis < rank_; ++axis) n *= size_[axis];
    return n;
  }

  // The length of a row and the strides along it. A lone element is a row of one with strides 1, so that it
  // takes the path of contiguous rows.
  std::int64_t row_size() const { return rank_ == 0 ? 1 : size_[rank_ - 1]; }
  Offsets row_stride() const {
    if (rank_ > 0) return stride_[rank_ - 1];
    Offsets ones;
    ones.fill(1);
    return ones;
  }

  // Takes out an axis and returns nothing of it: the caller walks it by itself.
  void remove(std::size_t axis) {
    for (std::size_t i = axis; i + 1 < rank_; ++i) {
      size_[i] = size_[i + 1];
      stride_[i] = stride_[i + 1];
    }
    --rank_;
  }

  // Calls row(offsets of its first elements) for every row, in row-major order.
  template <class Row>
  void rows(Row&& row) const {
    walk(rank_ == 0 ? 0 : rank_ - 1, row);
  }

  // Calls visit(offsets) for every element, in row-major order.
  template <class Visit>
  void each(Visit&& visit) const {
    walk(rank_, visit);
  }

 private:
  bool continues(std::int64_t size, const Offsets& stride) const {
    for (std::size_t o = 0; o < N; ++o)
      if (stride_[rank_ - 1][o] != stride[o] * size) return false;
    return true;
  }

  // An odometer over the first `axes` axes.
  template <class Visit>
  void walk(std::size_t axes, Visit& visit) const {
    if (empty_) return;
    Offsets at{};
    std::array<std::int64_t, kMaxRank> turn{};
    for (;;) {
      visit(static_cast<const Offsets&>(at));
      std::size_t axis = axes;
      for (; axis > 0; --axis) {
        for (std::size_t o = 0; o < N; ++o) at[o] += stride_[axis - 1][o];
        if (++turn[axis - 1] < size_[axis - 1]) break;
        turn[axis - 1] = 0;
        for (std::size_t o = 0; o < N; ++o) at[o] -= stride_[axis - 1][o] * size_[axis - 1];
      }
      if (axis == 0) return;
    }
  }

  std::size_t rank_ = 0;
  bool empty_ = false;
  std::array<std::int64_t, kMaxRank> size_{};
  std::array<Offsets, kMaxRank> stride_{};
};

}  // namespace runnel::kernels
