// The innermost loops of dot_general: a few rows by a few columns of the output whose accumulators stay in
// registers while k runs over one block. Rows and columns are tiled as suits the machine; k never is, so the
// order of additions does not depend on the tile.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/reference/vectors.h"

namespace runnel::kernels {

// a * b + c, each lane rounded once. Written through arrays because g++ then makes it one instruction.
template <class T, int Width>
inline Vector<T, Width> fused(Vector<T, Width> a, Vector<T, Width> b, Vector<T, Width> c) {
  T x[Width];
  T y[Width];
  T z[Width];
  std::memcpy(x, &a, sizeof x);
  std::memcpy(y, &b, sizeof y);
  std::memcpy(z, &c, sizeof z);
  for (int l = 0; l < Width; ++l) z[l] = std::fma(x[l], y[l], z[l]);
  return load<T, Width>(z);
}

template <class T, int Width>
inline Vector<T, Width> fused(T a, Vector<T, Width> b, Vector<T, Width> c) {
  T y[Width];
  T z[Width];
  std::memcpy(y, &b, sizeof y);
  std::memcpy(z, &c, sizeof z);
  for (int l = 0; l < Width; ++l) z[l] = std::fma(a, y[l], z[l]);
  return load<T, Width>(z);
}

// `Rows` rows by `Vectors` registers of neighbouring columns. a is read number by number; the columns of b
// lie side by side, `b_k` apart from one k to the next. The first block of k
// is stored, each further one added to what stands in out.
template <class T, int Rows, int Vectors>
struct ColumnTile {
  static constexpr int kColumns = Vectors * kWidth<T>;

  static void run(const T* __restrict a, std::int64_t a_m, std::int64_t a_k, const T* __restrict b,
                  std::int64_t b_k, std::int64_t k, T* __restrict out, std::int64_t out_m, bool first) {
    constexpr int W = kWidth<T>;
    Vector<T, W> acc[Rows][Vectors] = {};
    for (std::int64_t p = 0; p < k; ++p, a += a_k, b += b_k) {
      Vector<T, W> column[Vectors];
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) column[j] = load<T, W>(b + j * W);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) acc[i][j] = fused<T, W>(a[i * a_m], column[j], acc[i][j]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      T* row = out + i * out_m;
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j)
        store<T, W>(row + j * W, first ? acc[i][j] : load<T, W>(row + j * W) + acc[i][j]);
    }
  }
};

// One row by eight columns that do not lie side by side: eight independent chains of scalar operations.
template <class T>
struct ScatteredTile {
  static constexpr int kColumns = 8;

  static void run(const T* __restrict a, std::int64_t a_k, const T* __restrict b, std::int64_t b_n,
                  std::int64_t b_k, std::int64_t k, T* __restrict result) {
    T acc[kColumns] = {};
    for (std::int64_t p = 0; p < k; ++p, a += a_k, b += b_k)
      for (int j = 0; j < kColumns; ++j) acc[j] = std::fma(*a, b[j * b_n], acc[j]);
    std::memcpy(result, acc, sizeof acc);
  }
};

struct LaneStrides {
  std::int64_t a_m, a_k, b_k, b_n, out_m, out_n;
};

// `Rows` by `Columns` outputs in each of `Width` neighbouring lanes, over the whole of k: within a block the
// accumulator, across blocks the total stays at hand, so a tile writes each output once.
template <class T, int Rows, int Columns, int Width>
struct LaneTile {
  static void run(const T* __restrict a, const T* __restrict b, T* __restrict out, const LaneStrides& s,
                  std::int64_t k, std::int64_t block) {
    using V = Vector<T, Width>;
    V total[Rows][Columns] = {};
    for (std::int64_t k0 = 0; k0 < k; k0 += block) {
      const std::int64_t end = k - k0 < block ? k - k0 : block;
      V acc[Rows][Columns] = {};
      for (std::int64_t p = 0; p < end; ++p, a += s.a_k, b += s.b_k) {
        V column[Columns];
#pragma GCC unroll 4
        for (int j = 0; j < Columns; ++j) column[j] = load<T, Width>(b + j * s.b_n);
#pragma GCC unroll 8
        for (int i = 0; i < Rows; ++i) {
          const V row = load<T, Width>(a + i * s.a_m);
#pragma GCC unroll 4
          for (int j = 0; j < Columns; ++j) acc[i][j] = fused<T, Width>(row, column[j], acc[i][j]);
        }
      }
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Columns; ++j) total[i][j] = k0 == 0 ? acc[i][j] : total[i][j] + acc[i][j];
    }
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < Columns; ++j) store<T, Width>(out + i * s.out_m + j * s.out_n, total[i][j]);
  }
};

}  // namespace runnel::kernels
