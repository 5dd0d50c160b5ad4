// Matrix decompositions, by LAPACK on one thread. f32 and f64; (m, n) matrices, or stacks of them (..., m, n)
// as matmul takes them. Their bits may differ from one instruction set to another: they alone are outside the
// promise of equal bits.
// A matrix that holds nan or infinity, or is not positive definite for cholesky, raises Error(run), under
// grad and its kin too. In the lanes of vmap and inside jit there is nobody to raise it: there its result is
// nan, and that of other lanes is not disturbed.
#pragma once

#include "runnel/array.h"

namespace runnel {

struct Qr {
  Array q, r;
};
struct Svd {
  Array u, s, vt;
};

Qr qr(const Array& a);           // reduced; the diagonal of r is not negative. Derivative for m >= n
Svd svd(const Array& a);         // reduced, singular values descending. No derivative
Array cholesky(const Array& a);  // lower triangular l, a = l lᵀ; reads the lower triangle of a
// x with a x = b (aᵀ x = b when `transposed`) for triangular a (n, n) and b (n, m) or (n,); of stacks b (...,
// n, m). A zero on the diagonal gives inf or nan, as division does.
Array triangular_solve(const Array& a, const Array& b, bool lower = true, bool transposed = false);
// The symmetric positive semi-definite root of a's symmetric part, whose eigenvalues below zero count as
// zero. Its derivative needs it to be definite.
Array symmetric_root(const Array& a);
// x with s x + x s = c for s, the symmetric part of a; a and c (n, n). 0 where two eigenvalues of s add up to
// 0. The inverse of s is lyapunov(s, 2 I).
Array lyapunov(const Array& a, const Array& c);

}  // namespace runnel
