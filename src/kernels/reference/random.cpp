#include "kernels/reference/random.h"

#include <algorithm>
#include <array>

#include "kernels/reference/loops.h"

namespace runnel::kernels {
namespace {

constexpr std::size_t kWidth = 16;  // blocks computed side by side
using Words = std::array<std::uint32_t, kWidth>;

// Philox::block (core/philox.h) of sixteen counters and keys at once, round by round so that each round is
// one vector loop.
struct Side {
  std::array<Words, 4> c;
  std::array<Words, 2> k;

  void mix() {
    for (int round = 0; round < 10; ++round) {
      for (std::size_t i = 0; i < kWidth; ++i) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0][i];
        const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2][i];
        c[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ c[1][i] ^ k[0][i];
        c[1][i] = static_cast<std::uint32_t>(p1);
        c[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ c[3][i] ^ k[1][i];
        c[3][i] = static_cast<std::uint32_t>(p0);
        k[0][i] += 0x9E3779B9u;
        k[1][i] += 0xBB67AE85u;
      }
    }
  }
};

std::uint32_t low(std::int64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::int64_t x) { return static_cast<std::uint32_t>(x >> 32); }

// Number e of a draw, of the words of its block: whole words, or their halves, the lower one first.
template <bool kHalves>
std::uint32_t number(std::uint32_t word, std::int64_t e) {
  if constexpr (kHalves) return e % 2 == 0 ? word & 0xFFFFu : word >> 16;
  return word;
}
template <bool kHalves>
constexpr std::int64_t kNumbersOfBlock = kHalves ? 8 : 4;

// The n numbers of one lane, sixteen blocks at a time.
template <bool kHalves>
void fill_lane(const std::array<std::uint32_t, 2>& key, const std::array<std::uint32_t, 2>& stream,
               std::int64_t n, std::int64_t step, std::uint32_t* out) {
  constexpr std::int64_t kOfBlock = kNumbersOfBlock<kHalves>;
  constexpr auto kNumbers = kOfBlock * static_cast<std::int64_t>(kWidth);
  for (std::int64_t first = 0; first < n; first += kNumbers) {
    Side side;
    for (std::size_t i = 0; i < kWidth; ++i) {
      const std::int64_t block = first / kOfBlock + static_cast<std::int64_t>(i);
      side.c[0][i] = low(block);
      side.c[1][i] = high(block);
      side.c[2][i] = stream[0];
      side.c[3][i] = stream[1];
      side.k[0][i] = key[0];
      side.k[1][i] = key[1];
    }
    side.mix();
    std::uint32_t* o = out + first * step;
    const std::int64_t left = std::min(kNumbers, n - first);
    for (std::int64_t e = 0; e < left; ++e) {
      const auto word = static_cast<std::size_t>(e % kOfBlock * 4 / kOfBlock);
      o[e * step] = number<kHalves>(side.c[word][static_cast<std::size_t>(e / kOfBlock)], e);
    }
  }
}

struct Lanes {
  const std::uint32_t* key;
  const std::uint32_t* stream;
  std::uint32_t* out;
  std::int64_t key_word, stream_word, out_step;  // strides from word to word, and from number to number
  std::int64_t key_lane, stream_lane;            // strides from lane to lane; lanes of the output touch
};

// Up to sixteen neighbouring lanes, block by block.
template <bool kHalves>
void fill_side(const Lanes& lanes, std::int64_t first, std::int64_t width, std::int64_t n) {
  constexpr std::int64_t kOfBlock = kNumbersOfBlock<kHalves>;
  Side start{};
  for (std::int64_t i = 0; i < width; ++i) {
    const std::uint32_t* key = lanes.key + (first + i) * lanes.key_lane;
    const std::uint32_t* stream = lanes.stream + (first + i) * lanes.stream_lane;
    const auto lane = static_cast<std::size_t>(i);
    start.k[0][lane] = key[0];
    start.k[1][lane] = key[lanes.key_word];
    start.c[2][lane] = stream[0];
    start.c[3][lane] = stream[lanes.stream_word];
  }
  for (std::int64_t block = 0; kOfBlock * block < n; ++block) {
    Side side = start;
    side.c[0].fill(low(block));
    side.c[1].fill(high(block));
    side.mix();
    const std::int64_t numbers = std::min(kOfBlock, n - kOfBlock * block);
    for (std::int64_t e = 0; e < numbers; ++e) {
      const Words& words = side.c[static_cast<std::size_t>(e * 4 / kOfBlock)];
      std::uint32_t* to = lanes.out + (kOfBlock * block + e) * lanes.out_step + first;
      for (std::int64_t i = 0; i < width; ++i) to[i] = number<kHalves>(words[static_cast<std::size_t>(i)], e);
    }
  }
}

template <bool kHalves>
void fill(const View& key, const View& stream, const View& out) {
  Nest<3> nest;
  for (std::size_t axis = 1; axis < out.shape.size(); ++axis)
    nest.add(out.shape[axis], {key.strides[axis], stream.strides[axis], out.strides[axis]});
  const std::int64_t n = out.shape[0];
  const std::int64_t lanes = nest.row_size();
  const auto lane_step = nest.row_stride();
  const std::int64_t key_word = key.strides[0];
  const std::int64_t stream_word = stream.strides[0];
  nest.rows([&](const auto& at) {
    const std::uint32_t* k = key.as<const std::uint32_t>() + at[0];
    const std::uint32_t* s = stream.as<const std::uint32_t>() + at[1];
    std::uint32_t* o = out.as<std::uint32_t>() + at[2];
    // Few lanes leave most of a vector idle: then the blocks of each lane stand side by side instead.
    if (lanes < static_cast<std::int64_t>(kWidth) / 2) {
      for (std::int64_t i = 0; i < lanes; ++i) {
        const std::uint32_t* ki = k + i * lane_step[0];
        const std::uint32_t* si = s + i * lane_step[1];
        fill_lane<kHalves>({ki[0], ki[key_word]}, {si[0], si[stream_word]}, n, out.strides[0], o + i);
      }
      return;
    }
    const Lanes side{k, s, o, key_word, stream_word, out.strides[0], lane_step[0], lane_step[1]};
    for (std::int64_t i = 0; i < lanes; i += static_cast<std::int64_t>(kWidth))
      fill_side<kHalves>(side, i, std::min(static_cast<std::int64_t>(kWidth), lanes - i), n);
  });
}

}  // namespace

void philox(const View& key, const View& stream, const View& out, bool halves) {
  if (halves)
    fill<true>(key, stream, out);
  else
    fill<false>(key, stream, out);
}

}  // namespace runnel::kernels
