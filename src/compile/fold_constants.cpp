// Equations of constants alone are computed now, where the result is small.
#include <algorithm>
#include <optional>

#include "compile/pipeline.h"
#include "compile/rebuild.h"

namespace runnel {
namespace {

// A larger constant would cost more memory than its computation costs time.
constexpr std::size_t kMostBytes = 1 << 16;

bool is_small(const Graph& graph, const Equation& eq) {
  std::size_t bytes = 0;
  for (ValueId id : eq.outputs)
    bytes += static_cast<std::size_t>(graph.type(id).shape.product()) * size_of(graph.type(id).dtype);
  return bytes <= kMostBytes;
}

}  // namespace

GraphPtr fold_constants(const GraphPtr& graph) {
  const GraphPtr inner = in_subgraphs(graph, fold_constants);
  std::vector<std::optional<Array>> known(inner->types().size());
  for (const auto& c : inner->constants()) known[c.id] = c.value;
  Rebuild out(*inner);
  for (const Equation& eq : inner->equations()) {
    const bool of_constants =
        std::all_of(eq.inputs.begin(), eq.inputs.end(), [&](ValueId id) { return known[id].has_value(); });
    // Loops stay: nobody knows how long they take.
    if (!of_constants || eq.op->fusion == Fusion::control || !is_small(*inner, eq)) {
      out.keep(eq);
      continue;
    }
    Arrays operands;
    for (ValueId id : eq.inputs) operands.push_back(*known[id]);
    const Arrays results = bind_op(*eq.op, operands, eq.attrs);
    for (std::size_t i = 0; i < results.size(); ++i) {
      known[eq.outputs[i]] = results[i];
      out.set(eq.outputs[i], out.constant(results[i]));
    }
  }
  return out.finish();
}

}  // namespace runnel
