// One step by several processes: the parts of a batch, and the tree in which their gradients are added.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "runnel/train.h"

namespace runnel::train {

// The parts of a recipe with shards are added as a tree: a node is the sum of parts begin … end - 1, made of
// a left child with the largest power of two of them that is less than all, and a right one with the rest.
struct ShardNode {
  std::int64_t begin = 0, end = 0;
  std::int64_t middle() const {
    std::int64_t left = 1;
    while (2 * left < end - begin) left *= 2;
    return begin + left;
  }
  friend auto operator<=>(const ShardNode&, const ShardNode&) = default;
};

// The value of a node, from leaf(part) and add(left, right).
template <class T, class Leaf, class Add>
T shard_sum(const ShardNode& node, const Leaf& leaf, const Add& add) {
  if (node.end - node.begin == 1) return leaf(node.begin);
  return add(shard_sum<T>({node.begin, node.middle()}, leaf, add),
             shard_sum<T>({node.middle(), node.end}, leaf, add));
}

// How many parts so many rows make: recipe.shards, or one for each row where these are fewer.
std::int64_t shards_of(const Recipe& recipe, std::int64_t rows);
// The largest nodes of the tree over `shards` parts that hold none but the parts first … last - 1, in order.
std::vector<ShardNode> shard_nodes(std::int64_t shards, std::int64_t first, std::int64_t last);

// The gradients of these nodes for the batch x (rows, features), y, rows, further.weights: what a process
// computes that has these parts. Added up as the tree says, and with step_along, they are step().
std::vector<nn::Network> shard_gradients(const Recipe& recipe, const State& state, const Rates& rates,
                                         const Array& x, const Array& y, const Array& rows,
                                         const Further& further, std::int64_t first, std::int64_t last);
State step_along(const Recipe& recipe, const State& state, const Rates& rates, const nn::Network& gradient);

}  // namespace runnel::train
