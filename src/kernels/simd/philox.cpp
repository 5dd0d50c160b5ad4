// Philox4x32-10 (core/philox.h) for many blocks at once. Each word of the state is the low half of a 64-bit
// lane, so that one multiplication gives both halves of the product where they are wanted; what stands in the
// upper halves is never looked at.
//
// Ten rounds of two products, two shifts and two three-way xors: 60 instructions for one register of 8 blocks
// (32 words), of which a core with two to four vector pipes needs 15 to 30 cycles. The keys of the rounds do
// not depend on the block: where lanes lie side by side they are worked out once for all blocks, and for all
// rows of one key.
#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

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
  std::int64_t n = 0;   // numbers of a lane
  bool halves = false;  // they are halves of words
  std::int64_t key_word = 0;
  std::int64_t stream_word = 0;
  std::int64_t out_step = 0;
};

// Lanes whose round keys are kept at a time, and the memory for them.
constexpr std::int64_t kKeptLanes = 128;
constexpr std::size_t kKeptBytes = static_cast<std::size_t>(kKeptLanes) * 20 * sizeof(std::uint64_t);

using RunDraw = void (*)(const Draw&, const std::uint32_t* keys, const std::uint32_t* streams,
                         std::uint32_t* out, std::byte* scratch);

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
using FullTag = hn::Repartition<std::uint32_t, Tag>;
constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));

struct State {
  Words c0, c1, c2, c3;
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

HWY_INLINE void mix_round(State& s, Words k0, Words k1) {
  const Tag d;
  const Words p0 = product(s.c0, hn::Set(d, 0xD2511F53u));
  const Words p1 = product(s.c2, hn::Set(d, 0xCD9E8D57u));
  s.c0 = hn::Xor3(hn::ShiftRight<32>(p1), s.c1, k0);
  s.c1 = p1;
  s.c2 = hn::Xor3(hn::ShiftRight<32>(p0), s.c3, k1);
  s.c3 = p0;
}

HWY_INLINE void next_keys(Words& k0, Words& k1) {
  const Tag d;
  k0 = k0 + hn::Set(d, 0x9E3779B9u);
  k1 = k1 + hn::Set(d, 0xBB67AE85u);
}

// With the keys of the rounds worked out on the way, ...
template <class... States>
HWY_INLINE void mix(Words k0, Words k1, States&... s) {
  // Unrolled, the keys of all rounds would be worked out first and kept in memory.
#pragma GCC unroll 1
  for (int round = 0; round < 10; ++round) {
    (mix_round(s, k0, k1), ...);
    next_keys(k0, k1);
  }
}

// Neighbouring lanes: kStates registers of state. Two hold the even and the odd lanes, which one load, or a
// shift, takes apart and one blend joins; one holds kLanes lanes at most.
template <int kStates>
using Registers = std::array<Words, kStates>;

template <int kStates>
HWY_INLINE Registers<kStates> load_lanes(const std::uint32_t* p, std::int64_t step, std::int64_t width) {
  const Tag d;
  if (step == 0) {
    if constexpr (kStates == 1)
      return {hn::Set(d, *p)};
    else
      return {hn::Set(d, *p), hn::Set(d, *p)};
  }
  alignas(64) std::uint32_t lanes[2 * kLanes] = {};
  const std::uint32_t* from = p;
  if (step != 1 || width < kStates * kLanes) {
    for (std::int64_t i = 0; i < width; ++i) lanes[i] = p[i * step];
    from = lanes;
  }
  if constexpr (kStates == 1) {
    return {hn::PromoteTo(d, hn::LoadU(HalfTag(), from))};
  } else {
    const Words both = hn::BitCast(d, hn::LoadU(FullTag(), from));
    return {both, hn::ShiftRight<32>(both)};
  }
}

// What is stored at a time.
template <int kStates>
using OutTag = std::conditional_t<kStates == 1, HalfTag, FullTag>;

template <int kStates>
HWY_INLINE hn::Vec<OutTag<kStates>> joined(const Registers<kStates>& w) {
  if constexpr (kStates == 1)
    return hn::TruncateTo(HalfTag(), w[0]);
  else
    return hn::OddEven(hn::BitCast(FullTag(), hn::ShiftLeft<32>(w[1])), hn::BitCast(FullTag(), w[0]));
}

// Lanes side by side.
struct Side {
  const std::uint32_t* keys;
  const std::uint32_t* streams;
  std::uint32_t* out;
  std::int64_t lanes;
  std::int64_t key_step;
  std::int64_t stream_step;
};

// Calls with<states>(lane, width) for groups of lanes: two registers of state for each, one for the last few.
template <class With>
HWY_INLINE void each_group(std::int64_t first, std::int64_t lanes, With with) {
  const std::int64_t end = std::min(first + kKeptLanes, lanes);
  std::int64_t lane = first;
  for (; end - lane > kLanes; lane += 2 * kLanes)
    with(std::integral_constant<int, 2>(), lane, std::min(2 * kLanes, end - lane));
  if (lane < end) with(std::integral_constant<int, 1>(), lane, end - lane);
}

// The keys of all rounds, for up to kKeptLanes lanes from `first` on.
void keep_keys(const Draw& draw, const Side& side, std::int64_t first, std::uint64_t* kept) {
  each_group(first, side.lanes, [&](auto states, std::int64_t lane, std::int64_t width) HWY_ATTR {
    const Tag d;
    const std::uint32_t* key = side.keys + lane * side.key_step;
    const auto k0 = load_lanes<states>(key, side.key_step, width);
    const auto k1 = load_lanes<states>(key + draw.key_word, side.key_step, width);
    for (std::size_t i = 0; i < states; ++i) {
      Words a = k0[i];
      Words b = k1[i];
      for (int round = 0; round < 10; ++round, kept += 2 * kLanes) {
        hn::Store(a, d, kept);
        hn::Store(b, d, kept + kLanes);
        next_keys(a, b);
      }
    }
  });
}

// A group of lanes, and where its numbers go.
template <bool kHalves, int kStates>
struct Group {
  static constexpr std::int64_t kOfBlock = kHalves ? 8 : 4;
  using Block = std::array<State, kStates>;

