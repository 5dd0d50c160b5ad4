#include "transforms/control.h"

#include <string_view>

#include "core/fail.h"
#include "graph/notes.h"
#include "ops/helpers.h"

namespace runnel {

const ControlRule& control_rule(const Op& op) {
  const std::string_view name = op.name;
  if (name == "scan") return scan_rule();
  if (name == "checkpoint") return checkpoint_rule();
  if (name == "call") return call_rule();
  fail("[{}] says that its sub-graph defines its rules, but has none", name);
}

namespace {

std::vector<MaybeArray> tangents_at(const Flags& active, const Arrays& given) {
  std::vector<MaybeArray> out(active.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < active.size(); ++i)
    if (active[i]) out[i] = given[next++];
  return out;
}

Arrays present(const std::vector<MaybeArray>& maybe, const Arrays& like, const Flags& wanted) {
  Arrays out;
  for (std::size_t i = 0; i < maybe.size(); ++i)
    if (wanted[i]) out.push_back(maybe[i] ? *maybe[i] : zeros_like(like[i]));
  return out;
}

Arrays with(Arrays first, const Arrays& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

GraphPtr jvp_graph(const GraphPtr& graph, const Flags& active) {
  return kept_with<GraphPtr>(*graph, Transform::jvp, active, 0, [&] {
    Builder builder;
    const Arrays primals = builder.inputs(graph->input_types());
    const Arrays tangents = builder.inputs(where(graph->input_types(), active));
    const Pushed pushed = push_forward(*graph, primals, tangents_at(active, tangents));
    return builder.finish_closed(
        with(pushed.outputs, present(pushed.tangents, pushed.outputs, active_outputs(*graph, active))));
  });
}

GraphPtr vjp_graph(const GraphPtr& graph, const Flags& active) {
  return kept_with<GraphPtr>(*graph, Transform::vjp, active, 0, [&] {
    Builder builder;
    const Arrays primals = builder.inputs(graph->input_types());
    const Tape tape = run_forward(graph, primals, active);
    const Flags out_active = active_outputs(tape);
    const Arrays cts = builder.inputs(where(graph->output_types(), out_active));
    return builder.finish_closed(present(pull_back(tape, tangents_at(out_active, cts)), primals, active));
  });
}

SplitVjp split_vjp_graph(const GraphPtr& graph, const Flags& active) {
  return kept_with<SplitVjp>(*graph, Transform::split_vjp, active, 0, [&]() -> SplitVjp {
    Builder forward;
    const Arrays primals = forward.inputs(graph->input_types());
    const Tape tape = run_forward(graph, primals, active);
    const Flags out_active = active_outputs(tape);
    // The way back is traced inside the forward trace: what it takes from there becomes its captured inputs,
    // the residuals.
    Traced back;
    {
      Builder backward;
      const Arrays cts = backward.inputs(where(graph->output_types(), out_active));
      back = backward.finish(present(pull_back(tape, tangents_at(out_active, cts)), primals, active));
    }
    return {forward.finish_closed(with(outputs_of(tape), back.captured)), back.graph};
  });
}

GraphPtr vmap_graph(const GraphPtr& graph, const Flags& batched, std::int64_t lanes) {
  return kept_with<GraphPtr>(*graph, Transform::vmap, batched, lanes, [&] {
    Builder builder;
    std::vector<Type> types = graph->input_types();
    for (std::size_t i = 0; i < types.size(); ++i)
      if (batched[i]) types[i].shape.push_back(lanes);
    const Batched out = run_batched(*graph, builder.inputs(types), batched, lanes);
    return builder.finish_closed(all_with_lanes(out.outputs, out.batched, lanes));
  });
}

// ---- call and checkpoint -------------------------------------------------------------------------------

namespace {

const GraphPtr& graph_of(const Attrs& attrs) { return attrs.graph("graph"); }

template <const char* Name>
Arrays bind_graph(const GraphPtr& graph, const Arrays& in) {
  return bind_op(find_op(Name), in, {{"graph", graph}});
}

Flags flags_of(const std::vector<MaybeArray>& maybe) {
  Flags out;
  for (const MaybeArray& m : maybe) out.push_back(m.has_value());
  return out;
}

template <const char* Name>
Pushed push_subgraph(const Attrs& attrs, const Arrays& in, const std::vector<MaybeArray>& tangents) {
  const GraphPtr& graph = graph_of(attrs);
  const Flags active = flags_of(tangents);
  Arrays out = bind_graph<Name>(jvp_graph(graph, active), with(in, present(tangents, in, active)));
  const auto outputs = static_cast<std::ptrdiff_t>(graph->outputs().size());
  const Arrays moved(out.begin() + outputs, out.end());
  out.resize(graph->outputs().size());
  return {out, tangents_at(active_outputs(*graph, active), moved)};
}

template <const char* Name>
Batched batch_subgraph(const Attrs& attrs, const Arrays& in, const Flags& batched, std::int64_t lanes) {
  Arrays out = bind_graph<Name>(vmap_graph(graph_of(attrs), batched, lanes), in);
  return {out, Flags(out.size(), true)};
}

Flags subgraph_active(const Attrs& attrs, const Flags& active) {
  return active_outputs(*graph_of(attrs), active);
}

// The cotangents that the way back takes: of the active outputs, zeros where none came.
Arrays cotangents_of(const GraphPtr& graph, const Flags& active, const std::vector<MaybeArray>& cotangents) {
  const Flags out_active = active_outputs(*graph, active);
  Arrays out;
  for (std::size_t i = 0; i < cotangents.size(); ++i) {
    const Type& type = graph->type(graph->outputs()[i]);
    if (out_active[i]) out.push_back(cotangents[i] ? *cotangents[i] : Array::zeros(type.shape, type.dtype));
  }
  return out;
}

Flags float_only(const Flags& active, const Arrays& in) {
  Flags out = active;
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = out[i] && is_float(in[i].dtype());
  return out;
}

constexpr char kCall[] = "call";
constexpr char kCheckpoint[] = "checkpoint";

}  // namespace

const ControlRule& call_rule() {
  static const ControlRule rule{
      push_subgraph<kCall>,
      [](const Attrs& attrs, const Arrays& in, const Flags& active) -> ControlRule::Forward {
        const GraphPtr& graph = graph_of(attrs);
        Arrays out = bind_graph<kCall>(split_vjp_graph(graph, float_only(active, in)).forward, in);
        const Arrays residuals(out.begin() + static_cast<std::ptrdiff_t>(graph->outputs().size()), out.end());
        out.resize(graph->outputs().size());
        return {out, residuals};
      },
      [](const Attrs& attrs, const Arrays& in, const Flags& active, const Arrays& residuals,
         const std::vector<MaybeArray>& cotangents) {
        const GraphPtr& graph = graph_of(attrs);
        const Flags wanted = float_only(active, in);
        return tangents_at(wanted,
                           bind_graph<kCall>(split_vjp_graph(graph, wanted).backward,
                                             with(cotangents_of(graph, wanted, cotangents), residuals)));
      },
      batch_subgraph<kCall>, subgraph_active};
  return rule;
}

const ControlRule& checkpoint_rule() {
  static const ControlRule rule{
      push_subgraph<kCheckpoint>,
      [](const Attrs& attrs, const Arrays& in, const Flags&) -> ControlRule::Forward {
        return {bind_graph<kCheckpoint>(graph_of(attrs), in), {}};
      },
      [](const Attrs& attrs, const Arrays& in, const Flags& active, const Arrays&,
         const std::vector<MaybeArray>& cotangents) {
        const GraphPtr& graph = graph_of(attrs);
        const Flags wanted = float_only(active, in);
        return tangents_at(wanted,
                           bind_graph<kCheckpoint>(vjp_graph(graph, wanted),
                                                   with(in, cotangents_of(graph, wanted, cotangents))));
      },
      batch_subgraph<kCheckpoint>, subgraph_active};
  return rule;
}

}  // namespace runnel
