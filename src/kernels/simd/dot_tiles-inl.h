// The bodies of dot_tiles.h for one instruction set and one element type: included once for each set.
//
// What bounds a tile, per step of k (both sets start two fused multiply-adds and two loads a cycle):
//   rows   R C multiply-adds, C vector loads and R broadcast loads: 8 x 3 in 12 cycles with 11 loads
//   (AVX-512),
//          6 x 2 in 6 cycles with 8 loads (AVX2). Eight accumulators hide the latency of four cycles.
//   lanes  R C multiply-adds, R + C vector loads: 4 x 6 in 12 cycles with 10 loads; 3 x 4 in 6 with 7.
//   pairs  R C multiply-adds, R + 2 C half loads, R + C of them put together to vectors.
// To this come R C stores a tile, one a cycle, which bound products with a short k.
//
// Measured in f32 on one Zen 5 core at 4.35 GHz, in parts of the peak of 278 GFLOP/s (AVX-512) and 139
// (AVX2); operands as (m x k)(k x n), l lanes:
//   lanes  l = 16: (8 x 16)(16 x 16), all in the first cache        78%   83%
//          (32 x 12)(12 x 16), 68 KB: also bound by the second      71%   80%
//          (16 x 32)(32 x 8), a weight gradient                     86%   88%
//          l = 64: 57 to 73%; l = 256: 23 to 53%: the lines of one vector of lanes lie far apart
//   rows   (32 x 12)(12 x 256)                                      76%   94%
//          (50 x 2304)(2304 x 64)                                   97%   97%
//          (64 x 784)(784 x 128)                                    85%   96%
//          1024 x 1024 x 1024, a as it lies, a packed      88%, 70%   97%, 92%
// clang-format off
#if defined(RUNNEL_DOT_TILES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef RUNNEL_DOT_TILES_INL
#undef RUNNEL_DOT_TILES_INL
#else
#define RUNNEL_DOT_TILES_INL
#endif
// clang-format on

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/reference/dot.h"
#include "kernels/simd/dot_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vec = hn::Vec<Tag<T>>;

#if HWY_TARGET == HWY_AVX2
inline constexpr int kRegisters = 16;
#else
inline constexpr int kRegisters = 32;
#endif

constexpr bool fits(int rows, int columns) {
  return rows * columns + std::min(rows, columns) + 1 <= kRegisters;
}

// A vector of the first `count` numbers where kPart, else of all.
template <bool kPart, class T>
HWY_INLINE Vec<T> load(const T* from, hn::Mask<Tag<T>> mask) {
  if constexpr (kPart)
    return hn::MaskedLoad(mask, Tag<T>(), from);
  else
    return hn::LoadU(Tag<T>(), from);
}

template <bool kPart, class T>
HWY_INLINE void store(Vec<T> v, T* to, hn::Mask<Tag<T>> mask) {
  if constexpr (kPart)
    hn::BlendedStore(v, mask, Tag<T>(), to);
  else
    hn::StoreU(v, Tag<T>(), to);
}

template <class T, int R, int C, bool kLanes, bool kPart>
struct Tile {
  using V = Vec<T>;
  using M = hn::Mask<Tag<T>>;

  static HWY_INLINE V row(const T* a, M mask) {
    if constexpr (kLanes)
      return load<kPart>(a, mask);
    else
      return hn::Set(Tag<T>(), *a);
  }

