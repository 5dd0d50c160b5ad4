// Common sub-expressions: an equation whose op, attributes and operands stood before gives what that one
// gave; but for what a checkpoint computes again.
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

// Constants that repeat the same number in the same shape become one.
void share_numbers(Rebuild& out) {
  std::unordered_multimap<std::uint64_t, std::pair<ValueId, Array>> seen;
  for (const auto& c : out.from().constants()) {
    const auto repeated = repeated_element(c.value);
    if (!repeated && c.value.size() != 1) continue;
    const Array number = repeated ? *repeated : c.value;
    const auto key = static_cast<std::uint64_t>(std::hash<double>()(number.to_doubles()[0]));
    bool found = false;
    const auto [begin, end] = seen.equal_range(key);
    for (auto it = begin; it != end && !found; ++it) {
      const auto& [id, other] = it->second;
      found = out.from().type(id) == out.from().type(c.id) && same_bits(other, number);
      if (found) out.set(c.id, out[id]);
    }
    if (!found) seen.emplace(key, std::pair(c.id, number));
  }
}

}  // namespace

GraphPtr share_common(const GraphPtr& graph) {
  const GraphPtr inner = in_subgraphs(graph, share_common);
  Rebuild out(*inner);
  share_numbers(out);
  std::unordered_multimap<std::size_t, const Equation*> seen;
  for (const Equation& eq : inner->equations()) {
    const std::vector<ValueId> inputs = out[eq.inputs];
    const std::size_t hash = hash_of(eq.op, inputs);
    const Equation* same = nullptr;
    const auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end && same == nullptr; ++it)
      if (it->second->op == eq.op && it->second->region == eq.region && out[it->second->inputs] == inputs &&
          it->second->attrs == eq.attrs)
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
