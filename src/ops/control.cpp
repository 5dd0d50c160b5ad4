#include "ops/control.h"

#include "core/buffer.h"
#include "graph/node.h"
#include "kernels/reference/elementwise.h"
#include "ops/helpers.h"

namespace runnel {

ScanSpec scan_spec(const Attrs& attrs) {
  return {attrs.graph("body"), attrs.integer("length"), attrs.integer("constants"), attrs.integer("carries"),
          attrs.get<bool>("reverse")};
}

Attrs scan_attrs(const ScanSpec& spec) {
  return {{"body", spec.body},
          {"length", spec.length},
          {"constants", spec.constants},
          {"carries", spec.carries},
          {"reverse", spec.reverse}};
}

VmapSpec vmap_spec(const Attrs& attrs) {
  VmapSpec s{attrs.graph("graph"), {}, attrs.integer("lanes")};
  for (char c : attrs.get<std::string>("in")) s.batched.push_back(c == 'l');
  return s;
}

Attrs vmap_attrs(const VmapSpec& s) {
  std::string in;
  for (bool batched : s.batched) in += batched ? 'l' : '.';
  return {{"graph", s.graph}, {"lanes", s.lanes}, {"in", in}};
}

namespace {

std::size_t bytes_of(const View& view) { return static_cast<std::size_t>(view.size()) * size_of(view.dtype); }

Array copied(const View& view) {
  auto buffer = allocate_buffer(bytes_of(view));
  kernels::copy(view, dense_view(buffer.get(), view.dtype, view.shape));
  return detail::ArrayAccess::make({view.dtype, view.shape}, buffer);
}

void store(const Array& array, const View& out) { kernels::copy(detail::ArrayAccess::view(array), out); }

// Slice i along the leading axis.
View step_of(const View& view, std::int64_t i) {
  View out = view;
  out.data += i * view.strides[0] * static_cast<std::int64_t>(size_of(view.dtype));
  out.shape.erase(0);
  out.strides.erase(0);
  return out;
}

Type slice_type(const Type& type) {
  Type out = type;
  out.shape.erase(0);
  return out;
}

Types scan_type(std::span<const Type> in, const Attrs& attrs) {
  const ScanSpec s = scan_spec(attrs);
  const auto before = static_cast<std::size_t>(s.constants + s.carries);
  if (in.size() < before || s.body->inputs().size() != in.size())
    fail("[scan] the body takes {} operands, {} were given", s.body->inputs().size(), in.size());
  const Types wanted = s.body->input_types();
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (i >= before && (in[i].shape.rank() == 0 || in[i].shape[0] != s.length))
      fail("[scan] a sequence of {} steps was expected, got {}", s.length, to_string(in[i]));
    const Type given = i < before ? in[i] : slice_type(in[i]);
    if (given != wanted[i])
      fail("[scan] operand {}: the body takes {}, got {}", i, to_string(wanted[i]), to_string(given));
  }
  Types out = s.body->output_types();
  if (out.size() < static_cast<std::size_t>(s.carries))
    fail("[scan] the body must return its {} carries", s.carries);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto carries = static_cast<std::size_t>(s.carries);
    if (i >= carries) {
      out[i].shape.insert(0, s.length);
    } else if (const Type& carry = in[static_cast<std::size_t>(s.constants) + i]; out[i] != carry) {
      fail("[scan] carry {} goes in as {} and comes out as {}: they must agree", i, to_string(carry),
           to_string(out[i]));
    }
  }
  return out;
}

void scan_kernel(const KernelCall& c) {
  const ScanSpec s = scan_spec(c.attrs);
  const auto constants = static_cast<std::size_t>(s.constants);
  const auto carries = static_cast<std::size_t>(s.carries);
  Arrays arguments;
  for (std::size_t i = 0; i < constants + carries; ++i) arguments.push_back(copied(c.in[i]));
  arguments.resize(c.in.size());
  for (std::int64_t step = 0; step < s.length; ++step) {
    const std::int64_t place = s.reverse ? s.length - 1 - step : step;
    for (std::size_t i = constants + carries; i < c.in.size(); ++i)
      arguments[i] = copied(step_of(c.in[i], place));
    const Arrays out = evaluate(*s.body, arguments);
    for (std::size_t i = 0; i < carries; ++i) arguments[constants + i] = out[i];
    for (std::size_t i = carries; i < out.size(); ++i) store(out[i], step_of(c.out[i], place));
  }
  for (std::size_t i = 0; i < carries; ++i) store(arguments[constants + i], c.out[i]);
}

Types subgraph_type(const char* name, std::span<const Type> in, const Attrs& attrs) {
  const Types wanted = attrs.graph("graph")->input_types();
  if (!std::equal(in.begin(), in.end(), wanted.begin(), wanted.end()))
    fail("[{}] the operands do not fit the sub-graph", name);
  return attrs.graph("graph")->output_types();
}

