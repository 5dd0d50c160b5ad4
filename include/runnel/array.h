// Array: an immutable, dense, row-major block of numbers, or the place of one in a graph being traced.
#pragma once

#include <concepts>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runnel/dtype.h"
#include "runnel/shape.h"

namespace runnel {

// What a graph knows of a value: element type and shape.
struct Type {
  DType dtype = DType::f32;
  Shape shape;
  friend bool operator==(const Type&, const Type&) = default;
};
std::string to_string(const Type& type);  // "f32(2, 3)"

template <class T>
concept Element = std::same_as<T, bool> || std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> ||
    std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept Number = std::is_arithmetic_v<T>;

namespace detail {
struct Node;
struct ArrayAccess;
}  // namespace detail

class Array {
 public:
  Array();  // the scalar 0, f32

  // A vector, f32 unless `dtype` says otherwise.
  Array(std::initializer_list<double> values, DType dtype = DType::f32);
  // A matrix; rows of different lengths throw.
  Array(std::initializer_list<std::initializer_list<double>> rows, DType dtype = DType::f32);

  // Copies the values, laid out row-major; their number must be the shape's.
  template <Element T>
  static Array from(std::span<const T> values, const Shape& shape) {
    return from_bytes(values.data(), values.size(), {dtype_of<T>(), shape});
  }
  template <Element T>
  static Array from(const std::vector<T>& values, const Shape& shape) requires(!std::same_as<T, bool>) {
    return from(std::span<const T>(values), shape);
  }
  static Array scalar(double value, DType dtype = DType::f32);
  static Array full(const Shape& shape, double value, DType dtype = DType::f32);
  static Array zeros(const Shape& shape, DType dtype = DType::f32) { return full(shape, 0, dtype); }
  static Array ones(const Shape& shape, DType dtype = DType::f32) { return full(shape, 1, dtype); }

  const Type& type() const;
  DType dtype() const { return type().dtype; }
  const Shape& shape() const { return type().shape; }
  int rank() const { return shape().rank(); }
  std::int64_t size() const { return shape().product(); }
  std::int64_t dim(int axis) const;  // counted from the end when negative

  // True inside a transform, where the value is not known yet; the accessors below then throw.
  bool is_traced() const;

  // The elements, row-major; T must be the dtype's C++ type. They live as long as an array of them does, so a
  // temporary one has none to show: keep it under a name, or take to_vector().
  template <Element T>
  std::span<const T> data() const& {
    return {static_cast<const T*>(bytes(dtype_of<T>())), static_cast<std::size_t>(size())};
  }
  template <Element T>
  std::span<const T> data() const&& = delete;
  template <Element T>
  std::vector<T> to_vector() const {
    auto d = data<T>();
    return {d.begin(), d.end()};
  }
  double item() const;                                         // the only element, of any dtype
  double at(std::initializer_list<std::int64_t> index) const;  // one element, of any dtype
  std::vector<double> to_doubles() const;                      // all elements, of any dtype

 private:
  friend struct detail::ArrayAccess;
  explicit Array(std::shared_ptr<const detail::Node> node) : node_(std::move(node)) {}
  static Array from_bytes(const void* values, std::size_t count, const Type& type);
  const void* bytes(DType wanted) const;

  std::shared_ptr<const detail::Node> node_;
};

// Printed as NumPy prints: rows in brackets, columns aligned, long axes shortened with "...".
std::string to_string(const Array& array);
std::ostream& operator<<(std::ostream& out, const Array& array);

// Same dtype, shape and bits (so nan equals nan, and 0 differs from -0). Concrete arrays only.
bool same_bits(const Array& a, const Array& b);

// An operand of a free function: an array, or a C++ number that takes the dtype of the array beside it.
class Operand {
 public:
  Operand(const Array& array) : array_(array) {}  // NOLINT(google-explicit-constructor)
  template <Number T>
  Operand(T value)  // NOLINT(google-explicit-constructor)
      : weak_(true), integral_(std::integral<T>), value_(static_cast<double>(value)) {}

  bool weak() const { return weak_; }
  bool integral() const { return integral_; }
  double value() const { return value_; }
  // The array; a number becomes a scalar of `beside`'s dtype (a fraction beside integers: f32).
  Array resolve(DType beside) const;
  const Array& array() const { return array_; }

 private:
  Array array_;
  bool weak_ = false;
  bool integral_ = false;
  double value_ = 0;
};

}  // namespace runnel
