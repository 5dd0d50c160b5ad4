// The optimiser, the schedule and the averaging that a recipe names.
#pragma once

#include <string>
#include <vector>

#include "runnel/train.h"

namespace runnel::train {

// The penalty's gradient, clipping, the rule, decay, the schedule. Schedules read `rates`; the rest has its
// rates in the state.
optim::Optimizer optimizer_of(const Recipe& recipe, const Rates& rates);

// The names of the rates that the optimizer of a recipe reads.
std::vector<std::string> rates_of(const std::string& optimizer);

// The rates that the optimiser names, from ours: what its state starts with.
optim::Rates starting_rates(const optim::Optimizer& optimizer, const Recipe& recipe, const Rates& rates);

// rates.more[name], which `reader` needs; fails naming both where it is not there.
const Array& further_rate(const Rates& rates, const std::string& name, const std::string& reader);

// Fails where the recipe averages nothing.
optim::Averaging averaging_of(const Recipe& recipe, const Rates& rates);

}  // namespace runnel::train
