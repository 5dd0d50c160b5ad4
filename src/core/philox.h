// Philox4x32-10, the counter-based random number generator of Salmon, Moraes, Dror and Shaw,
// "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 3.3 and table 2.
#pragma once

#include <array>
#include <cstdint>

namespace runnel {

// Who draws: the last word of a counter. One key serves many purposes, so no two of them may share a domain;
// a new one takes a new number. data::Draws counts its parts there, which are fewer than kFirstTag.
namespace domain {
inline constexpr std::uint32_t kFirstTag = 1u << 24;
inline constexpr std::uint32_t kBits = 0;                   // random::bits
inline constexpr std::uint32_t kChildren = 0x6b657973;      // random::fold_in
inline constexpr std::uint32_t kUniform = 0x756e6966;       // random::uniform
inline constexpr std::uint32_t kNormalRadius = 0x6e6f7272;  // random::normal, its two uniforms
inline constexpr std::uint32_t kNormalAngle = 0x6e6f7261;
inline constexpr std::uint32_t kBernoulli = 0x6265726e;    // random::bernoulli
inline constexpr std::uint32_t kPermutation = 0x7065726d;  // random::permutation
inline constexpr std::uint32_t kFirstMask = 0x6d000000;    // dropout: layer l has kFirstMask + l
inline constexpr std::uint32_t kWeights = 0x77656967;      // initial weights of a layer
inline constexpr std::uint32_t kLayers = 0x6c617965;       // keys of the layers of a network
inline constexpr std::uint32_t kWaves = 0x77617665;        // keys of an embedding in waves
inline constexpr std::uint32_t kLayerKinds = 0x6b696e64;   // keys of further kinds of layers
inline constexpr std::uint32_t kStart = 0x73746172;        // key of a training's initial weights
inline constexpr std::uint32_t kDropout = 0x64726f70;      // keys of a training's steps
inline constexpr std::uint32_t kRows = 0x726f7773;         // keys of a training's folds and epochs
inline constexpr std::uint32_t kSpace = 0x73706163;        // points of a search space
inline constexpr std::uint32_t kSplit = 0x73706c74;        // rows of a split
inline constexpr std::uint32_t kTpe = 0x7470655f;          // draws of the Parzen estimator
inline constexpr std::uint32_t kOwen = 0x6f77656e;         // scrambling of Sobol points
inline constexpr std::uint32_t kBrackets = 0x6272616b;     // shares of Hyperband's brackets
inline constexpr std::uint32_t kBootstrap = 0x626f6f74;    // rows of a confidence interval
inline constexpr std::uint32_t kOptimism = 0x6f707469;     // rows of the winner's optimism
}  // namespace domain

struct Philox {
  using Counter = std::array<std::uint32_t, 4>;
  using Key = std::array<std::uint32_t, 2>;

  // Four random words, a function of counter and key alone.
  static constexpr Counter block(Counter c, Key k) {
    for (int round = 0; round < 10; ++round) {
      if (round > 0) {
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
      }
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2];
      c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
           static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    }
    return c;
  }
};

}  // namespace runnel
