#include "lab/regression.h"

#include "lab/arrays.h"
#include "runnel/linalg.h"
#include "runnel/nn.h"
#include "runnel/ops.h"
#include "runnel/transforms.h"

namespace runnel::lab {

Rows gaussian_rows(const Array& key, std::int64_t n, std::int64_t d) {
  return {normals(random::fold_in(key, 0), {n, d}), normals(random::fold_in(key, 1), {n})};
}

Array squared_loss(const Rows& rows, const Array& w) { return mean(square(matmul(rows.x, w) - rows.t)); }

Array squared_slope(const Rows& rows, const Array& w) {
  return grad([&](const Array& v) -> Array { return squared_loss(rows, v); })(w);
}

Rows draw(const Array& key, const Rows& rows, std::int64_t count) {
  const Array which = draws(key, count, rows.t.dim(0));
  return {gather(rows.x, which), gather(rows.t, which)};
}

Array draws(const Array& key, std::int64_t count, std::int64_t n) {
  const Array places = random::uniform(key, {count}, 0, static_cast<double>(n), DType::f64);
  return minimum(convert(places, DType::i32), n - 1);  // a product next to n may round to n
}

double largest_curvature(const Rows& rows) {
  const double s = svd(rows.x).s.at({0});
  return 2 * s * s / static_cast<double>(rows.t.dim(0));
}

Array least_squares(const Rows& rows) { return nn::minimum_norm(rows.x, rows.t); }

Array row_space(const Array& x) { return qr(transpose(x)).q; }

double apart(const Array& a, const Array& b) { return norm(a - b).item() / norm(b).item(); }

}  // namespace runnel::lab
