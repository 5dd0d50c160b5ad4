#include "runnel/array.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/buffer.h"
#include "core/dispatch.h"
#include "graph/node.h"
#include "kernels/reference/elementwise.h"

namespace runnel {

using detail::ArrayAccess;

std::string to_string(const Type& type) {
  return fmt::format("{}{}", name_of(type.dtype), to_string(type.shape));
}

namespace {

std::size_t byte_count(const Type& type) {
  for (std::int64_t size : type.shape)
    if (size < 0) fail("an array cannot have the shape {}", to_string(type.shape));
  return static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
}

template <class T>
T from_double(double value) {
  if constexpr (std::same_as<T, bool>)
    return value != 0;
  else if constexpr (std::integral<T>)  // as convert() does: truncates, saturates, nan is 0
    return std::isnan(value)                                             ? T{0}
           : value <= static_cast<double>(std::numeric_limits<T>::min()) ? std::numeric_limits<T>::min()
           : value >= static_cast<double>(std::numeric_limits<T>::max()) ? std::numeric_limits<T>::max()
                                                                         : static_cast<T>(value);
  else
    return static_cast<T>(value);
}

// A concrete array whose element i is get(i), converted to the dtype.
template <class Get>
Array filled(const Type& type, Get get) {
  auto buffer = allocate_buffer(byte_count(type));
  dispatch(type.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* out = reinterpret_cast<T*>(buffer.get());
    for (std::int64_t i = 0; i < type.shape.product(); ++i) out[i] = from_double<T>(get(i));
  });
  return ArrayAccess::make(type, std::move(buffer));
}

double element(const std::byte* data, DType dtype, std::int64_t i) {
  return dispatch(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return static_cast<double>(reinterpret_cast<const T*>(data)[i]);
  });
}

}  // namespace

const std::byte* detail::dense_bytes(const Array& array) {
  if (array.is_traced())
    fail(
        "the elements of a traced {} were asked for: inside a transform an array has a type but no value "
        "yet; "
        "return it from the function, or compute with it",
        to_string(array.type()));
  const View view = ArrayAccess::view(array);
  if (is_dense(view)) return view.data;
  const detail::Node& node = ArrayAccess::node(array);
  std::call_once(node.once, [&] {
    node.dense = allocate_buffer(byte_count(node.type));
    kernels::copy(view, dense_view(node.dense.get(), view.dtype, view.shape));
  });
  return node.dense.get();
}

Array::Array() {
  // Never destroyed: other objects that live to the end of the program may still make arrays.
  static const Array& zero = *new Array(scalar(0));
  node_ = zero.node_;
}

Array::Array(std::initializer_list<double> values, DType dtype)
    : Array(filled({dtype, {static_cast<std::int64_t>(values.size())}},
                   [&](std::int64_t i) { return values.begin()[i]; })) {}

Array::Array(std::initializer_list<std::initializer_list<double>> rows, DType dtype) {
  const auto height = static_cast<std::int64_t>(rows.size());
  const auto width = height == 0 ? 0 : static_cast<std::int64_t>(rows.begin()->size());
  for (const auto& row : rows)
    if (static_cast<std::int64_t>(row.size()) != width)
      fail("rows of {} and {} elements do not make a matrix", width, row.size());
  *this = filled({dtype, {height, width}},
                 [&](std::int64_t i) { return rows.begin()[i / width].begin()[i % width]; });
}

Array Array::scalar(double value, DType dtype) { return full({}, value, dtype); }

Array Array::full(const Shape& shape, double value, DType dtype) {
  byte_count({dtype, shape});
  const Array one = filled({dtype, {}}, [&](std::int64_t) { return value; });
  View view = ArrayAccess::view(one);
  view.shape = shape;
  view.strides = shape;
  for (std::int64_t& stride : view.strides) stride = 0;
  return ArrayAccess::make_view(view, ArrayAccess::node(one).buffer);
}

Array Array::from_bytes(const void* values, std::size_t count, const Type& type) {
  const std::size_t bytes = byte_count(type);
  if (static_cast<std::int64_t>(count) != type.shape.product())
    fail("{} values do not fill an array of shape {}", count, to_string(type.shape));
  auto buffer = allocate_buffer(bytes);
  if (bytes > 0) std::memcpy(buffer.get(), values, bytes);
  return ArrayAccess::make(type, std::move(buffer));
}

const Type& Array::type() const { return node_->type; }
bool Array::is_traced() const { return node_->buffer == nullptr; }
std::int64_t Array::dim(int axis) const {
  return shape()[static_cast<std::size_t>(normal_axis("dim", axis, rank()))];
}

const void* Array::bytes(DType wanted) const {
  const std::byte* data = detail::dense_bytes(*this);
  if (wanted != dtype())
    fail("the elements of a {} array were asked for as {}", name_of(dtype()), name_of(wanted));
  return data;
}

double Array::item() const {
  if (size() != 1) fail("item() needs an array of one element, got shape {}", to_string(shape()));
  return element(detail::dense_bytes(*this), dtype(), 0);
}

double Array::at(std::initializer_list<std::int64_t> index) const {
  if (static_cast<int>(index.size()) != rank())
    fail("at() was given {} indices for an array of shape {}", index.size(), to_string(shape()));
  const Strides strides = row_major(shape());
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const std::int64_t k = index.begin()[i];
    if (k < 0 || k >= shape()[i])
      fail("at(): index {} is out of range for axis {} with size {}", k, i, shape()[i]);
    offset += k * strides[i];
  }
  return element(detail::dense_bytes(*this), dtype(), offset);
}

std::vector<double> Array::to_doubles() const {
  const std::byte* data = detail::dense_bytes(*this);
  std::vector<double> out(static_cast<std::size_t>(size()));
  dispatch(dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = reinterpret_cast<const T*>(data);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<double>(from[i]);
  });
  return out;
}

bool same_bits(const Array& a, const Array& b) {
  return a.type() == b.type() &&
         std::memcmp(detail::dense_bytes(a), detail::dense_bytes(b), byte_count(a.type())) == 0;
}

Array Operand::resolve(DType beside) const {
  if (!weak_) return array_;
  const double low = beside == DType::i32 ? -2147483648.0 : 0.0;
  const double high = beside == DType::i32 ? 2147483647.0 : 4294967295.0;
  if (integral_ && is_integer(beside) && (value_ < low || value_ > high))
    fail("the number {} beside a {} array is outside its range: convert the array first", value_,
         name_of(beside));
  if (is_float(beside) || (integral_ && is_integer(beside))) return Array::scalar(value_, beside);
  return Array::scalar(value_, integral_ ? DType::i32 : DType::f32);
}

}  // namespace runnel
