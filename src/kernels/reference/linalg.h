// Matrix decompositions through LAPACK on one thread, f32 and f64. Matrices lie in the first two axes; any
// further axes are independent lanes (each copied out, decomposed and copied back). A lane that cannot be
// decomposed (nan or infinity in what is read of it, not positive definite, no convergence) becomes nan and
// disturbs no other; whoever has no lanes tells of it.
#pragma once

#include "kernels/view.h"

namespace runnel::kernels {

// a = l lᵀ, l lower triangular; reads the lower triangle of a, which is to be positive definite.
void cholesky(const View& a, const View& l);

// Reduced QR: a (m, n), q (m, k), r (k, n), k = min(m, n), the diagonal of r not negative.
void qr(const View& a, const View& q, const View& r);

// Reduced SVD: a (m, n) = u diag(s) vt; u (m, k), s (k,) descending, vt (k, n); the first nonzero element of
// largest magnitude in each column of u is positive (so the factors are unique for distinct s).
void svd(const View& a, const View& u, const View& s, const View& vt);

// Solves a x = b (or aᵀ x = b when `transpose`) for triangular a (n, n), b (n, m). `lower` says which
// triangle of a is read. The other is ignored. A zero on the diagonal gives inf or nan, as division does.
void triangular_solve(const View& a, const View& b, bool lower, bool transpose, const View& x);

// The square root of the symmetric part of a (n, n), symmetric and positive semi-definite: eigenvalues below
// zero, as rounding leaves them, count as zero.
void symmetric_root(const View& a, const View& root);

// x (n, n) with s x + x s = c, s the symmetric part of a (n, n): in the basis of its eigenvectors element i,
// j is divided by the sum of eigenvalues i and j, and is 0 where that is 0.
void lyapunov(const View& a, const View& c, const View& x);

}  // namespace runnel::kernels