Types vmap_type(std::span<const Type> in, const Attrs& attrs) {
  const VmapSpec s = vmap_spec(attrs);
  Types wanted = s.graph->input_types();
  if (in.size() != wanted.size() || in.size() != s.batched.size())
    fail("[vmap] the graph takes {} operands, {} were given", wanted.size(), in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (s.batched[i]) wanted[i].shape.push_back(s.lanes);
    if (in[i] != wanted[i])
      fail("[vmap] operand {}: {} was expected, got {}", i, to_string(wanted[i]), to_string(in[i]));
  }
  Types out = s.graph->output_types();
  for (Type& type : out) type.shape.push_back(s.lanes);
  return out;
}

// One lane of a view whose last axis holds lanes.
View lane_of(const View& view, std::int64_t lane) {
  View out = view;
  out.data += lane * view.strides.back() * static_cast<std::int64_t>(size_of(view.dtype));
  out.shape.pop_back();
  out.strides.pop_back();
  return out;
}

// What vmap means: lane after lane.
void vmap_kernel(const KernelCall& c) {
  const VmapSpec s = vmap_spec(c.attrs);
  for (std::int64_t lane = 0; lane < s.lanes; ++lane) {
    std::vector<View> in(c.in.begin(), c.in.end());
    std::vector<View> out;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (s.batched[i]) in[i] = lane_of(in[i], lane);
    for (const View& view : c.out) out.push_back(lane_of(view, lane));
    interpret_views(s.graph, in, out);
  }
}

CallRunner call_runner = interpret_views;

// x ← x + a b, y = sin x: a body with a constant, a carry, a sequence and an output.
GraphPtr sample_body() {
  const Type scalar{DType::f64, {}};
  return trace(
             [](const Arrays& v) -> Arrays {
               const Array x = v[1] + v[0] * v[2];
               return {x, sin(x)};
             },
             {scalar, scalar, scalar})
      .graph;
}

GraphPtr sample_graph() {
  const Type type{DType::f64, {3}};
  return trace([](const Arrays& v) -> Arrays { return {sin(v[0] * v[1]), sum(v[0])}; }, {type, type}).graph;
}

Op scan_row() {
  return {"scan",
          "a loop that carries values and stacks outputs",
          -1,
          {"body", "length", "constants", "carries", "reverse"},
          scan_type,
          BySubgraph{},
          BySubgraph{},
          scan_kernel,
          nullptr,
          Fusion::control,
          [] {
            std::vector<Sample> out;
            for (bool reverse : {false, true})
              out.push_back({{sample({}), sample({}, -2, 2, 1), sample({5}, -2, 2, 2)},
                             scan_attrs({sample_body(), 5, 1, 1, reverse})});
            return out;
          }};
}

Op vmap_row() {
  return {"vmap",
          "a graph run for every lane of its operands' last axis",
          -1,
          {"graph", "lanes", "in"},
          vmap_type,
          Dissolves{},
          Dissolves{},
          vmap_kernel,
          nullptr,
          Fusion::control,
          [] {
            return std::vector<Sample>{
                {{sample({3, 5}), sample({3}, -2, 2, 1)}, vmap_attrs({sample_graph(), {true, false}, 5})}};
          }};
}

Op subgraph_row(const char* name, const char* meaning,
                std::function<Types(std::span<const Type>, const Attrs&)> type, Kernel kernel) {
  return {name,
          meaning,
          -1,
          {"graph"},
          std::move(type),
          BySubgraph{},
          BySubgraph{},
          kernel,
          nullptr,
          Fusion::control,
          [] {
            return std::vector<Sample>{{{sample({3}), sample({3}, -2, 2, 1)}, {{"graph", sample_graph()}}}};
          }};
}

}  // namespace

std::vector<Op> control_ops() {
  return {
      scan_row(), vmap_row(),
      subgraph_row(
          "checkpoint", "a graph whose inner values are computed again for the derivative",
          [](std::span<const Type> in, const Attrs& attrs) { return subgraph_type("checkpoint", in, attrs); },
          [](const KernelCall& c) { interpret_views(c.attrs.graph("graph"), c.in, c.out); }),
      subgraph_row(
          "call", "a graph to be compiled",
          [](std::span<const Type> in, const Attrs& attrs) { return subgraph_type("call", in, attrs); },
          [](const KernelCall& c) { call_runner(c.attrs.graph("graph"), c.in, c.out); })};
}

void set_call_runner(CallRunner runner) { call_runner = runner; }

void interpret_views(const GraphPtr& graph, std::span<const View> in, std::span<const View> out) {
  Arrays arguments;
  for (const View& view : in) arguments.push_back(copied(view));
  const Arrays results = evaluate(*graph, arguments);
  for (std::size_t i = 0; i < results.size(); ++i) store(results[i], out[i]);
}

}  // namespace runnel
