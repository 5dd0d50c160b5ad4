// The reduction of huge arguments by pi/2: M. H. Payne and R. N. Hanek, "Radian reduction for trigonometric
// functions" (ACM SIGNUM Newsletter 18, 1983). Of the product of the argument's integer mantissa and 2/pi
// only the bits that matter are formed: what lies above is a multiple of four quadrants.
#include "kernels/reference/math.h"

namespace runnel::kernels::math {
namespace {

__extension__ using Wide = unsigned __int128;

// The bits of 2/pi after the binary point, 64 leading zeros before them.
constexpr std::uint64_t kTwoOverPi[] = {
    0x0000000000000000u, 0xA2F9836E4E441529u, 0xFC2757D1F534DDC0u, 0xDB6295993C439041u, 0xFE5163ABDEBBC561u,
    0xB7246E3A424DD2E0u, 0x06492EEA09D1921Cu, 0xFE1DEB1CB129A73Eu, 0xE88235F52EBB4484u, 0xE99C7026B45F7E41u,
    0x3991D639835339F4u, 0x9C845F8BBDF9283Bu, 0x1FF897FFDE05980Fu, 0xEF2F118B5A0A6D1Fu, 0x6D367ECF27CB09B7u,
    0x4F463F669E5FEA2Du, 0x7527BAC7EBE5F17Bu, 0x3D0739F78A5292EAu, 0x6BFB5FB11F8D5D08u, 0x56033046FC7B6BABu,
    0xF0CFBC209AF4361Du, 0xA9E391615EE61B08u};

// 64 bits of the table from bit `from` on.
std::uint64_t table_bits(int from) {
  const int word = from / 64;
  const int shift = from % 64;
  const std::uint64_t high = kTwoOverPi[word] << shift;
  return shift == 0 ? high : high | (kTwoOverPi[word + 1] >> (64 - shift));
}

struct Reduction {
  std::uint64_t quadrant;
  double r;
  double low;
};

// a = m 2^e with an integer m of 53 bits. Bit k of 2/pi (from 1) weighs 2^(e - k) in units of m: from k = e -
// 1 on, 192 bits I give a 2/pi = m I 2^-190 modulo 4. No double lies nearer to a multiple of pi/2 than 2^-62,
// and what the table's end cuts off weighs 2^-137.
Reduction reduce_far(double a) {
  using F = Format<double>;
  const std::uint64_t bits = as_bits(a);
  const int e = static_cast<int>(bits >> F::mantissa) - static_cast<int>(F::bias) - F::mantissa;
  const std::uint64_t m = (bits & F::all_of_mantissa) | (std::uint64_t{1} << F::mantissa);
  const int from = 64 + (e - 1) - 1;
  const Wide p2 = Wide{m} * table_bits(from + 128);
  const Wide p1 = Wide{m} * table_bits(from + 64) + (p2 >> 64);
  const std::uint64_t top = m * table_bits(from) + static_cast<std::uint64_t>(p1 >> 64);
  // Two bits of quadrant, then the fraction; from a half on, the next quadrant is nearer.
  Wide fraction = (Wide{top} << 64 | static_cast<std::uint64_t>(p1)) << 2;
  fraction |= static_cast<std::uint64_t>(p2) >> 62;
  const bool up = (fraction >> 127) != 0;
  if (up) fraction = ~fraction + 1;
  // The fraction as the sum of two doubles: its first 53 bits and the next.
  const auto head = static_cast<std::uint64_t>(fraction >> 64);
  const int zeros = head == 0 ? 64 : std::countl_zero(head);
  const Wide normal = fraction << zeros;  // the head's first bit is set, or the head was empty
  const auto first = static_cast<std::uint64_t>(normal >> 64) & ~std::uint64_t{0x7FF};
  const Wide rest = normal - (Wide{first} << 64);
  const double unit = std::ldexp(1.0, -64 - zeros);
  double high = static_cast<double>(first) * unit;
  double low = static_cast<double>(static_cast<std::uint64_t>(rest >> 11)) * std::ldexp(unit, 11 - 64);
  if (up) {
    high = -high;
    low = -low;
  }
  const double r = high * F::half_pi;
  const double r_low = std::fma(high, F::half_pi, -r) + (high * F::half_pi_2 + low * F::half_pi);
  const double sum = r + r_low;
  return {(top >> 62) + (up ? 1u : 0u), sum, (r - sum) + r_low};
}

double far_sine(double x, bool turned, std::uint64_t ahead) {
  const double a = absolute(x);
  if (!(a < std::numeric_limits<double>::infinity())) return std::numeric_limits<double>::quiet_NaN();
  const Reduction z = reduce_far(a);
  const double y = sine_in_quadrant(z.quadrant + ahead, z.r, z.low);
  return turned ? -y : y;
}

}  // namespace

double far::sin(double x) { return far_sine(x, x < 0.0, 0); }
double far::cos(double x) { return far_sine(x, false, 1); }
float far::sin(float x) { return static_cast<float>(math::sin(static_cast<double>(x))); }
float far::cos(float x) { return static_cast<float>(math::cos(static_cast<double>(x))); }

}  // namespace runnel::kernels::math
