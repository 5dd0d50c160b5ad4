// The row type of the op table (src/ops/table.cpp holds the rows): everything Runnel knows of a primitive.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "kernels/elements.h"
#include "kernels/view.h"
#include "runnel/array.h"
#include "runnel/graph.h"

namespace runnel {

using Arrays = std::vector<Array>;
using Types = std::vector<Type>;
using MaybeArray = std::optional<Array>;  // a tangent or cotangent; none is zero

// A cell that is not filled says why.
struct Unsupported {
  const char* why;
};

// ---- derivatives: one of the following -----------------------------------------------------------------

// Outputs do not vary with the inputs, or only in steps: tangents and cotangents are zero.
struct NoDerivative {};

// Elementwise: the partial derivative with respect to each operand, as an expression of operands and output.
struct Partial {
  enum class Kind { zero, one, minus_one, expression };
  Kind kind = Kind::zero;
  std::function<Array(std::span<const Array> in, const Array& out)> expression;
};
struct Partials {
  std::vector<Partial> of;
};

// Tangents of the outputs, as expressions linear in the given tangents. The reverse rule is its transpose.
struct ForwardRule {
  std::function<std::vector<MaybeArray>(std::span<const Array> in, std::span<const Array> out,
                                        std::span<const MaybeArray> tangents, const Attrs&)>
      jvp;
};

// Linear in some operands: either in all of them together (as a sum is), or in each while the others are
// held (as a product is). `transpose` maps the output's cotangent to that of operand i. Such an op has one
// output. Where it is not linear in an operand that can vary, `rest` is the rule for that one.
struct Linear {
  enum class How { jointly, each };
  How how;
  std::function<bool(std::size_t operand)> in;
  std::function<Array(const Array& cotangent, std::span<const Array> in, std::size_t operand, const Attrs&)>
      transpose;
  ForwardRule rest;
};

// Defined by transforming its sub-graph (src/transforms/control.h has the rules).
struct BySubgraph {};

// Dissolved into other equations before any transform looks at it (without_vmaps in src/transforms/inline.h).
struct Dissolves {};

using Derivative =
    std::variant<NoDerivative, Partials, Linear, ForwardRule, BySubgraph, Dissolves, Unsupported>;

// ---- batching: one of the following --------------------------------------------------------------------

// The lane axis of a batched operand is its last. Operands that are not batched may be given lanes with
// with_lanes() (src/ops/batching.h). All outputs come back batched.
struct BatchRule {
  std::function<Arrays(std::span<const Array> in, const std::vector<bool>& batched, const Attrs&,
                       std::int64_t lanes)>
      rule;
};
struct NeverBatched {};  // no operands, so nothing to batch
using Batching = std::variant<BatchRule, NeverBatched, BySubgraph, Dissolves, Unsupported>;

// ---- the rest ------------------------------------------------------------------------------------------

struct KernelCall {
  std::span<const View> in;
  std::span<const View> out;
  const Attrs& attrs;
  std::byte* scratch;
};
using Kernel = void (*)(const KernelCall&);
// An op that only moves or repeats elements: its result as a view of its operand, or none where strides
// cannot say it (a reshaped transpose), in which case the kernel copies.
using ViewRule = std::optional<View> (*)(const View& in, const Type& out, const Attrs&);
using ScratchRule = std::size_t (*)(std::span<const Type> in, std::span<const Type> out, const Attrs&);

// A fast kernel for these views (src/kernels/fast.h), or null: then the kernel itself runs. `alias[o]`, where
// it is given, is an input whose memory output o may share, or -1.
struct PrepareCall {
  std::span<const View> in;
  std::span<const View> out;
  const Attrs& attrs;
  std::span<const int> alias;
};
using PrepareRule = kernels::PreparedPtr (*)(const PrepareCall&);

// How the compiler may treat an equation.
enum class Fusion { elementwise, view, reduction, contraction, opaque, control };

// Operands (and attributes) on which the laws of the table are tested.
struct Sample {
  Arrays operands;
  Attrs attrs;
};

// Where an op of matrices runs on one matrix, outside vmap and jit: throws for results that mean nothing.
// Nothing is asked in lanes, where nobody could be told.
using CheckRule = void (*)(std::span<const Array> in, std::span<const Array> out);

struct Op {
  const char* name;
  const char* meaning;  // one sentence
  int operands;         // -1: any number
  std::vector<const char*> attributes;
  std::function<Types(std::span<const Type> in, const Attrs&)> type;  // throws Error(input) "[name] ..."
  Derivative derivative;
  Batching batching;
  Kernel kernel;
  ScratchRule scratch;  // null: none needed
  Fusion fusion;
  std::function<std::vector<Sample>()> samples;
  ViewRule view = nullptr;
  PrepareRule prepare = nullptr;
  std::optional<kernels::ElementCode> element = {};  // of an elementwise op: what it is in a fused program
  bool any_layout = false;  // its kernels write an output of any strides whose last axis touches
  CheckRule check = nullptr;
};

// The types of an op's outputs; throws Error(input) for operands or attributes that do not fit it.
Types result_types(const Op& op, std::span<const Type> in, const Attrs& attrs);

// The result of an op: computed at once when all operands are concrete, recorded when one is traced.
Arrays bind_op(const Op& op, std::span<const Array> operands, const Attrs& attrs = {});
inline Arrays bind_op(const Op& op, std::initializer_list<Array> operands, const Attrs& attrs = {}) {
  return bind_op(op, std::span(operands.begin(), operands.size()), attrs);
}

}  // namespace runnel
