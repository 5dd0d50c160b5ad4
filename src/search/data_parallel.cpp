#include "search/data_parallel.h"

#include <cstring>
#include <map>
#include <utility>

#include "core/buffer.h"
#include "core/fail.h"
#include "graph/node.h"
#include "runnel/ops.h"
#include "search/shards.h"

namespace runnel::search {
namespace {

using detail::ArrayAccess;
using Leaves = std::vector<Array>;
using Bytes = std::vector<std::byte>;

// Where the parts of a party begin: neighbours, about as many for each.
std::int64_t begin_of(std::int64_t shards, std::int64_t parties, std::int64_t place) {
  return shards * place / parties;
}

// Where each node lies that a party gives: one behind the other, leaf after leaf.
std::map<ShardNode, const std::byte*> nodes_in(const std::vector<Bytes>& given, std::int64_t shards,
                                               std::size_t bytes_of_node) {
  std::map<ShardNode, const std::byte*> nodes;
  const std::int64_t parties = std::ssize(given);
  for (std::int64_t party = 0; party < parties; ++party) {
    const Bytes& bytes = given[static_cast<std::size_t>(party)];
    std::size_t at = 0;
    for (const ShardNode& node :
         shard_nodes(shards, begin_of(shards, parties, party), begin_of(shards, parties, party + 1))) {
      if (at + bytes_of_node > bytes.size()) fail_run("rank {} sent half a gradient", party);
      nodes[node] = bytes.data() + at;
      at += bytes_of_node;
    }
  }
  return nodes;
}

template <class T>
void add_leaf(std::byte* to, const std::byte* from, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {  // leaves of other types before it may leave it unaligned
    T a, b;
    std::memcpy(&a, to + i * sizeof(T), sizeof(T));
    std::memcpy(&b, from + i * sizeof(T), sizeof(T));
    a += b;
    std::memcpy(to + i * sizeof(T), &a, sizeof(T));
  }
}

std::size_t bytes_of(const Type& type) {
  return static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
}

class Sum {
 public:
  Sum(const std::vector<Type>& types, const std::map<ShardNode, const std::byte*>& nodes)
      : types_(types), nodes_(nodes) {
    for (const Type& type : types) bytes_ += bytes_of(type);
  }

  Bytes of(const ShardNode& node) const {
    if (const auto known = nodes_.find(node); known != nodes_.end())
      return {known->second, known->second + bytes_};
    Bytes sum = of({node.begin, node.middle()});
    const Bytes right = of({node.middle(), node.end});
    std::size_t at = 0;
    for (const Type& type : types_) {
      const auto n = static_cast<std::size_t>(type.shape.product());
      if (type.dtype == DType::f64)
        add_leaf<double>(sum.data() + at, right.data() + at, n);
      else
        add_leaf<float>(sum.data() + at, right.data() + at, n);
      at += bytes_of(type);
    }
    return sum;
  }

 private:
  const std::vector<Type>& types_;
  const std::map<ShardNode, const std::byte*>& nodes_;
  std::size_t bytes_ = 0;
};

}  // namespace

DataParallel::DataParallel(const Program& program, Exchange& exchange)
    : program_(program),
      exchange_(exchange),
      first_(begin_of(program.shards(), exchange.parties(), exchange.place())),
      last_(begin_of(program.shards(), exchange.parties(), exchange.place() + 1)),
      halves_(program.halves(first_, last_)) {}

Leaves DataParallel::epoch(Leaves state, const LaneRates& rates, const Leaves& given,
                           const Leaves& batches) const {
  for (std::int64_t step = 0; step < batches[0].dim(0); ++step) {
    Leaves batch;
    for (const Array& leaf : batches) batch.push_back(squeeze(slice(leaf, 0, step, step + 1), 0));
    std::vector<Leaves> mine;
    if (first_ < last_) mine = halves_.gradients(state, rates, given, batch);
    state = halves_.step(state, rates, given, sum_of_all(mine, rates.steps.dim(0)));
  }
  return state;
}

// The gradient of the batch, from this party's nodes and what the others give.
Leaves DataParallel::sum_of_all(const std::vector<Leaves>& mine, std::int64_t lanes) const {
  Bytes given;
  for (const Leaves& node : mine)
    for (const Array& leaf : node) {
      const std::byte* bytes = detail::dense_bytes(leaf);
      given.insert(given.end(), bytes, bytes + bytes_of(leaf.type()));
    }
  const std::vector<Bytes> all = exchange_.all_gather(given);
  std::vector<Type> types = program_.gradient_types();
  std::size_t bytes_of_node = 0;
  for (Type& type : types) {
    type.shape.push_back(lanes);
    bytes_of_node += bytes_of(type);
  }
  const auto nodes = nodes_in(all, program_.shards(), bytes_of_node);
  const Bytes sum = Sum(types, nodes).of({0, program_.shards()});
  Leaves out;
  const std::byte* from = sum.data();
  for (const Type& type : types) {
    auto buffer = allocate_buffer(bytes_of(type));
    std::memcpy(buffer.get(), from, bytes_of(type));
    from += bytes_of(type);
    out.push_back(ArrayAccess::make(type, std::move(buffer)));
  }
  return out;
}

}  // namespace runnel::search
