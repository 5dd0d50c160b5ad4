// The innermost loops of products, compiled for each instruction set, as tables of functions.
#pragma once

#include <cstdint>

namespace runnel::kernels {

// Strides of a tile in elements. Its rows i step through a, its columns j through b; k is contracted.
struct TileSteps {
  std::int64_t a_i = 0;
  std::int64_t a_k = 0;
  std::int64_t b_j = 0;
  std::int64_t b_k = 0;
  std::int64_t out_i = 0;
  std::int64_t out_j = 0;
};

// One tile over the whole of k: R rows by C columns, each column one vector of numbers that lie side by side
// in b and out. In each block of kDotBlock the accumulators start at 0; the first block is stored (`add`:
// added to what stands in out), each further one added. A partial tile reads and writes `count` numbers of
// its vectors.
template <class T>
using DotTile = void (*)(const T* a, const T* b, T* out, const TileSteps& steps, std::int64_t k, bool add,
                         std::int64_t count);

// Shapes are bounded by the registers: R C accumulators, the shorter side held, one number of the longer side
// on its way. Tables are indexed [R - 1][C - 1]; null where a shape does not fit.
template <class T>
struct DotTiles {
  static constexpr int kMost = 8;
  std::int64_t width;
  // a is one number for all of a vector: out[i, v] = sum a[i, k] b[k, v].
  DotTile<T> rows[kMost][kMost];
  DotTile<T> rows_part[kMost];  // C = 1
  // a is a vector like b: out[i, j, v] = sum a[i, k, v] b[j, k, v]. R <= C alone: else a and b trade places.
  DotTile<T> lanes[kMost][kMost];
  DotTile<T> lanes_part[kMost][kMost];
  // Half a vector of lanes of two neighbouring columns side by side: R rows by 2 C columns, as `lanes`. A
  // part of `count` lanes is less than half.
  DotTile<T> pairs[kMost][kMost];
  DotTile<T> pairs_part[kMost][kMost];
  // The places of what is not 0 among k numbers, and how many there are; `places` has room for a vector more.
  std::int64_t (*not_zero)(const T* a, std::int64_t k, std::int32_t* places);
  // One row of a, at these places only, by C vectors of columns: at most kDotBlock of them. False, and
  // nothing written, where a sum is -0: the products that were left out might have made it +0.
  using Sparse = bool (*)(const T* a, const std::int32_t* places, std::int64_t n, const T* b,
                          std::int64_t b_k, T* out, bool add);
  Sparse sparse[kMost];
  bool (*all_finite)(const T* x, std::int64_t n);
  // x[v, k], v stepping by x_v and k by x_k, to[k * to_k + v]: `v` by `k` numbers.
  void (*pack)(const T* x, std::int64_t x_v, std::int64_t x_k, std::int64_t v, std::int64_t k, T* to,
               std::int64_t to_k);
  // Rows i of a in tiles, the first `longer` of them of base + 1 rows, the others of base: a tile that begins
  // with row i stands at to + i * k, [k][row of the tile].
  void (*pack_rows)(const T* a, std::int64_t a_i, std::int64_t a_k, std::int64_t rows, std::int64_t base,
                    std::int64_t longer, std::int64_t k, T* to);
};

// Those for isa(), which is not Isa::reference; where so few numbers lie side by side that a narrower vector
// holds them all, those of the narrower set, which need not mask them.
const DotTiles<float>& dot_tiles(float, std::int64_t numbers);
const DotTiles<double>& dot_tiles(double, std::int64_t numbers);
// Those for isa(), whatever they multiply.
const DotTiles<float>& widest_dot_tiles(float);
const DotTiles<double>& widest_dot_tiles(double);

}  // namespace runnel::kernels
