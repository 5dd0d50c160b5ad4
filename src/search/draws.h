// Candidates that are drawn without looking at results.
#pragma once

#include <cstdint>

#include "core/philox.h"
#include "runnel/search.h"

namespace runnel::search {

// Uniform in [0, 1), a function of seed and counter.
double uniform_draw(std::uint64_t seed, Philox::Counter counter);

// Candidate `number`: independent draws; a point of a scrambled Sobol sequence (at most kSobolDimensions).
Configuration random_candidate(const Space& space, std::uint64_t seed, std::int64_t number);
Configuration sobol_candidate(const Space& space, std::uint64_t seed, std::int64_t number);

// Throws Error(input) unless a sampler may have so many candidates.
void check_size(std::int64_t n);

}  // namespace runnel::search
