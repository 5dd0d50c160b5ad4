// A product whose result is large and read only by elementwise work on it becomes a strip together with that
// work: the rows of one range are multiplied into the first cache and worked on there. That is how an
// optimiser's update is fused into the product that makes the gradient. Likewise elementwise work that only a
// sum reads.
#include <algorithm>
#include <optional>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "ops/table.h"

namespace runnel {
namespace {

// A result that the first cache holds anyway is left alone.
constexpr std::int64_t kLarge = 64 << 10;
// Bytes of one range of the result.
constexpr std::int64_t kRange = 16 << 10;
// A product reads its other operand again for every range: it must stay in the second cache.
constexpr std::int64_t kMostReread = 192 << 10;

std::int64_t bytes_of(const Type& type) {
  return type.shape.product() * static_cast<std::int64_t>(size_of(type.dtype));
}

bool is_elementwise(const Equation& eq) { return eq.op->element.has_value() || is_op(eq, "fused"); }

// The first equation's result goes to the second only; both run along axis `axis` of that result.
struct Pair {
  const Equation* first;
  const Equation* second;
  std::vector<std::int64_t> first_axes;   // of the operands of the first; -1: whole
  std::vector<std::int64_t> second_axes;  // of the operands of the second
  std::int64_t out_axis = 0;
  std::int64_t size = 0;
  std::int64_t chunk = 0;
};

std::int64_t chunk_rows(const Type& type, std::int64_t size) {
  const std::int64_t row = bytes_of(type) / size;
  return std::max<std::int64_t>(8, kRange / row / 8 * 8);
}

std::optional<Pair> product_pair(const Graph& graph, const Equation& dot, const Equation& work) {
  const Type& type = graph.type(dot.outputs[0]);
  if (!is_float(type.dtype) || type.shape.rank() < 2 || bytes_of(type) < kLarge) return {};
  if (!is_elementwise(work) || graph.type(work.outputs[0]).shape != type.shape) return {};
  const std::string& spec = dot.attrs.get<std::string>("spec");
  const std::size_t comma = spec.find(',');
  const std::size_t arrow = spec.find("->");
  const std::string letters[] = {spec.substr(0, comma), spec.substr(comma + 1, arrow - comma - 1)};
  const char row = spec[arrow + 2];
  Pair pair{&dot, &work, {}, {}, 0, type.shape[0], chunk_rows(type, type.shape[0])};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t at = letters[i].find(row);
    pair.first_axes.push_back(at == std::string::npos ? -1 : static_cast<std::int64_t>(at));
    if (at == std::string::npos && bytes_of(graph.type(dot.inputs[i])) > kMostReread) return {};
  }
  pair.second_axes.assign(work.inputs.size(), 0);
  if (pair.chunk * 2 > pair.size) return {};
  return pair;
}

std::optional<Pair> sum_pair(const Graph& graph, const Equation& work, const Equation& sum) {
  const Type& type = graph.type(work.outputs[0]);
  if (work.outputs.size() != 1 || bytes_of(type) < kLarge) return {};
  if (sum.op->fusion != Fusion::reduction || sum.op->prepare == nullptr) return {};
  const Dims& summed = sum.attrs.dims("axes");
  // Along the first axis that is kept.
  for (std::int64_t axis = 0; axis < type.shape.rank(); ++axis) {
    if (std::find(summed.begin(), summed.end(), axis) != summed.end()) continue;
    const std::int64_t size = type.shape[static_cast<std::size_t>(axis)];
    Pair pair{&work, &sum, {}, {axis}, 0, size, chunk_rows(type, std::max<std::int64_t>(size, 1))};
    pair.first_axes.assign(work.inputs.size(), axis);
    if (pair.chunk * 2 > pair.size) return {};
    return pair;
  }
  return {};
}

// The two equations as a graph over `rows` of the axis.
GraphPtr range_graph(const Graph& graph, const Pair& pair, std::int64_t rows) {
  Graph::Data data;
  const auto input = [&](ValueId id, std::int64_t axis) {
    Type type = graph.type(id);
    if (axis >= 0) type.shape[static_cast<std::size_t>(axis)] = rows;
    data.types.push_back(type);
    data.inputs.push_back(static_cast<ValueId>(data.types.size() - 1));
    return data.inputs.back();
  };
  const auto add = [&](const Equation& eq, const std::vector<ValueId>& inputs) {
    Attrs attrs = eq.attrs;
    if (is_op(eq, "fused")) {
      // The same operations on fewer rows.
      Graph::Data inner{eq.attrs.graph("graph")->types(), eq.attrs.graph("graph")->inputs(),
                        eq.attrs.graph("graph")->constants(), eq.attrs.graph("graph")->equations(),
                        eq.attrs.graph("graph")->outputs()};
      const std::size_t axis =
          static_cast<std::size_t>(&eq == pair.first ? pair.first_axes[0] : pair.second_axes[0]);
      for (Type& type : inner.types) type.shape[axis] = rows;
      attrs = attrs.with("graph", std::make_shared<const Graph>(std::move(inner)));
    }
    Types types;
    for (ValueId id : inputs) types.push_back(data.types[id]);
    Equation copy{eq.op, inputs, attrs, {}};
    for (const Type& type : result_types(*eq.op, types, attrs)) {
      data.types.push_back(type);
      copy.outputs.push_back(static_cast<ValueId>(data.types.size() - 1));
    }
    data.equations.push_back(copy);
    return copy.outputs;
  };
  std::vector<ValueId> first;
  for (std::size_t i = 0; i < pair.first->inputs.size(); ++i)
    first.push_back(input(pair.first->inputs[i], pair.first_axes[i]));
  std::vector<ValueId> others(pair.second->inputs.size());
  for (std::size_t i = 0; i < others.size(); ++i)
    if (pair.second->inputs[i] != pair.first->outputs[0])
      others[i] = input(pair.second->inputs[i], pair.second_axes[i]);
  const ValueId between = add(*pair.first, first)[0];
  for (std::size_t i = 0; i < others.size(); ++i)
    if (pair.second->inputs[i] == pair.first->outputs[0]) others[i] = between;
  data.outputs = add(*pair.second, others);
  return std::make_shared<const Graph>(std::move(data));
}

void emit(Rebuild& out, const Pair& pair) {
  const Graph& graph = out.from();
  const std::int64_t rest = pair.size % pair.chunk;
  StripSpec spec;
  spec.body = range_graph(graph, pair, pair.chunk);
  spec.tail = rest == 0 ? nullptr : range_graph(graph, pair, rest);
  spec.size = pair.size;
  spec.chunk = pair.chunk;
  spec.in_axes = pair.first_axes;
  std::vector<ValueId> operands = out[pair.first->inputs];
  for (std::size_t i = 0; i < pair.second->inputs.size(); ++i) {
    if (pair.second->inputs[i] == pair.first->outputs[0]) continue;
    spec.in_axes.push_back(pair.second_axes[i]);
    operands.push_back(out[pair.second->inputs[i]]);
  }
  spec.out_axes.assign(pair.second->outputs.size(), pair.out_axis);
  const std::vector<ValueId> results = out.emit(find_op("strip"), operands, strip_attrs(spec));
  for (std::size_t i = 0; i < results.size(); ++i) out.set(pair.second->outputs[i], results[i]);
}

}  // namespace

