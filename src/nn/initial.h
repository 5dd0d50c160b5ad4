// Initial weights of one dense layer, as perceptrons and networks begin with them.
#pragma once

#include <optional>

#include "runnel/nn.h"

namespace runnel::nn {

// Layer `number` of the network of `key`. Before an activation weights start for it (by He for relu, else by
// Glorot), else by LeCun.
Dense initial_dense(const Array& key, std::size_t number, std::int64_t in, std::int64_t out,
                    std::optional<Activation> before, const Operand& bias, DType dtype);

}  // namespace runnel::nn
