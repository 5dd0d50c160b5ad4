// How a loop over a tile loads, steps and stores, one time for each instruction set.
#if defined(RUNNEL_KERNELS_SIMD_ELEMENT_LOOPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RUNNEL_KERNELS_SIMD_ELEMENT_LOOPS_INL_H
#undef RUNNEL_KERNELS_SIMD_ELEMENT_LOOPS_INL_H
#else
#define RUNNEL_KERNELS_SIMD_ELEMENT_LOOPS_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;

// Bytes 0 and 1 of the next elements as a mask for vectors of D.
template <class D>
HWY_INLINE hn::Mask<D> load_mask(D d, const std::uint8_t* p) {
#if HWY_TARGET == HWY_AVX2
  constexpr std::size_t n = hn::MaxLanes(D());
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    std::uint32_t four;
    std::memcpy(&four, p, n);
    const __m256i wide = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(static_cast<int>(four)));
    const hn::Repartition<std::int64_t, D> di;
    return hn::RebindMask(d, hn::Vec<decltype(di)>{wide} > hn::Zero(di));
  } else {
    const __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    const hn::Repartition<std::int32_t, D> di;
    return hn::RebindMask(d, hn::Vec<decltype(di)>{wide} > hn::Zero(di));
  }
#else
  static_cast<void>(d);
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return hn::Mask<D>{static_cast<__mmask8>(_mm_test_epi8_mask(bytes, bytes))};
  } else {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return hn::Mask<D>{_mm_test_epi8_mask(bytes, bytes)};
  }
#endif
}

template <class D>
HWY_INLINE void store_mask(D d, hn::Mask<D> m, std::uint8_t* p) {
#if HWY_TARGET == HWY_AVX2
  const auto v = hn::VecFromMask(d, m);
  const hn::Repartition<std::int32_t, D> di;
  const __m256i lanes = hn::BitCast(di, v).raw;
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    // Of each lane of eight bytes the first four, then the halves of the register side by side.
    const __m256i even = _mm256_permutevar8x32_epi32(lanes, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(even), _mm_setzero_si128());
    const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
    const int four = _mm_cvtsi128_si32(bytes);
    std::memcpy(p, &four, 4);
  } else {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
  }
#else
  static_cast<void>(d);
  const __m128i bytes = _mm_maskz_mov_epi8(m.raw, _mm_set1_epi8(1));
  if constexpr (sizeof(hn::TFromD<D>) == 8)
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
  else
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
#endif
}

// An operand of numbers: whole registers, and the first `left` lanes of one.
template <class D, bool kRepeats>
struct Numbers {
  const hn::TFromD<D>* p;
  std::size_t mask;

  Numbers(const ElementStep& step, std::byte* const* at, std::size_t k)
      : p(reinterpret_cast<const hn::TFromD<D>*>(at[step.in[k]])), mask(step.mask[k]) {}
  HWY_INLINE std::size_t place(std::size_t i) const { return kRepeats ? i & mask : i; }
  HWY_INLINE hn::Vec<D> whole(std::size_t i) const { return hn::LoadU(D(), p + place(i)); }
  HWY_INLINE hn::Vec<D> part(std::size_t i, std::size_t left) const {
    if constexpr (sizeof(hn::TFromD<D>) == 1) {  // bytes have no masked instructions in AVX2
      alignas(16) hn::TFromD<D> lanes[hn::MaxLanes(D())] = {};
      std::memcpy(lanes, p + place(i), left);
      return hn::Load(D(), lanes);
    } else {
      return hn::MaskedLoad(hn::FirstN(D(), left), D(), p + place(i));
    }
  }
};

// An operand of bools, as masks for vectors of D.
template <class D, bool kRepeats>
struct Bools {
  const std::uint8_t* p;
  std::size_t mask;

  Bools(const ElementStep& step, std::byte* const* at, std::size_t k)
      : p(reinterpret_cast<const std::uint8_t*>(at[step.in[k]])), mask(step.mask[k]) {}
  HWY_INLINE std::size_t place(std::size_t i) const { return kRepeats ? i & mask : i; }
  HWY_INLINE hn::Mask<D> whole(std::size_t i) const { return load_mask(D(), p + place(i)); }
  HWY_INLINE hn::Mask<D> part(std::size_t i, std::size_t left) const {
    std::uint8_t bytes[16] = {};
    std::memcpy(bytes, p + place(i), left);
    return load_mask(D(), bytes);
  }
};

template <class D>
struct NumbersOut {
  hn::TFromD<D>* p;

  NumbersOut(const ElementStep& step, std::byte* const* at)
      : p(reinterpret_cast<hn::TFromD<D>*>(at[step.out])) {}
  HWY_INLINE void whole(std::size_t i, hn::Vec<D> v) const { hn::StoreU(v, D(), p + i); }
  HWY_INLINE void part(std::size_t i, std::size_t left, hn::Vec<D> v) const {
    if constexpr (sizeof(hn::TFromD<D>) == 1) {
      alignas(16) hn::TFromD<D> lanes[hn::MaxLanes(D())];
      hn::Store(v, D(), lanes);
      std::memcpy(p + i, lanes, left);
    } else {
      hn::BlendedStore(v, hn::FirstN(D(), left), D(), p + i);
    }
  }
};

template <class D>
struct BoolsOut {
  std::uint8_t* p;

  BoolsOut(const ElementStep& step, std::byte* const* at)
      : p(reinterpret_cast<std::uint8_t*>(at[step.out])) {}
  HWY_INLINE void whole(std::size_t i, hn::Mask<D> m) const { store_mask(D(), m, p + i); }
  HWY_INLINE void part(std::size_t i, std::size_t left, hn::Mask<D> m) const {
    std::uint8_t bytes[16];
    store_mask(D(), m, bytes);
    std::memcpy(p + i, bytes, left);
  }
};

// kAtOnce registers a turn: few turns, whose end the processor's branch predictor learns.
template <std::size_t kLanes, std::size_t kAtOnce, class F, class Out, class... In>
HWY_INLINE void each_register(std::size_t n, F f, const Out out, const In... in) {
  std::size_t i = 0;
  if constexpr (kAtOnce > 1) {
    for (; i + kAtOnce * kLanes <= n; i += kAtOnce * kLanes) {
#pragma GCC unroll 8
      for (std::size_t u = 0; u < kAtOnce; ++u) out.whole(i + u * kLanes, f(in.whole(i + u * kLanes)...));
    }
  }
  for (; i + kLanes <= n; i += kLanes) out.whole(i, f(in.whole(i)...));
  if (i < n) out.part(i, n - i, f(in.part(i, n - i)...));
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
