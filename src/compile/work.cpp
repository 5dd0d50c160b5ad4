#include "compile/work.h"

#include <string>

#include "compile/rebuild.h"
#include "ops/compiled.h"
#include "ops/control.h"

namespace runnel {
namespace {

double size_of_value(const Graph& graph, ValueId id) {
  return static_cast<double>(graph.type(id).shape.product());
}

// Multiply-adds of a product, of which about eight cost as much as an element that goes through memory.
double work_of_product(const Graph& graph, const Equation& eq) {
  const std::string& spec = eq.attrs.get<std::string>("spec");
  const std::string a = spec.substr(0, spec.find(','));
  const std::string out = spec.substr(spec.find("->") + 2);
  double work = size_of_value(graph, eq.outputs[0]);
  for (std::size_t i = 0; i < a.size(); ++i)
    if (out.find(a[i]) == std::string::npos) work *= static_cast<double>(graph.type(eq.inputs[0]).shape[i]);
  return work / 8;
}

double work_of_equation(const Graph& graph, const Equation& eq) {
  if (eq.op->fusion == Fusion::view) return 0;
  if (is_op(eq, "scan")) {
    const ScanSpec s = scan_spec(eq.attrs);
    return static_cast<double>(s.length) * work_of(*s.body);
  }
  if (is_op(eq, "strip")) {
    const StripSpec s = strip_spec(eq.attrs);
    return static_cast<double>(s.size) / static_cast<double>(s.chunk) * work_of(*s.body);
  }
  if (is_op(eq, "dot_general")) return work_of_product(graph, eq);
  double work = 0;
  for (ValueId id : eq.inputs) work += size_of_value(graph, id);
  for (ValueId id : eq.outputs) work += size_of_value(graph, id);
  if (is_op(eq, "fused")) work += static_cast<double>(eq.attrs.graph("graph")->equations().size()) * work / 8;
  return work;
}

}  // namespace

double work_of(const Graph& graph) {
  double work = 0;
  for (const Equation& eq : graph.equations()) work += work_of_equation(graph, eq);
  return work;
}

}  // namespace runnel
