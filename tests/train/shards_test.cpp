// The tree over the parts of a batch.
#include "train/shards.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace runnel::train {
namespace {

std::string text_of(const ShardNode& root) {
  return shard_sum<std::string>(
      root, [](std::int64_t part) { return std::to_string(part); },
      [](const std::string& a, const std::string& b) { return "(" + a + "+" + b + ")"; });
}

TEST(Shards, AreAddedAsAFixedTree) {
  EXPECT_EQ(text_of({0, 1}), "0");
  EXPECT_EQ(text_of({0, 4}), "((0+1)+(2+3))");
  EXPECT_EQ(text_of({0, 5}), "(((0+1)+(2+3))+4)");
  EXPECT_EQ(text_of({0, 6}), "(((0+1)+(2+3))+(4+5))");
}

// Whoever has which parts: their nodes cover them, and they are nodes of the one tree.
TEST(Shards, NodesOfNeighboursCoverThemAndStandInTheTree) {
  for (const std::int64_t shards : {1, 2, 5, 7, 16, 19}) {
    std::set<ShardNode> all;
    const auto walk = [&](const auto& self, const ShardNode& node) -> void {
      all.insert(node);
      if (node.end - node.begin == 1) return;
      self(self, {node.begin, node.middle()});
      self(self, {node.middle(), node.end});
    };
    walk(walk, {0, shards});
    for (std::int64_t first = 0; first <= shards; ++first)
      for (std::int64_t last = first; last <= shards; ++last) {
        std::int64_t at = first;
        for (const ShardNode& node : shard_nodes(shards, first, last)) {
          EXPECT_EQ(node.begin, at);
          EXPECT_TRUE(all.contains(node)) << node.begin << " to " << node.end << " of " << shards;
          at = node.end;
        }
        EXPECT_EQ(at, last);
      }
  }
}

}  // namespace
}  // namespace runnel::train
