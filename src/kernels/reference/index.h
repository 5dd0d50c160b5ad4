// Moving elements about: gather, scatter, concatenate, pad, iota, sort.
#pragma once

#include <span>

#include "kernels/view.h"

namespace runnel::kernels {

// x[..., index, ...] along `axis`. The last `batch` axes of x, index and out are matched one to one:
//   x: A + (n,) + C + B,  index (i32): I + B,  out: A + I + C + B,   rank of A = axis, rank of B = batch.
// Throws Error(input) "[gather] index 7 is out of range for axis 0 with size 5".
void gather(const View& x, const View& index, int axis, int batch, const View& out);

// out = x, then out[..., index, ...] += updates, in row-major order of the index for each lane, so that
// repeated indices add up in one order. Shapes as in gather with `updates` in the place of its output.
void scatter_add(const View& x, const View& index, const View& updates, int axis, int batch, const View& out);

void concatenate(std::span<const View> parts, int axis, const View& out);

// `low` elements of `value` (a scalar of the same dtype) before each axis; the rest of `out` lies after.
void pad(const View& in, const Dims& low, const View& value, const View& out);

void iota(int axis, const View& out);  // out[..., i, ...] = i along `axis`; numeric dtypes

// Stable ascending sort along one axis, nan last; `permutation` (i32) holds where each element came from.
void sort(const View& in, int axis, const View& sorted, const View& permutation);

}  // namespace runnel::kernels
