// What a plan says of a search is what the search then does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "ways.h"

namespace runnel::search {
namespace {

using lines::Way;

class Plans : public testing::TestWithParam<Way> {};

TEST_P(Plans, CountWhatTheSearchDoes) {
  const Way& way = GetParam();
  Space space(lines::schema());
  way.space(space);
  Options options = way.options;
  options.threads = 2;
  const auto data = split(lines::points(50), way.split);
  const Plan p = plan(lines::trainable(way.manner), data, space, way.sampler, options);
  const auto found = lines::run(way, options);
  EXPECT_EQ(p.candidates, std::ssize(found.candidates));
  EXPECT_EQ(p.generations, found.generations);
  EXPECT_EQ(p.folds, std::ssize(data.folds));
  EXPECT_EQ(p.threads, 2);
  EXPECT_GT(p.seconds, 0);
  EXPECT_GE(p.timed, 1);
  EXPECT_LE(p.timed, 6);
  EXPECT_GE(std::ssize(p.programs), p.timed);
  double operations = 0;
  for (const PlannedStretch& s : p.stretches) operations += s.operations;
  if (p.generations > 1) {  // the others are thought to be like the first
    EXPECT_DOUBLE_EQ(p.operations, operations * static_cast<double>(p.candidates) / 8);
    return;
  }
  EXPECT_EQ(p.trajectories, found.trajectories);
  EXPECT_DOUBLE_EQ(p.operations, operations);
  std::int64_t lanes = 0;
  for (const PlannedProgram& program : p.programs) lanes += program.lanes;
  EXPECT_EQ(lanes, p.trajectories * p.folds);
  if (way.options.scheduling.scheduler == Scheduler::full && way.options.patience == 0) {
    EXPECT_EQ(p.epochs, found.epochs);
  }
  if (way.options.scheduling.scheduler == Scheduler::median) return;
  // Who goes on is not known beforehand, but how many.
  ASSERT_EQ(p.rungs.size(), found.rungs.size());
  for (std::size_t i = 0; i < p.rungs.size(); ++i) EXPECT_EQ(p.rungs[i].kept, found.rungs[i].kept) << i;
}
INSTANTIATE_TEST_SUITE_P(Search, Plans, testing::ValuesIn(lines::ways()),
                         [](const auto& p) { return std::string(p.param.name); });

TEST(Plan, RefusesWhatTheSearchWould) {
  const auto data = split(lines::points(50));
  EXPECT_THAT(error_of([&] { plan(lines::trainable(), data, Space(lines::schema()), nullptr); }),
              testing::HasSubstr("a search needs a sampler"));
  EXPECT_THAT(error_of([&] {
                plan(lines::trainable(), data,
                     Space(lines::schema()).vary("rate=0.1..1:1000000").vary("noise=0..1:9"), grid());
              }),
              testing::HasSubstr("the grid has more than 1,000,000 candidates"));
}

}  // namespace
}  // namespace runnel::search
