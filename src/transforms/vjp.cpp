// Reverse mode: cotangents flow from outputs to inputs over a remembered forward run.
#include <algorithm>

#include "ops/helpers.h"
#include "transforms/control.h"

namespace runnel {
namespace {

bool varies(const Derivative& derivative) {
  if (std::holds_alternative<NoDerivative>(derivative)) return false;
  const auto* partials = std::get_if<Partials>(&derivative);
  return partials == nullptr || std::any_of(partials->of.begin(), partials->of.end(),
                                            [](const Partial& p) { return p.kind != Partial::Kind::zero; });
}

Flags flags_of(const Flags& by_id, const std::vector<ValueId>& ids) {
  Flags out;
  for (ValueId id : ids) out.push_back(by_id[id]);
  return out;
}

bool any_of(const Flags& flags) { return std::find(flags.begin(), flags.end(), true) != flags.end(); }

// Marks the outputs of an equation; `active` is by id.
void mark_outputs(const Graph& graph, const Equation& eq, Flags& active) {
  const Flags in = flags_of(active, eq.inputs);
  if (!any_of(in) || !varies(eq.op->derivative)) return;
  Flags out(eq.outputs.size(), true);
  if (std::holds_alternative<BySubgraph>(eq.op->derivative))
    out = control_rule(*eq.op).active_outputs(eq.attrs, in);
  for (std::size_t i = 0; i < eq.outputs.size(); ++i)
    active[eq.outputs[i]] = out[i] && is_float(graph.type(eq.outputs[i]).dtype);
}

struct Rule {
  const Equation& eq;
  const Arrays& in;
  const Arrays& out;
  const Flags& active;                        // of the operands
  const std::vector<MaybeArray>& cotangents;  // of the outputs; at least one is there

  using Result = std::vector<MaybeArray>;

  Result operator()(const NoDerivative&) const { return Result(in.size()); }

  Result operator()(const Partials& rule) const {
    Result result(in.size());
    const Array& ct = *cotangents[0];
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!active[i]) continue;
      switch (rule.of[i].kind) {
        case Partial::Kind::zero:
          break;
        case Partial::Kind::one:
          result[i] = ct;
          break;
        case Partial::Kind::minus_one:
          result[i] = neg(ct);
          break;
        case Partial::Kind::expression:
          result[i] = mul(ct, rule.of[i].expression(in, out[0]));
          break;
      }
    }
    return result;
  }

  Result operator()(const Linear& rule) const {
    Result result(in.size());
    Flags rest(in.size(), false);
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!active[i]) continue;
      if (rule.in(i))
        result[i] = rule.transpose(*cotangents[0], in, i, eq.attrs);
      else
        rest[i] = true;
    }
    if (any_of(rest) && rule.rest.jvp) {
      Result others = transposed(rule.rest, rest);
      for (std::size_t i = 0; i < in.size(); ++i)
        if (rest[i]) result[i] = others[i];
    }
    return result;
  }

  Result operator()(const ForwardRule& rule) const { return transposed(rule, active); }
  Result operator()(const BySubgraph&) const { fail("[{}] is differentiated by its sub-graph", eq.op->name); }
  Result operator()(const Dissolves&) const { fail("[{}] should have been dissolved", eq.op->name); }
  Result operator()(const Unsupported& cell) const {
    fail("[{}] has no derivative: {}", eq.op->name, cell.why);
  }

  // The reverse rule that a forward rule implies: tangents of outputs are linear in tangents of operands, and
  // the pull-back of a linear function does not depend on where it is taken.
  Result transposed(const ForwardRule& rule, const Flags& operands) const {
    Builder builder;
    std::vector<MaybeArray> tangents(in.size());
    Arrays zeros;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (operands[i]) {
        tangents[i] = builder.input(in[i].type());
        zeros.push_back(zeros_like(in[i]));
      }
    const std::vector<MaybeArray> moved = rule.jvp(in, out, tangents, eq.attrs);
    Arrays outputs;
    std::vector<MaybeArray> cts;
    for (std::size_t i = 0; i < moved.size(); ++i)
      if (moved[i] && cotangents[i]) {
        outputs.push_back(*moved[i]);
        cts.push_back(cotangents[i]);
      }
    const Traced linear = builder.finish(outputs);
    Flags active_inputs(zeros.size(), true);
    Arrays arguments = zeros;
    arguments.insert(arguments.end(), linear.captured.begin(), linear.captured.end());
    active_inputs.resize(arguments.size(), false);
    const std::vector<MaybeArray> pulled =
        pull_back(run_forward(linear.graph, arguments, active_inputs), cts);
    Result result(in.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (operands[i]) result[i] = pulled[next++];
    return result;
  }
};

}  // namespace

