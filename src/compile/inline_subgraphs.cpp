// The graphs of calls and checkpoints take the place of their equations. A checkpoint has done its work by
// now: what it computes again stands where the way back needs it.
#include <string_view>

#include "compile/pipeline.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace runnel {
namespace {

Arrays evaluate_inlined(const Graph& graph, const Arrays& arguments) {
  Arrays values(graph.types().size());
  for (std::size_t i = 0; i < arguments.size(); ++i) values[graph.inputs()[i]] = arguments[i];
  for (const auto& constant : graph.constants()) values[constant.id] = constant.value;
  for (const Equation& eq : graph.equations()) {
    Arrays in;
    for (ValueId id : eq.inputs) in.push_back(values[id]);
    const std::string_view name = eq.op->name;
    Arrays out;
    if (name == "call" || name == "checkpoint")
      out = evaluate_inlined(*eq.attrs.graph("graph"), in);
    else if (name == "scan")
      out = bind_op(*eq.op, in, eq.attrs.with("body", inline_subgraphs(eq.attrs.graph("body"))));
    else
      out = bind_op(*eq.op, in, eq.attrs);
    for (std::size_t i = 0; i < out.size(); ++i) values[eq.outputs[i]] = out[i];
  }
  Arrays out;
  for (ValueId id : graph.outputs()) out.push_back(values[id]);
  return out;
}

}  // namespace

GraphPtr inline_subgraphs(const GraphPtr& graph) {
  Builder builder;
  return builder.finish_closed(evaluate_inlined(*graph, builder.inputs(graph->input_types())));
}

}  // namespace runnel
