#include "ops/compiled.h"

#include <algorithm>

#include "core/buffer.h"
#include "graph/node.h"
#include "kernels/fast.h"
#include "ops/control.h"
#include "ops/helpers.h"

namespace runnel {
namespace {

constexpr const char* kAfterTransforms = "the compiler makes it, after all transforms";

// One character for each operand: the axis, or '.' for none.
std::string axes_text(const std::vector<std::int64_t>& axes) {
  std::string out;
  for (std::int64_t axis : axes) out += axis < 0 ? '.' : static_cast<char>('0' + axis);
  return out;
}

std::vector<std::int64_t> axes_of(const std::string& text) {
  std::vector<std::int64_t> out;
  for (char c : text) out.push_back(c == '.' ? -1 : c - '0');
  return out;
}

// ---- fused ---------------------------------------------------------------------------------------------

Types fused_type(std::span<const Type> in, const Attrs& attrs) {
  const Graph& graph = *attrs.graph("graph");
  const Types wanted = graph.input_types();
  if (!std::equal(in.begin(), in.end(), wanted.begin(), wanted.end()))
    fail("[fused] the operands do not fit the graph");
  for (const Equation& eq : graph.equations())
    if (!eq.op->element) fail("[fused] {} is not elementwise", eq.op->name);
  for (const Type& type : graph.types())
    if (type.shape != graph.types()[0].shape) fail("[fused] its values must have one shape");
  if (!graph.constants().empty()) fail("[fused] takes its constants as operands");
  return graph.output_types();
}

kernels::ElementProgram program_of(const Graph& graph) {
  kernels::ElementProgram program;
  std::vector<std::uint16_t> reg(graph.types().size());
  for (ValueId id : graph.inputs()) {
    reg[id] = static_cast<std::uint16_t>(program.inputs.size());
    program.inputs.push_back(graph.type(id).dtype);
  }
  for (const Equation& eq : graph.equations()) {
    kernels::ElementOp op{
        *eq.op->element, graph.type(eq.inputs.back()).dtype, graph.type(eq.outputs[0]).dtype, {}};
    for (std::size_t i = 0; i < eq.inputs.size(); ++i) op.in[i] = reg[eq.inputs[i]];
    reg[eq.outputs[0]] = static_cast<std::uint16_t>(program.inputs.size() + program.ops.size());
    program.ops.push_back(op);
  }
  for (ValueId id : graph.outputs()) program.outputs.push_back(reg[id]);
  return program;
}

GraphPtr sample_fused() {
  const Type type{DType::f64, {3, 2}};
  return trace(
             [](const Arrays& v) -> Arrays {
               return {v[0] * v[1] + v[0], select(v[0] > v[1], v[0], v[1])};
             },
             {type, type})
      .graph;
}

Op fused_row() {
  return {
      "fused",
      "elementwise equations of one shape, as one",
      -1,
      {"graph"},
      fused_type,
      Unsupported{kAfterTransforms},
      Unsupported{kAfterTransforms},
      [](const KernelCall& c) { interpret_views(c.attrs.graph("graph"), c.in, c.out); },
      nullptr,
      Fusion::elementwise,
      [] {
        return std::vector<Sample>{{{sample({3, 2}), sample({3, 2}, -2, 2, 1)}, {{"graph", sample_fused()}}}};
      },
      nullptr,
      [](const PrepareCall& c) {
        return kernels::prepare_elements(program_of(*c.attrs.graph("graph")), c.in, c.out, c.alias);
      }};
}

// ---- strip ---------------------------------------------------------------------------------------------

Type cut(Type type, std::int64_t axis, std::int64_t size) {
  if (axis >= 0) type.shape[static_cast<std::size_t>(axis)] = size;
  return type;
}

Types strip_type(std::span<const Type> in, const Attrs& attrs) {
  const StripSpec s = strip_spec(attrs);
  if (s.chunk < 1 || s.size < s.chunk) fail("[strip] {} elements in ranges of {}", s.size, s.chunk);
  Types out = s.body->output_types();
  if (in.size() != s.in_axes.size() || out.size() != s.out_axes.size())
    fail("[strip] takes {} operands and gives {} results, {} and {} axes were given", in.size(), out.size(),
         s.in_axes.size(), s.out_axes.size());
  const auto expect_fit = [&](const Graph& graph, std::int64_t size) {
    const Types wanted = graph.input_types();
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (s.in_axes[i] >= in[i].shape.rank() || cut(in[i], s.in_axes[i], size) != wanted[i])
        fail("[strip] operand {}: the graph takes {}, got {}", i, to_string(wanted[i]), to_string(in[i]));
      if (s.in_axes[i] >= 0 && in[i].shape[static_cast<std::size_t>(s.in_axes[i])] != s.size)
        fail("[strip] operand {} of {} is to be cut in {}", i, to_string(in[i]), s.size);
    }
  };
  expect_fit(*s.body, s.chunk);
  if (s.tail != nullptr) expect_fit(*s.tail, s.size % s.chunk);
  for (std::size_t o = 0; o < out.size(); ++o) {
    if (s.out_axes[o] < 0 || s.out_axes[o] >= out[o].shape.rank())
      fail("[strip] result {} has no axis {}", o, s.out_axes[o]);
    out[o] = cut(out[o], s.out_axes[o], s.size);
  }
  return out;
}

View range_of(const View& view, std::int64_t axis, std::int64_t start, std::int64_t size) {
  if (axis < 0) return view;
  View out = view;
  const auto a = static_cast<std::size_t>(axis);
  out.data += start * view.strides[a] * static_cast<std::int64_t>(size_of(view.dtype));
  out.shape[a] = size;
  return out;
}

void strip_kernel(const KernelCall& c) {
  const StripSpec s = strip_spec(c.attrs);
  for (std::int64_t start = 0; start < s.size; start += s.chunk) {
    const std::int64_t size = std::min(s.chunk, s.size - start);
    std::vector<View> in;
    std::vector<View> out;
    for (std::size_t i = 0; i < c.in.size(); ++i) in.push_back(range_of(c.in[i], s.in_axes[i], start, size));
    for (std::size_t o = 0; o < c.out.size(); ++o)
      out.push_back(range_of(c.out[o], s.out_axes[o], start, size));
    interpret_views(size == s.chunk ? s.body : s.tail, in, out);
  }
}

// Rows times a matrix, three at a time and a last one.
std::vector<Sample> strip_samples() {
  const auto graph = [](std::int64_t rows) {
    return trace([](const Arrays& v) -> Arrays { return {matmul(v[0], v[1]) + v[2]}; },
                 {{DType::f64, {rows, 2}}, {DType::f64, {2, 4}}, {DType::f64, {rows, 4}}})
        .graph;
  };
  return {{{sample({7, 2}), sample({2, 4}, -2, 2, 1), sample({7, 4}, -2, 2, 2)},
           strip_attrs({graph(3), graph(1), 7, 3, {0, -1, 0}, {0}})}};
}

Op strip_row() {
  return {"strip",
          "a graph run for one range of an axis after another",
          -1,
          {"body", "tail", "size", "chunk", "in", "out"},
          strip_type,
          Unsupported{kAfterTransforms},
          Unsupported{kAfterTransforms},
          strip_kernel,
          nullptr,
          Fusion::control,
          strip_samples};
}

}  // namespace

StripSpec strip_spec(const Attrs& attrs) {
  StripSpec s{attrs.graph("body"),
              attrs.graph("tail"),
              attrs.integer("size"),
              attrs.integer("chunk"),
              axes_of(attrs.get<std::string>("in")),
              axes_of(attrs.get<std::string>("out"))};
  if (s.chunk > 0 && s.size % s.chunk == 0) s.tail = nullptr;
  return s;
}

// Where there is no tail the body stands in its place.
Attrs strip_attrs(const StripSpec& s) {
  return {{"body", s.body},
          {"tail", s.tail != nullptr ? s.tail : s.body},
          {"size", s.size},
          {"chunk", s.chunk},
          {"in", axes_text(s.in_axes)},
          {"out", axes_text(s.out_axes)}};
}

std::vector<Op> compiled_ops() { return {fused_row(), strip_row()}; }

}  // namespace runnel