Flags active_outputs(const Graph& graph, const Flags& active_inputs) {
  if (const GraphPtr dissolved = without_vmaps(graph)) return active_outputs(*dissolved, active_inputs);
  Flags active(graph.types().size(), false);
  for (std::size_t i = 0; i < active_inputs.size(); ++i)
    active[graph.inputs()[i]] = active_inputs[i] && is_float(graph.type(graph.inputs()[i]).dtype);
  for (const Equation& eq : graph.equations()) mark_outputs(graph, eq, active);
  return flags_of(active, graph.outputs());
}

Tape run_forward(const GraphPtr& graph, const Arrays& arguments, const Flags& active_inputs) {
  if (const GraphPtr dissolved = without_vmaps(*graph))
    return run_forward(dissolved, arguments, active_inputs);
  Tape tape{graph, Arrays(graph->types().size()), Flags(graph->types().size(), false),
            std::vector<Arrays>(graph->equations().size())};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const ValueId id = graph->inputs()[i];
    tape.values[id] = arguments[i];
    tape.active[id] = active_inputs[i] && is_float(graph->type(id).dtype);
  }
  for (const auto& constant : graph->constants()) tape.values[constant.id] = constant.value;
  for (std::size_t e = 0; e < graph->equations().size(); ++e) {
    const Equation& eq = graph->equations()[e];
    Arrays in;
    for (ValueId id : eq.inputs) in.push_back(tape.values[id]);
    mark_outputs(*graph, eq, tape.active);
    Arrays out;
    if (std::holds_alternative<BySubgraph>(eq.op->derivative) && any_of(flags_of(tape.active, eq.outputs))) {
      auto forward = control_rule(*eq.op).run_forward(eq.attrs, in, flags_of(tape.active, eq.inputs));
      out = std::move(forward.outputs);
      tape.residuals[e] = std::move(forward.residuals);
    } else {
      out = bind_op(*eq.op, in, eq.attrs);
    }
    for (std::size_t i = 0; i < out.size(); ++i) tape.values[eq.outputs[i]] = std::move(out[i]);
  }
  return tape;
}

Arrays outputs_of(const Tape& tape) {
  Arrays out;
  for (ValueId id : tape.graph->outputs()) out.push_back(tape.values[id]);
  return out;
}

Flags active_outputs(const Tape& tape) { return flags_of(tape.active, tape.graph->outputs()); }

std::vector<MaybeArray> pull_back(const Tape& tape, const std::vector<MaybeArray>& cotangents) {
  const Graph& graph = *tape.graph;
  std::vector<MaybeArray> cts(graph.types().size());
  for (std::size_t i = 0; i < cotangents.size(); ++i)
    if (cotangents[i] && tape.active[graph.outputs()[i]]) accumulate(cts[graph.outputs()[i]], *cotangents[i]);
  for (std::size_t e = graph.equations().size(); e-- > 0;) {
    const Equation& eq = graph.equations()[e];
    std::vector<MaybeArray> of_outputs;
    bool any = false;
    for (ValueId id : eq.outputs) {
      of_outputs.push_back(cts[id]);
      any = any || cts[id].has_value();
      cts[id].reset();
    }
    if (!any) continue;
    Arrays in;
    for (ValueId id : eq.inputs) in.push_back(tape.values[id]);
    Arrays out;
    for (ValueId id : eq.outputs) out.push_back(tape.values[id]);
    const Flags active = flags_of(tape.active, eq.inputs);
    const std::vector<MaybeArray> of_inputs =
        std::holds_alternative<BySubgraph>(eq.op->derivative)
            ? control_rule(*eq.op).pull_back(eq.attrs, in, active, tape.residuals[e], of_outputs)
            : std::visit(Rule{eq, in, out, active, of_outputs}, eq.op->derivative);
    for (std::size_t i = 0; i < eq.inputs.size(); ++i)
      if (active[i] && of_inputs[i]) accumulate(cts[eq.inputs[i]], *of_inputs[i]);
  }
  std::vector<MaybeArray> out;
  for (ValueId id : graph.inputs()) out.push_back(cts[id]);
  return out;
}

}  // namespace runnel
