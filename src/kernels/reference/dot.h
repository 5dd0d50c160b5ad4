// Contraction of two arrays.
#pragma once

#include <string_view>

#include "kernels/view.h"

namespace runnel::kernels {

// Einstein summation of two operands, "nd,dhk->nhk": one letter per axis. Each letter stands at most once in
// an operand and in the output; a letter of one operand alone stands in the output; letters absent from the
// output are contracted. f32 and f64 (fused multiply-adds), i32 and u32 (wrapping).
//
// Order of additions, the same for every shape, layout and tiling: let k run over the contracted letters in
// row-major order of their appearance in a. The range of k is cut into blocks of kDotBlock; in each block the
// accumulator starts at 0 and takes acc = fma(a[k], b[k], acc) in order of k; the result is block 0's
// accumulator, plus block 1's, plus block 2's, and so on. An empty contraction is 0.
inline constexpr std::int64_t kDotBlock = 512;
void dot_general(std::string_view spec, const View& a, const View& b, const View& out, std::byte* scratch);

// Bytes of scratch (64-byte aligned) that a call with operands and output of these shapes may need.
std::size_t dot_general_scratch(std::string_view spec, const Shape& a, const Shape& b, const Shape& out,
                                DType dtype);

}  // namespace runnel::kernels
