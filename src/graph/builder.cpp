#include "graph/builder.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/fail.h"
#include "graph/node.h"
#include "graph/region.h"

namespace runnel {

using detail::ArrayAccess;

namespace {

// The innermost trace of this thread. The others are reached through it, for nothing here may need a
// destructor: functions are traced in the destructors of static and thread-local objects, too.
thread_local Builder* current = nullptr;
// One count for all threads, so that a value that strays into another thread's trace is not taken for one of
// its own.
std::atomic<std::uint64_t> next_serial = 1;

bool any_needed(const Equation& eq, const std::vector<bool>& needed) {
  return std::any_of(eq.outputs.begin(), eq.outputs.end(), [&](ValueId id) { return needed[id]; });
}

// The values, by id, on which the outputs depend.
std::vector<bool> needed_values(const Graph::Data& data) {
  std::vector<bool> needed(data.types.size(), false);
  for (ValueId id : data.outputs) needed[id] = true;
  for (std::size_t i = data.equations.size(); i-- > 0;)
    if (any_needed(data.equations[i], needed))
      for (ValueId id : data.equations[i].inputs) needed[id] = true;
  return needed;
}

// Equations that the outputs do not need are dropped; ids are given anew, in order.
Graph::Data prune(const Graph::Data& data, const std::vector<bool>& needed) {
  std::vector<ValueId> renamed(data.types.size());
  Graph::Data out;
  auto rename = [&](ValueId id) {
    renamed[id] = static_cast<ValueId>(out.types.size());
    out.types.push_back(data.types[id]);
    return renamed[id];
  };
  for (ValueId id : data.inputs) out.inputs.push_back(rename(id));
  for (const auto& constant : data.constants)
    if (needed[constant.id]) out.constants.push_back({rename(constant.id), constant.value});
  for (const Equation& given : data.equations) {
    if (!any_needed(given, needed)) continue;
    Equation eq = given;
    for (ValueId& id : eq.inputs) id = renamed[id];
    for (ValueId& id : eq.outputs) id = rename(id);
    out.equations.push_back(std::move(eq));
  }
  for (ValueId id : data.outputs) out.outputs.push_back(renamed[id]);
  return out;
}

}  // namespace

Builder::Builder() : serial_(next_serial++), outer_(std::exchange(current, this)) {}
// Mostly the innermost one ends; one may outlive those that began after it.
Builder::~Builder() {
  Builder** link = &current;
  while (*link != this) link = &(*link)->outer_;
  *link = outer_;
}

Builder* Builder::of(std::uint64_t serial) {
  for (Builder* builder = current; builder != nullptr; builder = builder->outer_)
    if (builder->serial_ == serial) return builder;
  return nullptr;
}

ValueId Builder::new_value(const Type& type) {
  data_.types.push_back(type);
  return static_cast<ValueId>(data_.types.size() - 1);
}

Array Builder::input(const Type& type) {
  const ValueId id = new_value(type);
  data_.inputs.push_back(id);
  return ArrayAccess::make_traced(type, serial_, id);
}

Arrays Builder::inputs(const std::vector<Type>& types) {
  Arrays out;
  out.reserve(types.size());
  for (const Type& type : types) out.push_back(input(type));
  return out;
}

ValueId Builder::value_of(const Array& array) {
  const detail::Node& node = ArrayAccess::node(array);
  if (array.is_traced() && node.builder == serial_) return node.value;
  auto [found, is_new] = outside_.try_emplace(&node, 0);
  if (!is_new) return found->second;
  const ValueId id = new_value(array.type());
  found->second = id;
  kept_.push_back(array);
  if (array.is_traced()) {
    captured_.push_back(array);
    captured_ids_.push_back(id);
  } else {
    data_.constants.push_back({id, array});
  }
  return id;
}

Arrays Builder::emit(const Op& op, std::span<const Array> operands, const Attrs& attrs) {
  Types types;
  types.reserve(operands.size());
  for (const Array& operand : operands) types.push_back(operand.type());
  Equation eq{&op, {}, attrs, {}, current_region()};
  Arrays out;
  for (const Type& type : result_types(op, types, attrs)) {
    eq.outputs.push_back(new_value(type));
    out.push_back(ArrayAccess::make_traced(type, serial_, eq.outputs.back()));
  }
  for (const Array& operand : operands) eq.inputs.push_back(value_of(operand));
  data_.equations.push_back(std::move(eq));
  return out;
}

Traced Builder::finish(const Arrays& outputs) {
  for (const Array& out : outputs) data_.outputs.push_back(value_of(out));
  const std::vector<bool> needed = needed_values(data_);
  Arrays captured;
  // A captured value that nothing needs would be computed, and kept for a way back, in vain.
  for (std::size_t i = 0; i < captured_.size(); ++i)
    if (needed[captured_ids_[i]]) {
      data_.inputs.push_back(captured_ids_[i]);
      captured.push_back(captured_[i]);
    }
  return {std::make_shared<const Graph>(prune(data_, needed)), captured};
}

GraphPtr Builder::finish_closed(const Arrays& outputs) {
  Traced traced = finish(outputs);
  if (!traced.captured.empty()) fail("a graph transform captured a value of another trace");
  return traced.graph;
}

Builder* innermost(std::span<const Array> operands) {
  Builder* found = nullptr;
  for (const Array& operand : operands) {
    if (!operand.is_traced()) continue;
    const std::uint64_t serial = ArrayAccess::node(operand).builder;
    Builder* const at = Builder::of(serial);
    if (at == nullptr)
      fail(
          "a value traced by a transform was used after the transform had ended: return it from the function "
          "instead of storing it outside");
    // Later builders lie deeper; serial numbers grow with depth.
    if (found == nullptr || serial > found->serial()) found = at;
  }
  return found;
}

Traced trace(const ArrayFn& f, const std::vector<Type>& inputs) {
  Builder builder;
  return builder.finish(f(builder.inputs(inputs)));
}

}  // namespace runnel
