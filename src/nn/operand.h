// Operands of models and optimisers in the dtype of the parameters they meet.
#pragma once

#include "runnel/array.h"
#include "runnel/ops.h"

namespace runnel::nn {

// The operand as an array of `dtype`: an f64 rate beside an f32 model must not promote the model.
inline Array in_dtype(const Operand& operand, DType dtype) { return convert(operand.resolve(dtype), dtype); }

}  // namespace runnel::nn
