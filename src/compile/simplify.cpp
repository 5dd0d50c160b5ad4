// Exact clean-up: equations that give an operand back unchanged go, and moves of elements that follow one
// another become one move. Only what keeps every bit is here: x + 0 is not x when x is -0,
// nor is a sum over no axes, which begins at 0.
#include <cmath>
#include <optional>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "graph/region.h"
#include "ops/table.h"

namespace runnel {
namespace {

class Simplifier {
 public:
  explicit Simplifier(const Graph& graph)
      : out_(graph), definition_(definitions(graph)), constant_(graph.types().size()) {
    for (const auto& c : graph.constants())
      if (c.value.size() == 1)
        constant_[c.id] = c.value;
      else if (const auto one = repeated_element(c.value))
        constant_[c.id] = *one;
  }

  GraphPtr run() {
    for (const Equation& eq : out_.from().equations()) {
      const RegionScope region(eq.region);
      if (is_op(eq, "broadcast")) constant_[eq.outputs[0]] = constant_[eq.inputs[0]];
      if (const auto same = unchanged_operand(eq)) {
        out_.set(eq.outputs[0], out_[*same]);
        become(eq.outputs[0], *same);
      } else if (!multiplied(eq) && !rectified(eq) && !merged_move(eq)) {
        out_.keep(eq);
      }
    }
    return out_.finish();
  }

 private:
  const Graph& graph() const { return out_.from(); }

  // What is known of one value is known of its equal.
  void become(ValueId id, ValueId same) {
    definition_[id] = definition_[same];
    constant_[id] = constant_[same];
  }

  bool is_number(ValueId id, double value) const {
    if (!constant_[id]) return false;
    const double x = constant_[id]->to_doubles()[0];
    return x == value && std::signbit(x) == std::signbit(value);
  }

  const Equation* definition(ValueId id) const {
    return definition_[id] == kNone ? nullptr : &graph().equations()[definition_[id]];
  }

  // The operand that the equation gives back bit by bit, if it does.
  std::optional<ValueId> unchanged_operand(const Equation& eq) const {
    const auto& in = eq.inputs;
    const auto is = [&](const char* name) { return is_op(eq, name); };
    if (is("stop_gradient")) return in[0];
    if (is("mul") && is_number(in[1], 1)) return in[0];
    if (is("mul") && is_number(in[0], 1)) return in[1];
    if (is("div") && is_number(in[1], 1)) return in[0];
    if (is("sub") && is_number(in[1], 0)) return in[0];
    if (is("select") && in[1] == in[2]) return in[1];
    if (is("select") && constant_[in[0]]) return is_number(in[0], 0) ? in[2] : in[1];
    if (is("neg") || is("logical_not"))
      if (const Equation* inner = definition(in[0]); inner != nullptr && inner->op == eq.op)
        return inner->inputs[0];
    const bool same_shape = !in.empty() && graph().type(in[0]) == graph().type(eq.outputs[0]);
    if (is("reshape") || is("broadcast") || is("slice") || is("pad")) {
      if (same_shape) return in[0];
    }
    if (is("transpose") && is_identity(eq.attrs.dims("permutation"))) return in[0];
    if (is("reverse") && eq.attrs.dims("axes").empty()) return in[0];
    return {};
  }

  static bool is_identity(const Dims& permutation) {
    for (std::size_t i = 0; i < permutation.size(); ++i)
      if (permutation[i] != static_cast<std::int64_t>(i)) return false;
    return true;
  }

  // x / 2^k as x * 2^-k: both round the same number, and a product is done sooner.
  bool multiplied(const Equation& eq) {
    const Type& type = graph().type(eq.outputs[0]);
    if (!is_op(eq, "div") || !is_float(type.dtype) || !constant_[eq.inputs[1]]) return false;
    const double divisor = constant_[eq.inputs[1]]->to_doubles()[0];
    int exponent = 0;
    const bool is_power = std::frexp(std::abs(divisor), &exponent) == 0.5;
    if (!is_power || std::abs(exponent) > 100) return false;
    const ValueId number = out_.constant(Array::scalar(1 / divisor, type.dtype));
    ValueId factor = number;
    if (type.shape.rank() > 0)
      factor = out_.emit(find_op("broadcast"), {number}, {{"shape", type.shape}, {"axes", Dims{}}})[0];
    out_.set(eq.outputs[0], out_.emit(find_op("mul"), {out_[eq.inputs[0]], factor}, {})[0]);
    return true;
  }

  // x <= 0 ? 0 : x as max(0, x): also of -0 and of nan, for the first operand stays unless the second is
  // more, or nan.
  bool rectified(const Equation& eq) {
    if (!is_op(eq, "select") || !is_number(eq.inputs[1], 0)) return false;
    const Equation* test = definition(eq.inputs[0]);
    if (test == nullptr || !is_op(*test, "le") || test->inputs[0] != eq.inputs[2]) return false;
    if (!is_float(graph().type(eq.inputs[2]).dtype) || !is_number(test->inputs[1], 0)) return false;
    out_.set(eq.outputs[0], out_.emit(find_op("max"), {out_[eq.inputs[1]], out_[eq.inputs[2]]}, {})[0]);
    return true;
  }

  // A move of what moves of the same kind made, as one move of the first operand.
  bool merged_move(const Equation& eq) {
    const bool is_reshape = is_op(eq, "reshape");
    const bool is_transpose = is_op(eq, "transpose");
    if (!is_reshape && !is_transpose) return false;
    ValueId source = eq.inputs[0];
    Attrs attrs = eq.attrs;
    for (const Equation* inner = definition(source); inner != nullptr && inner->op == eq.op;
         inner = definition(source)) {
      if (is_transpose) attrs = attrs.with("permutation", composed(*inner, attrs.dims("permutation")));
      source = inner->inputs[0];
    }
    if (source == eq.inputs[0]) return false;
    const bool nothing_left = graph().type(source) == graph().type(eq.outputs[0]) &&
                              (is_reshape || is_identity(attrs.dims("permutation")));
    if (nothing_left) {
      out_.set(eq.outputs[0], out_[source]);
      become(eq.outputs[0], source);
    } else {
      out_.set(eq.outputs[0], out_.emit(*eq.op, {out_[source]}, attrs)[0]);
    }
    return true;
  }

  // The permutation that does a transpose's and then another.
  static Dims composed(const Equation& first, const Dims& then) {
    Dims through;
    for (std::int64_t axis : then)
      through.push_back(first.attrs.dims("permutation")[static_cast<std::size_t>(axis)]);
    return through;
  }

  Rebuild out_;
  std::vector<std::size_t> definition_;         // of old values, followed through what went
  std::vector<std::optional<Array>> constant_;  // of old values: the one number that they repeat
};

}  // namespace

GraphPtr simplify(const GraphPtr& graph) {
  const GraphPtr inner = in_subgraphs(graph, simplify);
  return Simplifier(*inner).run();
}

}  // namespace runnel
