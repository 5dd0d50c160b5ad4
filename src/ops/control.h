// Ops that hold sub-graphs. Their derivatives and lanes follow by transforming the sub-graph
// (src/transforms/control.h).
#pragma once

#include "graph/op.h"

namespace runnel {

// scan: operands are constants, carries, then sequences whose leading axis is stepped along; the body maps
// (constants, carries, one slice of each sequence) to (carries, one slice of each output). Outputs: the last
// carries, then the stacked slices. `reverse` steps from the last slice to the first; slices are stacked
// where they came from.
struct ScanSpec {
  GraphPtr body;
  std::int64_t length = 0;
  std::int64_t constants = 0;
  std::int64_t carries = 0;
  bool reverse = false;
};
ScanSpec scan_spec(const Attrs& attrs);
Attrs scan_attrs(const ScanSpec& spec);

// vmap: a graph run for every lane; `in` has a character for each operand, 'l' where its last axis holds
// lanes and
// '.' where all lanes share it. All results have lanes. A trace for the compiler keeps vmap as an equation,
// so that the compiler can choose how many lanes to run together; every transform dissolves it first.
struct VmapSpec {
  GraphPtr graph;
  std::vector<bool> batched;
  std::int64_t lanes = 0;
};
VmapSpec vmap_spec(const Attrs& attrs);
Attrs vmap_attrs(const VmapSpec& spec);

// checkpoint: a graph whose inner values are computed again for the derivative instead of being kept.
// call: a graph to be compiled.

// How a `call` runs its graph on concrete arrays. The compiler installs itself here (src/compile/jit.cpp);
// until then the interpreter does the work.
using CallRunner = void (*)(const GraphPtr& graph, std::span<const View> in, std::span<const View> out);
void set_call_runner(CallRunner runner);

// Runs a graph with the interpreter, from views to views.
void interpret_views(const GraphPtr& graph, std::span<const View> in, std::span<const View> out);

}  // namespace runnel
