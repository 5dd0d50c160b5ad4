// Graph: a function on arrays as data. The one intermediate form: transforms map graphs to graphs, the
// interpreter and the compiler run them, the printers show them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runnel/array.h"

namespace runnel {

struct Op;
struct GraphNotes;
class Graph;
using GraphPtr = std::shared_ptr<const Graph>;
using ValueId = std::uint32_t;

// Named attributes of an equation. Equality compares all of them (sub-graphs by structure).
using AttrValue = std::variant<bool, std::int64_t, std::string, DType, Dims, GraphPtr>;
class Attrs {
 public:
  Attrs() = default;
  Attrs(std::initializer_list<std::pair<std::string, AttrValue>> entries) : entries_(entries) {}

  template <class T>
  const T& get(std::string_view name) const {
    const T* value = std::get_if<T>(&find(name));
    if (value == nullptr) wrong_kind(name);
    return *value;
  }
  std::int64_t integer(std::string_view name) const { return get<std::int64_t>(name); }
  const Dims& dims(std::string_view name) const { return get<Dims>(name); }
  const GraphPtr& graph(std::string_view name) const { return get<GraphPtr>(name); }
  Attrs with(std::string_view name, AttrValue value) const;  // a copy with one entry replaced
  const std::vector<std::pair<std::string, AttrValue>>& entries() const { return entries_; }

  friend bool operator==(const Attrs& a, const Attrs& b);

 private:
  const AttrValue& find(std::string_view name) const;
  [[noreturn]] static void wrong_kind(std::string_view name);
  std::vector<std::pair<std::string, AttrValue>> entries_;
};

// outputs = op(inputs; attrs), in static single assignment.
struct Equation {
  const Op* op;
  std::vector<ValueId> inputs;
  Attrs attrs;
  std::vector<ValueId> outputs;
  std::uint32_t region = 0;  // of what a checkpoint computes again (src/graph/region.h)
};

class Graph {
 public:
  struct Constant {
    ValueId id;
    Array value;
  };
  struct Data {
    std::vector<Type> types;  // of each value, by id
    std::vector<ValueId> inputs;
    std::vector<Constant> constants;
    std::vector<Equation> equations;
    std::vector<ValueId> outputs;
  };

  // Checks the graph: every value defined once and before its use, every equation's types as its op's rule
  // gives them. Throws Error(input) naming the equation.
  explicit Graph(Data data);

  const std::vector<Type>& types() const { return data_.types; }
  const Type& type(ValueId id) const { return data_.types[id]; }
  const std::vector<ValueId>& inputs() const { return data_.inputs; }
  const std::vector<Constant>& constants() const { return data_.constants; }
  const std::vector<Equation>& equations() const { return data_.equations; }
  const std::vector<ValueId>& outputs() const { return data_.outputs; }
  std::vector<Type> input_types() const;
  std::vector<Type> output_types() const;

  friend bool operator==(const Graph& a, const Graph& b);  // same structure and constants' bits

  // What was made of this graph so far (src/graph/notes.h); copies share it. A graph is otherwise immutable.
  GraphNotes& notes() const { return *notes_; }

 private:
  void check() const;
  Data data_;
  std::shared_ptr<GraphNotes> notes_;
};

std::string to_string(const Graph& graph);  // one line per equation, sub-graphs indented
std::string to_dot(const Graph& graph);     // for Graphviz

// ---- tracing -------------------------------------------------------------------------------------------

using ArrayFn = std::function<std::vector<Array>(const std::vector<Array>&)>;

// A traced function. Values of surrounding traces that the function closed over became further inputs of
// the graph, after its own; `captured` holds them. Concrete arrays it closed over became constants.
struct Traced {
  GraphPtr graph;
  std::vector<Array> captured;
};
Traced trace(const ArrayFn& f, const std::vector<Type>& inputs);

// Runs the equations of a graph on arguments, one op at a time: at once for concrete arrays, into the
// surrounding trace for traced ones.
std::vector<Array> evaluate(const Graph& graph, const std::vector<Array>& arguments);

}  // namespace runnel
