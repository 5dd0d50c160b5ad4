// What a graph costs to run, counted and not timed.
#pragma once

#include "runnel/graph.h"

namespace runnel {

struct Cost {
  // A multiplication and an addition for each term of a product; one for each number that a reduction takes
  // in; one for each number that any other op gives. Views (reshapes, broadcasts, slices) have none.
  double operations = 0;
  double bytes = 0;  // of all values made on the way, views and arguments not among them
};

// Of a graph as traced, one equation after another: the body of a scan counts once for each of its steps, and
// the graph under a vmap once for each of its lanes. Throws Error(input) for a graph that the compiler has
// rewritten (`fused`, `strip`).
Cost cost_of(const Graph& graph);

}  // namespace runnel
