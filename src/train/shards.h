// One step by several processes: the parts of a batch, and the tree in which their gradients are added.
#pragma once

#include <cstdint>
#include <vector>

#include "runnel/train.h"
#include "search/shards.h"

namespace runnel::train {

using search::shard_nodes;
using search::shard_sum;
using search::ShardNode;

// How many parts so many rows make: recipe.shards, or one for each row where these are fewer.
std::int64_t shards_of(const Recipe& recipe, std::int64_t rows);

// The gradients of these nodes for the batch x (rows, features), y, rows, further.weights: what a process
// computes that has these parts. Added up as the tree says, and with step_along, they are step().
std::vector<nn::Network> shard_gradients(const Recipe& recipe, const State& state, const Rates& rates,
                                         const Array& x, const Array& y, const Array& rows,
                                         const Further& further, std::int64_t first, std::int64_t last);
State step_along(const Recipe& recipe, const State& state, const Rates& rates, const nn::Network& gradient);

}  // namespace runnel::train
