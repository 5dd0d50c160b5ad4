// Forward mode: a tangent beside every value.
#include "ops/helpers.h"
#include "transforms/control.h"

namespace runnel {

Array zeros_like(const Array& x) { return Array::zeros(x.shape(), x.dtype()); }

void accumulate(MaybeArray& into, const Array& x) { into = into ? add(*into, x) : x; }

namespace {

struct Rule {
  const Equation& eq;
  const Arrays& in;
  const Arrays& out;
  const std::vector<MaybeArray>& tangents;

  std::vector<MaybeArray> operator()(const NoDerivative&) const {
    return std::vector<MaybeArray>(out.size());
  }

  std::vector<MaybeArray> operator()(const Partials& rule) const {
    MaybeArray total;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!tangents[i]) continue;
      const Partial& partial = rule.of[i];
      switch (partial.kind) {
        case Partial::Kind::zero:
          break;
        case Partial::Kind::one:
          accumulate(total, *tangents[i]);
          break;
        case Partial::Kind::minus_one:
          accumulate(total, neg(*tangents[i]));
          break;
        case Partial::Kind::expression:
          accumulate(total, mul(partial.expression(in, out[0]), *tangents[i]));
          break;
      }
    }
    return {total};
  }

  std::vector<MaybeArray> operator()(const Linear& rule) const {
    if (!is_float(out[0].dtype())) return {{}};  // a conversion to integers moves in steps
    MaybeArray total;
    Arrays operands = in;
    bool any = false;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!rule.in(i) || !tangents[i]) {
        if (rule.in(i) && rule.how == Linear::How::jointly) operands[i] = zeros_like(in[i]);
        continue;
      }
      any = true;
      operands[i] = *tangents[i];
      if (rule.how == Linear::How::each) {
        accumulate(total, bind_op(*eq.op, operands, eq.attrs)[0]);
        operands[i] = in[i];
      }
    }
    if (rule.how == Linear::How::jointly && any) total = bind_op(*eq.op, operands, eq.attrs)[0];
    if (rule.rest.jvp) {
      std::vector<MaybeArray> others = tangents;
      bool moved = false;
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (rule.in(i)) others[i].reset();
        moved = moved || others[i].has_value();
      }
      if (moved) accumulate(total, *rule.rest.jvp(in, out, others, eq.attrs)[0]);
    }
    return {total};
  }

  std::vector<MaybeArray> operator()(const ForwardRule& rule) const {
    return rule.jvp(in, out, tangents, eq.attrs);
  }
  std::vector<MaybeArray> operator()(const BySubgraph&) const {
    fail("[{}] is differentiated by its sub-graph", eq.op->name);
  }
  std::vector<MaybeArray> operator()(const Dissolves&) const {
    fail("[{}] should have been dissolved", eq.op->name);
  }
  std::vector<MaybeArray> operator()(const Unsupported& cell) const {
    fail("[{}] has no derivative: {}", eq.op->name, cell.why);
  }
};

}  // namespace

Pushed push_forward(const Graph& graph, const Arrays& primals, const std::vector<MaybeArray>& tangents) {
  if (const GraphPtr dissolved = without_vmaps(graph)) return push_forward(*dissolved, primals, tangents);
  Arrays values(graph.types().size());
  std::vector<MaybeArray> moved(graph.types().size());
  for (std::size_t i = 0; i < primals.size(); ++i) {
    values[graph.inputs()[i]] = primals[i];
    moved[graph.inputs()[i]] = tangents[i];
  }
  for (const auto& constant : graph.constants()) values[constant.id] = constant.value;
  for (const Equation& eq : graph.equations()) {
    Arrays in;
    std::vector<MaybeArray> t;
    bool any = false;
    for (ValueId id : eq.inputs) {
      in.push_back(values[id]);
      t.push_back(moved[id]);
      any = any || moved[id].has_value();
    }
    Pushed result;
    if (any && std::holds_alternative<BySubgraph>(eq.op->derivative)) {
      result = control_rule(*eq.op).push_forward(eq.attrs, in, t);
    } else {
      result.outputs = bind_op(*eq.op, in, eq.attrs);
      result.tangents.resize(result.outputs.size());
      if (any) result.tangents = std::visit(Rule{eq, in, result.outputs, t}, eq.op->derivative);
    }
    for (std::size_t i = 0; i < eq.outputs.size(); ++i) {
      values[eq.outputs[i]] = result.outputs[i];
      moved[eq.outputs[i]] = result.tangents[i];
    }
  }
  Pushed out;
  for (ValueId id : graph.outputs()) {
    out.outputs.push_back(values[id]);
    out.tangents.push_back(moved[id]);
  }
  return out;
}

}  // namespace runnel
