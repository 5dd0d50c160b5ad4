#include "runnel/graph.h"

#include <algorithm>

#include "core/fail.h"
#include "graph/notes.h"
#include "graph/op.h"

namespace runnel {

// ---- attributes ----------------------------------------------------------------------------------------

const AttrValue& Attrs::find(std::string_view name) const {
  for (const auto& [key, value] : entries_)
    if (key == name) return value;
  fail("an equation lacks its attribute \"{}\"", name);
}

void Attrs::wrong_kind(std::string_view name) {
  fail("the attribute \"{}\" of an equation holds another kind of value", name);
}

Attrs Attrs::with(std::string_view name, AttrValue value) const {
  Attrs out = *this;
  for (auto& [key, old] : out.entries_)
    if (key == name) {
      old = std::move(value);
      return out;
    }
  out.entries_.emplace_back(name, std::move(value));
  return out;
}

namespace {
bool same_value(const AttrValue& a, const AttrValue& b) {
  const auto* x = std::get_if<GraphPtr>(&a);
  const auto* y = std::get_if<GraphPtr>(&b);
  if (x != nullptr && y != nullptr) return *x == *y || **x == **y;
  return a == b;
}
}  // namespace

bool operator==(const Attrs& a, const Attrs& b) {
  return std::equal(
      a.entries_.begin(), a.entries_.end(), b.entries_.begin(), b.entries_.end(),
      [](const auto& x, const auto& y) { return x.first == y.first && same_value(x.second, y.second); });
}

Types result_types(const Op& op, std::span<const Type> in, const Attrs& attrs) {
  if (op.operands >= 0 && in.size() != static_cast<std::size_t>(op.operands))
    fail("[{}] takes {} operands, {} were given", op.name, op.operands, in.size());
  return op.type(in, attrs);
}

// ---- graphs --------------------------------------------------------------------------------------------

Graph::Graph(Data data) : data_(std::move(data)), notes_(std::make_shared<GraphNotes>()) { check(); }

namespace {
std::vector<Type> types_of(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<Type> out;
  out.reserve(ids.size());
  for (ValueId id : ids) out.push_back(graph.type(id));
  return out;
}

// The attributes that the op declares, and no others.
void expect_attributes(const Equation& eq) {
  const auto& entries = eq.attrs.entries();
  for (const char* name : eq.op->attributes)
    if (std::none_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == name; }))
      fail("[{}] an equation lacks the attribute \"{}\"", eq.op->name, name);
  if (entries.size() != eq.op->attributes.size())
    fail("[{}] takes {} attributes, an equation has {}", eq.op->name, eq.op->attributes.size(),
         entries.size());
}
}  // namespace

std::vector<Type> Graph::input_types() const { return types_of(*this, data_.inputs); }
std::vector<Type> Graph::output_types() const { return types_of(*this, data_.outputs); }

void Graph::check() const {
  std::vector<bool> defined(data_.types.size(), false);
  auto define = [&](ValueId id) {
    if (id >= defined.size() || defined[id]) fail("a graph defines value {} twice or without a type", id);
    defined[id] = true;
  };
  auto use = [&](ValueId id) {
    if (id >= defined.size() || !defined[id]) fail("a graph uses value {} before it is defined", id);
  };
  for (ValueId id : data_.inputs) define(id);
  for (const Constant& constant : data_.constants) {
    define(constant.id);
    if (constant.value.is_traced() || constant.value.type() != type(constant.id))
      fail("constant {} of a graph is not an array of its type", constant.id);
  }
  for (const Equation& eq : data_.equations) {
    if (eq.op == nullptr) fail("an equation of a graph has no op");
    for (ValueId id : eq.inputs) use(id);
    expect_attributes(eq);
    const std::vector<Type> expected = result_types(*eq.op, types_of(*this, eq.inputs), eq.attrs);
    if (expected != types_of(*this, eq.outputs))
      fail("the outputs of a {} equation do not have its types", eq.op->name);
    for (ValueId id : eq.outputs) define(id);
  }
  for (ValueId id : data_.outputs) use(id);
}

bool operator==(const Graph& a, const Graph& b) {
  const Graph::Data& x = a.data_;
  const Graph::Data& y = b.data_;
  return x.types == y.types && x.inputs == y.inputs && x.outputs == y.outputs &&
         std::equal(
             x.constants.begin(), x.constants.end(), y.constants.begin(), y.constants.end(),
             [](const auto& c, const auto& d) { return c.id == d.id && same_bits(c.value, d.value); }) &&
         std::equal(x.equations.begin(), x.equations.end(), y.equations.begin(), y.equations.end(),
                    [](const Equation& e, const Equation& f) {
                      return e.op == f.op && e.inputs == f.inputs && e.outputs == f.outputs &&
                             e.attrs == f.attrs;
                    });
}

}  // namespace runnel
