// What an Array points at.
#pragma once

#include <memory>
#include <mutex>

#include "kernels/view.h"
#include "runnel/array.h"
#include "runnel/graph.h"

namespace runnel::detail {

// A concrete array, or the place of a value in a graph being traced. To its user an array is dense and
// row-major; inside, a broadcast, transpose or slice shares its operand's buffer through strides until
// somebody asks for the bytes.
struct Node {
  Node(Type t, std::shared_ptr<std::byte> b)
      : type(t), buffer(std::move(b)), data(buffer.get()), strides(row_major(t.shape)) {}
  Node(Type t, std::shared_ptr<std::byte> b, std::byte* start, const Strides& s)
      : type(t), buffer(std::move(b)), data(start), strides(s) {}
  Node(Type t, std::uint64_t serial, ValueId id) : type(t), builder(serial), value(id) {}

  Type type;
  std::shared_ptr<std::byte> buffer;  // null while traced
  std::byte* data = nullptr;          // element 0, inside the buffer
  Strides strides;
  std::uint64_t builder = 0;  // traced: serial number of the builder, and the value in its graph
  ValueId value = 0;
  std::shared_ptr<const Node> square;  // of a norm being traced: the sum of squares that it is the root of

  // The elements laid out densely, made when first asked for.
  mutable std::once_flag once;
  mutable std::shared_ptr<std::byte> dense;
};

struct ArrayAccess {
  static Array make(const Type& type, std::shared_ptr<std::byte> buffer) {
    return Array(std::make_shared<const Node>(type, std::move(buffer)));
  }
  static Array make_view(const View& view, std::shared_ptr<std::byte> buffer) {
    return Array(std::make_shared<const Node>(Type{view.dtype, view.shape}, std::move(buffer), view.data,
                                              view.strides));
  }
  static Array make_traced(const Type& type, std::uint64_t builder, ValueId value) {
    return Array(std::make_shared<const Node>(type, builder, value));
  }
  // The traced `root`, which remembers what it is the root of.
  static Array root_of(const Array& square, const Array& root) {
    const Node& n = *root.node_;
    auto node = std::make_shared<Node>(n.type, n.builder, n.value);
    node->square = square.node_;
    return Array(std::move(node));
  }
  static Array square_of(const Array& root) { return Array(root.node_->square); }
  static const Node& node(const Array& array) { return *array.node_; }
  // A concrete array's elements where they lie.
  static View view(const Array& array) {
    const Node& n = *array.node_;
    return {n.data, n.type.dtype, n.type.shape, n.strides};
  }
};

// The elements of a concrete array, dense and row-major. Throws for a traced one.
const std::byte* dense_bytes(const Array& array);

}  // namespace runnel::detail
