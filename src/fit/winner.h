// From a search to the networks of a model.
#pragma once

#include <string>
#include <vector>

#include "fit/stops.h"
#include "runnel/model.h"
#include "runnel/models.h"

namespace runnel {

// What a search found, trained on all rows that may train the final model.
struct Found {
  models::Result result;
  std::vector<std::int64_t> chosen;  // candidates whose networks are members
  std::vector<Member> members;       // the winner first; of an ensemble, others
  std::vector<std::string> warnings;
  double retraining = 0;  // seconds
};

struct Ensemble {
  std::int64_t size = 1;
  bool of_seeds = false;  // of the best candidate; else of the best candidates
  // Candidates whose validation loss is more than a quarter above the winner's take no part: they would spoil
  // the average.
  bool near = false;
};

// Searches; and trains the chosen ones again on `all`, where there are such rows: all that may train the
// final model. No members where the winner diverged there. One that was on its way when the search ended is
// trained for as many epochs as it had come to. `stops`: FitOptions::stops.
Found search_winner(const models::Problem& problem, const models::Fold* all, const params::Space& space,
                    const search::SamplerPtr& sampler, search::Options options,
                    const Ensemble& ensemble = {});
// The same of these candidates.
Found search_winner(const models::Problem& problem, const models::Fold* all,
                    const std::vector<params::Configuration>& candidates, search::Options options,
                    const Ensemble& ensemble = {}, const Stops& stops = {});

}  // namespace runnel
