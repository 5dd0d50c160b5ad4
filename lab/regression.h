// Least squares on rows: what several experiments train. The loss is the mean of (x w - t)² over the rows.
#pragma once

#include <cstdint>

#include "runnel/array.h"

namespace runnel::lab {

struct Rows {
  Array x, t;  // (n, d) and (n,)
};

Rows gaussian_rows(const Array& key, std::int64_t n, std::int64_t d);  // x and t, all of variance 1
Array squared_loss(const Rows& rows, const Array& w);
Array squared_slope(const Rows& rows, const Array& w);  // its gradient by w
// `count` rows at random, with replacement.
Rows draw(const Array& key, const Rows& rows, std::int64_t count);
// `count` of the numbers 0 … n-1 at random, with replacement, i32.
Array draws(const Array& key, std::int64_t count, std::int64_t n);

double largest_curvature(const Rows& rows);  // the largest eigenvalue of the Hessian (2/n) xᵀx
Array least_squares(const Rows& rows);       // of all minimisers the one of the least norm
Array row_space(const Array& x);             // columns are an orthonormal basis of what the rows of x span

double apart(const Array& a, const Array& b);  // |a - b| / |b|

}  // namespace runnel::lab
