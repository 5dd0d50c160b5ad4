// Running equations one at a time.
#include "core/buffer.h"
#include "core/fail.h"
#include "graph/builder.h"
#include "graph/node.h"

namespace runnel {

using detail::ArrayAccess;

namespace {

std::shared_ptr<std::byte> buffer_for(const Type& type) {
  return allocate_buffer(static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype));
}

// An elementwise op on operands that each repeat one element gives one element, repeated.
std::optional<Array> compute_repeated(const Op& op, const std::vector<View>& in, const Type& type,
                                      const Attrs& attrs) {
  if (!op.element || type.shape.product() < 2) return {};
  std::vector<View> scalars;
  for (const View& view : in) {
    if (!is_repeated(view)) return {};
    scalars.push_back({view.data, view.dtype, {}, {}});
  }
  auto buffer = buffer_for({type.dtype, {}});
  const View out[] = {{buffer.get(), type.dtype, {}, {}}};
  op.kernel({scalars, out, attrs, nullptr});
  View repeated{buffer.get(), type.dtype, type.shape, type.shape};
  for (std::int64_t& stride : repeated.strides) stride = 0;
  return ArrayAccess::make_view(repeated, std::move(buffer));
}

// Making a fast kernel ready takes about as long as the reference kernel takes for this many elements.
constexpr std::int64_t kWorthPreparing = 2048;

std::int64_t elements_of(const std::vector<View>& in, const std::vector<View>& out) {
  std::int64_t n = 0;
  for (const View& view : in) n += view.size();
  for (const View& view : out) n += view.size();
  return n;
}

void run_kernel(const Op& op, const std::vector<View>& in, const std::vector<View>& out,
                const Types& in_types, const Types& out_types, const Attrs& attrs) {
  std::shared_ptr<std::byte> scratch;
  if (op.prepare != nullptr && elements_of(in, out) >= kWorthPreparing)
    if (const auto prepared = op.prepare({in, out, attrs, {}})) {
      std::vector<std::byte*> data;
      for (const View& view : in) data.push_back(view.data);
      for (const View& view : out) data.push_back(view.data);
      if (prepared->scratch_bytes() > 0) scratch = allocate_buffer(prepared->scratch_bytes());
      return prepared->run(data.data(), scratch.get());
    }
  if (op.scratch != nullptr) scratch = allocate_buffer(op.scratch(in_types, out_types, attrs));
  op.kernel({in, out, attrs, scratch.get()});
}

Arrays compute(const Op& op, std::span<const Array> operands, const Attrs& attrs) {
  Types in_types;
  std::vector<View> in;
  for (const Array& operand : operands) {
    in_types.push_back(operand.type());
    in.push_back(ArrayAccess::view(operand));
  }
  const Types out_types = result_types(op, in_types, attrs);
  if (op.view != nullptr)
    if (const auto view = op.view(in[0], out_types[0], attrs))
      return {ArrayAccess::make_view(*view, ArrayAccess::node(operands[0]).buffer)};
  if (auto repeated = compute_repeated(op, in, out_types[0], attrs)) return {*repeated};
  Arrays results;
  std::vector<View> out;
  for (const Type& type : out_types) {
    results.push_back(ArrayAccess::make(type, buffer_for(type)));
    out.push_back(ArrayAccess::view(results.back()));
  }
  run_kernel(op, in, out, in_types, out_types, attrs);
  if (op.check != nullptr && operands[0].rank() == 2) op.check(operands, results);
  return results;
}

}  // namespace

Arrays bind_op(const Op& op, std::span<const Array> operands, const Attrs& attrs) {
  if (Builder* builder = innermost(operands)) return builder->emit(op, operands, attrs);
  return compute(op, operands, attrs);
}

std::vector<Array> evaluate(const Graph& graph, const std::vector<Array>& arguments) {
  if (arguments.size() != graph.inputs().size())
    fail("a graph of {} inputs was given {} arguments", graph.inputs().size(), arguments.size());
  std::vector<Array> values(graph.types().size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].type() != graph.type(graph.inputs()[i]))
      fail("input {} of a graph is {}, got {}", i, to_string(graph.type(graph.inputs()[i])),
           to_string(arguments[i].type()));
    values[graph.inputs()[i]] = arguments[i];
  }
  for (const auto& constant : graph.constants()) values[constant.id] = constant.value;
  Arrays operands;
  for (const Equation& eq : graph.equations()) {
    operands.clear();
    for (ValueId id : eq.inputs) operands.push_back(values[id]);
    Arrays results = bind_op(*eq.op, operands, eq.attrs);
    for (std::size_t i = 0; i < results.size(); ++i) values[eq.outputs[i]] = std::move(results[i]);
  }
  Arrays out;
  for (ValueId id : graph.outputs()) out.push_back(values[id]);
  return out;
}

}  // namespace runnel
