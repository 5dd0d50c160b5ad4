// Batching: whichever operands have lanes, and on whichever axis, vmap equals the loop over lanes bit by bit.
#include <gtest/gtest.h>

#include "laws/rows.h"

namespace runnel::laws {
namespace {

constexpr std::int64_t kLanes = 3;

Array stacked(const Array& x, int axis) {
  std::vector<Array> lanes;
  for (std::int64_t i = 0; i < kLanes; ++i) lanes.push_back(variant_of(x, i));
  return stack(lanes, axis);
}

// Where lanes may lie in an operand of this rank: first, last (counted from the end), in the middle.
std::vector<int> places(int rank) {
  if (rank < 2) return {0, -1};
  return {0, -1, 1};
}

void expect_loop(const Row& r, unsigned subset, int place, int out_axis) {
  const Arrays& x = r.sample.operands;
  Arrays arguments;
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool batched = (subset >> i & 1u) != 0;
    const int axis = place == 1 && x[i].rank() < 2 ? 0 : place;
    axes.push_back(batched ? Axis(axis) : shared);
    arguments.push_back(batched ? stacked(x[i], axis) : x[i]);
  }
  const ArrayFn f = function_of(r);
  const Arrays many = flat::vmap(f, arguments, axes, out_axis);
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    Arrays alone;
    for (std::size_t i = 0; i < x.size(); ++i)
      alone.push_back((subset >> i & 1u) != 0 ? variant_of(x[i], lane) : x[i]);
    const Arrays wanted = f(alone);
    ASSERT_EQ(many.size(), wanted.size());
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      const Array front = move_axis(many[k], out_axis, 0);
      EXPECT_TRUE(same_bits(row(front, lane), wanted[k]))
          << r.name() << ", operands " << subset << " batched on axis " << place << ", lane " << lane
          << ", output " << k;
    }
  }
}

TEST(Batching, EverySubsetOfOperandsOnEveryAxisIsTheLoop) {
  for (const Row& r : batchable_rows()) {
    const auto n = static_cast<unsigned>(r.sample.operands.size());
    int rank = 0;
    for (const Array& x : r.sample.operands) rank = std::max(rank, x.rank());
    for (unsigned subset = 1; subset < (1u << n); ++subset)
      for (int place : places(rank))
        for (int out_axis : {0, -1}) expect_loop(r, subset, place, out_axis);
  }
}

TEST(Batching, LanesWithinLanes) {
  for (const Row& r : batchable_rows()) {
    const ArrayFn f = function_of(r);
    const Arrays inner_stack = stacked_variants(r.sample.operands, 2);
    const Arrays grid = stacked_variants(inner_stack, 2);
    const Arrays many = over_lanes(over_lanes(f))(grid);
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t j = 0; j < 2; ++j)
        EXPECT_TRUE(all_same_bits(lane_of(lane_of(many, i), j), f(lane_of(lane_of(grid, i), j)))) << r.name();
  }
}

TEST(Batching, OneLaneIsTheFunction) {
  for (const Row& r : batchable_rows()) {
    const ArrayFn f = function_of(r);
    EXPECT_TRUE(all_same_bits(lane_of(over_lanes(f)(stacked_variants(r.sample.operands, 1)), 0),
                              f(r.sample.operands)))
        << r.name();
  }
}

}  // namespace
}  // namespace runnel::laws
