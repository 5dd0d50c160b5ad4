#include "search/sobol.h"

#include <algorithm>
#include <array>

#include "core/fail.h"
#include "core/philox.h"

namespace runnel::search {
namespace {

constexpr std::size_t kBits = 32;

// A primitive polynomial of this degree over the field of two elements, its inner coefficients as the bits of
// a number, and the first direction numbers.
struct Row {
  std::size_t degree;
  std::uint32_t coefficients;
  std::array<std::uint32_t, 8> m;
};

// Dimensions 2, 3, …: the first of the file new-joe-kuo-6.21201 by Frances Y. Kuo and Stephen Joe, of "Joe
// and Kuo, Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30
// (2008), section 4.
constexpr std::array<Row, kSobolDimensions - 1> kRows{{{1, 0, {1}},
                                                       {2, 1, {1, 3}},
                                                       {3, 1, {1, 3, 1}},
                                                       {3, 2, {1, 1, 1}},
                                                       {4, 1, {1, 1, 3, 3}},
                                                       {4, 4, {1, 3, 5, 13}},
                                                       {5, 2, {1, 1, 5, 5, 17}},
                                                       {5, 4, {1, 1, 5, 5, 5}},
                                                       {5, 7, {1, 1, 7, 11, 19}},
                                                       {5, 11, {1, 1, 5, 1, 1}},
                                                       {5, 13, {1, 1, 1, 3, 11}},
                                                       {5, 14, {1, 3, 5, 5, 31}},
                                                       {6, 1, {1, 3, 3, 9, 7, 49}},
                                                       {6, 13, {1, 1, 1, 15, 21, 21}},
                                                       {6, 16, {1, 3, 1, 13, 27, 49}},
                                                       {6, 19, {1, 1, 1, 15, 7, 5}},
                                                       {6, 22, {1, 3, 1, 15, 13, 25}},
                                                       {6, 25, {1, 1, 5, 5, 19, 61}},
                                                       {7, 1, {1, 3, 7, 11, 23, 15, 103}},
                                                       {7, 4, {1, 3, 7, 13, 13, 15, 69}},
                                                       {7, 7, {1, 1, 3, 13, 7, 35, 63}},
                                                       {7, 8, {1, 3, 5, 9, 1, 25, 53}},
                                                       {7, 14, {1, 3, 1, 13, 9, 35, 107}},
                                                       {7, 19, {1, 3, 1, 5, 27, 61, 31}},
                                                       {7, 21, {1, 1, 5, 11, 19, 41, 61}},
                                                       {7, 28, {1, 3, 5, 3, 3, 13, 69}},
                                                       {7, 31, {1, 1, 7, 13, 1, 19, 1}},
                                                       {7, 32, {1, 3, 7, 5, 13, 19, 59}},
                                                       {7, 37, {1, 1, 3, 9, 25, 29, 41}},
                                                       {7, 41, {1, 3, 5, 13, 23, 1, 55}},
                                                       {7, 42, {1, 3, 7, 3, 13, 59, 17}},
                                                       {7, 50, {1, 3, 1, 3, 5, 53, 69}},
                                                       {7, 55, {1, 1, 5, 5, 23, 33, 13}},
                                                       {7, 56, {1, 1, 7, 7, 1, 61, 123}},
                                                       {7, 59, {1, 1, 7, 9, 13, 61, 49}},
                                                       {7, 62, {1, 3, 3, 5, 3, 55, 33}},
                                                       {8, 14, {1, 3, 1, 15, 31, 13, 49, 245}},
                                                       {8, 21, {1, 3, 5, 15, 31, 59, 63, 97}},
                                                       {8, 22, {1, 3, 1, 11, 11, 11, 77, 249}},
                                                       {8, 38, {1, 3, 1, 11, 27, 43, 71, 9}},
                                                       {8, 47, {1, 1, 7, 15, 21, 11, 81, 45}},
                                                       {8, 49, {1, 3, 7, 3, 25, 31, 65, 79}},
                                                       {8, 50, {1, 3, 1, 1, 19, 11, 3, 205}},
                                                       {8, 52, {1, 1, 5, 9, 19, 21, 29, 157}},
                                                       {8, 56, {1, 3, 7, 11, 1, 33, 89, 185}},
                                                       {8, 67, {1, 3, 3, 3, 15, 9, 79, 71}},
                                                       {8, 70, {1, 3, 7, 11, 15, 39, 119, 27}},
                                                       {8, 84, {1, 1, 3, 1, 11, 31, 97, 225}},
                                                       {8, 97, {1, 1, 1, 3, 23, 43, 57, 177}},
                                                       {8, 103, {1, 3, 7, 7, 17, 17, 37, 71}},
                                                       {8, 115, {1, 3, 1, 5, 27, 63, 123, 213}},
                                                       {8, 122, {1, 1, 3, 5, 11, 43, 53, 133}}}};

using Directions = std::array<std::array<std::uint32_t, kBits>, kSobolDimensions>;

// Of every dimension and bit of the index, as fractions of 2^32. The recurrence: Joe and Kuo, equation 2.2.
Directions make_directions() {
  Directions all{};
  for (std::size_t bit = 0; bit < kBits; ++bit) all[0][bit] = 1u << (kBits - 1 - bit);
  for (std::size_t d = 1; d < kSobolDimensions; ++d) {
    const Row& row = kRows[d - 1];
    auto& v = all[d];
    for (std::size_t bit = 0; bit < kBits; ++bit) {
      if (bit < row.degree) {
        v[bit] = row.m[bit] << (kBits - 1 - bit);
        continue;
      }
      v[bit] = v[bit - row.degree] ^ (v[bit - row.degree] >> row.degree);
      for (std::size_t k = 1; k < row.degree; ++k)
        if ((row.coefficients >> (row.degree - 1 - k) & 1) != 0) v[bit] ^= v[bit - k];
    }
  }
  return all;
}

}  // namespace

std::uint32_t sobol(std::size_t dimension, std::uint32_t index) {
  static const Directions directions = make_directions();
  if (dimension >= kSobolDimensions)
    fail("a Sobol sequence has at most {} dimensions here; draw at random", kSobolDimensions);
  std::uint32_t x = 0;
  for (std::size_t bit = 0; index != 0; ++bit, index >>= 1)
    if ((index & 1) != 0) x ^= directions[dimension][bit];
  return x;
}

std::uint32_t scrambled(std::uint32_t x, std::size_t dimension, std::uint64_t seed) {
  // The coins of five levels, 31 nodes of the tree of prefixes, are the bits of one word.
  constexpr std::size_t kLevels = 5;
  std::uint32_t flips = 0;
  for (std::size_t top = 0; top < kBits; top += kLevels) {
    const std::uint32_t above = top == 0 ? 0 : x >> (kBits - top);
    const std::uint32_t coins = Philox::block(
        {above, static_cast<std::uint32_t>(top), static_cast<std::uint32_t>(dimension), domain::kOwen},
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)})[0];
    std::uint32_t node = 1;  // the root; the children of node k are 2k and 2k + 1
    for (std::size_t level = top; level < std::min(top + kLevels, kBits); ++level) {
      const std::uint32_t at = kBits - 1 - static_cast<std::uint32_t>(level);
      flips |= (coins >> node & 1) << at;
      node = 2 * node + (x >> at & 1);
    }
  }
  return x ^ flips;
}

}  // namespace runnel::search
