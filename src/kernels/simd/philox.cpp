// Philox4x32-10 (core/philox.h) for many blocks at once. Each word of the state is the low half of a 64-bit
// lane, so that one multiplication gives both halves of the product where they are wanted; what stands in the
// upper halves is never looked at.
//
// Ten rounds of two products, two shifts, two three-way xors and two key steps: 80 instructions for one
// register of 8 blocks (32 words), of which a core with two to four vector pipes needs 20 to 40 cycles.
#include <algorithm>
#include <cstring>

#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/reference/loops.h"
#include "kernels/simd/targets.h"

#ifndef RUNNEL_KERNELS_SIMD_PHILOX_ONCE
#define RUNNEL_KERNELS_SIMD_PHILOX_ONCE
namespace runnel::kernels {
namespace {

// Lanes (axes after the first) of keys, streams and output, and the steps from word to word.
struct Draw {
  Nest<3> lanes;
  std::int64_t n = 0;  // words of a lane
  std::int64_t key_word = 0;
  std::int64_t stream_word = 0;
  std::int64_t out_word = 0;
};

using RunDraw = void (*)(const Draw&, const std::uint32_t* keys, const std::uint32_t* streams,
                         std::uint32_t* out);

}  // namespace
}  // namespace runnel::kernels
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/philox.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<std::uint64_t>;
using Words = hn::Vec<Tag>;
using HalfTag = hn::Rebind<std::uint32_t, Tag>;
constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));

struct State {
  Words c0, c1, c2, c3;
  Words k0, k1;
};

// States side by side: as many as hide the latency of a product, within the register file. (Named one by one:
// the compiler keeps an array of them in memory.)
#if HWY_TARGET == HWY_AVX2
constexpr std::int64_t kAtOnce = 2;
#else
constexpr std::int64_t kAtOnce = 4;
#endif

HWY_INLINE Words product(Words a, Words b) {  // of the low halves
#if HWY_TARGET == HWY_AVX2
  return Words{_mm256_mul_epu32(a.raw, b.raw)};
#else
  return Words{_mm512_mul_epu32(a.raw, b.raw)};
#endif
}

HWY_INLINE void mix_round(State& s) {
  const Tag d;
  const Words p0 = product(s.c0, hn::Set(d, 0xD2511F53u));
  const Words p1 = product(s.c2, hn::Set(d, 0xCD9E8D57u));
  s.c0 = hn::Xor3(hn::ShiftRight<32>(p1), s.c1, s.k0);
  s.c1 = p1;
  s.c2 = hn::Xor3(hn::ShiftRight<32>(p0), s.c3, s.k1);
  s.c3 = p0;
  s.k0 = s.k0 + hn::Set(d, 0x9E3779B9u);
  s.k1 = s.k1 + hn::Set(d, 0xBB67AE85u);
}

template <class... States>
HWY_INLINE void mix(States&... s) {
  // Unrolled, the keys of all rounds would be worked out first and kept in memory.
#pragma GCC unroll 1
  for (int round = 0; round < 10; ++round) (mix_round(s), ...);
}

// The words of up to kLanes neighbouring lanes.
HWY_INLINE Words load_lanes(const std::uint32_t* p, std::int64_t step, std::int64_t width) {
  const Tag d;
  const HalfTag half;
  if (step == 0) return hn::Set(d, *p);
  if (step == 1 && width == kLanes) return hn::PromoteTo(d, hn::LoadU(half, p));
  if (step == 1)
    return hn::PromoteTo(d, hn::MaskedLoad(hn::FirstN(half, static_cast<std::size_t>(width)), half, p));
  std::uint64_t lanes[kLanes] = {};
  for (std::int64_t i = 0; i < width; ++i) lanes[i] = p[i * step];
  return hn::LoadU(d, lanes);
}

// Lanes side by side: item (group of lanes, block) is one state.
struct Side {
  const std::uint32_t* keys;
  const std::uint32_t* streams;
  std::uint32_t* out;
  std::int64_t lanes;
  std::int64_t key_step;
  std::int64_t stream_step;
  std::int64_t blocks;

