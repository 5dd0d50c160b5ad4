// What the rows of several families share: type checks, lanes, sample operands.
#pragma once

#include "core/fail.h"
#include "graph/op.h"
#include "ops/table.h"
#include "runnel/ops.h"

namespace runnel {

// The one output of an op with one output.
inline Array bind_one(const Op& op, std::initializer_list<Array> operands, const Attrs& attrs = {}) {
  return bind_op(op, operands, attrs)[0];
}

// x repeated along a new last axis: what a lane-wise op needs of an operand without lanes.
Array with_lanes(const Array& x, std::int64_t lanes);
// All operands with lanes.
Arrays all_with_lanes(std::span<const Array> in, const std::vector<bool>& batched, std::int64_t lanes);

// The rule of ops whose attributes speak of leading axes only: the same op on operands with a last axis more.
BatchRule same_op_with_lanes(const char* name);

void expect_float(const char* op, const Type& type);
void expect_rank_at_least(const char* op, const Type& type, int rank);
void expect_axis(const char* op, const Type& type, std::int64_t axis);  // 0 <= axis < rank
// All of one dtype and shape.
void expect_alike(const char* op, std::span<const Type> in);

// Deterministic f64 operands, uniform in [low, high), different for each `stream`.
Array sample(const Shape& shape, double low = -2, double high = 2, std::uint32_t stream = 0);
Array sample_indices(const Shape& shape, std::int32_t n, std::uint32_t stream = 0);  // i32 in [0, n)

}  // namespace runnel