  const Draw& draw;
  const std::uint64_t* keys;  // of the rounds
  Registers<kStates> c2, c3;
  std::uint32_t* out;
  hn::Mask<OutTag<kStates>> lanes;

  HWY_INLINE void start(std::int64_t number, Block& b) const {
    const Tag d;
    for (std::size_t i = 0; i < kStates; ++i)
      b[i] = {hn::Set(d, static_cast<std::uint64_t>(number)),
              hn::Set(d, static_cast<std::uint64_t>(number) >> 32), c2[i], c3[i]};
  }

  template <class... Blocks>
  HWY_INLINE void mix_blocks(Blocks&... b) const {
    const Tag d;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round)
#pragma GCC unroll 2
      for (std::size_t i = 0; i < kStates; ++i) {
        const std::uint64_t* k = keys + (10 * static_cast<int>(i) + round) * 2 * kLanes;
        const Words k0 = hn::Load(d, k);
        const Words k1 = hn::Load(d, k + kLanes);
        (mix_round(b[i], k0, k1), ...);
      }
  }

  HWY_INLINE void store(hn::Vec<OutTag<kStates>> v, std::int64_t e) const {
    hn::BlendedStore(v, lanes, OutTag<kStates>(), out + e * draw.out_step);
  }

  // The numbers of a word, from number e on, of which `left` are wanted.
  HWY_INLINE void store_word(const Registers<kStates>& w, std::int64_t e, std::int64_t left) const {
    const auto v = joined<kStates>(w);
    if constexpr (!kHalves) {
      if (left > 0) store(v, e);
    } else {
      if (left > 0) store(v & hn::Set(OutTag<kStates>(), 0xFFFFu), e);
      if (left > 1) store(hn::ShiftRight<16>(v), e + 1);
    }
  }

  HWY_INLINE void finish(std::int64_t number, const Block& b) const {
    const std::int64_t e = number * kOfBlock;
    if (draw.n - e >= kOfBlock)
      store_block(b, e, kOfBlock);
    else
      store_block(b, e, draw.n - e);
  }

  HWY_INLINE void store_block(const Block& b, std::int64_t e, std::int64_t left) const {
    constexpr std::int64_t kOfWord = kHalves ? 2 : 1;
    const auto words = [&](Words State::*word) HWY_ATTR {
      if constexpr (kStates == 1)
        return Registers<kStates>{b[0].*word};
      else
        return Registers<kStates>{b[0].*word, b[1].*word};
    };
    store_word(words(&State::c0), e, left);
    store_word(words(&State::c1), e + kOfWord, left - kOfWord);
    store_word(words(&State::c2), e + 2 * kOfWord, left - 2 * kOfWord);
    store_word(words(&State::c3), e + 3 * kOfWord, left - 3 * kOfWord);
  }

  template <class... Blocks>
  HWY_INLINE void fill(std::int64_t first, Blocks... b) const {
    std::int64_t number = first;
    (start(number++, b), ...);
    mix_blocks(b...);
    number = first;
    (finish(number++, b), ...);
  }

  HWY_INLINE void fill_all() const {
    const std::int64_t blocks = (draw.n + kOfBlock - 1) / kOfBlock;
    std::int64_t number = 0;
    if constexpr (kAtOnce / kStates == 4)
      for (; number + 4 <= blocks; number += 4) fill(number, Block(), Block(), Block(), Block());
    if constexpr (kAtOnce / kStates >= 2)
      for (; number + 2 <= blocks; number += 2) fill(number, Block(), Block());
    for (; number < blocks; ++number) fill(number, Block());
  }
};

