#include "sweep/together.h"

#include <cstring>
#include <map>
#include <memory>

#include "core/buffer.h"
#include "core/fail.h"
#include "graph/node.h"
#include "runnel/transforms.h"
#include "train/shards.h"

namespace runnel::sweep {
namespace {

using detail::ArrayAccess;
using train::ShardNode;

// The parts of a party: neighbours, about as many for each.
std::pair<std::int64_t, std::int64_t> parts_of(std::int64_t shards, std::int64_t parties,
                                               std::int64_t place) {
  return {shards * place / parties, shards * (place + 1) / parties};
}

std::size_t bytes_of(const Array& array) {
  return static_cast<std::size_t>(array.size()) * size_of(array.dtype());
}

// Where each node lies that a party gives: one behind the other, leaf after leaf.
std::map<ShardNode, const std::byte*> nodes_in(const std::vector<std::vector<std::byte>>& given,
                                               std::int64_t shards, std::size_t bytes_of_node) {
  std::map<ShardNode, const std::byte*> nodes;
  const std::int64_t parties = std::ssize(given);
  for (std::int64_t party = 0; party < parties; ++party) {
    const auto [first, last] = parts_of(shards, parties, party);
    const std::vector<std::byte>& bytes = given[static_cast<std::size_t>(party)];
    std::size_t at = 0;
    for (const ShardNode& node : train::shard_nodes(shards, first, last)) {
      if (at + bytes_of_node > bytes.size()) fail_run("rank {} sent half a gradient", party);
      nodes[node] = bytes.data() + at;
      at += bytes_of_node;
    }
  }
  return nodes;
}

template <class T>
std::vector<T> sum_of_tree(const ShardNode& node, const std::map<ShardNode, const std::byte*>& nodes,
                           std::size_t n) {
  std::vector<T> sum(n);
  if (const auto known = nodes.find(node); known != nodes.end()) {
    std::memcpy(sum.data(), known->second, n * sizeof(T));
    return sum;
  }
  sum = sum_of_tree<T>({node.begin, node.middle()}, nodes, n);
  const std::vector<T> right = sum_of_tree<T>({node.middle(), node.end}, nodes, n);
  for (std::size_t i = 0; i < n; ++i) sum[i] += right[i];
  return sum;
}

}  // namespace

Together::Together(const train::Recipe& recipe, Exchange& exchange, std::int64_t batch)
    : exchange_(exchange), shards_(train::shards_of(recipe, batch)) {
  const auto [first, last] = parts_of(shards_, exchange.parties(), exchange.place());
  gradients_ = jit(vmap(
      [=, from = first, to = last](const train::State& s, const train::Rates& r, const Array& x,
                                   const Array& y, const Array& rows, const train::Further& further) {
        return train::shard_gradients(recipe, s, r, x, y, rows, further, from, to);
      },
      {Axis(-1), Axis(-1), shared, shared, shared, shared}, -1));
  step_ = jit(vmap([=](const train::State& s, const train::Rates& r,
                       const nn::Network& gradient) { return train::step_along(recipe, s, r, gradient); },
                   {Axis(-1), Axis(-1), Axis(-1)}, -1));
}

train::State Together::epoch(train::State state, const train::Rates& rates, const Array& x, const Array& y,
                             const Array& rows, const train::Further& further) {
  for (std::int64_t step = 0; step < x.dim(0); ++step) {
    const auto of_step = [&](const Array& all) { return squeeze(slice(all, 0, step, step + 1), 0); };
    train::Further here{{}, further.columns};
    if (further.weights) here.weights = of_step(*further.weights);
    const auto [first, last] = parts_of(shards_, exchange_.parties(), exchange_.place());
    std::vector<nn::Network> mine;
    if (first < last) mine = gradients_(state, rates, of_step(x), of_step(y), of_step(rows), here);
    state = step_(state, rates, sum_of_all(mine, state.model));
  }
  return state;
}

// The gradient of the batch, from this party's nodes and what the others give. It has the model's leaves.
nn::Network Together::sum_of_all(const std::vector<nn::Network>& mine, const nn::Network& like) {
  const std::vector<Array> leaves = tree::flatten(like);
  std::size_t bytes_of_node = 0;
  for (const Array& leaf : leaves) bytes_of_node += bytes_of(leaf);
  std::vector<std::byte> given;
  given.reserve(bytes_of_node * mine.size());
  for (const nn::Network& node : mine)
    for (const Array& leaf : tree::flatten(node)) {
      const std::byte* bytes = detail::dense_bytes(leaf);
      given.insert(given.end(), bytes, bytes + bytes_of(leaf));
    }
  const std::vector<std::vector<std::byte>> all = exchange_.all_gather(given);
  const std::map<ShardNode, const std::byte*> nodes = nodes_in(all, shards_, bytes_of_node);
  const bool is_double = !leaves.empty() && leaves[0].dtype() == DType::f64;
  const ShardNode root{0, shards_};
  std::vector<Array> out;
  const auto cut = [&](const auto& sum) {
    const auto* from = reinterpret_cast<const std::byte*>(sum.data());
    for (const Array& leaf : leaves) {
      auto buffer = allocate_buffer(bytes_of(leaf));
      std::memcpy(buffer.get(), from, bytes_of(leaf));
      from += bytes_of(leaf);
      out.push_back(ArrayAccess::make(leaf.type(), std::move(buffer)));
    }
  };
  if (is_double)
    cut(sum_of_tree<double>(root, nodes, bytes_of_node / sizeof(double)));
  else
    cut(sum_of_tree<float>(root, nodes, bytes_of_node / sizeof(float)));
  return tree::unflatten(like, out);
}

}  // namespace runnel::sweep
