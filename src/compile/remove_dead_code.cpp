// Equations that no output depends on go; so do stacked outputs of a scan that nobody reads, and its carries
// that feed nothing but themselves.
#include <algorithm>

#include "compile/pipeline.h"
#include "compile/rebuild.h"

namespace runnel {
namespace {

// By value: whether an output depends on it.
std::vector<bool> needed_values(const Graph& graph, const std::vector<ValueId>& outputs) {
  std::vector<bool> needed(graph.types().size(), false);
  for (ValueId id : outputs) needed[id] = true;
  for (std::size_t e = graph.equations().size(); e-- > 0;) {
    const Equation& eq = graph.equations()[e];
    if (std::any_of(eq.outputs.begin(), eq.outputs.end(), [&](ValueId id) { return needed[id]; }))
      for (ValueId id : eq.inputs) needed[id] = true;
  }
  return needed;
}

GraphPtr without_unneeded(const GraphPtr& of) {
  const Graph& graph = *of;
  const std::vector<bool> needed = needed_values(graph, graph.outputs());
  const auto is_needed = [&](ValueId id) { return needed[id]; };
  const auto& constants = graph.constants();
  if (std::all_of(constants.begin(), constants.end(), [&](const auto& c) { return needed[c.id]; }) &&
      std::all_of(graph.equations().begin(), graph.equations().end(), [&](const Equation& eq) {
        return std::any_of(eq.outputs.begin(), eq.outputs.end(), is_needed);
      }))
    return of;
  Graph::Data data;
  std::vector<ValueId> renamed(graph.types().size());
  const auto rename = [&](ValueId id) {
    renamed[id] = static_cast<ValueId>(data.types.size());
    data.types.push_back(graph.type(id));
    return renamed[id];
  };
  for (ValueId id : graph.inputs()) data.inputs.push_back(rename(id));
  for (const auto& c : graph.constants())
    if (needed[c.id]) data.constants.push_back({rename(c.id), c.value});
  for (const Equation& eq : graph.equations()) {
    if (std::none_of(eq.outputs.begin(), eq.outputs.end(), is_needed)) continue;
    Equation copy{eq.op, {}, eq.attrs, {}, eq.region};
    for (ValueId id : eq.inputs) copy.inputs.push_back(renamed[id]);
    for (ValueId id : eq.outputs) copy.outputs.push_back(rename(id));
    data.equations.push_back(std::move(copy));
  }
  for (ValueId id : graph.outputs()) data.outputs.push_back(renamed[id]);
  return std::make_shared<const Graph>(std::move(data));
}

// Which outputs of a scan's body must stay, given those of the scan that are read: a carry stays when it is
// read, or when what stays depends on it.
std::vector<bool> outputs_that_stay(const ScanSpec& s, const std::vector<bool>& read) {
  std::vector<bool> stay = read;
  for (;;) {
    std::vector<ValueId> wanted;
    for (std::size_t i = 0; i < stay.size(); ++i)
      if (stay[i]) wanted.push_back(s.body->outputs()[i]);
    const std::vector<bool> needed = needed_values(*s.body, wanted);
    bool changed = false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(s.carries); ++i)
      if (!stay[i] && needed[s.body->inputs()[static_cast<std::size_t>(s.constants) + i]])
        stay[i] = changed = true;
    if (!changed) return stay;
  }
}

// The body with some of its outputs and inputs.
GraphPtr trimmed(const Graph& body, const std::vector<bool>& inputs, const std::vector<bool>& outputs) {
  Graph::Data data{body.types(), {}, body.constants(), {}, {}};
  std::vector<ValueId> wanted;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i]) wanted.push_back(body.outputs()[i]);
  const std::vector<bool> needed = needed_values(body, wanted);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i]) data.inputs.push_back(body.inputs()[i]);
  for (const Equation& eq : body.equations())
    if (std::any_of(eq.outputs.begin(), eq.outputs.end(), [&](ValueId id) { return needed[id]; }))
      data.equations.push_back(eq);
  data.outputs = wanted;
  return without_unneeded(std::make_shared<const Graph>(std::move(data)));
}

// The scan without outputs that nobody reads and operands that its body does not.
void keep_scan(Rebuild& out, const Equation& eq, const std::vector<std::size_t>& uses) {
  const ScanSpec s = scan_spec(eq.attrs);
  std::vector<bool> read;
  for (ValueId id : eq.outputs) read.push_back(uses[id] > 0);
  const std::vector<bool> stay = outputs_that_stay(s, read);
  std::vector<ValueId> wanted;
  for (std::size_t i = 0; i < stay.size(); ++i)
    if (stay[i]) wanted.push_back(s.body->outputs()[i]);
  const std::vector<bool> needed = needed_values(*s.body, wanted);
  ScanSpec now{nullptr, s.length, 0, 0, s.reverse};
  std::vector<bool> inputs;
  std::vector<ValueId> operands;
  for (std::size_t i = 0; i < eq.inputs.size(); ++i) {
    const auto constants = static_cast<std::size_t>(s.constants);
    const auto before = static_cast<std::size_t>(s.constants + s.carries);
    const bool is_carry = i >= constants && i < before;
    const bool used = is_carry ? stay[i - constants] : needed[s.body->inputs()[i]];
    inputs.push_back(used);
    if (!used) continue;
    operands.push_back(out[eq.inputs[i]]);
    if (i < constants) ++now.constants;
    if (is_carry) ++now.carries;
  }
  now.body = remove_dead_code(trimmed(*s.body, inputs, stay));
  const std::vector<ValueId> results = out.emit(*eq.op, operands, scan_attrs(now));
  std::size_t next = 0;
  for (std::size_t i = 0; i < stay.size(); ++i)
    if (stay[i]) out.set(eq.outputs[i], results[next++]);
}

}  // namespace

GraphPtr remove_dead_code(const GraphPtr& graph) {
  const GraphPtr live = without_unneeded(graph);
  const auto has_body = [](const Equation& eq) { return is_op(eq, "scan") || is_op(eq, "strip"); };
  if (std::none_of(live->equations().begin(), live->equations().end(), has_body)) return live;
  const std::vector<std::size_t> uses = use_counts(*live);
  Rebuild out(*live);
  for (const Equation& eq : live->equations()) {
    if (is_op(eq, "scan")) {
      keep_scan(out, eq, uses);
    } else if (is_op(eq, "strip")) {
      const bool even = eq.attrs.graph("tail") == eq.attrs.graph("body");
      const GraphPtr body = remove_dead_code(eq.attrs.graph("body"));
      out.keep(
          eq,
          eq.attrs.with("body", body).with("tail", even ? body : remove_dead_code(eq.attrs.graph("tail"))));
    } else {
      out.keep(eq);
    }
  }
  return without_unneeded(out.finish());
}

}  // namespace runnel
