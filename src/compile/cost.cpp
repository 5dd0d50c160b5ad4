#include "runnel/cost.h"

#include <string>

#include "compile/rebuild.h"
#include "core/fail.h"
#include "ops/control.h"

namespace runnel {
namespace {

double numbers(const Graph& graph, const std::vector<ValueId>& values) {
  double count = 0;
  for (const ValueId id : values) count += static_cast<double>(graph.type(id).shape.product());
  return count;
}

double bytes(const Graph& graph, const std::vector<ValueId>& values) {
  double count = 0;
  for (const ValueId id : values)
    count += static_cast<double>(graph.type(id).shape.product()) *
             static_cast<double>(size_of(graph.type(id).dtype));
  return count;
}

// Terms of each number of a product: the sizes of the letters that are summed over.
double terms(const Graph& graph, const Equation& eq) {
  const std::string& spec = eq.attrs.get<std::string>("spec");
  const std::string a = spec.substr(0, spec.find(','));
  const std::string out = spec.substr(spec.find("->") + 2);
  double count = 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (out.find(a[i]) == std::string::npos) count *= static_cast<double>(graph.type(eq.inputs[0]).shape[i]);
  return count;
}

// A product without a sum (an outer product) has no additions.
double operations_of_product(const Graph& graph, const Equation& eq) {
  const double count = terms(graph, eq), of_each = count == 1 ? 1 : 2 * count;
  return numbers(graph, eq.outputs) * of_each;
}

Cost times(double count, const Cost& cost) { return {count * cost.operations, count * cost.bytes}; }

Cost cost_of_control(const Equation& eq) {
  if (is_op(eq, "scan")) {
    const ScanSpec s = scan_spec(eq.attrs);
    return times(static_cast<double>(s.length), cost_of(*s.body));
  }
  if (is_op(eq, "vmap")) {
    const VmapSpec s = vmap_spec(eq.attrs);
    return times(static_cast<double>(s.lanes), cost_of(*s.graph));
  }
  if (is_op(eq, "call") || is_op(eq, "checkpoint")) return cost_of(*eq.attrs.graph("graph"));
  fail("[cost_of] the compiler made this graph ('{}'); count the one that was traced", eq.op->name);
}

Cost cost_of_equation(const Graph& graph, const Equation& eq) {
  if (eq.op->fusion == Fusion::view) return {};
  if (eq.op->fusion == Fusion::control || is_op(eq, "fused")) return cost_of_control(eq);
  Cost cost{numbers(graph, eq.outputs), bytes(graph, eq.outputs)};
  if (eq.op->fusion == Fusion::contraction) cost.operations = operations_of_product(graph, eq);
  if (eq.op->fusion == Fusion::reduction) cost.operations = numbers(graph, eq.inputs);
  return cost;
}

}  // namespace

Cost cost_of(const Graph& graph) {
  Cost all;
  for (const Equation& eq : graph.equations()) {
    const Cost one = cost_of_equation(graph, eq);
    all.operations += one.operations;
    all.bytes += one.bytes;
  }
  return all;
}

}  // namespace runnel
