// How a program of elementwise operations is run over given views: which tiles, where each operand lies in
// one, which operations are run once and which for every tile.
#pragma once

#include <array>
#include <vector>

#include "kernels/simd/element_loops.h"

namespace runnel::kernels {

// The axes of a program after axes of size 1 are dropped and neighbours that lie regularly in every operand
// are merged (as reference/loops.h does for a fixed number of operands). Strides are in elements; the
// output's are those of a dense array.
struct ElementWalk {
  std::vector<std::int64_t> size;
  std::vector<std::vector<std::int64_t>> stride;  // of each axis: of each input
  bool empty = false;

  ElementWalk(const Shape& shape, std::span<const View> in);
  std::int64_t count() const;
};

// An operand written out into a buffer: its elements in the order of the tile.
struct Expansion {
  std::uint16_t from = 0;  // the register of the first element
  std::uint16_t to = 0;
  std::uint8_t element_size = 0;
  std::uint8_t rank = 0;
  bool whole_tile = false;  // the first axis is the tile's, shorter in the last tile
  std::array<std::int64_t, kMaxRank + 1> size{};
  std::array<std::int64_t, kMaxRank + 1> stride{};  // in elements
};

struct ElementPlan {
  struct Place {
    std::uint16_t reg;
    std::size_t offset;
  };
  struct Source {  // a register that begins at a given array
    std::uint16_t reg;
    std::uint16_t data;
  };
  struct Once {
    ElementStep step;
    std::size_t n;
  };
  struct Level {  // a loop around the tiles
    std::int64_t turns;
    std::vector<std::int64_t> advance;  // in bytes, of each of `moving`; undoes the inner levels' turns
  };

  std::vector<Source> sources;
  std::vector<Place> places;           // registers in the working memory
  std::vector<Expansion> expand_once;  // then `once`, then for every tile `expand_each` and `steps`
  std::vector<Once> once;
  std::vector<Expansion> expand_each;
  std::vector<ElementStep> steps;
  std::vector<std::uint16_t> moving;
  std::vector<Level> levels;
  std::size_t tile = 0;       // elements
  std::size_t last_tile = 0;  // at the last turn of the innermost level
  std::size_t row = 1;        // elements of a tile for each of its outermost size
  std::size_t scratch = 0;
};

ElementPlan plan_elements(const ElementProgram& program, const ElementWalk& walk, std::span<const int> alias);

// The program for one element (element_scalar.cpp).
PreparedPtr prepare_scalar(const ElementProgram& program);

}  // namespace runnel::kernels