  static void run(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, T* HWY_RESTRICT out, const TileSteps& s,
                  std::int64_t k, bool add, std::int64_t count) {
    const Tag<T> d;
    const M mask = hn::FirstN(d, static_cast<std::size_t>(count));
    const std::int64_t a_i = s.a_i;
    const std::int64_t a_k = s.a_k;
    const std::int64_t b_j = s.b_j;
    const std::int64_t b_k = s.b_k;
    do {
      V acc[R][C];
      HWY_UNROLL(8)
      for (int i = 0; i < R; ++i) {
        HWY_UNROLL(8)
        for (int j = 0; j < C; ++j) acc[i][j] = hn::Zero(d);
      }
      const std::int64_t end = std::min(k, kDotBlock);
      k -= end;
      // Two steps a round: 184 becomes 218 GFLOP/s where k is 16, more gives nothing.
      HWY_UNROLL(2)
      for (std::int64_t p = end; p > 0; --p, a += a_k, b += b_k) {
        if constexpr (C <= R) {
          V column[C];
          HWY_UNROLL(8)
          for (int j = 0; j < C; ++j) column[j] = load<kPart>(b + j * b_j, mask);
          HWY_UNROLL(8)
          for (int i = 0; i < R; ++i) {
            const V x = row(a + i * a_i, mask);
            HWY_UNROLL(8)
            for (int j = 0; j < C; ++j) acc[i][j] = hn::MulAdd(x, column[j], acc[i][j]);
          }
        } else {
          V x[R];
          HWY_UNROLL(8)
          for (int i = 0; i < R; ++i) x[i] = row(a + i * a_i, mask);
          HWY_UNROLL(8)
          for (int j = 0; j < C; ++j) {
            const V column = load<kPart>(b + j * b_j, mask);
            HWY_UNROLL(8)
            for (int i = 0; i < R; ++i) acc[i][j] = hn::MulAdd(x[i], column, acc[i][j]);
          }
        }
      }
      HWY_UNROLL(8)
      for (int i = 0; i < R; ++i) {
        HWY_UNROLL(8)
        for (int j = 0; j < C; ++j) {
          T* to = out + i * s.out_i + j * s.out_j;
          V result = acc[i][j];
          if (add) result = hn::Add(load<kPart>(to, mask), result);
          store<kPart>(result, to, mask);
        }
      }
      add = true;
    } while (k > 0);
  }
};

// Lanes that fill no more than half a vector, of two columns at a time.
template <class T, int R, int C, bool kPart>
struct PairTile {
  using V = Vec<T>;
  using Half = hn::Half<Tag<T>>;
  using M = hn::Mask<Half>;

  static HWY_INLINE hn::Vec<Half> half(const T* from, M mask) {
    if constexpr (kPart)
      return hn::MaskedLoad(mask, Half(), from);
    else
      return hn::LoadU(Half(), from);
  }
  static HWY_INLINE V both(const T* low, const T* high, M mask) {
    return hn::Combine(Tag<T>(), half(high, mask), half(low, mask));
  }
  static HWY_INLINE V twice(const T* from, M mask) {
    const auto x = half(from, mask);
    return hn::Combine(Tag<T>(), x, x);
  }
  static HWY_INLINE void put(hn::Vec<Half> v, T* to, bool add, M mask) {
    if (add) v = hn::Add(half(to, mask), v);
    if constexpr (kPart)
      hn::BlendedStore(v, mask, Half(), to);
    else
      hn::StoreU(v, Half(), to);
  }

  static void run(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, T* HWY_RESTRICT out, const TileSteps& s,
                  std::int64_t k, bool add, std::int64_t count) {
    const Tag<T> d;
    const M mask = hn::FirstN(Half(), static_cast<std::size_t>(count));
    const std::int64_t a_i = s.a_i;
    const std::int64_t a_k = s.a_k;
    const std::int64_t b_j = s.b_j;
    const std::int64_t b_k = s.b_k;
    do {
      V acc[R][C];
      HWY_UNROLL(8)
      for (int i = 0; i < R; ++i) {
        HWY_UNROLL(8)
        for (int j = 0; j < C; ++j) acc[i][j] = hn::Zero(d);
      }
      const std::int64_t end = std::min(k, kDotBlock);
      k -= end;
      HWY_UNROLL(2)
      for (std::int64_t p = end; p > 0; --p, a += a_k, b += b_k) {
        if constexpr (C <= R) {
          V column[C];
          HWY_UNROLL(8)
          for (int j = 0; j < C; ++j) column[j] = both(b + 2 * j * b_j, b + (2 * j + 1) * b_j, mask);
          HWY_UNROLL(8)
          for (int i = 0; i < R; ++i) {
            const V x = twice(a + i * a_i, mask);
            HWY_UNROLL(8)
            for (int j = 0; j < C; ++j) acc[i][j] = hn::MulAdd(x, column[j], acc[i][j]);
          }
        } else {
          V x[R];
          HWY_UNROLL(8)
          for (int i = 0; i < R; ++i) x[i] = twice(a + i * a_i, mask);
          HWY_UNROLL(8)
          for (int j = 0; j < C; ++j) {
            const V column = both(b + 2 * j * b_j, b + (2 * j + 1) * b_j, mask);
            HWY_UNROLL(8)
            for (int i = 0; i < R; ++i) acc[i][j] = hn::MulAdd(x[i], column, acc[i][j]);
          }
        }
      }
      HWY_UNROLL(8)
      for (int i = 0; i < R; ++i) {
        HWY_UNROLL(8)
        for (int j = 0; j < C; ++j) {
          T* to = out + i * s.out_i + 2 * j * s.out_j;
          put(hn::LowerHalf(Half(), acc[i][j]), to, add, mask);
          put(hn::UpperHalf(Half(), acc[i][j]), to + s.out_j, add, mask);
        }
      }
      add = true;
    } while (k > 0);
  }
};

