// A graph written anew from another: what passes are made of.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/op.h"

namespace runnel {

class Rebuild {
 public:
  // Begins with the inputs and constants of `from`, which must outlive this.
  explicit Rebuild(const Graph& from);

  const Graph& from() const { return *from_; }
  // The value that stands for one of `from`.
  ValueId operator[](ValueId old) const { return renamed_[old]; }
  std::vector<ValueId> operator[](const std::vector<ValueId>& old) const;
  void set(ValueId old, ValueId now) { renamed_[old] = now; }
  const Type& type(ValueId now) const { return data_.types[now]; }

  // The equation as it is, on the values that stand for its operands; or with other attributes.
  void keep(const Equation& eq) { keep(eq, eq.attrs); }
  void keep(const Equation& eq, const Attrs& attrs);
  // A new equation on values of the new graph; gives its outputs.
  std::vector<ValueId> emit(const Op& op, const std::vector<ValueId>& inputs, const Attrs& attrs);
  ValueId constant(const Array& value);
  // The equations of another graph on values of the new one; gives its outputs. Those of no region of their
  // own are of the current one.
  std::vector<ValueId> splice(const Graph& graph, const std::vector<ValueId>& inputs);

  GraphPtr finish();  // with the outputs of `from`
  GraphPtr finish(const std::vector<ValueId>& outputs);

 private:
  ValueId new_value(const Type& type);
  const Graph* from_;
  Graph::Data data_;
  std::vector<ValueId> renamed_;
};

inline bool is_op(const Equation& eq, std::string_view name) { return name == eq.op->name; }

// Which equation defines each value, as an index; kNone for inputs and constants.
inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);
std::vector<std::size_t> definitions(const Graph& graph);
// How often equations and outputs use each value.
std::vector<std::size_t> use_counts(const Graph& graph);

// The element that a constant of more than one repeats, as a scalar.
std::optional<Array> repeated_element(const Array& constant);

// The graph with `pass` done to the sub-graphs of its scans and strips.
GraphPtr in_subgraphs(const GraphPtr& graph, const std::function<GraphPtr(const GraphPtr&)>& pass);

}  // namespace runnel
