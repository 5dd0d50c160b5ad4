// The hyperparameters of networks, and the candidates that samplers make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "candidates.h"
#include "error_of.h"
#include "runnel/models.h"

namespace runnel::models {
namespace {

using testing::HasSubstr;

TEST(NetworkSchema, EveryParameterIsExplainedAndReadsItsDefault) {
  for (const params::Parameter& p : network_schema()->parameters()) {
    EXPECT_FALSE(p.meaning.empty()) << p.name;
    ASSERT_TRUE(p.standard) << p.name;
    EXPECT_EQ(params::read(p, to_string(*p.standard)), *p.standard) << p.name;
  }
}

TEST(NetworkSchema, EveryValueReadsAsItIsShown) {
  const Configuration c = network({{"hidden", "3x5"},
                                   {"activation", "sigmoid"},
                                   {"optimizer", "rmsprop"},
                                   {"rate", 0.1 + 0.2},
                                   {"seed", -1},
                                   {"decay", 0.01},
                                   {"eps", 1e-6},
                                   {"accumulator", 0.1},
                                   {"clip_value", 2},
                                   {"clip_example", 3},
                                   {"schedule", "one-cycle"},
                                   {"warmup", 0.3},
                                   {"floor", 0.01},
                                   {"averaging", "uniform"},
                                   {"tail", 0.25},
                                   {"embedding", "periodic"},
                                   {"frequency_scale", 0.3}});
  for (std::size_t i = 0; i < c.values().size(); ++i)
    if (!c.values()[i].is_nothing()) {
      EXPECT_EQ(params::read(c.schema().parameters()[i], to_string(c.values()[i])), c.values()[i]);
    }
  EXPECT_EQ(params::read(c.schema()["seed"], "18446744073709551615"), c["seed"]);  // all 64 bits
}

// An optimiser's numbers take part where its rule reads them.
TEST(NetworkSchema, NumbersOfOptimizersTakePartWhereTheyAreRead) {
  const auto has = [](const char* optimizer, const char* name) {
    return !network({{"optimizer", optimizer}})[name].is_nothing();
  };
  for (const char* optimizer : {"adam", "adamw", "amsgrad", "nadam", "momentum", "nesterov", "lion"})
    EXPECT_TRUE(has(optimizer, "momentum")) << optimizer;
  for (const char* optimizer : {"sgd", "adagrad", "rmsprop", "sign"})
    EXPECT_FALSE(has(optimizer, "momentum")) << optimizer;
  EXPECT_TRUE(has("rmsprop", "beta2") && has("rmsprop", "eps") && has("rmsprop", "accumulator"));
  EXPECT_TRUE(has("adagrad", "accumulator") && !has("adagrad", "beta2") && !has("adam", "accumulator"));
  EXPECT_FALSE(has("sgd", "eps") || has("lion", "eps") || has("sgd", "beta2"));
}

TEST(NetworkSchema, LinearModelsHaveNoNumbersOfHiddenLayers) {
  const Configuration linear = network({{"hidden", "none"}, {"dropout", 0.5}, {"norm", "layer"}});
  for (const char* name : {"activation", "dropout", "scale", "body", "norm"})
    EXPECT_TRUE(linear[name].is_nothing()) << name;
  EXPECT_TRUE(hidden_of(linear).empty());
}

TEST(NetworkSchema, RefusalsSayWhat) {
  const auto refused = [](const std::string& axis) { return error_of([&] { space_of({axis}); }); };
  EXPECT_THAT(refused("rte=1"), HasSubstr("there is no hyperparameter \"rte\"; did you mean 'rate'"));
  EXPECT_THAT(refused("rate=fast"), HasSubstr("rate is \"fast\": it is a number, at least 0"));
  EXPECT_THAT(refused("dropout=1"), HasSubstr("dropout is 1: it is above 0 and below 1"));
  EXPECT_THAT(refused("batch=0"), HasSubstr("batch is 0: it is from 1"));
  EXPECT_THAT(refused("rate"), HasSubstr("is not of the form name=value"));
  EXPECT_THAT(refused("optimizer=adm"), HasSubstr("did you mean 'adam'"));
  EXPECT_THAT(refused("hidden=1..2"), HasSubstr("takes values, not a range"));
  EXPECT_THAT(refused("rate=2..1"), HasSubstr("the range 2..1 is empty"));
  EXPECT_THAT(error_of([] { sampler_from_name("sobel", 1); }), HasSubstr("did you mean 'sobol'"));
}

TEST(Sample, RandomDrawsAreAFunctionOfTheSeedAndStayInside) {
  const Space space = space_of({"hidden=8,16", "rate=1e-4..1e-1", "batch=16..64", "dropout=0..0.5"});
  const auto a = sample(space, search::random(400), 7);
  EXPECT_EQ(a, sample(space, search::random(400), 7));
  EXPECT_NE(a, sample(space, search::random(400), 8));
  double log_mean = 0;
  int small = 0;
  for (const Configuration& c : a) {
    EXPECT_GE(c["rate"].number(), 1e-4);
    EXPECT_LE(c["rate"].number(), 1e-1);
    EXPECT_GE(c["batch"].integer(), 16);
    EXPECT_LE(c["batch"].integer(), 64);
    log_mean += std::log10(c["rate"].number()) / 400;
    small += c["hidden"] == "8";
  }
  EXPECT_NEAR(log_mean, -2.5, 4 * 3 / std::sqrt(12.0 * 400));
  EXPECT_NEAR(small, 200, 4 * 10);
  // The first draws of a longer search are those of a shorter one.
  const auto longer = sample(space, search::random(500), 7);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), longer.begin()));
}

// Of 2^m points of a Sobol sequence every choice of a power of two, and every binary piece of a range, has
// exactly its share; of random draws it has not.
TEST(Sample, SobolGivesEveryValueItsShare) {
  const Space space = space_of({"hidden=4,8,16,32", "rate=1e-4..1e-1", "dropout=0..0.5"});
  const auto counts = [&](const std::vector<Configuration>& all) {
    std::map<std::string, int> out;
    for (const Configuration& c : all) ++out[to_string(c["hidden"])];
    return out;
  };
  for (std::uint64_t seed : {0, 3, 99}) {
    const auto all = sample(space, search::sobol(64), seed);
    EXPECT_EQ(all, sample(space, search::sobol(64), seed));
    EXPECT_NE(all, sample(space, search::sobol(64), seed + 1));
    std::vector<int> rates(16, 0);
    for (const Configuration& c : all)
      ++rates[static_cast<std::size_t>(16 * std::log(c["rate"].number() / 1e-4) / std::log(1e3))];
    ASSERT_EQ(counts(all).size(), 4u);
    for (const auto& [widths, count] : counts(all)) EXPECT_EQ(count, 16);
    for (int count : rates) EXPECT_EQ(count, 4);
    const auto longer = sample(space, search::sobol(100), seed);
    EXPECT_TRUE(std::equal(all.begin(), all.end(), longer.begin()));
  }
  const auto drawn = counts(sample(space, search::random(64), 0));
  EXPECT_TRUE(std::any_of(drawn.begin(), drawn.end(), [](const auto& e) { return e.second != 16; }));
}

}  // namespace
}  // namespace runnel::models