GraphPtr fuse_products(const GraphPtr& given) {
  const GraphPtr graph = in_subgraphs(given, fuse_products);
  const std::vector<std::size_t> uses = use_counts(*graph);
  const std::vector<std::size_t> definition = definitions(*graph);
  const auto& equations = graph->equations();
  // Pairs by their second equation; an equation stands in one pair at most.
  std::vector<std::optional<Pair>> pairs(equations.size());
  std::vector<bool> taken(equations.size(), false);
  for (std::size_t e = 0; e < equations.size(); ++e) {
    for (ValueId id : equations[e].inputs) {
      const std::size_t d = definition[id];
      if (d == kNone || taken[d] || taken[e] || uses[id] != 1 || equations[d].outputs.size() != 1) continue;
      std::optional<Pair> pair;
      if (is_op(equations[d], "dot_general"))
        pair = product_pair(*graph, equations[d], equations[e]);
      else if (is_elementwise(equations[d]))
        pair = sum_pair(*graph, equations[d], equations[e]);
      if (!pair) continue;
      taken[d] = taken[e] = true;
      pairs[e] = pair;
    }
  }
  Rebuild out(*graph);
  for (std::size_t e = 0; e < equations.size(); ++e) {
    if (pairs[e])
      emit(out, *pairs[e]);
    else if (!taken[e])
      out.keep(equations[e]);
  }
  return out.finish();
}

}  // namespace runnel
