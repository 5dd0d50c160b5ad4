// The graphs of calls and checkpoints take the place of their equations. A checkpoint has done its work by
// now: what it computes again stands where the way back needs it.
#include "compile/pipeline.h"
#include "compile/rebuild.h"

namespace runnel {

GraphPtr inline_subgraphs(const GraphPtr& graph) {
  Rebuild out(*graph);
  for (const Equation& eq : graph->equations()) {
    if (is_op(eq, "call") || is_op(eq, "checkpoint")) {
      const GraphPtr inner = inline_subgraphs(eq.attrs.graph("graph"));
      const std::vector<ValueId> results = out.splice(*inner, out[eq.inputs]);
      for (std::size_t i = 0; i < results.size(); ++i) out.set(eq.outputs[i], results[i]);
    } else if (is_op(eq, "scan")) {
      out.keep(eq, eq.attrs.with("body", inline_subgraphs(eq.attrs.graph("body"))));
    } else if (is_op(eq, "vmap")) {
      out.keep(eq, eq.attrs.with("graph", inline_subgraphs(eq.attrs.graph("graph"))));
    } else {
      out.keep(eq);
    }
  }
  return out.finish();
}

}  // namespace runnel
