// Where a constant of a scan is a mere move of elements (a broadcast, a transpose, a slice), the move is made
// in the body: there it costs nothing, while the loop would have to be given a dense copy.
#include "compile/pipeline.h"
#include "compile/rebuild.h"

namespace runnel {
namespace {

bool is_move(const Equation& eq) {
  return is_op(eq, "broadcast") || is_op(eq, "transpose") || is_op(eq, "slice") || is_op(eq, "reverse");
}

void sink_into(Rebuild& out, const Equation& eq, const std::vector<std::size_t>& definition) {
  const Graph& graph = out.from();
  const ScanSpec s = scan_spec(eq.attrs);
  std::vector<ValueId> operands = eq.inputs;
  Graph::Data body{s.body->types(), s.body->inputs(), s.body->constants(), {}, s.body->outputs()};
  std::vector<Equation> moves;
  for (std::size_t i = 0; i < static_cast<std::size_t>(s.constants); ++i) {
    while (definition[operands[i]] != kNone && is_move(graph.equations()[definition[operands[i]]])) {
      const Equation& move = graph.equations()[definition[operands[i]]];
      operands[i] = move.inputs[0];
      const auto source = static_cast<ValueId>(body.types.size());
      body.types.push_back(graph.type(operands[i]));
      moves.push_back({move.op, {source}, move.attrs, {body.inputs[i]}});
      body.inputs[i] = source;
    }
  }
  if (moves.empty()) return out.keep(eq);
  // The innermost move of a chain was found last and comes first.
  body.equations.assign(moves.rbegin(), moves.rend());
  body.equations.insert(body.equations.end(), s.body->equations().begin(), s.body->equations().end());
  ScanSpec now = s;
  now.body = std::make_shared<const Graph>(std::move(body));
  const std::vector<ValueId> results = out.emit(*eq.op, out[operands], scan_attrs(now));
  for (std::size_t i = 0; i < results.size(); ++i) out.set(eq.outputs[i], results[i]);
}

}  // namespace

GraphPtr sink_views(const GraphPtr& graph) {
  const std::vector<std::size_t> definition = definitions(*graph);
  Rebuild out(*graph);
  for (const Equation& eq : graph->equations())
    if (is_op(eq, "scan"))
      sink_into(out, eq, definition);
    else
      out.keep(eq);
  return in_subgraphs(out.finish(), sink_views);
}

}  // namespace runnel
