// Fast kernels, prepared for the shapes and strides of given views (their data pointers are not looked at).
// Each gives the bits of the reference kernel of the same name, whose header says what it computes; null
// where there is none for these dtypes or shapes, or where isa() is Isa::reference. Outputs are dense.
#pragma once

#include <string_view>

#include "kernels/elements.h"
#include "kernels/prepared.h"
#include "kernels/view.h"

namespace runnel::kernels {

// f32 and f64. Splits itself over threads where the work is large enough (core/threads.h).
PreparedPtr prepare_dot(std::string_view text, const View& a, const View& b, const View& out);

// f32, f64 and the integers.
PreparedPtr prepare_sum(const View& in, const Dims& axes, const View& out);
PreparedPtr prepare_max(const View& in, const Dims& axes, const View& out);
PreparedPtr prepare_min(const View& in, const Dims& axes, const View& out);

PreparedPtr prepare_copy(const View& in, const View& out);
PreparedPtr prepare_gather(const View& x, const View& index, int axis, int batch, const View& out);
PreparedPtr prepare_scatter_add(const View& x, const View& index, const View& updates, int axis, int batch,
                                const View& out);
// Keys, streams and output as in reference/random.h; the output may have strides, its last axis touching.
PreparedPtr prepare_philox(const View& keys, const View& streams, const View& out, bool halves = false);

}  // namespace runnel::kernels
