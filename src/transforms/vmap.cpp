// Batching: every value may carry lanes in a last axis; values that do not depend on lanes stay without.
#include <algorithm>
#include <string_view>

#include "graph/region.h"
#include "ops/control.h"
#include "ops/helpers.h"
#include "transforms/control.h"

namespace runnel {

GraphPtr without_vmaps(const Graph& graph) {
  const auto is_vmap = [](const Equation& eq) { return std::string_view(eq.op->name) == "vmap"; };
  if (std::none_of(graph.equations().begin(), graph.equations().end(), is_vmap)) return nullptr;
  Builder builder;
  Arrays values(graph.types().size());
  for (ValueId id : graph.inputs()) values[id] = builder.input(graph.type(id));
  for (const auto& constant : graph.constants()) values[constant.id] = constant.value;
  for (const Equation& eq : graph.equations()) {
    const RegionScope region(eq.region);
    Arrays in;
    for (ValueId id : eq.inputs) in.push_back(values[id]);
    Arrays out;
    if (is_vmap(eq)) {
      const VmapSpec s = vmap_spec(eq.attrs);
      const Batched result = run_batched(*s.graph, in, s.batched, s.lanes);
      out = all_with_lanes(result.outputs, result.batched, s.lanes);
    } else {
      out = bind_op(*eq.op, in, eq.attrs);
    }
    for (std::size_t i = 0; i < out.size(); ++i) values[eq.outputs[i]] = out[i];
  }
  Arrays outputs;
  for (ValueId id : graph.outputs()) outputs.push_back(values[id]);
  return builder.finish_closed(outputs);
}

Batched run_batched(const Graph& graph, const Arrays& arguments, const Flags& batched, std::int64_t lanes) {
  if (const GraphPtr dissolved = without_vmaps(graph))
    return run_batched(*dissolved, arguments, batched, lanes);
  Arrays values(graph.types().size());
  Flags has_lanes(graph.types().size(), false);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    values[graph.inputs()[i]] = arguments[i];
    has_lanes[graph.inputs()[i]] = batched[i];
  }
  for (const auto& constant : graph.constants()) values[constant.id] = constant.value;
  for (const Equation& eq : graph.equations()) {
    const RegionScope region(eq.region);
    Arrays in;
    Flags flags;
    bool any = false;
    for (ValueId id : eq.inputs) {
      in.push_back(values[id]);
      flags.push_back(has_lanes[id]);
      any = any || has_lanes[id];
    }
    Batched result;
    if (!any) {
      result = {bind_op(*eq.op, in, eq.attrs), Flags(eq.outputs.size(), false)};
    } else if (const auto* rule = std::get_if<BatchRule>(&eq.op->batching)) {
      result = {rule->rule(in, flags, eq.attrs, lanes), Flags(eq.outputs.size(), true)};
    } else if (std::holds_alternative<BySubgraph>(eq.op->batching)) {
      result = control_rule(*eq.op).run_batched(eq.attrs, in, flags, lanes);
    } else {
      const auto* cell = std::get_if<Unsupported>(&eq.op->batching);
      fail("[{}] cannot be batched: {}", eq.op->name, cell != nullptr ? cell->why : "it has no operands");
    }
    for (std::size_t i = 0; i < eq.outputs.size(); ++i) {
      values[eq.outputs[i]] = result.outputs[i];
      has_lanes[eq.outputs[i]] = result.batched[i];
    }
  }
  Batched out;
  for (ValueId id : graph.outputs()) {
    out.outputs.push_back(values[id]);
    out.batched.push_back(has_lanes[id]);
  }
  return out;
}

}  // namespace runnel
