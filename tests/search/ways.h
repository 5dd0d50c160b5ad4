// Searches that are set up in many ways, over the training of lines.h.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "lines.h"

namespace runnel::search::lines {

struct Way {
  const char* name;
  SamplerPtr sampler;
  std::function<void(Space&)> space = [](Space&) {};
  Options options = {};
  Manner manner = {};
  Split split = {};
};

inline std::vector<Way> ways() {
  const auto wide = [](Space& s) {
    s.vary("rate=0.001..1").vary("noise", {0.0, 0.5, 1.0}).vary("degree", {1, 2, 3}).vary("seed", {0, 1, 2});
    s.vary("penalty", {Value::off(), 0.0, 0.01}).vary("rule", {"plain", "falling"}).vary("epochs", {2, 6, 9});
  };
  return {
      {"plain", random(40)},
      {"wide", random(60), wide},
      {"folds", sobol(30), wide, {}, {}, {.folds = 3}},
      {"halving", random(40), wide, {.scheduling = halving()}},
      {"hyperband", random(40), wide, {.scheduling = hyperband(2)}},
      {"median", random(40), wide, {.scheduling = median(2)}},
      {"patience", random(40), wide, {.patience = 1, .states = 4}},
      {"own_order", random(40), wide, {}, {.own_order = true}},
      {"whole", random(40), wide, {}, {.whole = true}},
      {"tpe", tpe(40), wide, {.generation = 8, .states = 3}},
      {"tpe_halving", tpe(40), wide, {.scheduling = halving(2), .generation = 8}},
      {"little_memory", random(40), wide, {.memory = 1}},
      {"many_batches", random(40),
       [](Space& s) {
         s.vary("batch", {1, 3, 8, 100});
       }},
  };
}

inline auto run(const Way& way, Options options) {
  Space space(schema());
  way.space(space);
  return search::run(trainable(way.manner), split(points(50), way.split), space, way.sampler, options);
}
inline auto run(const Way& way, int threads) {
  Options options = way.options;
  options.threads = threads;
  return run(way, options);
}

inline bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) {
           return x == y || (std::isnan(x) && std::isnan(y));
         });
}

inline bool same_states(const std::vector<std::vector<Array>>& a, const std::vector<std::vector<Array>>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t fold = 0; fold < a.size(); ++fold)
    for (std::size_t i = 0; i < a[fold].size(); ++i)
      if (!same_bits(a[fold][i], b[fold][i])) return false;
  return true;
}

inline void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.rungs, b.rungs);
  EXPECT_EQ(a.epochs, b.epochs);
  for (std::size_t i = 0; i < a.candidates.size(); ++i) {
    const Candidate& x = a.candidates[i];
    const Candidate& y = b.candidates[i];
    EXPECT_EQ(x.configuration, y.configuration) << i;
    EXPECT_EQ(x.status, y.status) << i;
    EXPECT_EQ(x.epochs, y.epochs) << i;
    EXPECT_TRUE(same(x.measures, y.measures)) << i;
    EXPECT_TRUE(same(x.by_fold, y.by_fold)) << i;
    EXPECT_TRUE(same(x.curve, y.curve)) << i;
    EXPECT_TRUE(same_states(x.states, y.states)) << i;
  }
}

// What every rank has of one search, its seconds too.
inline void expect_same_everywhere(const Result& a, const Result& b) {
  expect_same(a, b);
  EXPECT_EQ(a.measures.size(), b.measures.size());
  EXPECT_EQ(a.warnings, b.warnings);
  EXPECT_EQ(a.tried, b.tried);
  EXPECT_EQ(a.known, b.known);
  EXPECT_EQ(a.generations, b.generations);
  EXPECT_EQ(a.blocks, b.blocks);
  EXPECT_EQ(a.trajectories, b.trajectories);
  EXPECT_EQ(a.seconds, b.seconds);
  EXPECT_EQ(a.interrupted, b.interrupted);
}

}  // namespace runnel::search::lines
