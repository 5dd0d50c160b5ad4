// What a fit searches: the space that its options describe, and the candidates drawn from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/default_space.h"
#include "model/winner.h"
#include "runnel/fit.h"

namespace runnel::fitting {

struct Searched {
  params::Space space{sweep::network_schema()};
  sweep::Sampler sampler = sweep::Sampler::grid;
  std::int64_t draws = 0;
  std::vector<params::Configuration> candidates = {};
  Stops stops = {};                               // FitOptions::stops of these
  std::vector<params::Configuration> tries = {};  // FitOptions::tries, each once
  std::vector<std::int64_t> tried = {};           // the candidates that they are
  std::int64_t known = 0;                         // candidates of the study that the search goes on with
  std::string refusal = {};                       // why that study cannot be grown to what is asked for
  Ensemble ensemble = {};                         // of what it finds
  params::Space told{sweep::network_schema()};  // the space as far as the user described it: the default one
                                                // has no edges to tell
};

// The size of the table fixes the default space. Fails for options that contradict one another.
Searched searched(const FitOptions& options, const TableSize& table);

}  // namespace runnel::fitting
