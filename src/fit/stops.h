// Candidates of a search that was stopped, made again.
#pragma once

#include <cstdint>
#include <vector>

#include "runnel/models.h"

namespace runnel {

// Of each candidate the epochs it had come to on each fold; none: it came to its end. Empty: all did.
using Stops = std::vector<std::vector<std::int64_t>>;

// As models::run, where nobody goes on from where he was stopped. Those are interrupted, as they were; the
// result is not, unless this run is stopped itself.
models::Result run_to_stops(const models::Problem& problem,
                            const std::vector<params::Configuration>& candidates, const Stops& stops,
                            const search::Options& options);

}  // namespace runnel
