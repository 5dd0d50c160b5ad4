// Elementary functions for float and double, one definition for lone numbers and for vectors.
//
// The formulas (formulas_exp.h, formulas_circle.h) are written for numbers of any width; here they are made
// for one, in simd/math-inl.h for registers. They have no branches: every step is one IEEE operation (add,
// multiply, std::fma, divide) or works on bits, and a choice is a select, so that a lane of a vector gives
// the same bits as a call for a single number. Only the sines of huge arguments leave this road, for a
// function that both share.
//
// Largest errors in units of the last place of the result (subnormal results: of the least subnormal): for
// float over all of its numbers (powers: random ones), against double; for double over dense grids and random
// bit patterns, against long double. tests/kernels/math_test.cpp holds them to these:
//              exp   expm1  log   log1p  tanh  logistic  sin   cos   erf   pow
//   float      0.79  1.37   0.83  0.83   2.43  2.41      0.78  0.79  1.00  0.51
//   double     0.78  1.36   0.78  0.80   2.10  2.27      0.78  0.77  1.07  1.14
//
// Reductions as in W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), chapters 5
// to 8; the form of the logarithm that keeps the low bits of f as in P. T. P. Tang, "Table-driven
// implementation of the logarithm function" (ACM TOMS 16, 1990). The polynomials are the Taylor series, but
// for the error function's.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/reference/math_format.h"

namespace runnel::kernels::math {

// Sine and cosine from circle_limit on (math_far.cpp), infinity and nan included (nan).
namespace far {
float sin(float x);
float cos(float x);
double sin(double x);
double cos(double x);
}  // namespace far

// What the formulas ask of a number; simd/math-inl.h says the same of a vector.
template <class V>
using Element = V;

template <class V>
inline V literal(Element<V> x) {
  return x;
}
template <class V>
inline typename Format<V>::Bits bit_literal(typename Format<V>::Bits x) {
  return x;
}
template <class V>
inline typename Format<V>::Bits as_bits(V x) {
  return std::bit_cast<typename Format<V>::Bits>(x);
}
template <class V>
inline V as_number(typename Format<V>::Bits x) {
  return std::bit_cast<V>(x);
}
template <int K, class B>
inline B shift_left(B x) {
  return static_cast<B>(x << K);
}
template <int K, class B>
inline B shift_right(B x) {
  return static_cast<B>(x >> K);
}
template <class V>
inline V fused(V a, V b, V c) {  // a b + c
  return std::fma(a, b, c);
}
template <class V>
inline V fused_minus(V a, V b, V c) {  // c - a b
  return std::fma(-a, b, c);
}
template <class V>
inline V choose(bool condition, V a, V b) {
  return condition ? a : b;
}
// A nan stays what it is.
template <class V>
inline V at_most(V x, Element<V> limit) {
  return x > limit ? limit : x;
}
template <class V>
inline V at_least(V x, Element<V> limit) {
  return x < limit ? limit : x;
}
inline bool both(bool a, bool b) { return a & b; }
template <class V>
inline bool not_equal(V a, V b) {
  return a != b;
}
template <class V>
inline bool is_zero(typename Format<V>::Bits x) {
  return x == 0;
}
template <class V>
inline V floor(V x) {
  return std::floor(x);
}
template <class Far, class V>
inline V where_far(bool near_enough, V near, V x, Far f) {
  return near_enough ? near : f(x);
}

// The magnitude of a power of a positive number; floats go through doubles.
inline float positive_power(float a, float y);
inline double positive_power(double a, double y);

#include "kernels/reference/formulas_exp.h"

#include "kernels/reference/formulas_circle.h"

inline float positive_power(float a, float y) {
  return static_cast<float>(exp(static_cast<double>(y) * log(static_cast<double>(a))));
}
inline double positive_power(double a, double y) { return power_of_positive(a, y); }

}  // namespace runnel::kernels::math
