// Counts what the test program allocates, so that a test can show a stretch of it to allocate nothing.
#pragma once

#include <cstddef>

std::size_t allocations_so_far();
