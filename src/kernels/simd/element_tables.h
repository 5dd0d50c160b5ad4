// Where element_loop() looks: each source of loops answers for its own operations, null for others.
#pragma once

#include "kernels/simd/element_loops.h"

namespace runnel::kernels {

ElementLoop arithmetic_loop(const ElementOp& op, bool repeats);  // element_arithmetic.cpp
ElementLoop function_loop(const ElementOp& op);  // element_functions.cpp; any operand may repeat
ElementLoop convert_loop(const ElementOp& op);   // element_convert.cpp, integer division too
ElementLoop plain_loop(const ElementOp& op);     // element_plain.cpp: one element at a time

}  // namespace runnel::kernels
