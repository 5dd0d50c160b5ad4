// Every experiment at its reduced size, with other seeds, at other sizes, on any threads.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/threads.h"
#include "lab/json.h"
#include "lab/support.h"

namespace runnel::lab {
namespace {

class Experiments : public testing::TestWithParam<std::string> {
 protected:
  const Experiment& experiment() const { return find(GetParam()); }
  void expect_passes(const Options& options) const {
    const Result result = run(experiment(), options);
    EXPECT_GT(result.checks(), 0);
    EXPECT_TRUE(result.passed()) << failures(result);
  }
};

// No claim is told without a check that bears on it, and every picture can be drawn.
TEST_P(Experiments, PassAndShowEveryClaim) {
  const Result result = run(experiment(), {.reduced = true});
  EXPECT_TRUE(result.passed()) << failures(result);
  for (const Claim& claim : experiment().claims) EXPECT_GT(result.checks_of(claim.id).second, 0) << claim.id;
  EXPECT_FALSE(result.picture.caption.empty());
  EXPECT_FALSE(result.picture.panels.empty());
  for (const Panel& panel : result.picture.panels) {
    EXPECT_TRUE(!panel.series.empty() || panel.map) << panel.title;
    // A diagram has boxes in place of axes.
    EXPECT_EQ(panel.x.label.empty(), panel.diagram) << panel.title;
    EXPECT_EQ(panel.y.label.empty(), panel.diagram) << panel.title;
    EXPECT_EQ(panel.diagram, std::any_of(panel.marks.begin(), panel.marks.end(),
                                         [](const Mark& mark) { return mark.boxed; }))
        << panel.title;
    for (const Series& series : panel.series) {
      EXPECT_FALSE(series.x.empty()) << panel.title << ", " << series.name;
      EXPECT_EQ(series.x.size(), series.y.size()) << panel.title << ", " << series.name;
      for (const auto& band : {series.low, series.high})
        EXPECT_TRUE(band.empty() || band.size() == series.x.size()) << panel.title << ", " << series.name;
    }
    if (!panel.map) continue;
    EXPECT_EQ(panel.map->values.size(), panel.map->y.size()) << panel.title;
    for (const auto& values : panel.map->values) EXPECT_EQ(values.size(), panel.map->x.size());
  }
  for (const Table& table : result.tables)
    for (const auto& cells : table.rows) EXPECT_EQ(cells.size(), table.columns.size()) << table.title;
}

TEST_P(Experiments, PassWithOtherSeeds) {
  for (const std::uint64_t seed : {101, 202}) {
    SCOPED_TRACE(seed);
    expect_passes({.seed = seed, .reduced = true});
  }
}

TEST_P(Experiments, PassAtOtherSizes) {
  EXPECT_FALSE(experiment().also.empty());
  for (const Settings& settings : experiment().also) {
    Options options{.reduced = true};
    for (const auto& [name, value] : settings) options.set[name] = Json(value).dump();
    SCOPED_TRACE(Json(settings).dump());
    check_options({&experiment()}, options);
    expect_passes(options);
  }
}

// All numbers, to the last bit: JSON holds the shortest text that reads back as the same number.
TEST_P(Experiments, HaveTheSameBitsOnAnyThreads) {
  auto told = [&](int threads) {
    set_threads(threads);
    Json out = to_json(run(experiment(), {.reduced = true}));
    out.erase("seconds");
    return out;
  };
  const Json alone = told(1), together = told(3);
  set_threads(0);
  EXPECT_EQ(alone, together) << Json::diff(alone, together).dump(1);
}

INSTANTIATE_TEST_SUITE_P(Lab, Experiments, testing::ValuesIn(runnable()), test_name);

}  // namespace
}  // namespace runnel::lab
