// Candidates as training runs: what a study of networks calls its lanes by.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "runnel/sweep.h"

namespace runnel::sweep {

// One training run, and the candidates that are read off it.
struct Trajectory {
  Configuration candidate;  // its epochs are those of the longest candidate
  std::vector<std::pair<std::int64_t, std::int64_t>> readings = {};  // (epochs, candidate), ascending
  std::size_t number = 0;                                            // its place among the search's
};

// The training runs of candidates, in the order of their first ones.
std::vector<Trajectory> make_trajectories(const Problem& problem,
                                          const std::vector<Configuration>& candidates);

// Throws Error(input) for candidates or data that cannot be trained.
void check_search(const Problem& problem, const std::vector<Configuration>& candidates);

}  // namespace runnel::sweep
