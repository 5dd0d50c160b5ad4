#include "ranks/message.h"

#include "core/buffer.h"
#include "core/fail.h"
#include "graph/node.h"

namespace runnel::ranks {

using detail::ArrayAccess;

Writer& Writer::put_bytes(const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), begin, begin + size);
  return *this;
}

Writer& Writer::put(std::string_view text) { return put(text.size()).put_bytes(text.data(), text.size()); }

Writer& Writer::put(const std::vector<double>& values) {
  return put(values.size()).put_bytes(values.data(), values.size() * sizeof(double));
}

Writer& Writer::put(const Array& array) {
  put(array.dtype()).put(array.rank());
  for (const std::int64_t size : array.shape()) put(size);
  return put_bytes(detail::dense_bytes(array),
                   static_cast<std::size_t>(array.size()) * size_of(array.dtype()));
}

Writer& Writer::put(const std::vector<Array>& arrays) {
  put(arrays.size());
  for (const Array& array : arrays) put(array);
  return *this;
}

const std::byte* Reader::next(std::size_t size) {
  if (size > bytes_.size() - at_)
    fail_run("a message between ranks ends after {} bytes: do all of them run the same Runnel?",
             bytes_.size());
  at_ += size;
  return bytes_.data() + at_ - size;
}

std::string Reader::text() {
  const auto size = get<std::size_t>();
  return {reinterpret_cast<const char*>(next(size)), size};
}

std::vector<double> Reader::numbers() {
  std::vector<double> values(get<std::size_t>());
  const std::byte* from = next(values.size() * sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), from, values.size() * sizeof(double));
  return values;
}

Array Reader::array() {
  Type type;
  type.dtype = get<DType>();
  for (auto rank = get<int>(); rank > 0; --rank) type.shape.push_back(get<std::int64_t>());
  const std::size_t size = static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
  auto buffer = allocate_buffer(size);
  const std::byte* from = next(size);
  if (size > 0) std::memcpy(buffer.get(), from, size);
  return ArrayAccess::make(type, std::move(buffer));
}

std::vector<Array> Reader::arrays() {
  std::vector<Array> out;
  for (auto n = get<std::size_t>(); n > 0; --n) out.push_back(array());
  return out;
}

}  // namespace runnel::ranks
