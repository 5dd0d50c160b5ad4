// Sharing blocks out among threads.
#pragma once

#include <vector>

#include "sweep/block.h"

namespace runnel::sweep {

// Cuts blocks in two while that lets the threads be done sooner. Many blocks balance themselves.
void balance(std::vector<Block>& blocks, int threads);

}  // namespace runnel::sweep