  HWY_INLINE void start(const Draw& draw, std::int64_t item, State& s) const {
    const Tag d;
    const std::int64_t lane = item / blocks * kLanes;
    const auto block = static_cast<std::uint64_t>(item % blocks);
    const std::int64_t width = std::min(kLanes, lanes - lane);
    const std::uint32_t* key = keys + lane * key_step;
    const std::uint32_t* stream = streams + lane * stream_step;
    s.c0 = hn::Set(d, block);
    s.c1 = hn::Set(d, block >> 32);
    s.c2 = load_lanes(stream, stream_step, width);
    s.c3 = load_lanes(stream + draw.stream_word, stream_step, width);
    s.k0 = load_lanes(key, key_step, width);
    s.k1 = load_lanes(key + draw.key_word, key_step, width);
  }

  HWY_INLINE void finish(const Draw& draw, std::int64_t item, const State& s) const {
    const std::int64_t lane = item / blocks * kLanes;
    const std::int64_t block = item % blocks;
    const std::int64_t width = std::min(kLanes, lanes - lane);
    const std::int64_t words = std::min<std::int64_t>(4, draw.n - 4 * block);
    std::uint32_t* to = out + 4 * block * draw.out_word + lane;
    store_word(to, s.c0, width);
    if (words > 1) store_word(to + draw.out_word, s.c1, width);
    if (words > 2) store_word(to + 2 * draw.out_word, s.c2, width);
    if (words > 3) store_word(to + 3 * draw.out_word, s.c3, width);
  }

  static HWY_INLINE void store_word(std::uint32_t* to, Words w, std::int64_t width) {
    const HalfTag half;
    const auto v = hn::TruncateTo(half, w);
    if (width == kLanes)
      hn::StoreU(v, half, to);
    else
      hn::BlendedStore(v, hn::FirstN(half, static_cast<std::size_t>(width)), half, to);
  }

  template <class... States>
  HWY_INLINE void fill(const Draw& draw, std::int64_t item, States... s) const {
    std::int64_t next = item;
    (start(draw, next++, s), ...);
    mix(s...);
    next = item;
    (finish(draw, next++, s), ...);
  }
};

void fill_side(const Draw& draw, const Side& side) {
  const std::int64_t items = (side.lanes + kLanes - 1) / kLanes * side.blocks;
  std::int64_t item = 0;
  if constexpr (kAtOnce == 4)
    for (; item + 4 <= items; item += 4) side.fill(draw, item, State(), State(), State(), State());
  for (; item + 2 <= items; item += 2) side.fill(draw, item, State(), State());
  if (item < items) side.fill(draw, item, State());
}

// One lane: its blocks side by side, kLanes to a register. Its words lie `step` apart.
// (The counter's low word is the low half of the block's number; the upper half is not looked at.)
HWY_INLINE void start_blocks(const std::uint64_t* key, const std::uint64_t* stream, std::uint64_t first,
                             State& s) {
  const Tag d;
  s.c0 = hn::Iota(d, first);
  s.c1 = hn::ShiftRight<32>(s.c0);
  s.c2 = hn::Set(d, stream[0]);
  s.c3 = hn::Set(d, stream[1]);
  s.k0 = hn::Set(d, key[0]);
  s.k1 = hn::Set(d, key[1]);
}

HWY_INLINE void store_blocks(const State& s, std::uint32_t* words) {
  const Tag d;
  const Words low = hn::Set(d, 0xFFFFFFFFu);
  const Words even = hn::Or(s.c0 & low, hn::ShiftLeft<32>(s.c1));
  const Words odd = hn::Or(s.c2 & low, hn::ShiftLeft<32>(s.c3));
  hn::StoreInterleaved2(even, odd, d, reinterpret_cast<std::uint64_t*>(words));
}

