// The transforms of graphs. Each runs a graph in a changed meaning on arrays: at once when these are
// concrete, into the surrounding trace when they are traced, which is how a transform of a transform comes
// about. Wrapped in a Builder, each maps a graph to a graph.
#pragma once

#include "graph/builder.h"
#include "graph/op.h"

namespace runnel {

using Flags = std::vector<bool>;

// ---- forward mode --------------------------------------------------------------------------------------
struct Pushed {
  Arrays outputs;
  std::vector<MaybeArray> tangents;  // none: zero
};
Pushed push_forward(const Graph& graph, const Arrays& primals, const std::vector<MaybeArray>& tangents);

// ---- reverse mode --------------------------------------------------------------------------------------
// A forward run that remembers what the way back needs.
struct Tape {
  GraphPtr graph;
  Arrays values;                  // by id
  Flags active;                   // by id: depends on an active input in a way that can vary
  std::vector<Arrays> residuals;  // of each equation with a sub-graph
};
Tape run_forward(const GraphPtr& graph, const Arrays& arguments, const Flags& active_inputs);
Arrays outputs_of(const Tape& tape);
Flags active_outputs(const Tape& tape);
// Cotangents of the inputs, given those of the outputs.
std::vector<MaybeArray> pull_back(const Tape& tape, const std::vector<MaybeArray>& cotangents);

// Which outputs depend on active inputs in a way that can vary.
Flags active_outputs(const Graph& graph, const Flags& active_inputs);

// ---- batching ------------------------------------------------------------------------------------------
struct Batched {
  Arrays outputs;
  Flags batched;  // lane axis last where true
};
Batched run_batched(const Graph& graph, const Arrays& arguments, const Flags& batched, std::int64_t lanes);

// The graph with its vmap equations replaced by those of their lanes; null where it has none. The transforms
// above begin with it, so that a function has the same derivative whether its vmap was kept for the compiler
// or not.
GraphPtr without_vmaps(const Graph& graph);

// ---- helpers -------------------------------------------------------------------------------------------
Array zeros_like(const Array& x);
void accumulate(MaybeArray& into, const Array& x);
// The elements of `all` whose flag is set.
template <class T>
std::vector<T> where(const std::vector<T>& all, const Flags& flags) {
  std::vector<T> out;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (flags[i]) out.push_back(all[i]);
  return out;
}

}  // namespace runnel
