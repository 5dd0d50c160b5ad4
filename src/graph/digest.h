// What a graph is, in 32 digits: equal graphs have equal digests, in every process.
#pragma once

#include <string>

#include "runnel/graph.h"

namespace runnel {

// Of structure, attributes, types, and the bits of constants (XXH3 with 128 bits).
std::string digest_of(const Graph& graph);

}  // namespace runnel
