// Copying short runs of bytes without a call; long ones go to the C library.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstring>

namespace runnel::kernels {

// Source and target do not overlap. Ends are copied by two registers that overlap in the target.
inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t n) {
  const auto load = [](const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  };
  const auto store = [](std::byte* p, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); };
  if (n >= 32) {
    if (n > 4096) {
      std::memcpy(to, from, n);
      return;
    }
    const __m256i last = load(from + n - 32);
    for (std::size_t i = 0; i + 32 < n; i += 32) store(to + i, load(from + i));
    store(to + n - 32, last);
  } else if (n >= 16) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i last = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + n - 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), first);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + n - 16), last);
  } else if (n >= 4) {
    // 4 to 15 bytes: two words from each end.
    const std::size_t middle = n >= 8 ? 4 : 0;
    std::uint32_t word[4];
    std::memcpy(&word[0], from, 4);
    std::memcpy(&word[1], from + middle, 4);
    std::memcpy(&word[2], from + n - 4 - middle, 4);
    std::memcpy(&word[3], from + n - 4, 4);
    std::memcpy(to, &word[0], 4);
    std::memcpy(to + middle, &word[1], 4);
    std::memcpy(to + n - 4 - middle, &word[2], 4);
    std::memcpy(to + n - 4, &word[3], 4);
  } else {
    for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

}  // namespace runnel::kernels
