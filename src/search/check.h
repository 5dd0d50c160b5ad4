// What no search can begin with.
#pragma once

#include <vector>

#include "runnel/search.h"

namespace runnel::search {

// Throws Error(input) for rows that do not go together, a space of another schema, no sampler, and options
// that mean nothing.
void check_search(const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
                  const SamplerPtr& sampler, const Options& options);

}  // namespace runnel::search
