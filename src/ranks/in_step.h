// Networks with shards: all ranks train a block together, one message from each to all in every step.
#pragma once

#include <memory>

#include "ranks/wire.h"
#include "sweep/crew.h"

namespace runnel::ranks {

// The ranks as parties of an exchange. The wire must outlive it.
std::unique_ptr<sweep::Exchange> exchange_over(Wire& wire);

// Trains a block in step with all other ranks, which call this as well. `desk` is the search's on rank 0; the
// others give none, and the states that the block begins with. Where it fails the whole run ends at once, for
// the other ranks would wait for ever.
void train_in_step(Wire& wire, sweep::Crew& own, const sweep::Problem& problem, const sweep::Options& options,
                   const sweep::Block& block, sweep::Desk* desk, std::vector<sweep::LaneState> states);

}  // namespace runnel::ranks