template <class T, bool kPart, int... I>
constexpr void fill_pairs(DotTile<T> (&table)[DotTiles<T>::kMost][DotTiles<T>::kMost],
                          std::integer_sequence<int, I...>) {
  constexpr int kMost = DotTiles<T>::kMost;
  const auto tile_of_pairs = []<int R, int C>(std::integral_constant<int, R>,
                                              std::integral_constant<int, C>) -> DotTile<T> {
    if constexpr (fits(R, C) && C <= 4)
      return PairTile<T, R, C, kPart>::run;
    else
      return nullptr;
  };
  ((table[I / kMost][I % kMost] = tile_of_pairs(std::integral_constant<int, I / kMost + 1>(),
                                                std::integral_constant<int, I % kMost + 1>())),
   ...);
}

template <class T, int R, int C, bool kLanes, bool kPart>
constexpr DotTile<T> tile_of() {
  if constexpr (fits(R, C) && (!kLanes || R <= C) && (!kPart || (kLanes ? C <= 4 : C == 1)))
    return Tile<T, R, C, kLanes, kPart>::run;
  else
    return nullptr;
}

template <class T, bool kLanes, bool kPart, int... I>
constexpr void fill(DotTile<T> (&table)[DotTiles<T>::kMost][DotTiles<T>::kMost],
                    std::integer_sequence<int, I...>) {
  ((table[I / DotTiles<T>::kMost][I % DotTiles<T>::kMost] =
        tile_of<T, I / DotTiles<T>::kMost + 1, I % DotTiles<T>::kMost + 1, kLanes, kPart>()),
   ...);
}

template <class T, int... I>
constexpr void fill_part(DotTile<T> (&table)[DotTiles<T>::kMost], std::integer_sequence<int, I...>) {
  ((table[I] = tile_of<T, I + 1, 1, false, true>()), ...);
}

// ---- rows that are mostly 0 ----

// There is room for a vector behind the last place.
HWY_INLINE std::int64_t not_zero(const float* a, std::int64_t k, std::int32_t* places) {
  const Tag<float> d;
  const hn::RebindToSigned<Tag<float>> i32;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const auto step = hn::Set(i32, static_cast<std::int32_t>(width));
  auto here = hn::Iota(i32, 0);
  std::int64_t n = 0;
  std::int64_t p = 0;
  for (; p + width <= k; p += width, here = hn::Add(here, step)) {
    const auto mask = hn::RebindMask(i32, hn::Ne(hn::LoadU(d, a + p), hn::Zero(d)));
    hn::StoreU(hn::Compress(here, mask), i32, places + n);
    n += static_cast<std::int64_t>(hn::CountTrue(i32, mask));
  }
  if (p == k) return n;
  const auto rest = hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(k - p)), d, a + p);
  const auto mask = hn::RebindMask(i32, hn::Ne(rest, hn::Zero(d)));
  hn::StoreU(hn::Compress(here, mask), i32, places + n);
  return n + static_cast<std::int64_t>(hn::CountTrue(i32, mask));
}
HWY_INLINE std::int64_t not_zero(const double* a, std::int64_t k, std::int32_t* places) {
  std::int64_t n = 0;
  for (std::int64_t p = 0; p < k; ++p) {
    places[n] = static_cast<std::int32_t>(p);
    n += a[p] != 0 ? 1 : 0;
  }
  return n;
}

template <class T>
std::int64_t places_not_zero(const T* a, std::int64_t k, std::int32_t* places) {
  return not_zero(a, k, places);
}

template <class T, int C>
bool sparse_row(const T* HWY_RESTRICT a, const std::int32_t* HWY_RESTRICT places, std::int64_t n,
                const T* HWY_RESTRICT b, std::int64_t b_k, T* HWY_RESTRICT out, bool add) {
  const Tag<T> d;
  const hn::RebindToUnsigned<Tag<T>> bits;
  constexpr auto kWidth = static_cast<std::int64_t>(HWY_LANES(T));
  Vec<T> acc[C];
  HWY_UNROLL(8)
  for (int j = 0; j < C; ++j) acc[j] = hn::Zero(d);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t p = places[i];
    const Vec<T> x = hn::Set(d, a[p]);
    const T* row = b + p * b_k;
    HWY_UNROLL(8)
    for (int j = 0; j < C; ++j) acc[j] = hn::MulAdd(x, hn::LoadU(d, row + j * kWidth), acc[j]);
  }
  const auto minus_zero = hn::BitCast(bits, hn::Set(d, T{-0.0}));
  auto found = hn::Eq(hn::BitCast(bits, acc[0]), minus_zero);
  HWY_UNROLL(8)
  for (int j = 1; j < C; ++j) found = hn::Or(found, hn::Eq(hn::BitCast(bits, acc[j]), minus_zero));
  if (!hn::AllFalse(bits, found)) return false;
  HWY_UNROLL(8)
  for (int j = 0; j < C; ++j) {
    T* to = out + j * kWidth;
    hn::StoreU(add ? hn::Add(hn::LoadU(d, to), acc[j]) : acc[j], d, to);
  }
  return true;
}

