#include <string>

#include "core/fail.h"
#include "graph/node.h"
#include "graph/op.h"
#include "runnel/graph.h"

namespace runnel {
namespace {

std::string name_of_value(ValueId id) { return fmt::format("%{}", id); }

std::string joined_names(const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  for (ValueId id : ids) names.push_back(name_of_value(id));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string typed_names(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  for (ValueId id : ids) names.push_back(fmt::format("{}: {}", name_of_value(id), to_string(graph.type(id))));
  return fmt::format("{}", fmt::join(names, ", "));
}

// The number that a constant is, or holds everywhere; "" when its elements differ.
std::string number_of(const Array& constant) {
  const View view = detail::ArrayAccess::view(constant);
  if (view.size() == 0 || !is_repeated(view)) return "";
  return to_string(detail::ArrayAccess::make_view({view.data, view.dtype, {}, {}},
                                                  detail::ArrayAccess::node(constant).buffer));
}

std::string print(const AttrValue& value) {
  struct Visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return std::to_string(i); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(DType d) const { return std::string(name_of(d)); }
    std::string operator()(const Dims& d) const { return to_string(d); }
    std::string operator()(const GraphPtr&) const { return ""; }  // printed below its equation
  };
  return std::visit(Visitor{}, value);
}

void print(const Graph& graph, const std::string& indent, std::string& out) {
  out += fmt::format("{}graph({}) {{\n", indent, typed_names(graph, graph.inputs()));
  for (const auto& constant : graph.constants()) {
    out += fmt::format("{}  {}: {} = constant", indent, name_of_value(constant.id),
                       to_string(constant.value.type()));
    const std::string number = number_of(constant.value);
    out += number.empty() ? "\n" : " " + number + "\n";
  }
  for (const Equation& eq : graph.equations()) {
    out += fmt::format("{}  {} = {}({})", indent, typed_names(graph, eq.outputs), eq.op->name,
                       joined_names(eq.inputs));
    for (const auto& [key, value] : eq.attrs.entries())
      if (!std::holds_alternative<GraphPtr>(value)) out += fmt::format(" {}={}", key, print(value));
    out += "\n";
    for (const auto& [key, value] : eq.attrs.entries())
      if (const auto* sub = std::get_if<GraphPtr>(&value)) print(**sub, indent + "    ", out);
  }
  out += fmt::format("{}  return {}\n{}}}\n", indent, joined_names(graph.outputs()), indent);
}

// Nodes of a drawing are named by `prefix`, so that sub-graphs do not collide.
void draw(const Graph& graph, const std::string& prefix, const std::string& indent, std::string& out) {
  auto node = [&](ValueId id) { return fmt::format("\"{}{}\"", prefix, id); };
  for (ValueId id : graph.inputs())
    out +=
        fmt::format("{}{} [shape=box, label=\"input\\n{}\"];\n", indent, node(id), to_string(graph.type(id)));
  for (const auto& constant : graph.constants())
    out += fmt::format("{}{} [shape=box, style=dashed, label=\"{}\"];\n", indent, node(constant.id),
                       number_of(constant.value).empty() ? "constant\\n" + to_string(constant.value.type())
                                                         : number_of(constant.value));
  for (std::size_t e = 0; e < graph.equations().size(); ++e) {
    const Equation& eq = graph.equations()[e];
    for (ValueId id : eq.outputs) {
      out += fmt::format("{}{} [label=\"{}\\n{}\"];\n", indent, node(id), eq.op->name,
                         to_string(graph.type(id)));
      for (ValueId in : eq.inputs) out += fmt::format("{}{} -> {};\n", indent, node(in), node(id));
    }
    for (const auto& [key, value] : eq.attrs.entries())
      if (const auto* sub = std::get_if<GraphPtr>(&value)) {
        const std::string inner = fmt::format("{}{}.", prefix, e);
        out += fmt::format("{}subgraph \"cluster_{}\" {{\n{}  label=\"{} {}\";\n", indent, inner, indent,
                           eq.op->name, key);
        draw(**sub, inner, indent + "  ", out);
        out += indent + "}\n";
      }
  }
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    out += fmt::format("{}\"{}out{}\" [shape=plaintext, label=\"output {}\"];\n", indent, prefix, i, i);
    out += fmt::format("{}{} -> \"{}out{}\";\n", indent, node(graph.outputs()[i]), prefix, i);
  }
}

}  // namespace

std::string to_string(const Graph& graph) {
  std::string out;
  print(graph, "", out);
  return out;
}

std::string to_dot(const Graph& graph) {
  std::string out = "digraph {\n  node [shape=ellipse, fontname=\"sans-serif\"];\n";
  draw(graph, "", "  ", out);
  return out + "}\n";
}

}  // namespace runnel
