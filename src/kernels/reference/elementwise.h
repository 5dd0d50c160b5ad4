// Elementwise kernels. All operands have the output's shape (repeated through zero strides where needed).
#pragma once

#include "kernels/view.h"

namespace runnel::kernels {

// f32 and f64; neg, abs, sign also i32; logical_not on bool. sign(0) = 0, sign(nan) = nan.
enum class Unary {
  neg,
  abs,
  sign,
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  rsqrt,
  sin,
  cos,
  tanh,
  logistic,
  erf,
  floor,
  logical_not
};

// Arithmetic on the four numeric types (operands and output of one dtype). Integers wrap; integer division
// truncates towards zero and by zero gives 0; integer pow by repeated squaring (negative exponent: 0 unless
// the base is 1 or -1). max and min return nan if either operand is nan. Logic on bool.
enum class Binary { add, sub, mul, div, pow, max, min, logical_and, logical_or, logical_xor };

// Operands of any one dtype, output bool. Comparisons with nan are false, but ne is true.
enum class Compare { eq, ne, lt, le, gt, ge };

void unary(Unary op, const View& in, const View& out);
void binary(Binary op, const View& a, const View& b, const View& out);
void compare(Compare op, const View& a, const View& b, const View& out);
void select(const View& condition, const View& a, const View& b, const View& out);  // condition ? a : b

// Any dtype to any dtype. Float to integer truncates towards zero, saturates, and makes nan 0; anything to
// bool is "not zero".
void convert(const View& in, const View& out);

// out[i] = in[i] for any strides of `in`: copies, broadcasts, transposes, slices and reversals alike.
void copy(const View& in, const View& out);

}  // namespace runnel::kernels
