// A graph under construction. Builders nest: the constructor enters a trace, the destructor leaves it.
#pragma once

#include <map>
#include <unordered_map>

#include "graph/op.h"

namespace runnel {

class Builder {
 public:
  Builder();
  ~Builder();
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  Array input(const Type& type);
  Arrays inputs(const std::vector<Type>& types);

  // Records an equation. Operands of surrounding traces become captured inputs, concrete ones constants.
  Arrays emit(const Op& op, std::span<const Array> operands, const Attrs& attrs);

  // The graph that computes `outputs`, without equations that nothing needs.
  Traced finish(const Arrays& outputs);
  // The same for a graph that must capture nothing.
  GraphPtr finish_closed(const Arrays& outputs);

  std::uint64_t serial() const { return serial_; }
  static Builder* of(std::uint64_t serial);  // of this thread; null where it has ended

 private:
  ValueId value_of(const Array& array);
  ValueId new_value(const Type& type);

  std::uint64_t serial_;
  Builder* outer_;
  Graph::Data data_;
  std::unordered_map<const detail::Node*, ValueId> outside_;  // constants and captured values already seen
  Arrays captured_;
  std::vector<ValueId> captured_ids_;
  Arrays kept_;  // keeps the nodes of outside_ alive
};

// The innermost builder among those that the operands belong to; null when all are concrete. Throws when an
// operand belongs to a trace that has ended.
Builder* innermost(std::span<const Array> operands);

}  // namespace runnel
