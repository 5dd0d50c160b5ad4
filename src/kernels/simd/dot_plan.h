// How a product is cut into the tiles of dot_tiles.h.
#pragma once

#include <cstdint>

#include "kernels/prepared.h"
#include "kernels/reference/dot_plan.h"
#include "kernels/simd/dot_tiles.h"

namespace runnel::kernels {

// `size` rows or columns in tiles of nearly the same size: the first `longer` of them have base + 1.
struct Cut {
  std::int64_t size = 0;
  std::int64_t base = 0;
  std::int64_t longer = 0;

  Cut() = default;
  Cut(std::int64_t total, std::int64_t most) : size(total) {
    if (total == 0) return;
    const std::int64_t tiles = (total + most - 1) / most;
    base = total / tiles;
    longer = total - base * tiles;
  }
  // Calls visit(first, size) for every tile.
  template <class Visit>
  void each(Visit&& visit) const {
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < longer; ++i, at += base + 1) visit(at, base + 1);
    for (; at < size; at += base) visit(at, base);
  }
};

// The largest tile, R rows by C columns.
struct TileShape {
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};

// Which of the shapes that `has(rows, columns)` makes the product of m rows by n columns cheapest.
template <class Has>
TileShape cheapest(std::int64_t m, std::int64_t n, std::int64_t k, Has&& has) {
  // Cycles of one tile: multiply-adds or loads, two a cycle, but no step of k is shorter than the latency of
  // a multiply-add; then what starting a tile and storing it takes.
  const auto tile = [k](std::int64_t r, std::int64_t c) {
    return static_cast<double>(k * std::max({r * c, r + c, std::int64_t{8}})) / 2 + 12 +
           static_cast<double>(r * c);
  };
  TileShape best;
  double least = 0;
  for (std::int64_t r = 1; r <= DotTiles<float>::kMost; ++r)
    for (std::int64_t c = 1; c <= DotTiles<float>::kMost; ++c) {
      if (!has(r, c)) continue;
      const Cut i(m, r);
      const Cut j(std::max(n, std::int64_t{1}), c);
      const auto count = [](const Cut& cut, bool longer) {
        return static_cast<double>(longer ? cut.longer : (cut.size - cut.longer * (cut.base + 1)) / cut.base);
      };
      double cost = 0;
      for (bool longer_i : {false, true})
        for (bool longer_j : {false, true})
          cost += count(i, longer_i) * count(j, longer_j) * tile(i.base + longer_i, j.base + longer_j);
      if (least == 0 || cost < least) {
        least = cost;
        best = {r, c};
      }
    }
  return best;
}

// A product in one of two forms: a is read as vectors (lanes) or number by number (rows); b as vectors along
// `v`, which is the axis along which out is contiguous.
struct VectorPlan {
  bool lanes = false;
  bool traded = false;  // a and b have changed places
  DotAxis m, n, v, k;   // rows, columns, vectors, contracted
  Nest<3> outer;
};

PreparedPtr prepare_lane_product(const VectorPlan& plan, DType dtype);
PreparedPtr prepare_row_product(const VectorPlan& plan, DType dtype);

}  // namespace runnel::kernels