// 0 times a number is 0 unless it is nan or infinite.
template <class T>
bool all_finite(const T* x, std::int64_t n) {
  const Tag<T> d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const auto zero = hn::Zero(d);
  Vec<T> sums[4] = {zero, zero, zero, zero};
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    HWY_UNROLL(4)
    for (int j = 0; j < 4; ++j) sums[j] = hn::MulAdd(zero, hn::LoadU(d, x + i + j * width), sums[j]);
  }
  for (; i < n; i += width) {
    const auto inside = hn::FirstN(d, static_cast<std::size_t>(std::min(width, n - i)));
    sums[0] = hn::MulAdd(zero, hn::MaskedLoad(inside, d, x + i), sums[0]);
  }
  const auto all = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
  return hn::AllTrue(d, hn::Eq(all, zero));
}

template <class T, int... C>
constexpr void fill_sparse(typename DotTiles<T>::Sparse (&table)[DotTiles<T>::kMost],
                           std::integer_sequence<int, C...>) {
  ((table[C] = sparse_row<T, C + 1>), ...);
}

// ---- packing ----

template <class T>
HWY_INLINE void pack_numbers(const T* x, std::int64_t x_v, std::int64_t x_k, std::int64_t v, std::int64_t k,
                             T* to, std::int64_t to_k) {
  for (std::int64_t p = 0; p < k; ++p)
    for (std::int64_t c = 0; c < v; ++c) to[p * to_k + c] = x[c * x_v + p * x_k];
}

template <class T>
HWY_INLINE void pack_beside(const T* x, std::int64_t x_k, std::int64_t v, std::int64_t k, T* to,
                            std::int64_t to_k) {
  const Tag<T> d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t full = v / width * width;
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(v - full));
  for (std::int64_t p = 0; p < k; ++p, x += x_k, to += to_k) {
    for (std::int64_t c = 0; c < full; c += width) hn::StoreU(hn::LoadU(d, x + c), d, to + c);
    if (full < v) hn::BlendedStore(hn::MaskedLoad(rest, d, x + full), rest, d, to + full);
  }
}

// Pieces of 16 bytes from several places, put together to one vector: block q is at x + q step.
template <class T>
HWY_INLINE Vec<T> gather_blocks(const T* x, std::int64_t step) {
  const hn::Full128<T> d4;
#if HWY_TARGET == HWY_AVX2
  return hn::Combine(Tag<T>(), hn::LoadU(d4, x + step), hn::LoadU(d4, x));
#else
  const hn::Half<Tag<T>> half;
  const auto low = hn::Combine(half, hn::LoadU(d4, x + step), hn::LoadU(d4, x));
  const auto high = hn::Combine(half, hn::LoadU(d4, x + 3 * step), hn::LoadU(d4, x + 2 * step));
  return hn::Combine(Tag<T>(), high, low);
#endif
}

// k lies side by side in x: squares of 16 bytes are transposed inside the vectors' blocks. Four loads and two
// shuffles for each vector that is stored (AVX-512, f32).
HWY_INLINE void transpose_square(const float* x, std::int64_t x_v, float* to, std::int64_t to_k) {
  const Tag<float> d;
  const hn::Repartition<double, decltype(d)> pairs;
  const auto r0 = gather_blocks(x, 4 * x_v);
  const auto r1 = gather_blocks(x + x_v, 4 * x_v);
  const auto r2 = gather_blocks(x + 2 * x_v, 4 * x_v);
  const auto r3 = gather_blocks(x + 3 * x_v, 4 * x_v);
  const auto a = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
  const auto b = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
  const auto e = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
  const auto f = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, a, b)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, a, b)), d, to + to_k);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, e, f)), d, to + 2 * to_k);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, e, f)), d, to + 3 * to_k);
}
HWY_INLINE void transpose_square(const double* x, std::int64_t x_v, double* to, std::int64_t to_k) {
  const Tag<double> d;
  const auto r0 = gather_blocks(x, 2 * x_v);
  const auto r1 = gather_blocks(x + x_v, 2 * x_v);
  hn::StoreU(hn::InterleaveLower(d, r0, r1), d, to);
  hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, to + to_k);
}

