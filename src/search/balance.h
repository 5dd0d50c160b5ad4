// Cutting blocks so that all threads are busy to the end.
#pragma once

#include <vector>

#include "search/block.h"

namespace runnel::search {

// Lanes that a register holds of a dtype: blocks of a multiple of these leave no part of one empty.
std::size_t register_lanes(DType dtype);

// Lanes that a step of so many costs, in lanes of a wide block.
std::size_t lanes_worked(std::size_t lanes, DType dtype);

// Cuts costly blocks in two while that makes the busiest of the threads work less.
void balance(std::vector<Block>& blocks, int threads);

}  // namespace runnel::search
