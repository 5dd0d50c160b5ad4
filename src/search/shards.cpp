#include "search/shards.h"

namespace runnel::search {
namespace {

void add_nodes(const ShardNode& node, std::int64_t first, std::int64_t last, std::vector<ShardNode>& out) {
  if (node.end <= first || last <= node.begin) return;
  if (first <= node.begin && node.end <= last) return out.push_back(node);
  add_nodes({node.begin, node.middle()}, first, last, out);
  add_nodes({node.middle(), node.end}, first, last, out);
}

}  // namespace

std::vector<ShardNode> shard_nodes(std::int64_t shards, std::int64_t first, std::int64_t last) {
  std::vector<ShardNode> out;
  add_nodes({0, shards}, first, last, out);
  return out;
}

}  // namespace runnel::search