template <class T>
HWY_INLINE void pack_across(const T* x, std::int64_t x_v, std::int64_t v, std::int64_t k, T* to,
                            std::int64_t to_k) {
  constexpr std::int64_t kSquare = 16 / sizeof(T);
  const auto width = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
  const std::int64_t full_v = v / width * width;
  const std::int64_t full_k = k / kSquare * kSquare;
  for (std::int64_t c = 0; c < full_v; c += width)
    for (std::int64_t p = 0; p < full_k; p += kSquare)
      transpose_square(x + c * x_v + p, x_v, to + p * to_k + c, to_k);
  pack_numbers(x + full_v * x_v, x_v, 1, v - full_v, full_k, to + full_v, to_k);
  pack_numbers(x + full_k, x_v, 1, v, k - full_k, to + full_k * to_k, to_k);
}

template <class T>
void pack(const T* x, std::int64_t x_v, std::int64_t x_k, std::int64_t v, std::int64_t k, T* to,
          std::int64_t to_k) {
  if (x_v == 1) return pack_beside(x, x_k, v, k, to, to_k);
  if (x_k == 1) return pack_across(x, x_v, v, k, to, to_k);
  pack_numbers(x, x_v, x_k, v, k, to, to_k);
}

// Rows that lie side by side, step of k by step of k, so that a line of memory is read once for several
// tiles; not for more than eight, whose places may fall on one set of the first cache. A whole vector is
// copied where what it brings too much falls on numbers of the same tile that are yet to be written.
template <class T>
void pack_rows_beside(const T* a, std::int64_t a_k, std::int64_t rows, std::int64_t base, std::int64_t longer,
                      std::int64_t k, T* to) {
  const Tag<T> d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t split = longer * (base + 1);
  for (std::int64_t first = 0; first < rows;) {
    const std::int64_t r = base + (first < split ? 1 : 0);
    const std::int64_t end = std::min(first + 8 * r, first < split ? split : rows);
    const T* from = a;
    for (std::int64_t p = 0; p < k; ++p, from += a_k) {
      const std::int64_t room = (k - p) * r;
      T* tile = to + first * k + p * r;
      for (std::int64_t i = first; i < end; i += r, tile += r * k)
        for (std::int64_t c = 0; c < r; c += width) {
          if (i + c + width <= rows && c + width <= room) {
            hn::StoreU(hn::LoadU(d, from + i + c), d, tile + c);
          } else {
            const auto mask = hn::FirstN(d, static_cast<std::size_t>(std::min(width, r - c)));
            hn::BlendedStore(hn::MaskedLoad(mask, d, from + i + c), mask, d, tile + c);
          }
        }
    }
    first = end;
  }
}

template <class T>
void pack_rows(const T* a, std::int64_t a_i, std::int64_t a_k, std::int64_t rows, std::int64_t base,
               std::int64_t longer, std::int64_t k, T* to) {
  if (a_i == 1) return pack_rows_beside(a, a_k, rows, base, longer, k, to);
  for (std::int64_t i = 0; i < rows;) {
    const std::int64_t r = base + (i < longer * (base + 1) ? 1 : 0);
    pack_numbers(a + i * a_i, a_i, a_k, r, k, to + i * k, r);
    i += r;
  }
}

template <class T>
const DotTiles<T>& tiles() {
  static constexpr DotTiles<T> table = [] {
    constexpr int kMost = DotTiles<T>::kMost;
    constexpr auto all = std::make_integer_sequence<int, kMost * kMost>();
    DotTiles<T> t{};
    t.width = HWY_LANES(T);
    fill<T, false, false>(t.rows, all);
    fill_part<T>(t.rows_part, std::make_integer_sequence<int, kMost>());
    fill<T, true, false>(t.lanes, all);
    fill<T, true, true>(t.lanes_part, all);
    fill_pairs<T, false>(t.pairs, all);
    fill_pairs<T, true>(t.pairs_part, all);
    fill_sparse<T>(t.sparse, std::make_integer_sequence<int, kMost>());
    t.not_zero = places_not_zero<T>;
    t.all_finite = all_finite<T>;
    t.pack = pack<T>;
    t.pack_rows = pack_rows<T>;
    return t;
  }();
  return table;
}

}  // namespace
}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
