// Shapes: up to eight sizes, held in place (copying one allocates nothing).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace runnel {

inline constexpr int kMaxRank = 8;

// A short list of sizes, axes or strides. Rank above eight throws.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<std::int64_t> sizes) : Dims(std::span(sizes.begin(), sizes.size())) {}
  explicit Dims(std::span<const std::int64_t> sizes);
  explicit Dims(const std::vector<std::int64_t>& sizes) : Dims(std::span(sizes)) {}

  int rank() const { return rank_; }
  std::size_t size() const { return static_cast<std::size_t>(rank_); }
  bool empty() const { return rank_ == 0; }
  std::int64_t operator[](std::size_t i) const { return sizes_[i]; }
  std::int64_t& operator[](std::size_t i) { return sizes_[i]; }
  std::int64_t back() const { return sizes_[static_cast<std::size_t>(rank_ - 1)]; }
  const std::int64_t* begin() const { return sizes_.data(); }
  const std::int64_t* end() const { return sizes_.data() + rank_; }
  std::int64_t* begin() { return sizes_.data(); }
  std::int64_t* end() { return sizes_.data() + rank_; }

  void push_back(std::int64_t size);
  void pop_back() { --rank_; }
  void insert(int at, std::int64_t size);
  void erase(int at);

  std::int64_t product() const;  // 1 for rank 0
  std::vector<std::int64_t> to_vector() const { return {begin(), end()}; }

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.rank_ != b.rank_) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a.sizes_[i] != b.sizes_[i]) return false;
    return true;
  }

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

using Shape = Dims;
using Strides = Dims;  // in elements, not bytes; 0 repeats, negative runs backwards

std::string to_string(const Dims& dims);  // "(2, 3)", "(4,)", "()"

// Strides of a dense row-major array.
Strides row_major(const Shape& shape);

// NumPy's broadcasting of two shapes; throws naming `op` and both shapes.
Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);

// An axis counted from the end when negative; throws naming `op` when out of range.
int normal_axis(const char* op, std::int64_t axis, int rank);

}  // namespace runnel