template <class... States>
HWY_INLINE void fill_blocks(const std::uint64_t* key, const std::uint64_t* stream, std::uint64_t first,
                            std::uint32_t* words, States... s) {
  std::uint64_t block = first;
  ((start_blocks(key, stream, block, s), block += static_cast<std::uint64_t>(kLanes)), ...);
  mix(s...);
  std::uint32_t* to = words;
  ((store_blocks(s, to), to += 4 * kLanes), ...);
}

void fill_most_blocks(const std::uint64_t* key, const std::uint64_t* stream, std::uint64_t first,
                      std::uint32_t* words) {
  if constexpr (kAtOnce == 4)
    fill_blocks(key, stream, first, words, State(), State(), State(), State());
  else
    fill_blocks(key, stream, first, words, State(), State());
}

void fill_lane(const std::uint32_t* key, const std::uint32_t* stream, const Draw& draw, std::uint32_t* out) {
  constexpr std::int64_t kWords = 4 * kLanes * kAtOnce;
  const std::uint64_t k[2] = {key[0], key[draw.key_word]};
  const std::uint64_t s[2] = {stream[0], stream[draw.stream_word]};
  for (std::int64_t first = 0; first < draw.n; first += kWords) {
    const std::int64_t left = std::min(kWords, draw.n - first);
    const auto block = static_cast<std::uint64_t>(first / 4);
    if (left == kWords && draw.out_word == 1) {
      fill_most_blocks(k, s, block, out + first);
      continue;
    }
    alignas(64) std::uint32_t words[kWords];
    if (left <= 4 * kLanes)
      fill_blocks(k, s, block, words, State());
    else
      fill_most_blocks(k, s, block, words);
    if (draw.out_word == 1)
      std::memcpy(out + first, words, static_cast<std::size_t>(left) * sizeof words[0]);
    else
      for (std::int64_t e = 0; e < left; ++e) out[(first + e) * draw.out_word] = words[e];
  }
}

}  // namespace

void fill(const Draw& draw, const std::uint32_t* keys, const std::uint32_t* streams, std::uint32_t* out) {
  const std::int64_t lanes = draw.lanes.row_size();
  const auto step = draw.lanes.row_stride();
  const std::int64_t blocks = (draw.n + 3) / 4;
  draw.lanes.rows([&](const auto& at) HWY_ATTR {
    // Few lanes leave most of a register idle: then the blocks of each lane stand side by side instead.
    if (lanes < kLanes && lanes < blocks) {
      for (std::int64_t i = 0; i < lanes; ++i)
        fill_lane(keys + at[0] + i * step[0], streams + at[1] + i * step[1], draw, out + at[2] + i);
      return;
    }
    fill_side(draw, {keys + at[0], streams + at[1], out + at[2], lanes, step[0], step[1], blocks});
  });
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {
namespace {

class PreparedDraw final : public Prepared {
 public:
  PreparedDraw(const Draw& draw, RunDraw f) : draw_(draw), f_(f) {}
  void run(std::byte* const* data, std::byte*) const override {
    f_(draw_, reinterpret_cast<const std::uint32_t*>(data[0]),
       reinterpret_cast<const std::uint32_t*>(data[1]), reinterpret_cast<std::uint32_t*>(data[2]));
  }

 private:
  Draw draw_;
  RunDraw f_;
};

}  // namespace

PreparedPtr prepare_philox(const View& keys, const View& streams, const View& out) {
  if (isa() == Isa::reference) return nullptr;
  Draw draw;
  for (std::size_t axis = 1; axis < out.shape.size(); ++axis)
    draw.lanes.add(out.shape[axis], {keys.strides[axis], streams.strides[axis], out.strides[axis]});
  draw.n = out.shape[0];
  draw.key_word = keys.strides[0];
  draw.stream_word = streams.strides[0];
  draw.out_word = out.strides[0];
  return std::make_shared<const PreparedDraw>(draw, RUNNEL_FOR_ISA(fill));
}

}  // namespace runnel::kernels
#endif
