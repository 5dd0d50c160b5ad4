// The transforms on functions of flat lists of arrays.
#include <algorithm>
#include <utility>

#include "ops/control.h"
#include "ops/helpers.h"
#include "runnel/transforms.h"
#include "transforms/inline.h"

namespace runnel::flat {
namespace {

Types types_of(const Arrays& arrays) {
  Types out;
  for (const Array& a : arrays) out.push_back(a.type());
  return out;
}

Arrays with(Arrays first, const Arrays& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// Flags for `n` own inputs and the captured ones behind them.
Flags own(std::size_t n, const Traced& traced) {
  Flags flags(n, true);
  flags.resize(n + traced.captured.size(), false);
  return flags;
}

// Whether this thread traces a function for the compiler, which wants to see where lanes begin.
thread_local bool tracing_for_compiler = false;

void expect_same_types(const char* transform, const char* what, const Arrays& given, const Arrays& wanted) {
  if (given.size() != wanted.size())
    fail("[{}] {} {} were given for {} values", transform, given.size(), what, wanted.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i].type() != wanted[i].type())
      fail("[{}] {} {} is {}, its value is {}", transform, what, i, to_string(given[i].type()),
           to_string(wanted[i].type()));
}

}  // namespace

void expect_scalar(const char* transform, const Array& out) {
  if (out.rank() != 0 || !is_float(out.dtype()))
    fail("[{}] needs a function that returns one f32 or f64 number, this one returns {}", transform,
         to_string(out.type()));
}

void expect_same_leaves(const Arrays& carry, const Arrays& returned) {
  if (carry.size() != returned.size())
    fail("[scan] the carry goes in with {} arrays and comes out with {}: they must agree", carry.size(),
         returned.size());
  for (std::size_t i = 0; i < carry.size(); ++i)
    if (carry[i].type() != returned[i].type())
      fail("[scan] carry {} goes in as {} and comes out as {}: they must agree", i,
           to_string(carry[i].type()), to_string(returned[i].type()));
}

Traced trace_for_compiler(const ArrayFn& f, const std::vector<Type>& inputs) {
  struct Scope {
    bool before = std::exchange(tracing_for_compiler, true);
    ~Scope() { tracing_for_compiler = before; }
  } scope;
  return trace(f, inputs);
}

Vjp vjp(const ArrayFn& f, const Arrays& primals) {
  if (std::none_of(primals.begin(), primals.end(), [](const Array& x) { return is_float(x.dtype()); }))
    fail("[vjp] no argument is f32 or f64: there is nothing to differentiate by");
  const Traced traced = trace(f, types_of(primals));
  Tape tape = run_forward(traced.graph, with(primals, traced.captured), own(primals.size(), traced));
  Arrays outputs = outputs_of(tape);
  const auto pullback = [tape = std::move(tape), primals, outputs](const Arrays& cotangents) {
    expect_same_types("vjp", "cotangents", cotangents, outputs);
    const std::vector<MaybeArray> pulled = pull_back(tape, {cotangents.begin(), cotangents.end()});
    Arrays out;
    for (std::size_t i = 0; i < primals.size(); ++i)
      out.push_back(pulled[i] ? *pulled[i] : zeros_like(primals[i]));
    return out;
  };
  return {outputs, pullback};
}

Jvp jvp(const ArrayFn& f, const Arrays& primals, const Arrays& tangents) {
  expect_same_types("jvp", "tangents", tangents, primals);
  const Traced traced = trace(f, types_of(primals));
  std::vector<MaybeArray> moved;
  for (const Array& t : tangents) moved.push_back(is_float(t.dtype()) ? MaybeArray(t) : MaybeArray());
  moved.resize(primals.size() + traced.captured.size());
  const Pushed pushed = push_forward(*traced.graph, with(primals, traced.captured), moved);
  Jvp out{pushed.outputs, {}};
  for (std::size_t i = 0; i < pushed.outputs.size(); ++i)
    out.tangents.push_back(pushed.tangents[i] ? *pushed.tangents[i] : zeros_like(pushed.outputs[i]));
  return out;
}

Arrays vmap(const ArrayFn& f, const Arrays& arguments, const std::vector<Axis>& in_axes, int out_axis) {
  if (in_axes.size() != arguments.size())
    fail("[vmap] {} axes were given for {} arguments", in_axes.size(), arguments.size());
  std::int64_t lanes = -1;
  Arrays moved;
  Types types;
  Flags batched;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    moved.push_back(arguments[i]);
    types.push_back(arguments[i].type());
    batched.push_back(in_axes[i].has_value());
    if (!in_axes[i]) continue;
    const int axis = normal_axis("vmap", *in_axes[i], arguments[i].rank());
    const std::int64_t size = arguments[i].dim(axis);
    if (lanes >= 0 && size != lanes)
      fail("[vmap] arguments with {} and {} lanes do not go together", lanes, size);
    lanes = size;
    moved[i] = move_axis(arguments[i], axis, -1);
    types[i].shape.erase(axis);
  }
  if (lanes < 0) fail("[vmap] no argument has an axis to map over");
  const Traced traced = trace(f, types);
  batched.resize(arguments.size() + traced.captured.size(), false);
  const Arrays operands = with(moved, traced.captured);
  Arrays out;
  if (tracing_for_compiler && innermost(operands) != nullptr) {
    out = bind_op(find_op("vmap"), operands, vmap_attrs({traced.graph, batched, lanes}));
  } else {
    const Batched result = run_batched(*traced.graph, operands, batched, lanes);
    out = all_with_lanes(result.outputs, result.batched, lanes);
  }
  for (Array& x : out) x = move_axis(x, -1, out_axis);
  return out;
}

Arrays scan(const ArrayFn& f, const Arrays& carries, const Arrays& sequences, std::int64_t length,
            bool reverse) {
  Types types = types_of(carries);
  for (const Array& x : sequences) {
    if (x.rank() == 0 || x.dim(0) != length)
      fail("[scan] sequences must have one leading size: {} steps and shape {}", length,
           to_string(x.shape()));
    Type slice = x.type();
    slice.shape.erase(0);
    types.push_back(slice);
  }
  const Traced traced = trace(f, types);
  // What the body captured becomes its constants, which stand first.
  Graph::Data data{traced.graph->types(), traced.graph->inputs(), traced.graph->constants(),
                   traced.graph->equations(), traced.graph->outputs()};
  const auto own_inputs = static_cast<std::ptrdiff_t>(types.size());
  std::rotate(data.inputs.begin(), data.inputs.begin() + own_inputs, data.inputs.end());
  const ScanSpec spec{std::make_shared<const Graph>(std::move(data)), length,
                      static_cast<std::int64_t>(traced.captured.size()),
                      static_cast<std::int64_t>(carries.size()), reverse};
  return bind_op(find_op("scan"), with(with(traced.captured, carries), sequences), scan_attrs(spec));
}

Arrays checkpoint(const ArrayFn& f, const Arrays& arguments) {
  const Traced traced = trace(f, types_of(arguments));
  return bind_op(find_op("checkpoint"), with(arguments, traced.captured), {{"graph", traced.graph}});
}

}  // namespace runnel::flat
