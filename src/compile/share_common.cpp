// Common sub-expressions: an equation whose op, attributes and operands stood before gives what that one gave.
#include <unordered_map>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "graph/node.h"

namespace runnel {
namespace {

std::size_t mixed(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9E3779B97F4A7C15u + (seed << 6) + (seed >> 2));
}

std::size_t hash_of(const Op* op, const std::vector<ValueId>& inputs) {
  std::size_t hash = std::hash<const void*>()(op);
  for (ValueId id : inputs) hash = mixed(hash, id);
  return hash;
}

// Constants that are the same number become one.
void share_scalars(Rebuild& out) {
  std::vector<const Graph::Constant*> seen;
  for (const auto& c : out.from().constants()) {
    if (c.value.size() != 1) continue;
    bool found = false;
    for (const Graph::Constant* other : seen)
      if (other->value.type() == c.value.type() && same_bits(other->value, c.value)) {
        out.set(c.id, out[other->id]);
        found = true;
        break;
      }
    if (!found && seen.size() < 64) seen.push_back(&c);
  }
}

}  // namespace

GraphPtr share_common(const GraphPtr& graph) {
  const GraphPtr inner = in_subgraphs(graph, share_common);
  Rebuild out(*inner);
  share_scalars(out);
  std::unordered_multimap<std::size_t, const Equation*> seen;
  for (const Equation& eq : inner->equations()) {
    const std::vector<ValueId> inputs = out[eq.inputs];
    const std::size_t hash = hash_of(eq.op, inputs);
    const Equation* same = nullptr;
    const auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end && same == nullptr; ++it)
      if (it->second->op == eq.op && out[it->second->inputs] == inputs && it->second->attrs == eq.attrs)
        same = it->second;
    if (same != nullptr) {
      for (std::size_t i = 0; i < eq.outputs.size(); ++i) out.set(eq.outputs[i], out[same->outputs[i]]);
    } else {
      out.keep(eq);
      seen.emplace(hash, &eq);
    }
  }
  return out.finish();
}

}  // namespace runnel
