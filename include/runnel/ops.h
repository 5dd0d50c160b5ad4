// Functions on arrays. NumPy's broadcasting; dtypes meet as promote() says; a C++ number takes the dtype of
// the array beside it. Every function works on concrete arrays (computed at once) and inside transforms.
// Wrong shapes or dtypes throw Error(input) "[op] (2, 3) and (4,): ...".
#pragma once

#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/array.h"

namespace runnel {

// ---- elementwise, f32 and f64 (neg, abs, sign also i32) ------------------------------------------------
Array neg(const Array& x);
Array abs(const Array& x);
Array sign(const Array& x);  // -1, 0 or 1
Array exp(const Array& x);
Array expm1(const Array& x);  // exp(x) - 1
Array log(const Array& x);
Array log1p(const Array& x);  // log(1 + x)
Array sqrt(const Array& x);
Array rsqrt(const Array& x);  // 1 / sqrt(x)
Array sin(const Array& x);
Array cos(const Array& x);
Array tanh(const Array& x);
Array logistic(const Array& x);  // 1 / (1 + exp(-x))
Array erf(const Array& x);
Array floor(const Array& x);

Array add(const Operand& a, const Operand& b);
Array sub(const Operand& a, const Operand& b);
Array mul(const Operand& a, const Operand& b);
Array div(const Operand& a, const Operand& b);  // integers truncate towards zero, x / 0 = 0
// By the exponent, a base that is not positive has the derivative 0: its powers are real at whole exponents
// only. A power of |a| is written pow(abs(a), b).
Array pow(const Operand& a, const Operand& b);
Array maximum(const Operand& a, const Operand& b);  // nan if either is nan
Array minimum(const Operand& a, const Operand& b);

// Comparisons give bool; logic takes it.
Array equal(const Operand& a, const Operand& b);
Array not_equal(const Operand& a, const Operand& b);
Array less(const Operand& a, const Operand& b);
Array less_equal(const Operand& a, const Operand& b);
Array greater(const Operand& a, const Operand& b);
Array greater_equal(const Operand& a, const Operand& b);
Array logical_and(const Array& a, const Array& b);
Array logical_or(const Array& a, const Array& b);
Array logical_xor(const Array& a, const Array& b);
Array logical_not(const Array& a);
// condition ? a : b. What is not chosen is computed all the same, and where its own slope is infinite or nan,
// 0 times it makes the derivative nan. Give it an operand that is safe there: not select(x > 0, sqrt(x), 0)
// but select(x > 0, sqrt(select(x > 0, x, 1)), 0).
Array select(const Array& condition, const Operand& a, const Operand& b);

Array stop_gradient(const Array& x);         // x, whose derivative is zero
Array convert(const Array& x, DType dtype);  // float to integer truncates and saturates, nan becomes 0

inline Array operator+(const Operand& a, const Operand& b) { return add(a, b); }
inline Array operator-(const Operand& a, const Operand& b) { return sub(a, b); }
inline Array operator*(const Operand& a, const Operand& b) { return mul(a, b); }
inline Array operator/(const Operand& a, const Operand& b) { return div(a, b); }
inline Array operator-(const Array& x) { return neg(x); }
inline Array operator<(const Operand& a, const Operand& b) { return less(a, b); }
inline Array operator<=(const Operand& a, const Operand& b) { return less_equal(a, b); }
inline Array operator>(const Operand& a, const Operand& b) { return greater(a, b); }
inline Array operator>=(const Operand& a, const Operand& b) { return greater_equal(a, b); }

// ---- reductions: over all axes, one, or several; `keep` leaves axes of size 1 ---------------------------
Array sum(const Array& x);
Array sum(const Array& x, int axis, bool keep = false);
Array sum(const Array& x, const Dims& axes, bool keep = false);
Array mean(const Array& x);
Array mean(const Array& x, int axis, bool keep = false);
Array mean(const Array& x, const Dims& axes, bool keep = false);
Array max(const Array& x);
Array max(const Array& x, int axis, bool keep = false);
Array max(const Array& x, const Dims& axes, bool keep = false);
Array min(const Array& x);
Array min(const Array& x, int axis, bool keep = false);
Array min(const Array& x, const Dims& axes, bool keep = false);
// Mean squared distance from the mean; `ddof` is taken off the divisor. The deviation, its root, has no
// derivative where all elements are equal (nan here): add a small number under the root,
// sqrt(variance(x) + 1e-12).
Array variance(const Array& x);
Array variance(const Array& x, int axis, int ddof = 0, bool keep = false);
// A number that is no whole one is no axis: the larger of two elements is maximum(x, 0.5).
template <std::floating_point T>
Array sum(const Array& x, T axis, bool keep = false) = delete;
template <std::floating_point T>
Array mean(const Array& x, T axis, bool keep = false) = delete;
template <std::floating_point T>
Array max(const Array& x, T axis, bool keep = false) = delete;
template <std::floating_point T>
Array min(const Array& x, T axis, bool keep = false) = delete;
template <std::floating_point T>
Array variance(const Array& x, T axis, int ddof = 0, bool keep = false) = delete;
// What stands second is the divisor's: variance(x, axis, 0, true) keeps the axis.
template <class T>
requires(std::floating_point<T> || std::same_as<T, bool>) Array
    variance(const Array& x, int axis, T ddof, bool keep = false)
= delete;
Array argmax(const Array& x, int axis);                        // i32, the first of equals
Array cumsum(const Array& x, int axis, bool reverse = false);  // running sums
template <std::floating_point T>
Array argmax(const Array& x, T axis) = delete;
template <std::floating_point T>
Array cumsum(const Array& x, T axis, bool reverse = false) = delete;

// ---- shapes --------------------------------------------------------------------------------------------
Array reshape(const Array& x, const Shape& shape);         // one size may be -1
Array transpose(const Array& x);                           // all axes reversed
Array transpose(const Array& x, const Dims& permutation);  // axis i of the result is axis permutation[i] of x
Array move_axis(const Array& x, int from, int to);
Array expand_dims(const Array& x, int axis);
Array squeeze(const Array& x, int axis);
Array broadcast_to(const Array& x, const Shape& shape);
Array slice(const Array& x, const Dims& start,
            const Dims& stop);  // start[i] <= index < stop[i] on every axis
Array slice(const Array& x, int axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1);
Array row(const Array& x, std::int64_t i);  // x[i], one axis less
Array concatenate(const std::vector<Array>& parts, int axis = 0);
Array stack(const std::vector<Array>& parts, int axis = 0);
Array pad(const Array& x, const Dims& low, const Dims& high, const Operand& value = 0);
Array reverse(const Array& x, const Dims& axes);

// ---- indexing ------------------------------------------------------------------------------------------
Array iota(const Shape& shape, int axis, DType dtype = DType::i32);  // the index along `axis`
Array arange(std::int64_t n, DType dtype = DType::i32);
Array eye(std::int64_t n, DType dtype = DType::f32);
Array one_hot(const Array& labels, std::int64_t classes, DType dtype = DType::f32);  // adds a last axis
// x[..., index, ...]: the axis is replaced by the axes of `index` (i32). Out of range throws when run.
Array gather(const Array& x, const Array& index, int axis = 0);
// x with updates added at x[..., index, ...]; repeated indices add up in order.
Array scatter_add(const Array& x, const Array& index, const Array& updates, int axis = 0);
// Ascending and stable, nan last; second: where each element came from (i32).
std::pair<Array, Array> sort(const Array& x, int axis = -1);

// ---- products ------------------------------------------------------------------------------------------
// Einstein summation of two operands, one letter per axis, "nd,dhk->nhk".
Array dot_general(std::string_view spec, const Array& a, const Array& b);
// The same for any number of operands; without "->" the letters that stand once, sorted, are the output. A
// letter stands at most once in an operand (no diagonals).
Array einsum(std::string_view spec, const std::vector<Array>& operands);
Array matmul(const Array& a, const Array& b);  // NumPy's: vectors, matrices, stacks of matrices
Array dot(const Array& a, const Array& b);     // inner product of two vectors
Array outer(const Array& a, const Array& b);

// ---- functions built from these, stable at large arguments -----------------------------------------------
Array square(const Array& x);
Array relu(const Array& x);      // its derivative at 0 is 0
Array softplus(const Array& x);  // log(1 + exp(x))
// log(sum(exp(x))): -inf where all elements are -inf, and its derivative nan there; maximum(x, -1e30) in x's
// place has derivatives of 0.
Array logsumexp(const Array& x, int axis, bool keep = false);
Array softmax(const Array& x, int axis = -1);
Array log_softmax(const Array& x, int axis = -1);
template <std::floating_point T>
Array logsumexp(const Array& x, T axis, bool keep = false) = delete;
template <std::floating_point T>
Array softmax(const Array& x, T axis) = delete;
template <std::floating_point T>
Array log_softmax(const Array& x, T axis) = delete;
// Euclidean, of all elements. Its derivative at 0 is 0, and so are those of functions of it, but for its
// square, as square(norm(x)) in one function, which has the derivatives of sum(square(x)).
Array norm(const Array& x);

}  // namespace runnel
