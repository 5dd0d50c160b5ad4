// Sharing blocks out among threads.
#pragma once

#include <vector>

#include "sweep/block.h"

namespace runnel::sweep {

// Cuts blocks in two where that lets the threads be done sooner; of several that cost the same it may take a
// cut of each before any is. Many blocks balance themselves.
void balance(std::vector<Block>& blocks, int threads);

}  // namespace runnel::sweep
