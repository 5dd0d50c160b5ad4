// Matrix decompositions through LAPACK on one thread, f32 and f64. Matrices lie in the first two axes; any
// further axes are independent lanes (each copied out, decomposed and copied back).
#pragma once

#include "kernels/view.h"

namespace runnel::kernels {

// a = l lᵀ, l lower triangular; reads the lower triangle of a. Throws Error(run)
// "[cholesky] the matrix is not positive definite (pivot 3)".
void cholesky(const View& a, const View& l);

// Reduced QR: a (m, n), q (m, k), r (k, n), k = min(m, n), the diagonal of r not negative.
void qr(const View& a, const View& q, const View& r);

// Reduced SVD: a (m, n) = u diag(s) vt; u (m, k), s (k,) descending, vt (k, n); the first nonzero element of
// largest magnitude in each column of u is positive (so the factors are unique for distinct s).
void svd(const View& a, const View& u, const View& s, const View& vt);

// Solves a x = b (or aᵀ x = b when `transpose`) for triangular a (n, n), b (n, m). `lower` says which
// triangle of a is read. The other is ignored. A zero on the diagonal gives inf or nan, as division does.
void triangular_solve(const View& a, const View& b, bool lower, bool transpose, const View& x);

}  // namespace runnel::kernels
