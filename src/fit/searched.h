// What a fit searches: the space that its options describe, and who draws from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fit/default_space.h"
#include "fit/winner.h"
#include "runnel/fit.h"

namespace runnel::fitting {

struct Searched {
  params::Space space{models::network_schema()};
  bool is_own = false;  // the user described it: its edges are told
  std::string sampler = "grid";
  search::SamplerPtr draws = search::grid();
  std::vector<search::Try> tries = {};  // FitOptions::tries
  // In place of a space: FitOptions::candidates and its stops.
  std::vector<params::Configuration> given = {};
  Stops stops = {};
  Ensemble ensemble = {};  // of what it finds
};

// The size of the table fixes the default space. Fails for options that contradict one another.
Searched searched(const FitOptions& options, const TableSize& table);

// The epochs of the longest candidates, where that is known without the table: the default space depends on
// it.
std::optional<std::int64_t> most_epochs(const FitOptions& options);
std::int64_t most_epochs(const params::Space& space);

}  // namespace runnel::fitting
