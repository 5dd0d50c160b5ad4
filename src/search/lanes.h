// Taking lanes out of a block's arrays, and putting lanes together into a block's.
#pragma once

#include <span>
#include <vector>

#include "runnel/array.h"

namespace runnel::search {

// Lane `lane` of arrays whose last axis is the lanes', as dense arrays of their own.
std::vector<Array> lane_out(const std::vector<Array>& leaves, std::int64_t lane);

// The arrays whose lanes these are, in their order: the inverse. All have the same dtypes and shapes.
std::vector<Array> lanes_in(std::span<const std::vector<Array>* const> lanes);

}  // namespace runnel::search
