// What an Array points at.
#pragma once

#include <memory>

#include "runnel/array.h"
#include "runnel/graph.h"

namespace runnel::detail {

struct Node {
  Type type;
  std::shared_ptr<std::byte> buffer;  // concrete: the elements; null while traced
  std::uint64_t builder = 0;          // traced: serial number of the builder, and the value in its graph
  ValueId value = 0;
};

struct ArrayAccess {
  static Array make(Type type, std::shared_ptr<std::byte> buffer) {
    return Array(std::make_shared<const Node>(Node{type, std::move(buffer), 0, 0}));
  }
  static Array make_traced(Type type, std::uint64_t builder, ValueId value) {
    return Array(std::make_shared<const Node>(Node{type, nullptr, builder, value}));
  }
  static const Node& node(const Array& array) { return *array.node_; }
};

}  // namespace runnel::detail
