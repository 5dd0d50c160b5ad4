// The hyperparameters of networks of tables, as the search knows them.
#pragma once

#include <memory>
#include <vector>

#include "runnel/params.h"
#include "runnel/sweep.h"

namespace runnel::sweep {

const params::Schema& network_schema();

// A candidate as a configuration, and back. What is 0 because it is not done is off there, and what is 0
// because the optimiser knows better is automatic.
params::Configuration configuration_of(const Hyper& hyper);
Hyper hyper_of(const params::Configuration& configuration);

}  // namespace runnel::sweep
