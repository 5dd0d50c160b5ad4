// Random numbers from counters (Philox4x32-10): every draw is a function of a key and a place, so results do
// not depend on the order in which things are computed. The draws of a key (bits, uniform, normal, bernoulli,
// permutation) and the draws of the keys that fold_in makes of it are independent of each other.
#pragma once

#include "runnel/array.h"
#include "runnel/ops.h"

namespace runnel::random {

Array key(std::uint64_t seed);  // u32 (2,)
Array fold_in(const Array& key,
              const Operand& data);  // another key, for stream or step `data` (a number; a scalar u32 or i32)
Array bits(const Array& key, const Shape& shape);  // u32, all 32 bits random
// low <= numbers < high, both ends finite, of the dtype's own rounding.
Array uniform(const Array& key, const Shape& shape, double low = 0, double high = 1,
              DType dtype = DType::f32);
Array normal(const Array& key, const Shape& shape, DType dtype = DType::f32);  // mean 0, variance 1
Array bernoulli(const Array& key, const Operand& p, const Shape& shape);  // bool, true with probability p
Array permutation(const Array& key, std::int64_t n);                      // 0 … n-1 in random order, i32

}  // namespace runnel::random
