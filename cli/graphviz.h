// Graphviz's program `dot`, where it is installed.
#pragma once

#include <string>

namespace runnel::cli {

// The drawing of a text in DOT. Throws Error(run) where `dot` is missing or fails.
std::string svg_of(const std::string& dot);

}  // namespace runnel::cli
