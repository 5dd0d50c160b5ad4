// Reductions and scans along axes.
#pragma once

#include "kernels/view.h"

namespace runnel::kernels {

// Sums over `axes` (sorted, distinct); the output lacks them. The order is a function of the number n of
// elements summed alone: element i (row-major over the reduced axes) goes to partial sum i mod 16, each
// partial sum adds in order of i, and the sixteen meet in a fixed tree: p[j] += p[j + 8], then + 4, + 2, + 1.
// Lanes (axes kept) are independent of one another. f32, f64, i32, u32; an empty sum is 0.
void reduce_sum(const View& in, const Dims& axes, const View& out);

// Largest / smallest element; nan if any is nan. Numeric dtypes. The type rule refuses empty ranges.
void reduce_max(const View& in, const Dims& axes, const View& out);
void reduce_min(const View& in, const Dims& axes, const View& out);

// Index (i32) of the first largest element along one axis, the first nan if there is one.
void argmax(const View& in, int axis, const View& out);

// Running sums along one axis, added in order (from the end when `reverse`).
void cumsum(const View& in, int axis, bool reverse, const View& out);

}  // namespace runnel::kernels
