// Boxes and arrows as plain data, and as text for Graphviz.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace runnel {

struct Drawing {
  enum class Kind { input, constant, step, result };
  struct Box {
    Kind kind = Kind::step;
    std::vector<std::string> lines;
  };
  struct Arrow {
    std::size_t from = 0, to = 0;  // boxes
    bool dashed = false;
  };
  std::vector<Box> boxes;
  std::vector<Arrow> arrows;
  bool downwards = true;  // else from left to right
};

std::string to_dot(const Drawing& drawing);

}  // namespace runnel
