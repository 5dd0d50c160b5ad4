// Exact solutions of linear models: ridge by QR, least squares of minimum norm by SVD.
#include <limits>

#include "core/fail.h"
#include "nn/operand.h"
#include "runnel/linalg.h"
#include "runnel/nn.h"

namespace runnel::nn {
namespace {

void expect_problem(const char* solver, const Array& x, const Array& y) {
  if (!is_float(x.dtype()) || x.rank() != 2)
    fail("[{}] x {}: f32 or f64 of shape (n, d) is needed", solver, to_string(x.type()));
  if (y.rank() < 1 || y.rank() > 2 || y.dim(0) != x.dim(0))
    fail("[{}] x {} and y {}: y is (n,) or (n, k) with as many rows as x", solver, to_string(x.shape()),
         to_string(y.shape()));
  if (x.dim(0) < 1 || x.dim(1) < 1) fail("[{}] x {}: no rows or no columns", solver, to_string(x.shape()));
}

// A problem without bias: columns of x and y (n, k) with their means taken off.
struct Centred {
  Array x, y, x_mean, y_mean;
};

Centred centre(const Array& x, const Array& y) {
  const Array x_mean = mean(x, 0);
  const Array y_mean = mean(y, 0);
  return {x - x_mean, y - y_mean, x_mean, y_mean};
}

// The bias that goes with w: the mean of y less the mean prediction.
Dense with_bias(const Array& w, const Centred& c) { return {w, c.y_mean - matmul(c.x_mean, w)}; }

Array as_columns(const Array& y, DType dtype) {
  const Array z = convert(y, dtype);
  return z.rank() == 1 ? expand_dims(z, 1) : z;
}
Dense like_target(const Dense& layer, const Array& y) {
  return y.rank() == 1 ? Dense{squeeze(layer.w, 1), squeeze(layer.b, 0)} : layer;
}

// min |x w - y|² + t² |w|². The normal equations would square the condition number; QR of the matrix with t I
// below it does not (Golub and Van Loan, "Matrix Computations", 4th edition, section 6.1.4).
Array ridge_tall(const Array& x, const Array& y, const Array& t) {
  const Qr f = qr(concatenate({x, t * eye(x.dim(1), x.dtype())}, 0));
  const Array top = slice(f.q, 0, 0, x.dim(0));
  return triangular_solve(f.r, dot_general("nd,nk->dk", top, y), false);
}

// The same for more columns than rows, where an (n, n) system suffices: w is the part that x multiplies of
// the solution [w; s] of least norm of x w + t s = y; with [x, t I]ᵀ = q r that is q₁ r⁻ᵀ y.
Array ridge_wide(const Array& x, const Array& y, const Array& t) {
  const Qr f = qr(concatenate({transpose(x), t * eye(x.dim(0), x.dtype())}, 0));
  const Array top = slice(f.q, 0, 0, x.dim(1));
  return matmul(top, triangular_solve(f.r, y, false, true));
}

double cut_or_default(double cut, const Array& x) {
  if (cut >= 0) return cut;
  const double epsilon = x.dtype() == DType::f32 ? double{std::numeric_limits<float>::epsilon()}
                                                 : std::numeric_limits<double>::epsilon();
  return static_cast<double>(std::max(x.dim(0), x.dim(1))) * epsilon;
}

// The pseudo-inverse of x times y (n, k).
Array pseudo_inverse_times(const Array& x, const Array& y, double cut) {
  const Svd f = svd(x);
  const Array kept = f.s > max(f.s) * cut_or_default(cut, x);
  const Array inverse = select(kept, 1 / select(kept, f.s, 1), 0);
  const Array projected = dot_general("nr,nk->rk", f.u, y) * expand_dims(inverse, 1);
  return dot_general("rd,rk->dk", f.vt, projected);
}

}  // namespace

Dense ridge(const Array& x, const Array& y, const Operand& alpha) {
  expect_problem("ridge", x, y);
  const Array penalty = in_dtype(alpha, x.dtype());
  if (penalty.rank() != 0) fail("[ridge] alpha {}: one number is needed", to_string(penalty.type()));
  if (!penalty.is_traced() && !(penalty.item() >= 0))
    fail("[ridge] an alpha of {}: it cannot be negative", penalty.item());
  const Centred c = centre(x, as_columns(y, x.dtype()));
  const Array t = sqrt(penalty * static_cast<double>(x.dim(0)));
  const Array w = x.dim(0) >= x.dim(1) ? ridge_tall(c.x, c.y, t) : ridge_wide(c.x, c.y, t);
  return like_target(with_bias(w, c), y);
}

std::vector<Dense> ridge_path(const Array& x, const Array& y, const std::vector<double>& alphas) {
  expect_problem("ridge_path", x, y);
  const bool tall = x.dim(0) >= x.dim(1);
  const Centred c = centre(convert(x, DType::f64), as_columns(y, DType::f64));
  // xᵀx w + n alpha w = xᵀy, or w = xᵀ v with x xᵀ v + n alpha v = y: the smaller of the two.
  const Array gram = tall ? dot_general("ni,nj->ij", c.x, c.x) : dot_general("id,jd->ij", c.x, c.x);
  const Array right = tall ? dot_general("nd,nk->dk", c.x, c.y) : c.y;
  std::vector<Dense> path;
  for (double alpha : alphas) {
    if (!(alpha > 0)) fail("[ridge_path] an alpha of {}: normal equations need a positive one", alpha);
    const Array l = cholesky(gram + alpha * static_cast<double>(x.dim(0)) * eye(gram.dim(0), DType::f64));
    const Array solved = triangular_solve(l, triangular_solve(l, right), true, true);
    const Dense layer = with_bias(tall ? solved : dot_general("nd,nk->dk", c.x, solved), c);
    path.push_back(like_target({convert(layer.w, x.dtype()), convert(layer.b, x.dtype())}, y));
  }
  return path;
}

Array minimum_norm(const Array& x, const Array& y, double cut) {
  expect_problem("minimum_norm", x, y);
  const Array w = pseudo_inverse_times(x, as_columns(y, x.dtype()), cut);
  return y.rank() == 1 ? squeeze(w, 1) : w;
}

Dense least_squares(const Array& x, const Array& y, double cut) {
  expect_problem("least_squares", x, y);
  const Centred c = centre(x, as_columns(y, x.dtype()));
  return like_target(with_bias(pseudo_inverse_times(c.x, c.y, cut), c), y);
}

}  // namespace runnel::nn
