// What a scan's body computes from its constants alone is the same in every step: it moves before the loop,
// and its results become further constants of the body.
#include <algorithm>

#include "compile/pipeline.h"
#include "compile/rebuild.h"

namespace runnel {
namespace {

// By value of the body: whether it is the same in every step.
std::vector<bool> invariant_values(const ScanSpec& s) {
  const Graph& body = *s.body;
  std::vector<bool> same(body.types().size(), false);
  for (std::size_t i = 0; i < static_cast<std::size_t>(s.constants); ++i) same[body.inputs()[i]] = true;
  for (const auto& c : body.constants()) same[c.id] = true;
  for (const Equation& eq : body.equations())
    if (std::all_of(eq.inputs.begin(), eq.inputs.end(), [&](ValueId id) { return same[id]; }))
      for (ValueId id : eq.outputs) same[id] = true;
  return same;
}

// Values to compute before the loop: what invariant work gives to the rest of the body. A move of elements
// costs nothing where it stands, so what crosses is its operand.
std::vector<bool> crossing_values(const Graph& body, const std::vector<bool>& same) {
  std::vector<bool> crossing(body.types().size(), false);
  const std::vector<std::size_t> definition = definitions(body);
  std::vector<bool> wanted(body.types().size(), false);  // by equations that stay
  for (ValueId id : body.outputs()) wanted[id] = true;
  for (std::size_t e = body.equations().size(); e-- > 0;) {
    const Equation& eq = body.equations()[e];
    const bool invariant = same[eq.outputs[0]];
    const bool any_wanted =
        std::any_of(eq.outputs.begin(), eq.outputs.end(), [&](ValueId id) { return wanted[id]; });
    if (invariant && eq.op->fusion != Fusion::view) {
      for (ValueId id : eq.outputs) crossing[id] = wanted[id];
    } else if (!invariant || any_wanted) {
      for (ValueId id : eq.inputs) wanted[id] = true;
    }
  }
  for (std::size_t id = 0; id < crossing.size(); ++id)
    if (definition[id] == kNone) crossing[id] = false;
  return crossing;
}

// The equations on which the crossing values depend.
std::vector<bool> hoisted_equations(const Graph& body, const std::vector<bool>& same,
                                    const std::vector<bool>& crossing) {
  std::vector<bool> needed = crossing;
  std::vector<bool> hoisted(body.equations().size(), false);
  for (std::size_t e = body.equations().size(); e-- > 0;) {
    const Equation& eq = body.equations()[e];
    if (!same[eq.outputs[0]]) continue;
    hoisted[e] = std::any_of(eq.outputs.begin(), eq.outputs.end(), [&](ValueId id) { return needed[id]; });
    if (hoisted[e])
      for (ValueId id : eq.inputs) needed[id] = true;
  }
  return hoisted;
}

// The equations that the body still needs when the crossing values are given to it.
std::vector<Equation> equations_left(const Graph& body, const std::vector<bool>& crossing) {
  std::vector<bool> needed(body.types().size(), false);
  for (ValueId id : body.outputs()) needed[id] = true;
  std::vector<Equation> left;
  for (std::size_t e = body.equations().size(); e-- > 0;) {
    const Equation& eq = body.equations()[e];
    if (std::none_of(eq.outputs.begin(), eq.outputs.end(),
                     [&](ValueId id) { return needed[id] && !crossing[id]; }))
      continue;
    for (ValueId id : eq.inputs) needed[id] = true;
    left.push_back(eq);
  }
  std::reverse(left.begin(), left.end());
  return left;
}

void hoist_from(Rebuild& out, const Equation& eq) {
  const ScanSpec s = scan_spec(eq.attrs);
  const Graph& body = *s.body;
  const std::vector<bool> same = invariant_values(s);
  const std::vector<bool> crossing = crossing_values(body, same);
  const std::vector<bool> hoisted = hoisted_equations(body, same, crossing);
  if (s.length == 0 || std::none_of(crossing.begin(), crossing.end(), [](bool c) { return c; }))
    return out.keep(eq);

  // Before the loop.
  std::vector<ValueId> outside(body.types().size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(s.constants); ++i)
    outside[body.inputs()[i]] = out[eq.inputs[i]];
  for (const auto& c : body.constants()) outside[c.id] = out.constant(c.value);
  std::vector<ValueId> operands = out[eq.inputs];
  std::vector<ValueId> more;
  for (std::size_t e = 0; e < body.equations().size(); ++e) {
    if (!hoisted[e]) continue;
    const Equation& inner = body.equations()[e];
    std::vector<ValueId> in;
    for (ValueId id : inner.inputs) in.push_back(outside[id]);
    const std::vector<ValueId> results = out.emit(*inner.op, in, inner.attrs);
    for (std::size_t i = 0; i < results.size(); ++i) outside[inner.outputs[i]] = results[i];
  }

  // In it: crossing values are inputs now.
  Graph::Data data{body.types(), {}, body.constants(), {}, body.outputs()};
  for (std::size_t id = 0; id < crossing.size(); ++id)
    if (crossing[id]) {
      data.inputs.push_back(static_cast<ValueId>(id));
      more.push_back(outside[id]);
    }
  data.inputs.insert(data.inputs.end(), body.inputs().begin(), body.inputs().end());
  data.equations = equations_left(body, crossing);
  operands.insert(operands.begin(), more.begin(), more.end());
  const ScanSpec now{std::make_shared<const Graph>(std::move(data)), s.length,
                     s.constants + static_cast<std::int64_t>(more.size()), s.carries, s.reverse};
  const std::vector<ValueId> results = out.emit(*eq.op, operands, scan_attrs(now));
  for (std::size_t i = 0; i < results.size(); ++i) out.set(eq.outputs[i], results[i]);
}

}  // namespace

GraphPtr hoist_invariants(const GraphPtr& graph) {
  const GraphPtr inner = in_subgraphs(graph, hoist_invariants);
  Rebuild out(*inner);
  for (const Equation& eq : inner->equations())
    if (is_op(eq, "scan"))
      hoist_from(out, eq);
    else
      out.keep(eq);
  return out.finish();
}

}  // namespace runnel
