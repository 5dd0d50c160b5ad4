// Planning: which values are views of others, where in one arena the rest live, and which may write over what
// they read; then every step's kernel is made ready for its views.
#pragma once

#include "compile/program.h"

namespace runnel {

struct Arguments {
  // Strides of inputs and outputs; empty where all are dense.
  std::vector<Strides> inputs;
  std::vector<Strides> outputs;
  // Pairs (input, output) that the caller would like to give the same memory.
  std::vector<std::pair<std::size_t, std::size_t>> share;
};

std::shared_ptr<const Program> plan(const GraphPtr& graph, const Arguments& arguments = {});

}  // namespace runnel
