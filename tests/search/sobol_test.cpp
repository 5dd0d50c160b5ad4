// Sobol's sequence and its scrambling, by counting.
#include "search/sobol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "runnel/error.h"

namespace runnel::search {
namespace {

constexpr std::size_t kDegrees[] = {0, 1, 2, 3, 3, 4, 4, 5};  // of the polynomials of the first dimensions

using Coordinate = std::function<std::uint32_t(std::size_t, std::uint32_t)>;

// Points 0 … 2^m - 1 in `axes`: whether every elementary interval of volume 2^(t - m) holds 2^t of them
// (Niederreiter, "Point sets and sequences with small discrepancy", 1987, definition 2.1).
void expect_net(const Coordinate& at, const std::vector<std::size_t>& axes, std::size_t t, std::size_t m) {
  std::vector<std::size_t> cuts(axes.size(), 0);
  const std::function<void(std::size_t, std::size_t)> each = [&](std::size_t axis, std::size_t left) {
    if (axis + 1 < axes.size()) {
      for (cuts[axis] = 0; cuts[axis] <= left; ++cuts[axis]) each(axis + 1, left - cuts[axis]);
      return;
    }
    cuts[axis] = left;
    std::map<std::vector<std::uint32_t>, std::size_t> counts;
    for (std::uint32_t i = 0; i < 1u << m; ++i) {
      std::vector<std::uint32_t> box;
      for (std::size_t a = 0; a < axes.size(); ++a)
        box.push_back(cuts[a] == 0 ? 0 : at(axes[a], i) >> (32 - cuts[a]));
      ++counts[box];
    }
    ASSERT_EQ(counts.size(), std::size_t{1} << (m - t));
    for (const auto& [box, count] : counts) ASSERT_EQ(count, std::size_t{1} << t);
  };
  each(0, m - t);
}

std::size_t t_of(const std::vector<std::size_t>& axes) {
  std::size_t t = 0;
  for (std::size_t a : axes) t += kDegrees[a] == 0 ? 0 : kDegrees[a] - 1;
  return t;
}

// By hand from the recurrence: bits of the index turned round in the first dimension; in the second, whose
// polynomial is x + 1, the rows of Pascal's triangle modulo 2.
TEST(Sobol, FirstPoints) {
  const double expected[8][3] = {{0, 0, 0},
                                 {0.5, 0.5, 0.5},
                                 {0.25, 0.75, 0.75},
                                 {0.75, 0.25, 0.25},
                                 {0.125, 0.625, 0.375},
                                 {0.625, 0.125, 0.875},
                                 {0.375, 0.375, 0.625},
                                 {0.875, 0.875, 0.125}};
  for (std::uint32_t i = 0; i < 8; ++i)
    for (std::size_t d = 0; d < 3; ++d) EXPECT_EQ(sobol(d, i) * 0x1p-32, expected[i][d]) << i << ", " << d;
  EXPECT_THROW(sobol(kSobolDimensions, 1), Error);
}

// Sobol's property A, for which the numbers were chosen: of the first 2^d points in d dimensions each of the
// 2^d halvings of the cube holds one. The first bits of the direction numbers are then independent (Joe and
// Kuo 2008, section 3).
TEST(Sobol, PropertyAHoldsInAllDimensions) {
  for (std::size_t d = 1; d <= std::min<std::size_t>(kSobolDimensions, 32); ++d) {
    std::vector<std::uint32_t> rows;
    for (std::size_t j = 0; j < d; ++j) {
      std::uint32_t row = 0;
      for (std::size_t bit = 0; bit < d; ++bit) row |= (sobol(j, 1u << bit) >> 31) << bit;
      rows.push_back(row);
    }
    std::size_t rank = 0;
    for (std::size_t bit = 0; bit < d; ++bit) {
      std::size_t pivot = rank;
      while (pivot < d && (rows[pivot] >> bit & 1) == 0) ++pivot;
      if (pivot == d) continue;
      std::swap(rows[rank], rows[pivot]);
      for (std::size_t r = 0; r < d; ++r)
        if (r != rank && (rows[r] >> bit & 1) != 0) rows[r] ^= rows[rank];
      ++rank;
    }
    ASSERT_EQ(rank, d);
  }
}

TEST(Sobol, EveryDimensionAloneIsEven) {
  for (std::size_t d = 0; d < kSobolDimensions; ++d) expect_net(sobol, {d}, 0, 10);
}

TEST(Sobol, NetsBeforeAndAfterScrambling) {
  for (std::uint64_t seed : {0ull, 1ull, 0xffffffffffull}) {
    const Coordinate mixed = [&](std::size_t d, std::uint32_t i) { return scrambled(sobol(d, i), d, seed); };
    for (const std::vector<std::size_t>& axes :
         {std::vector<std::size_t>{0, 1}, {0, 2}, {1, 2}, {0, 1, 2}, {0, 1, 2, 3, 4}, {3, 7}}) {
      expect_net(sobol, axes, t_of(axes), 9);
      expect_net(mixed, axes, t_of(axes), 9);
    }
  }
}

// Scrambling is a permutation that keeps whom a point shares its leading bits with.
TEST(Sobol, ScramblingKeepsNeighbourhoods) {
  const auto common = [](std::uint32_t a, std::uint32_t b) {
    int bits = 0;
    while (bits < 32 && (a ^ b) >> (31 - bits) == 0) ++bits;
    return bits;
  };
  std::set<std::uint32_t> seen;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::uint32_t a = i * 2654435761u;
    const std::uint32_t b = a ^ (1u << (i % 32));
    EXPECT_EQ(common(scrambled(a, 3, 5), scrambled(b, 3, 5)), common(a, b));
    seen.insert(scrambled(a, 3, 5));
  }
  EXPECT_EQ(seen.size(), 2000u);
}

// Each coordinate is uniform over seeds, and dimensions are scrambled apart: the correlation of two
// coordinates of one point vanishes.
TEST(Sobol, SeedsAndDimensionsScrambleApart) {
  constexpr int kSeeds = 4000;
  double mean = 0;
  double product = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const auto at = [&](std::size_t d) {
      return scrambled(sobol(d, 5), d, static_cast<std::uint64_t>(seed)) * 0x1p-32 - 0.5;
    };
    mean += at(0) / kSeeds;
    product += at(0) * at(1) / kSeeds;
  }
  EXPECT_NEAR(mean, 0, 4 * std::sqrt(1.0 / 12 / kSeeds));
  EXPECT_NEAR(product, 0, 4.0 / 12 / std::sqrt(kSeeds));
}

}  // namespace
}  // namespace runnel::search
