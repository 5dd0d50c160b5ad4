// What a search tells of how it was set up and of how it ended.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "search/trajectory.h"

namespace runnel::search {

// Divergence; a winner at the edge of what was varied; parameters that no function asked for; rows left over
// by batches; repeats; schedulers without work.
std::vector<std::string> warnings_of(const Result& result, const Programs& programs, const Space& space,
                                     const Options& options);

// Batches that are larger than all rows, and rows that they leave out.
std::vector<std::string> batch_warnings(std::span<const Configuration> candidates, std::int64_t rows);

}  // namespace runnel::search
