#include "runnel/shape.h"

#include <algorithm>

#include "core/fail.h"

namespace runnel {

Dims::Dims(std::span<const std::int64_t> sizes) {
  if (sizes.size() > kMaxRank)
    fail("an array has at most {} axes, {} were asked for", kMaxRank, sizes.size());
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  rank_ = static_cast<int>(sizes.size());
}

void Dims::push_back(std::int64_t size) { insert(rank_, size); }

void Dims::insert(int at, std::int64_t size) {
  if (rank_ == kMaxRank) fail("an array has at most {} axes", kMaxRank);
  std::copy_backward(begin() + at, end(), end() + 1);
  sizes_[static_cast<std::size_t>(at)] = size;
  ++rank_;
}

void Dims::erase(int at) {
  std::copy(begin() + at + 1, end(), begin() + at);
  --rank_;
}

std::int64_t Dims::product() const {
  std::int64_t n = 1;
  for (std::int64_t s : *this)
    if (__builtin_mul_overflow(n, s, &n)) fail("the shape {} is too large", to_string(*this));
  return n;
}

std::string to_string(const Dims& dims) {
  if (dims.rank() == 1) return fmt::format("({},)", dims[0]);
  return fmt::format("({})", fmt::join(dims.begin(), dims.end(), ", "));
}

Strides row_major(const Shape& shape) {
  Strides strides = shape;
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  for (std::size_t back = 1; back <= out.size(); ++back) {
    std::int64_t x = back <= a.size() ? a[a.size() - back] : 1;
    std::int64_t y = back <= b.size() ? b[b.size() - back] : 1;
    if (x != y && x != 1 && y != 1)
      fail("[{}] {} and {}: the sizes {} and {} of axis {} neither agree nor are 1", op, to_string(a),
           to_string(b), x, y, out.size() - back);
    out[out.size() - back] = x == 1 ? y : x;
  }
  return out;
}

int normal_axis(const char* op, std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) fail("[{}] axis {} of an array with {} axes", op, axis, rank);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace runnel
