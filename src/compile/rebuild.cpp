#include "compile/rebuild.h"

#include "graph/node.h"
#include "graph/region.h"

namespace runnel {

Rebuild::Rebuild(const Graph& from) : from_(&from), renamed_(from.types().size()) {
  for (ValueId id : from.inputs()) {
    renamed_[id] = new_value(from.type(id));
    data_.inputs.push_back(renamed_[id]);
  }
  for (const auto& c : from.constants()) renamed_[c.id] = constant(c.value);
}

std::vector<ValueId> Rebuild::operator[](const std::vector<ValueId>& old) const {
  std::vector<ValueId> out;
  out.reserve(old.size());
  for (ValueId id : old) out.push_back(renamed_[id]);
  return out;
}

ValueId Rebuild::new_value(const Type& type) {
  data_.types.push_back(type);
  return static_cast<ValueId>(data_.types.size() - 1);
}

ValueId Rebuild::constant(const Array& value) {
  const ValueId id = new_value(value.type());
  data_.constants.push_back({id, value});
  return id;
}

void Rebuild::keep(const Equation& eq, const Attrs& attrs) {
  Equation copy{eq.op, (*this)[eq.inputs], attrs, {}, eq.region};
  for (ValueId id : eq.outputs) {
    renamed_[id] = new_value(from_->type(id));
    copy.outputs.push_back(renamed_[id]);
  }
  data_.equations.push_back(std::move(copy));
}

std::vector<ValueId> Rebuild::emit(const Op& op, const std::vector<ValueId>& inputs, const Attrs& attrs) {
  Types types;
  for (ValueId id : inputs) types.push_back(data_.types[id]);
  Equation eq{&op, inputs, attrs, {}, current_region()};
  for (const Type& type : result_types(op, types, attrs)) eq.outputs.push_back(new_value(type));
  data_.equations.push_back(eq);
  return eq.outputs;
}

std::vector<ValueId> Rebuild::splice(const Graph& graph, const std::vector<ValueId>& inputs) {
  std::vector<ValueId> now(graph.types().size());
  for (std::size_t i = 0; i < inputs.size(); ++i) now[graph.inputs()[i]] = inputs[i];
  for (const auto& c : graph.constants()) now[c.id] = constant(c.value);
  for (const Equation& eq : graph.equations()) {
    Equation copy{eq.op, {}, eq.attrs, {}, eq.region != 0 ? eq.region : current_region()};
    for (ValueId id : eq.inputs) copy.inputs.push_back(now[id]);
    for (ValueId id : eq.outputs) copy.outputs.push_back(now[id] = new_value(graph.type(id)));
    data_.equations.push_back(std::move(copy));
  }
  std::vector<ValueId> out;
  for (ValueId id : graph.outputs()) out.push_back(now[id]);
  return out;
}

GraphPtr Rebuild::finish() { return finish((*this)[from_->outputs()]); }

GraphPtr Rebuild::finish(const std::vector<ValueId>& outputs) {
  data_.outputs = outputs;
  return std::make_shared<const Graph>(std::move(data_));
}

std::vector<std::size_t> definitions(const Graph& graph) {
  std::vector<std::size_t> out(graph.types().size(), kNone);
  for (std::size_t e = 0; e < graph.equations().size(); ++e)
    for (ValueId id : graph.equations()[e].outputs) out[id] = e;
  return out;
}

std::vector<std::size_t> use_counts(const Graph& graph) {
  std::vector<std::size_t> out(graph.types().size(), 0);
  for (const Equation& eq : graph.equations())
    for (ValueId id : eq.inputs) ++out[id];
  for (ValueId id : graph.outputs()) ++out[id];
  return out;
}

std::optional<Array> repeated_element(const Array& constant) {
  const View view = detail::ArrayAccess::view(constant);
  if (constant.size() < 2 || !is_repeated(view)) return {};
  return detail::ArrayAccess::make_view({view.data, view.dtype, {}, {}},
                                        detail::ArrayAccess::node(constant).buffer);
}

GraphPtr in_subgraphs(const GraphPtr& graph, const std::function<GraphPtr(const GraphPtr&)>& pass) {
  bool any = false;
  for (const Equation& eq : graph->equations()) any = any || is_op(eq, "scan") || is_op(eq, "strip");
  if (!any) return graph;
  Rebuild out(*graph);
  for (const Equation& eq : graph->equations()) {
    Attrs attrs = eq.attrs;
    if (is_op(eq, "scan") || is_op(eq, "strip")) attrs = attrs.with("body", pass(attrs.graph("body")));
    if (is_op(eq, "strip")) {
      const bool even = eq.attrs.graph("tail") == eq.attrs.graph("body");
      attrs = attrs.with("tail", even ? attrs.graph("body") : pass(attrs.graph("tail")));
    }
    out.keep(eq, attrs);
  }
  return out.finish();
}

}  // namespace runnel
