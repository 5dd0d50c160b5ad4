#include "study/tensors.h"

#include <cstring>
#include <memory>
#include <span>

#include "core/fail.h"

namespace runnel::study {
namespace {

std::span<const std::byte> bytes_of(const Array& array) {
  switch (array.dtype()) {
    case DType::boolean:
      return std::as_bytes(array.data<bool>());
    case DType::i32:
      return std::as_bytes(array.data<std::int32_t>());
    case DType::u32:
      return std::as_bytes(array.data<std::uint32_t>());
    case DType::f32:
      return std::as_bytes(array.data<float>());
    case DType::f64:
      return std::as_bytes(array.data<double>());
  }
  fail_run("an array of no dtype");
}

template <class T>
Array array_from(const Tensor& tensor) {
  const std::size_t n = tensor.bytes.size() / sizeof(T);
  const auto values = std::make_unique<T[]>(n);
  if (n > 0) std::memcpy(values.get(), tensor.bytes.data(), n * sizeof(T));
  return Array::from(std::span<const T>(values.get(), n), tensor.shape);
}

}  // namespace

Tensor tensor_of(const Array& array, std::string name) {
  const std::span<const std::byte> bytes = bytes_of(array);
  return {std::move(name), array.dtype(), array.shape(), {bytes.begin(), bytes.end()}};
}

Array array_of(const Tensor& tensor) {
  switch (tensor.dtype) {
    case DType::boolean:
      return array_from<bool>(tensor);
    case DType::i32:
      return array_from<std::int32_t>(tensor);
    case DType::u32:
      return array_from<std::uint32_t>(tensor);
    case DType::f32:
      return array_from<float>(tensor);
    case DType::f64:
      return array_from<double>(tensor);
  }
  fail_run("a tensor of no dtype");
}

}  // namespace runnel::study
