// Random numbers as functions of (seed, stream, index): nothing is drawn from a state.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/philox.h"

namespace runnel::data {

// Who draws. Two purposes never share a stream, so a new one takes a new number. Streams stand before the
// domains of core/philox.h: a part is small, a domain is not.
enum class Stream : std::uint32_t {
  split = 0x0da7a001,
  folds,
  songs,
  faces_pattern,
  faces_latent,
  faces_noise,
  moons,
  wave,
};

class Draws {
 public:
  Draws(std::uint64_t seed, Stream stream, std::uint32_t part = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        stream_(static_cast<std::uint32_t>(stream)),
        part_(part) {}

  std::uint64_t bits(std::uint64_t index) const {
    const auto b = block(index);
    return (std::uint64_t{b[0]} << 32) | b[1];
  }
  // In [0, 1), 53 bits.
  double uniform(std::uint64_t index) const { return static_cast<double>(bits(index) >> 11) * 0x1p-53; }
  // Standard normal, by Box and Muller (1958).
  double normal(std::uint64_t index) const {
    const auto b = block(index);
    const double u = (b[0] + 1.0) * 0x1p-32;  // in (0, 1]
    const double v = b[1] * 0x1p-32;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

 private:
  Philox::Counter block(std::uint64_t index) const {
    return Philox::block(
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), stream_, part_}, key_);
  }
  Philox::Key key_;
  std::uint32_t stream_, part_;
};

// A permutation of 0..n-1: the order of n random keys.
std::vector<std::size_t> permutation(std::size_t n, const Draws& draws);

}  // namespace runnel::data
