// The constants of math.h for float and double.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace runnel::kernels::math {

template <class T>
struct Format;

template <>
struct Format<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr int exponent = 8;
  static constexpr Bits bias = 127;
  static constexpr Bits all_but_sign = 0x7FFFFFFFu;
  static constexpr Bits all_of_mantissa = 0x007FFFFFu;
  static constexpr Bits magic_exponent = 0x4B000000u;  // of 2^23: an integer below as a number's low bits
  static constexpr float magic = 0x1p23f;
  static constexpr float rounder = 0x1.8p23f;
  // ln 2 in two parts, the first with nine bits so that a multiple by an exponent is exact.
  static constexpr float ln2_high = 0x1.63p-1f;
  static constexpr float ln2_low = -0x1.bd0106p-13f;
  static constexpr float log2_e = static_cast<float>(1.44269504088896340736L);
  static constexpr float exp_largest = 89.0f;     // exp overflows from 88.73
  static constexpr float exp_least = -104.0f;     // and is 0 below -103.98
  static constexpr float expm1_least = -18.0f;    // expm1 is -1 below -17.4
  static constexpr float tanh_largest = 9.1f;     // tanh is 1 above 9.02
  static constexpr float tiny = 0x1p-25f;         // expm1(x) and log1p(x) are x below this
  static constexpr Bits sqrt_half = 0x3F3504F3u;  // the bits of sqrt(1/2)
  static constexpr float lift = 0x1p25f;          // makes subnormal numbers normal
  static constexpr float lift_exponent = 25.0f;
  static constexpr int exp_terms = 8;  // r^9 / 9! < 2e-10 for r <= ln 2 / 2
  static constexpr int log_terms = 5;  // z^5 / 11 < 3e-9 for z <= 0.0295
  // pi/2 in three parts; multiples up to the limit keep their last place.
  static constexpr float half_pi = 0x1.921fb6p+0f;
  static constexpr float half_pi_2 = -0x1.777a5cp-25f;
  static constexpr float half_pi_3 = -0x1.ee59dap-50f;
  static constexpr float two_over_pi = 0x1.45f306p-1f;
  static constexpr float circle_limit = 0x1p15f;
  static constexpr int sin_terms = 9;   // r^11 / 11! < 2e-9 for r <= pi/4
  static constexpr int cos_terms = 10;  // r^12 / 12! < 2e-10
  // Minimax polynomials of erf(x)/x - 1 in x² for x <= 1 and of e^(x²) erfc x in (x - 2) / (x + 2) for 1 <= x
  // <= 4, found by Remez's exchange with 50 digits; their errors are 1.2e-9 (relative) and 2.3e-11 (of erf).
  static constexpr float erf_largest = 4.0f;  // erf is 1 above 3.92
  static constexpr std::array<float, 7> erf_small = {0x1.06eba8p-3f,  -0x1.81273ep-2f, 0x1.ce2cf8p-4f,
                                                     -0x1.b7f910p-6f, 0x1.5405bep-8f,  -0x1.a3f71ep-11f,
                                                     0x1.496a12p-14f};
  static constexpr std::array<float, 7> erf_large = {0x1.058672p-2f,  -0x1.b57036p-2f, 0x1.eeea1cp-3f,
                                                     -0x1.4381f8p-4f, 0x1.edc830p-9f,  0x1.df7ea4p-8f,
                                                     0x1.b3d028p-14f};
};

template <>
struct Format<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr int exponent = 11;
  static constexpr Bits bias = 1023;
  static constexpr Bits all_but_sign = 0x7FFFFFFFFFFFFFFFu;
  static constexpr Bits all_of_mantissa = 0x000FFFFFFFFFFFFFu;
  static constexpr Bits magic_exponent = 0x4330000000000000u;
  static constexpr double magic = 0x1p52;
  static constexpr double rounder = 0x1.8p52;
  static constexpr double ln2_high = 0x1.62e42feep-1;  // 32 bits
  static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double log2_e = static_cast<double>(1.44269504088896340736L);
  static constexpr double exp_largest = 710.0;
  static constexpr double exp_least = -746.0;
  static constexpr double expm1_least = -40.0;
  static constexpr double tanh_largest = 20.0;
  static constexpr double tiny = 0x1p-54;
  static constexpr Bits sqrt_half = 0x3FE6A09E667F3BCDu;
  static constexpr double lift = 0x1p54;
  static constexpr double lift_exponent = 54.0;
  static constexpr int exp_terms = 14;  // r^15 / 15! < 1e-19
  static constexpr int log_terms = 11;  // z^11 / 23 < 7e-19
  static constexpr double two_thirds = 0x1.5555555555555p-1;
  static constexpr double two_thirds_low = 0x1.5555555555555p-55;
  static constexpr double half_pi = 0x1.921fb54442d18p+0;
  static constexpr double half_pi_2 = 0x1.1a62633145c07p-54;
  static constexpr double half_pi_3 = -0x1.f1976b7ed8fbcp-110;
  static constexpr double two_over_pi = 0x1.45f306dc9c883p-1;
  static constexpr double circle_limit = 0x1p30;
  static constexpr int sin_terms = 17;  // r^19 / 19! < 9e-20
  static constexpr int cos_terms = 16;  // r^18 / 18! < 3e-18
  // For 1 <= x <= 6; the errors are 7.4e-18 and 5.5e-19.
  static constexpr double erf_largest = 6.0;  // erf is 1 above 5.87
  static constexpr std::array<double, 12> erf_small = {
      0x1.06eba8214db68p-3,  -0x1.812746b0379bdp-2,  0x1.ce2f21a040d21p-4,  -0x1.b82ce311fab6fp-6,
      0x1.565bccf92eaadp-8,  -0x1.c02db03e3cd72p-11, 0x1.f9a2bab00ed8ep-14, -0x1.f4ca4dbca9a02p-17,
      0x1.b97fd5d5cea58p-20, -0x1.5c072df7c0e9ep-23, 0x1.d71b21cf3dcd1p-27, -0x1.abae353b8c9f6p-31};
  static constexpr std::array<double, 13> erf_large = {
      0x1.058671b52c776p-2,  -0x1.b57034efd3f56p-2, 0x1.eeea7dc8a790bp-3,   -0x1.437f0b68ccc3fp-4,
      0x1.e947158adbd8ap-9,  0x1.ca95ed863ddb6p-8,  -0x1.bc258dc50c7e8p-11, -0x1.016b5372ff7a2p-10,
      0x1.6d353243b786fp-15, 0x1.6d8268b89d84ap-13, 0x1.cf708973a31eep-16,  -0x1.be77cbaa594fbp-16,
      -0x1.a8448783e66dep-17};
};

// 1/k! as a constant of the type.
template <class T, int K>
constexpr T inverse_factorial() {
  double f = 1.0;  // exact up to 18!
  for (int i = 2; i <= K; ++i) f *= i;
  return static_cast<T>(1.0 / f);
}

}  // namespace runnel::kernels::math
