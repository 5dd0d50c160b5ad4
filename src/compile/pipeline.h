// The compiler: a graph becomes, pass by pass, a simpler graph; then a plan of buffers; then a program.
#pragma once

#include "compile/plan.h"

namespace runnel {

// Passes map graphs to graphs and keep the value of every output to the last bit. Each works on the graph it
// is given and on the bodies of its loops.

// Calls and checkpoints dissolve into the graph around them.
GraphPtr inline_subgraphs(const GraphPtr& graph);
// A vmap becomes a strip over groups of lanes, of a size that the caches hold, or dissolves.
GraphPtr assign_lanes(const GraphPtr& graph);
// Equations, outputs of loops and carries that nothing needs go.
GraphPtr remove_dead_code(const GraphPtr& graph);
// Moves of elements that a scan is given as constants are made in its body.
GraphPtr sink_views(const GraphPtr& graph);
// What is the same for all elements along an axis is computed once and then repeated.
GraphPtr narrow_elementwise(const GraphPtr& graph);
// Operations that give their operand back go; moves of elements that follow one another become one.
GraphPtr simplify(const GraphPtr& graph);
// Small results of constants alone become constants.
GraphPtr fold_constants(const GraphPtr& graph);
// What was computed already is not computed again.
GraphPtr share_common(const GraphPtr& graph);
// What every step of a scan would compute alike moves before it.
GraphPtr hoist_invariants(const GraphPtr& graph);
// Neighbouring elementwise equations become one that works tile by tile.
GraphPtr fuse_elementwise(const GraphPtr& graph);
// A large product and the elementwise work on its result run together, range by range of rows.
GraphPtr fuse_products(const GraphPtr& graph);

// One line of the list of passes.
struct Pass {
  const char* name;
  GraphPtr (*run)(const GraphPtr&);
};
std::span<const Pass> passes();

// The passes in order. RUNNEL_DUMP=pass prints every graph between them to stderr, RUNNEL_DUMP=<name of a
// pass> those before and after it.
GraphPtr optimise(const GraphPtr& graph);
// Those behind assign_lanes, silently: to find out what a choice of lanes costs.
GraphPtr optimise_after_lanes(const GraphPtr& graph);

// All of it, and the plan.
std::shared_ptr<const Program> compile(const GraphPtr& graph);

}  // namespace runnel
