// Samplers: what each draws from a space, and conditional parameters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "error_of.h"
#include "runnel/space.h"
#include "sweep/parameter.h"

namespace runnel::sweep {
namespace {

using testing::HasSubstr;

Space space_of(const std::vector<std::string>& texts, const Hyper& base = {}) {
  std::vector<Parameter> parameters;
  for (const std::string& text : texts) parameters.push_back(parse_parameter(text));
  return make_space(base, parameters);
}

TEST(Sample, QuantilesOfALogarithmicRange) {
  const Parameter p = parse_parameter("rate=1e-4..1e-1");
  for (int i = 0; i <= 9; ++i)  // a thousandfold in nine steps
    EXPECT_NEAR(std::stod(value_at(p, i / 9.0)), 1e-4 * std::pow(10, i / 3.0),
                1e-5 * std::pow(10, i / 3.0 - 4));
  // A whole-numbered range gives each number its share: of 1 … 99, logarithmically, log(100 / 10) / log(100).
  Parameter q = parse_parameter("batch=1..99");
  EXPECT_TRUE(q.logarithmic);
  EXPECT_EQ(value_at(q, 0), "1");
  EXPECT_EQ(value_at(q, 0.4999), "9");
  EXPECT_EQ(value_at(q, 0.5001), "10");
  EXPECT_EQ(value_at(q, 0.999999999), "99");
}

// Of 2^m points of a Sobol sequence every choice of a power of two, and every binary piece of a range, has
// exactly its share; of random draws it has not.
TEST(Sample, SobolGivesEveryValueItsShare) {
  const Space space = space_of({"hidden=4,8,16,32", "rate=1e-4..1e-1", "dropout=0..0.5"});
  for (std::uint64_t seed : {0, 3, 99}) {
    const auto all = sample(space, Sampler::sobol, 64, seed);
    EXPECT_EQ(all, sample(space, Sampler::sobol, 64, seed));
    EXPECT_NE(all, sample(space, Sampler::sobol, 64, seed + 1));
    std::map<std::vector<std::int64_t>, int> hidden;
    std::vector<int> rates(16, 0);
    for (const Hyper& h : all) {
      ++hidden[h.hidden];
      ++rates[static_cast<std::size_t>(16 * std::log(h.rate / 1e-4) / std::log(1e3))];
    }
    ASSERT_EQ(hidden.size(), 4u);
    for (const auto& [widths, count] : hidden) EXPECT_EQ(count, 16);
    for (int count : rates) EXPECT_EQ(count, 4);
    const auto longer = sample(space, Sampler::sobol, 100, seed);
    EXPECT_TRUE(std::equal(all.begin(), all.end(), longer.begin()));
  }
  std::map<std::vector<std::int64_t>, int> hidden;
  for (const Hyper& h : sample(space, Sampler::random, 64, 0)) ++hidden[h.hidden];
  EXPECT_TRUE(std::any_of(hidden.begin(), hidden.end(), [](const auto& e) { return e.second != 16; }));
}

// 3 + 3² + 3³ networks of one, two and three layers of three widths, each once.
TEST(Sample, WidthsTakePartWhereTheirLayerDoes) {
  const auto all = grid(space_of({"layers=1..3", "width=4,8,16"}));
  ASSERT_EQ(all.size(), 39u);
  std::set<std::vector<std::int64_t>> seen;
  for (const Hyper& h : all) seen.insert(h.hidden);
  EXPECT_EQ(seen.size(), 39u);
  EXPECT_TRUE(seen.count({16}) == 1 && seen.count({4, 16}) == 1 && seen.count({8, 8, 4}) == 1);
  const auto with_none = grid(space_of({"width=4,8", "layers=0,2"}));  // widths may stand first
  EXPECT_EQ(with_none.size(), 5u);
  EXPECT_TRUE(with_none[0].hidden.empty());
}

TEST(Sample, ConditionsLeaveTheBaseWhereTheyAreNotMet) {
  Hyper base;
  base.momentum = 0.77;
  std::vector<Parameter> parameters{parse_parameter("optimizer=adam,momentum,sgd"),
                                    parse_parameter("momentum=0.5,0.9"), parse_parameter("rate=0.1,0.2")};
  parameters[1].when = Condition{"optimizer", {"momentum"}};
  const Space space = make_space(base, parameters);
  const auto all = grid(space);
  ASSERT_EQ(all.size(), 8u);  // (1 + 2 + 1) · 2
  for (const Hyper& h : all) EXPECT_EQ(h.momentum == 0.77, h.optimizer != "momentum");
  std::set<double> momenta;
  for (Sampler sampler : {Sampler::random, Sampler::sobol})
    for (const Hyper& h : sample(space, sampler, 64, 1)) {
      EXPECT_EQ(h.momentum == 0.77, h.optimizer != "momentum");
      momenta.insert(h.momentum);
    }
  EXPECT_EQ(momenta, (std::set<double>{0.5, 0.77, 0.9}));
  // A condition on what does not take part is not met.
  parameters.push_back(parse_parameter("clip=1,2"));
  parameters.back().when = Condition{"momentum", {"0.90"}};
  EXPECT_EQ(grid(make_space(base, parameters)).size(), 10u);  // (1 + 1 + 2 + 1) · 2
}

TEST(Sample, RangesInAGrid) {
  Parameter p = parse_parameter("rate=1e-4..1e-1");
  EXPECT_THAT(error_of([&] { grid(make_space({}, {p})); }), HasSubstr("rate is a range, which a grid"));
  p.points = 4;
  EXPECT_EQ(grid_values(p), (std::vector<std::string>{"0.0001", "0.001", "0.01", "0.1"}));
  EXPECT_EQ(grid_values(parse_parameter("epochs=2..5")), (std::vector<std::string>{"2", "3", "4", "5"}));
}

TEST(Sample, UnsoundSpacesAreRefused) {
  EXPECT_THAT(error_of([] { space_of({"rate=1", "lr=2"}); }), HasSubstr("names rate twice"));
  EXPECT_THAT(error_of([] { space_of({"layers=1,2"}); }), HasSubstr("layers and width go together: width"));
  EXPECT_THAT(error_of([] { space_of({"width=8"}); }), HasSubstr("layers is missing"));
  EXPECT_THAT(error_of([] { space_of({"layers=1", "width=8", "hidden=4"}); }), HasSubstr("`hidden`"));
  EXPECT_THAT(error_of([] { parse_parameter("layer=1"); }), HasSubstr("did you mean 'layers'"));
  EXPECT_THAT(error_of([] { parse_parameter("layers=17"); }), HasSubstr("from 0 to 16"));
  EXPECT_THAT(error_of([] { parse_parameter("width=0"); }), HasSubstr("not a whole number from 1"));
  EXPECT_THAT(error_of([] { sampler_from_name("sobel"); }), HasSubstr("did you mean 'sobol'"));
  const auto depends = [](const std::string& text, const Condition& when) {
    Parameter p = parse_parameter(text);
    p.when = when;
    return error_of([&] { make_space({}, {parse_parameter("optimizer=adam,sgd"), p}); });
  };
  EXPECT_THAT(depends("clip=1,2", {"optimizer", {"momentum"}}),
              HasSubstr("a value that optimizer never has"));
  EXPECT_THAT(depends("clip=1,2", {"clip", {"1"}}), HasSubstr("cannot depend on itself"));
  EXPECT_THAT(depends("clip=1,2", {"activation", {"tanh"}}),
              HasSubstr("depends on activation = tanh, but activation is relu for all"));
  Parameter a = parse_parameter("clip=0,1");
  Parameter b = parse_parameter("l2=0,1");
  a.when = Condition{"l2", {"1"}};
  b.when = Condition{"clip", {"1"}};
  EXPECT_THAT(error_of([&] { make_space({}, {a, b}); }), HasSubstr("in a circle"));
}

TEST(Sample, JsonHoldsTheWholeSpace) {
  const auto json =
      nlohmann::json::parse(to_json(space_of({"layers=1,2", "width=8..64", "rate=1e-4..1e-1"})));
  ASSERT_EQ(json["parameters"].size(), 4u);
  EXPECT_EQ(json["parameters"][1]["name"], "width1");
  EXPECT_EQ(json["parameters"][2]["when"]["layers"], nlohmann::json::array({2}));
  EXPECT_EQ(json["parameters"][3]["scale"], "log");
  EXPECT_EQ(json["parameters"][3]["high"], 0.1);
  EXPECT_FALSE(json["base"].contains("hidden"));
  EXPECT_FALSE(json["base"].contains("rate"));
  EXPECT_EQ(json["base"]["optimizer"], "adam");
  EXPECT_EQ(json["base"].size(), hyper_fields().size() - 2);
}

}  // namespace
}  // namespace runnel::sweep
