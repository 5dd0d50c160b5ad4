// Rows picked by index that only products read are not laid out first: the products read them where they lie.
// A minibatch of a large table goes through memory once less.
#include <algorithm>
#include <string>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "ops/table.h"

namespace runnel {
namespace {

// What the second cache holds is cheap to lay out.
constexpr std::int64_t kLarge = 256 << 10;

// A gather of whole rows of a float table, by one index for each.
bool is_large_row_gather(const Graph& graph, const Equation& eq) {
  if (!is_op(eq, "gather") || eq.attrs.integer("axis") != 0 || eq.attrs.integer("batch") != 0) return false;
  const Type& out = graph.type(eq.outputs[0]);
  return is_float(out.dtype) && out.shape.rank() == 2 && graph.type(eq.inputs[1]).shape.rank() == 1 &&
         out.shape.product() * static_cast<std::int64_t>(size_of(out.dtype)) >= kLarge;
}

// The spec of a product with the gathered operand first. Only one letter is contracted, so that the order of
// additions does not depend on which operand comes first.
std::string gathered_first(const Equation& dot, ValueId gathered) {
  const std::string& spec = dot.attrs.get<std::string>("spec");
  const std::size_t comma = spec.find(',');
  const std::size_t arrow = spec.find("->");
  const std::string a = spec.substr(0, comma);
  const std::string b = spec.substr(comma + 1, arrow - comma - 1);
  const std::string out = spec.substr(arrow + 2);
  const bool first = dot.inputs[0] == gathered;
  if (std::count_if(a.begin(), a.end(), [&](char c) { return out.find(c) == std::string::npos; }) != 1)
    return "";
  return first ? spec : b + "," + a + "->" + out;
}

View dense_of(const Type& type) { return dense_view(nullptr, type.dtype, type.shape); }

// Whether there is a kernel that reads the rows where they lie.
bool has_kernel(const Graph& graph, const Equation& gather, const Equation& dot, const std::string& spec) {
  const ValueId other = dot.inputs[dot.inputs[0] == gather.outputs[0] ? 1 : 0];
  const View in[] = {dense_of(graph.type(gather.inputs[0])), dense_of(graph.type(gather.inputs[1])),
                     dense_of(graph.type(other))};
  const View out[] = {dense_of(graph.type(dot.outputs[0]))};
  const Attrs attrs{{"spec", spec}};
  return find_op("gathered_dot").prepare({in, out, attrs, {}}) != nullptr;
}

}  // namespace

GraphPtr fuse_gathers(const GraphPtr& given) {
  const GraphPtr graph = in_subgraphs(given, fuse_gathers);
  const std::vector<std::size_t> uses = use_counts(*graph);
  // Products by the gather that they read.
  std::vector<std::vector<const Equation*>> readers(graph->types().size());
  for (const Equation& eq : graph->equations())
    if (is_op(eq, "dot_general") && eq.inputs[0] != eq.inputs[1])
      for (ValueId id : eq.inputs) readers[id].push_back(&eq);
  Rebuild out(*graph);
  std::vector<const Equation*> gather_of(graph->types().size(), nullptr);
  for (const Equation& eq : graph->equations()) {
    const ValueId result = eq.outputs[0];
    if (is_large_row_gather(*graph, eq) && readers[result].size() == uses[result] &&
        std::all_of(readers[result].begin(), readers[result].end(), [&](const Equation* dot) {
          const ValueId other = dot->inputs[dot->inputs[0] == result ? 1 : 0];
          const std::string spec = gathered_first(*dot, result);
          // One operand of a product can be read where it lies, the other must be there.
          return gather_of[other] == nullptr && !spec.empty() && has_kernel(*graph, eq, *dot, spec);
        })) {
      gather_of[result] = &eq;
      continue;
    }
    const auto gathered = std::find_if(eq.inputs.begin(), eq.inputs.end(),
                                       [&](ValueId id) { return gather_of[id] != nullptr; });
    if (gathered == eq.inputs.end()) {
      out.keep(eq);
      continue;
    }
    const Equation& gather = *gather_of[*gathered];
    const ValueId other = eq.inputs[gathered == eq.inputs.begin() ? 1 : 0];
    out.set(result,
            out.emit(find_op("gathered_dot"), {out[gather.inputs[0]], out[gather.inputs[1]], out[other]},
                     {{"spec", gathered_first(eq, *gathered)}})[0]);
  }
  return out.finish();
}

}  // namespace runnel
