// The tree in which the gradients of the parts of a batch are added: the bits do not depend on who computes
// which part.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

namespace runnel::search {

// Parts of a batch are added as a tree: a node is the sum of parts begin … end - 1, made of
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

// The largest nodes of the tree over `shards` parts that hold none but the parts first … last - 1, in order.
std::vector<ShardNode> shard_nodes(std::int64_t shards, std::int64_t first, std::int64_t last);

}  // namespace runnel::search
