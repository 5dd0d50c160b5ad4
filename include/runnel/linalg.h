// Matrix decompositions, by LAPACK on one thread. f32 and f64; (m, n) matrices. Their bits may differ from
// one instruction set to another: they alone are outside the promise of equal bits.
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
// x with a x = b (aᵀ x = b when `transposed`) for triangular a (n, n) and b (n, m) or (n,).
Array triangular_solve(const Array& a, const Array& b, bool lower = true, bool transposed = false);

}  // namespace runnel
