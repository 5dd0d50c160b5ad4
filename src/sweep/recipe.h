// From hyperparameters to the program of a block, and to what differs between its lanes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runnel/sweep.h"
#include "sweep/block.h"

namespace runnel::sweep {

// Rows in a step: no more than there are.
std::int64_t batch_of(const Hyper& hyper, const Fold& fold);

// Whether the schedule is a factor that begins with a rise; the others have theirs within.
bool warms_up(const Hyper& hyper);
// The penalty is in every program but adamw's, which is usually asked for to have decay instead.
bool has_l2(const Hyper& hyper);

// The program of a block, and the rates of its lanes: arrays with the lanes last.
train::Recipe recipe_of(const Problem& problem, const Block& block,
                        const std::optional<nn::Columns>& columns);
train::Rates rates_of(const std::vector<Trajectory>& lanes, const train::Recipe& recipe,
                      std::int64_t steps_per_epoch);

}  // namespace runnel::sweep
