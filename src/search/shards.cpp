#include "search/shards.h"

#include <cstring>
#include <map>
#include <utility>

#include "core/buffer.h"
#include "core/fail.h"
#include "graph/node.h"
#include "runnel/ops.h"

namespace runnel::search {
namespace {

void add_nodes(const ShardNode& node, const Parts& parts, std::vector<ShardNode>& out) {
  if (node.end <= parts.first || node.begin >= parts.last) return;
  if (node.begin >= parts.first && node.end <= parts.last) {
    out.push_back(node);
    return;
  }
  add_nodes({node.begin, node.middle()}, parts, out);
  add_nodes({node.middle(), node.end}, parts, out);
}

using Leaves = std::vector<Array>;

std::size_t bytes_of(const Type& type) {
  return static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
}

Leaves added(const Leaves& a, const Leaves& b) {
  Leaves out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] + b[i]);
  return out;
}

Leaves sum_of_tree(const ShardNode& node, const std::map<ShardNode, Leaves>& nodes) {
  if (const auto known = nodes.find(node); known != nodes.end()) return known->second;
  return added(sum_of_tree({node.begin, node.middle()}, nodes),
               sum_of_tree({node.middle(), node.end}, nodes));
}

}  // namespace

std::vector<ShardNode> shard_nodes(std::int64_t shards, std::int64_t first, std::int64_t last) {
  std::vector<ShardNode> out;
  add_nodes({0, shards}, {first, last}, out);
  return out;
}

std::vector<Array> sum_of_all(const std::vector<Array>& mine, const std::vector<Type>& types,
                              std::int64_t shards, Exchange& exchange) {
  Exchange::Bytes bytes;
  for (const Array& leaf : mine) {
    const std::byte* from = runnel::detail::dense_bytes(leaf);
    bytes.insert(bytes.end(), from, from + bytes_of(leaf.type()));
  }
  const std::vector<Exchange::Bytes> all = exchange.all_gather(bytes);
  std::map<ShardNode, Leaves> nodes;
  for (std::int64_t place = 0; place < exchange.parties(); ++place) {
    const Exchange::Bytes& given = all[static_cast<std::size_t>(place)];
    const Parts parts = parts_of(shards, exchange.parties(), place);
    std::size_t at = 0;
    for (const ShardNode& node : shard_nodes(shards, parts.first, parts.last))
      for (const Type& type : types) {
        const std::size_t size = bytes_of(type);
        if (size > given.size() - at) fail_run("rank {} sent half a gradient", place);
        auto buffer = allocate_buffer(size);
        if (size > 0) std::memcpy(buffer.get(), given.data() + at, size);
        nodes[node].push_back(runnel::detail::ArrayAccess::make(type, std::move(buffer)));
        at += size;
      }
  }
  return sum_of_tree({0, shards}, nodes);
}

StepTrace*& step_trace() {
  thread_local StepTrace* trace = nullptr;
  return trace;
}

}  // namespace runnel::search
