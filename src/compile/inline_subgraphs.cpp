// The graphs of calls and checkpoints take the place of their equations. What a checkpoint computes again
// stands where the way back needs it, in a region of its own.
#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "graph/region.h"

namespace runnel {

namespace {

GraphPtr inlined(const GraphPtr& graph, Region& regions) {
  Rebuild out(*graph);
  for (const Equation& eq : graph->equations()) {
    if (is_op(eq, "call") || is_op(eq, "checkpoint")) {
      const GraphPtr inner = inlined(eq.attrs.graph("graph"), regions);
      const RegionScope region(is_op(eq, "checkpoint") ? ++regions : eq.region);
      const std::vector<ValueId> results = out.splice(*inner, out[eq.inputs]);
      for (std::size_t i = 0; i < results.size(); ++i) out.set(eq.outputs[i], results[i]);
    } else if (is_op(eq, "scan")) {
      out.keep(eq, eq.attrs.with("body", inlined(eq.attrs.graph("body"), regions)));
    } else if (is_op(eq, "vmap")) {
      out.keep(eq, eq.attrs.with("graph", inlined(eq.attrs.graph("graph"), regions)));
    } else {
      out.keep(eq);
    }
  }
  return out.finish();
}

}  // namespace

GraphPtr inline_subgraphs(const GraphPtr& graph) {
  Region regions = 0;
  return inlined(graph, regions);
}

}  // namespace runnel
