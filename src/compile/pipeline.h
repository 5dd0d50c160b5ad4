// The compiler: a graph becomes, pass by pass, a simpler graph; then a plan of buffers; then a program.
#pragma once

#include "compile/program.h"

namespace runnel {

// Passes map graphs to graphs and keep the value of every output to the last bit.
GraphPtr inline_subgraphs(
    const GraphPtr& graph);  // calls and checkpoints dissolve into the graph around them

// Buffers, views and steps.
std::shared_ptr<const Program> plan(const GraphPtr& graph);

// All of the above, in order.
std::shared_ptr<const Program> compile(const GraphPtr& graph);

}  // namespace runnel
