// The tree in which the gradients of the parts of a batch are added: the bits do not depend on who computes
// which part. And what lets several processes compute them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runnel/array.h"

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

// ---- by several processes ------------------------------------------------------------------------------

// Processes that train one block together: each holds the whole state and computes the gradients of some
// parts of every batch, and all make the same steps.
class Exchange {
 public:
  using Bytes = std::vector<std::byte>;

  virtual ~Exchange() = default;
  virtual std::int64_t parties() const = 0;
  virtual std::int64_t place() const = 0;
  // What each party gives to all, in the order of their places; every party must call it.
  virtual std::vector<Bytes> all_gather(const Bytes& mine) = 0;
};

// The parts of a party: neighbours, about as many for each.
struct Parts {
  std::int64_t first = 0, last = 0;  // the one after
};
inline Parts parts_of(std::int64_t shards, std::int64_t parties, std::int64_t place) {
  return {shards * place / parties, shards * (place + 1) / parties};
}

// The sum of all parts, of these types, from what each party has: the leaves of its nodes (shard_nodes of its
// parts), one node behind the other.
std::vector<Array> sum_of_all(const std::vector<Array>& mine, const std::vector<Type>& types,
                              std::int64_t shards, Exchange& exchange);

// A step is one function of a user's. It is cut where its gradient is cut into parts: traced for one half, it
// leaves what the other half does unused, and the trace drops that.
struct StepTrace {
  enum class For {
    looks,      // to see whether it can be cut
    gradients,  // the nodes of some parts, which are left here
    update      // with a gradient that was found before
  };
  For what = For::looks;
  std::vector<Array> batch = {};     // of the step
  Parts parts = {};                  // for gradients
  std::vector<Array> gradient = {};  // for update: loss and gradient of the batch

  std::vector<std::vector<Array>> nodes = {};  // leaves of each, by shard_nodes

  // What is seen while the step is traced.
  std::int64_t shards = 0;
  std::vector<Type> types = {};  // loss and gradient
  int cuts = 0;                  // how often a gradient is cut into parts
  bool of_the_batch = true;      // and not of something else, or within another function
};

// What this thread traces a step for; null: for all of it.
StepTrace*& step_trace();

// Traces for this as long as it lives.
class TracesStep {
 public:
  explicit TracesStep(StepTrace& trace) : before_(step_trace()) { step_trace() = &trace; }
  ~TracesStep() { step_trace() = before_; }
  TracesStep(const TracesStep&) = delete;
  TracesStep& operator=(const TracesStep&) = delete;

 private:
  StepTrace* const before_;
};

}  // namespace runnel::search
