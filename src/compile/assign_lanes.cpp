// Layout of lanes. A vmap says that a graph runs for L lanes; here the compiler chooses how many run
// together. Lanes lie last in memory, so a group of them fills the vector registers whatever the graph does;
// a group that is as large as its working set allows shares the cost of every step, and one that is larger
// falls out of the second cache. A vmap whose lanes all run together dissolves; else it becomes a strip over
// groups.
#include <algorithm>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "graph/region.h"
#include "ops/table.h"
#include "transforms/control.h"

namespace runnel {
namespace {

// Sixteen f32 lanes fill the widest register that is used.
constexpr std::int64_t kLeast = 16;
constexpr std::int64_t kBudget = 128 << 10;

// Whether all of it is one elementwise loop, which runs over tiles of its own.
bool is_one_loop(const Graph& graph) {
  const auto is_work = [](const Equation& eq) { return eq.op->fusion != Fusion::view; };
  const auto is_other = [&](const Equation& eq) {
    return is_work(eq) && eq.op->fusion != Fusion::elementwise;
  };
  const auto& all = graph.equations();
  return std::none_of(all.begin(), all.end(), is_other) &&
         std::count_if(all.begin(), all.end(), is_work) <= 1;
}

// Bytes that one lane touches in a run of kLeast of them, or in a step of the loop that the graph consists
// of.
std::int64_t bytes_per_lane(const GraphPtr& of_least) {
  return static_cast<std::int64_t>(plan(of_least)->arena_bytes) / kLeast;
}

std::int64_t lanes_together(const VmapSpec& s) {
  if (s.lanes <= kLeast) return s.lanes;
  const GraphPtr few = optimise_after_lanes(assign_lanes(vmap_graph(s.graph, s.batched, kLeast)));
  if (is_one_loop(*few)) return s.lanes;
  const std::int64_t fit = kBudget / std::max<std::int64_t>(1, bytes_per_lane(few));
  const std::int64_t together = std::max(kLeast, fit / kLeast * kLeast);
  // A few lanes more cost less than a small group of their own.
  return s.lanes <= together + together / 2 ? s.lanes : together;
}

void assign(Rebuild& out, const Equation& eq) {
  const RegionScope region(eq.region);
  const VmapSpec s = vmap_spec(eq.attrs);
  const auto of_lanes = [&](std::int64_t lanes) {
    return assign_lanes(vmap_graph(s.graph, s.batched, lanes));
  };
  const std::int64_t together = lanes_together(s);
  std::vector<ValueId> results;
  if (together == s.lanes) {
    results = out.splice(*of_lanes(s.lanes), out[eq.inputs]);
  } else {
    StripSpec strip;
    strip.body = of_lanes(together);
    if (s.lanes % together != 0) strip.tail = of_lanes(s.lanes % together);
    strip.size = s.lanes;
    strip.chunk = together;
    for (std::size_t i = 0; i < eq.inputs.size(); ++i)
      strip.in_axes.push_back(s.batched[i] ? out.from().type(eq.inputs[i]).shape.rank() - 1 : -1);
    for (ValueId id : eq.outputs) strip.out_axes.push_back(out.from().type(id).shape.rank() - 1);
    results = out.emit(find_op("strip"), out[eq.inputs], strip_attrs(strip));
  }
  for (std::size_t i = 0; i < results.size(); ++i) out.set(eq.outputs[i], results[i]);
}

}  // namespace

GraphPtr assign_lanes(const GraphPtr& graph) {
  Rebuild out(*graph);
  for (const Equation& eq : graph->equations()) {
    if (is_op(eq, "vmap"))
      assign(out, eq);
    else if (is_op(eq, "scan"))
      out.keep(eq, eq.attrs.with("body", assign_lanes(eq.attrs.graph("body"))));
    else
      out.keep(eq);
  }
  return out.finish();
}

}  // namespace runnel
