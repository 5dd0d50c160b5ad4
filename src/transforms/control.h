// How ops that hold sub-graphs are differentiated and batched: by transforming the sub-graph.
#pragma once

#include "transforms/inline.h"

namespace runnel {

struct ControlRule {
  Pushed (*push_forward)(const Attrs&, const Arrays& in, const std::vector<MaybeArray>& tangents);
  // Outputs, and what pull_back() will need.
  struct Forward {
    Arrays outputs;
    Arrays residuals;
  };
  Forward (*run_forward)(const Attrs&, const Arrays& in, const Flags& active);
  std::vector<MaybeArray> (*pull_back)(const Attrs&, const Arrays& in, const Flags& active,
                                       const Arrays& residuals, const std::vector<MaybeArray>& cotangents);
  Batched (*run_batched)(const Attrs&, const Arrays& in, const Flags& batched, std::int64_t lanes);
  Flags (*active_outputs)(const Attrs&, const Flags& active);
};

// The rule of an op whose cells say BySubgraph; throws for another.
const ControlRule& control_rule(const Op& op);

const ControlRule& scan_rule();
const ControlRule& checkpoint_rule();
const ControlRule& call_rule();

// ---- graph to graph ------------------------------------------------------------------------------------
// Inputs: all primals, then tangents of the active ones. Outputs: all outputs, then tangents of the active
// outputs.
GraphPtr jvp_graph(const GraphPtr& graph, const Flags& active);
// Inputs: all primals, then cotangents of the active outputs. Outputs: cotangents of the active inputs.
GraphPtr vjp_graph(const GraphPtr& graph, const Flags& active);
// forward: inputs to (outputs, residuals); backward: (cotangents of the active outputs, residuals) to
// cotangents of the active inputs.
struct SplitVjp {
  GraphPtr forward;
  GraphPtr backward;
};
SplitVjp split_vjp_graph(const GraphPtr& graph, const Flags& active);
// The graph with a last axis more on the batched inputs and on all outputs.
GraphPtr vmap_graph(const GraphPtr& graph, const Flags& batched, std::int64_t lanes);

}  // namespace runnel