// With the keys that keep_keys left, of the lanes from `first` on.
template <bool kHalves>
void fill_groups(const Draw& draw, const Side& side, std::int64_t first, const std::uint64_t* kept) {
  each_group(first, side.lanes, [&](auto states, std::int64_t lane, std::int64_t width) HWY_ATTR {
    const std::uint32_t* stream = side.streams + lane * side.stream_step;
    const Group<kHalves, states> group{draw,
                                       kept,
                                       load_lanes<states>(stream, side.stream_step, width),
                                       load_lanes<states>(stream + draw.stream_word, side.stream_step, width),
                                       side.out + lane,
                                       hn::FirstN(OutTag<states>(), static_cast<std::size_t>(width))};
    group.fill_all();
    kept += static_cast<std::ptrdiff_t>(states * 20 * kLanes);
  });
}

// One lane: its blocks side by side, kLanes to a register. Its words lie `step` apart.
// (The counter's low word is the low half of the block's number; the upper half is not looked at.)
HWY_INLINE void start_blocks(const std::uint64_t* stream, std::uint64_t first, State& s) {
  const Tag d;
  s.c0 = hn::Iota(d, first);
  s.c1 = hn::ShiftRight<32>(s.c0);
  s.c2 = hn::Set(d, stream[0]);
  s.c3 = hn::Set(d, stream[1]);
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
  ((start_blocks(stream, block, s), block += static_cast<std::uint64_t>(kLanes)), ...);
  mix(hn::Set(Tag(), key[0]), hn::Set(Tag(), key[1]), s...);
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
  const std::int64_t of_word = draw.halves ? 2 : 1;
  const std::int64_t all = (draw.n + of_word - 1) / of_word;
  for (std::int64_t first = 0; first < all; first += kWords) {
    const std::int64_t left = std::min(kWords, all - first);
    const auto block = static_cast<std::uint64_t>(first / 4);
    if (left == kWords && draw.out_step == 1 && !draw.halves) {
      fill_most_blocks(k, s, block, out + first);
      continue;
    }
    alignas(64) std::uint32_t words[kWords];
    if (left <= 4 * kLanes)
      fill_blocks(k, s, block, words, State());
    else
      fill_most_blocks(k, s, block, words);
    if (draw.halves) {
      const std::int64_t e0 = 2 * first;
      for (std::int64_t e = e0; e < std::min(e0 + 2 * left, draw.n); ++e) {
        const std::uint32_t word = words[(e - e0) / 2];
        out[e * draw.out_step] = e % 2 == 0 ? word & 0xFFFFu : word >> 16;
      }
    } else if (draw.out_step == 1) {
      std::memcpy(out + first, words, static_cast<std::size_t>(left) * sizeof words[0]);
    } else {
      for (std::int64_t e = 0; e < left; ++e) out[(first + e) * draw.out_step] = words[e];
    }
  }
}

}  // namespace

void fill(const Draw& draw, const std::uint32_t* keys, const std::uint32_t* streams, std::uint32_t* out,
          std::byte* scratch) {
  const std::int64_t lanes = draw.lanes.row_size();
  const auto step = draw.lanes.row_stride();
  auto* kept = reinterpret_cast<std::uint64_t*>(scratch);
  const std::uint32_t* kept_of = nullptr;  // the row of keys that `kept` was made of
  draw.lanes.rows([&](const auto& at) HWY_ATTR {
    // Few lanes leave most of a register idle: then the blocks of each lane stand side by side instead.
    if (lanes < kLanes && 4 * lanes < draw.n) {
      for (std::int64_t i = 0; i < lanes; ++i)
        fill_lane(keys + at[0] + i * step[0], streams + at[1] + i * step[1], draw, out + at[2] + i);
      return;
    }
    const Side side{keys + at[0], streams + at[1], out + at[2], lanes, step[0], step[1]};
    for (std::int64_t first = 0; first < lanes; first += kKeptLanes) {
      if (lanes > kKeptLanes || kept_of != side.keys) keep_keys(draw, side, first, kept);
      kept_of = side.keys;
      if (draw.halves)
        fill_groups<true>(draw, side, first, kept);
      else
        fill_groups<false>(draw, side, first, kept);
    }
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
  std::size_t scratch_bytes() const override { return kKeptBytes; }
  void run(std::byte* const* data, std::byte* scratch) const override {
    f_(draw_, reinterpret_cast<const std::uint32_t*>(data[0]),
       reinterpret_cast<const std::uint32_t*>(data[1]), reinterpret_cast<std::uint32_t*>(data[2]), scratch);
  }

 private:
  Draw draw_;
  RunDraw f_;
};

}  // namespace

PreparedPtr prepare_philox(const View& keys, const View& streams, const View& out, bool halves) {
  if (isa() == Isa::reference) return nullptr;
  Draw draw;
  for (std::size_t axis = 1; axis < out.shape.size(); ++axis)
    draw.lanes.add(out.shape[axis], {keys.strides[axis], streams.strides[axis], out.strides[axis]});
  draw.n = out.shape[0];
  draw.halves = halves;
  draw.key_word = keys.strides[0];
  draw.stream_word = streams.strides[0];
  draw.out_step = out.strides[0];
  return std::make_shared<const PreparedDraw>(draw, RUNNEL_FOR_ISA(fill));
}

}  // namespace runnel::kernels
#endif
