// Spaces: what they reach, how evenly, and the way back from a value to its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "error_of.h"
#include "runnel/params.h"

namespace runnel::params {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Schema factors() {
  Schema s;
  s.choice("kind", {"plain", "deep"});
  s.real("rate", {1e-3, 1e-1}).log();
  s.integer("rank", {2, 33}).log().fixed();
  s.integer("depth", {1, 3}).fixed().when("kind", {"deep"});
  s.real("share", {0, 1}).step(0.25);
  s.budget("epochs", 30);
  return s;
}

TEST(Space, VariesWhatHasNoDefault) {
  const Space space(factors());
  std::vector<std::string> names;
  for (const Varied& v : space.varied()) names.push_back(v.name);
  EXPECT_THAT(names, ElementsAre("kind", "rate", "rank", "depth", "share"));
}

// A share u of all draws lies below the value at u; the middle of a value's share leads back to it.
TEST(Space, LeadsFromPlacesToValuesAndBack) {
  Space space(factors());
  const auto& v = space.varied();
  constexpr int kPoints = 20000;
  for (std::size_t d = 0; d < v.size(); ++d) {
    std::map<std::string, int> counts;
    double before = -1;
    for (int i = 0; i < kPoints; ++i) {
      const Value value = v[d].at((i + 0.5) / kPoints);
      EXPECT_TRUE(v[d].contains(value));
      ++counts[to_string(value)];
      if (value.is_number()) {
        EXPECT_GE(value.number(), before);
        before = value.number();
      }
      EXPECT_EQ(v[d].at(v[d].place_in_unit(value)), value) << to_string(value);
    }
    if (d == 0 || d == 3 || d == 4) {  // even shares
      for (const auto& [value, n] : counts)
        EXPECT_NEAR(n, kPoints / static_cast<double>(counts.size()), 1) << value;
    }
    EXPECT_TRUE(d != 4 || counts.size() == 5);
    if (d == 2) {  // shares in proportion to log((k + 1) / k)
      EXPECT_EQ(counts.size(), 32u);
      EXPECT_NEAR(counts["2"], kPoints * std::log(3 / 2.0) / std::log(17), 1);
      EXPECT_NEAR(counts["33"], kPoints * std::log(34 / 33.0) / std::log(17), 1);
    }
  }
  EXPECT_EQ(v[1].at(0), Value(1e-3));
  EXPECT_EQ(v[1].at(0.5), Value(0.01));
  EXPECT_LE(v[1].at(std::nextafter(1.0, 0.0)).number(), 0.1);
}

TEST(Space, GridsCountThroughEveryCombinationOnce) {
  Space space(factors());
  space.vary("rate=0.001..0.1:3").set("share", 0.5).vary("rank", {4, 8});
  const std::vector<Configuration> all = space.grid();
  std::set<std::string> different;
  for (const Configuration& c : all) {
    different.insert(to_string(c));
    space.check(c);
  }
  EXPECT_EQ(all.size(), 3u * 2 * (1 + 3));  // depth counts only where the kind is deep
  EXPECT_EQ(different.size(), all.size());
  EXPECT_EQ(to_string(all[0]), "kind=plain rate=0.001 rank=4 share=0.5 epochs=30");
  EXPECT_EQ(to_string(all.back()), "kind=deep rate=0.1 rank=8 depth=3 share=0.5 epochs=30");
}

// 2^63 - 1 is the last of 64 bits, and the double beside it is one more.
TEST(Space, VariesWholeNumbersUpToTheLastThatADoubleHolds) {
  Schema s;
  s.seed("seed");
  s.integer("rank", {1, 1e15});
  constexpr std::int64_t kLast = std::int64_t{1} << 53;
  Space space(s);
  space.vary("seed=0..9007199254740992").vary("rank=1..1e15");
  EXPECT_EQ(space.varied()[0].at(0).integer(), 1);  // rank has no default, and comes first
  EXPECT_EQ(space.varied()[1].at(0).integer(), 0);
  EXPECT_EQ(space.varied()[1].at(0.5).integer(), kLast / 2);
  const auto ends = Space(s).vary("seed=0..9007199254740992:2").set("rank", 1).grid();
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[1]["seed"].integer(), kLast);
  EXPECT_THAT(error_of([&] { Space(s).vary("seed=0..9223372036854775807"); }),
              HasSubstr("seed: the range 0..9.223372036854776e+18 goes beyond the whole numbers"));
  EXPECT_THAT(error_of([&] { Space(s).vary("rank=1..1e15").vary("rank=1..2e15"); }),
              HasSubstr("rank is 2000000000000000: it is from 1 to 1000000000000000"));
}

TEST(Space, RefusesWhatCannotBeVaried) {
  const std::pair<std::function<void(Space&)>, const char*> refused[] = {
      {[](Space& s) { s.vary("rate=1..2"); }, "rate is 1: it is from 0.001 to 0.1"},
      {[](Space& s) { s.vary("rate=0.1..0.01"); }, "rate: the range 0.1..0.01 is empty"},
      {[](Space& s) { s.vary("rate=fast..slow"); }, "a range goes from number to number"},
      {[](Space& s) { s.vary("kind=a..b"); }, "kind takes values, not a range"},
      {[](Space& s) { s.vary("rate"); }, "is not of the form name=value"},
      {[](Space& s) { s.vary("kind=plain,flat"); }, "kind is \"flat\""},
      {[](Space& s) { s.vary("rank=2..7.5"); }, "rank is 7.5: it is a whole number"},
      {[](Space& s) { s.vary("rate=0.001..0.1:1e9"); },
       "points of a range are a whole number from 1 to 1,000,000"},
      {[](Space& s) { s.set("rate", 3); }, "rate is 3"},
      {[](Space& s) { s.vary("rank=2..1e300"); }, "goes beyond the whole numbers that a double holds"},
      {[](Space& s) { s.vary("rate=0.001..0.01,0.1"); }, "a range does not stand beside values"},
      {[](Space& s) { s.grid(); }, "rate is a range, which a grid cannot count through"},
      {[](Space& s) { s.vary("rate=0.001..0.1:1000000").grid(); },
       "the grid has more than 1,000,000 candidates"},
  };
  for (const auto& [change, message] : refused) {
    Space space(factors());
    EXPECT_THAT(error_of([&] { change(space); }), HasSubstr(message));
  }
  Schema endless;
  endless.real("x", {});
  EXPECT_THAT(error_of([&] { Space(endless).vary("x=-1e308..1e308"); }),
              HasSubstr("x: the range -1e+308..1e+308 is wider than any number"));
  Schema open;
  open.text("hidden");
  EXPECT_THAT(error_of([&] { Space(open).grid(); }), HasSubstr("hidden has no default and no end"));
  EXPECT_EQ(Space(open).vary("hidden=64x64,32").grid().size(), 2u);
}

// ---- lists, conditions, words ---------------------------------------------------------------------------

Schema networks() {
  Schema s;
  s.list("hidden", {"layers", "width", {0, 16}, {1, 1e6}}).standard("64x64");
  s.choice("optimizer", {"adam", "momentum", "sgd"}).standard("adam");
  s.real("momentum", {0, 1, false, true}).standard(0.9).when("optimizer", {"momentum"});
  s.real("dropout", {0, 1, true, true}).may_be_off(0).standard(Value::off()).unless("hidden", {"none"});
  s.real("rate", {0, 1e9}).standard(1e-3).alias("lr");
  s.real("clip", {0, 1e9, true}).may_be_off(0).standard(Value::off());
  s.real("l2", {0, 1e9}).standard(0);
  return s;
}

Space space_of(const std::vector<std::string>& axes) {
  Space space(networks());
  for (const std::string& axis : axes) space.vary(axis);
  space.expect_sound();
  return space;
}

std::vector<std::string> texts(const std::vector<Configuration>& all, const char* name) {
  std::vector<std::string> out;
  for (const Configuration& c : all) out.push_back(to_string(c[name]));
  return out;
}

// 3 + 3² + 3³ lists of one, two and three numbers out of three, each once.
TEST(Lists, ElementsTakePartWhereTheListIsAsLong) {
  const auto all = space_of({"layers=1..3", "width=4,8,16"}).grid();
  const auto hidden = texts(all, "hidden");
  EXPECT_EQ(all.size(), 39u);
  EXPECT_EQ(std::set<std::string>(hidden.begin(), hidden.end()).size(), 39u);
  EXPECT_EQ(hidden.front(), "4");
  EXPECT_EQ(hidden.back(), "16x16x16");
  EXPECT_THAT(texts(space_of({"width=4,8", "layers=0,2"}).grid(), "hidden"),
              ElementsAre("none", "4x4", "4x8", "8x4", "8x8"));  // elements may be named first
}

TEST(Lists, HaveAnAxisForEachElement) {
  const Space space = space_of({"layers=1..3", "rate=0.1..1", "width=1..8"});
  std::vector<std::string> names;
  for (const Varied& v : space.varied()) names.push_back(v.name);
  ASSERT_THAT(names, ElementsAre("layers", "rate", "width1", "width2", "width3"));
  const double point[] = {0.5, 0.5, 0, 0.999, 0.5};
  const Configuration two = space.at(point);
  EXPECT_EQ(to_string(two["hidden"]), "1x8");
  std::vector<std::string> values;
  for (const Varied& v : space.varied()) values.push_back(to_string(space.value_of(two, v)));
  EXPECT_THAT(values, ElementsAre("2", "0.55", "1", "8", "-"));
}

TEST(Lists, AreReadAndRefused) {
  const Schema s = networks();
  for (const char* text : {"none", "7", "3x2x1"}) EXPECT_EQ(to_string(read(s["hidden"], text)), text);
  EXPECT_THAT(list_of(read(s["hidden"], "3x2")), ElementsAre(3, 2));
  EXPECT_THAT(list_of(list_value({})), testing::IsEmpty());
  for (const char* text : {"", "x", "3x", "3,2", "3x2x", "off"})
    EXPECT_THAT(error_of([&] { read(s["hidden"], text); }), HasSubstr("hidden is \"")) << text;
  EXPECT_THAT(error_of([&] { read(s["hidden"], "3x0"); }), HasSubstr("hidden is 0: it is from 1 to 1000000"));
  EXPECT_THAT(error_of([] {
                space_of({"layers=1..17", "width=3"});
              }),
              HasSubstr("layers is 17: it is from 0 to 16"));
}

TEST(Conditions, LeaveTheBaseWhereTheyDoNotHold) {
  Space space(networks());
  space.set("rate", 0.77).vary("optimizer=adam,momentum,sgd").vary("rate=0.5,0.9").vary("l2=0.1,0.2");
  space.when("rate", {"optimizer", {"momentum"}});
  const auto all = space.grid();
  ASSERT_EQ(all.size(), 8u);  // (1 + 2 + 1) · 2
  for (const Configuration& c : all) {
    EXPECT_EQ(c["rate"] == 0.77, !(c["optimizer"] == "momentum"));
    EXPECT_EQ(space.value_of(c, space.varied()[1]).is_nothing(), !(c["optimizer"] == "momentum"));
  }
  std::set<std::string> rates;
  for (double u = 0.02; u < 1; u += 0.1) {
    const double point[] = {u, 10 * u - std::floor(10 * u), 0.5};
    rates.insert(to_string(space.at(point)["rate"]));
  }
  EXPECT_TRUE(rates.contains("0.77"));
  // A condition on what takes no part does not hold.
  space.vary("clip=1,2").when("clip", {"rate", {0.9}});
  EXPECT_EQ(space.grid().size(), 10u);  // (1 + 1 + 2 + 1) · 2
}

TEST(Conditions, OfTheSchemaAreCountedThroughOnce) {
  EXPECT_EQ(space_of({"momentum=0.5,0.9", "optimizer=adam,momentum,sgd"}).grid().size(), 1u + 2 + 1);
  EXPECT_THAT(texts(space_of({"hidden=none,8", "dropout=0,0.3"}).grid(), "dropout"),
              ElementsAre("-", "off", "0.3"));
}

TEST(Conditions, ThatCannotBeAreRefused) {
  const auto refusal = [](const std::string& axis, const Condition& when) {
    return error_of([&] {
      Space space(networks());
      space.vary("optimizer=adam,sgd").vary(axis).when("clip", when).expect_sound();
    });
  };
  EXPECT_THAT(refusal("clip=1,2", {"optimizer", {"momentum"}}),
              HasSubstr("a value that optimizer never has"));
  EXPECT_THAT(refusal("clip=1,2", {"clip", {1}}), HasSubstr("cannot depend on itself"));
  EXPECT_THAT(refusal("clip=1,2", {"l2", {1}}), HasSubstr("depends on l2 = 1, but l2 is 0 for all"));
  EXPECT_THAT(refusal("clip=1,2", {"layers", {1}}),
              HasSubstr("depends on layers, which the space does not give"));
  EXPECT_THAT(
      error_of([&] {
        Space space(networks());
        space.vary("dropout=0..0.5").vary("clip=1,2").when("clip", {"dropout", {0.2}}).expect_sound();
      }),
      HasSubstr("clip depends on dropout = 0.2, which draws from the range 0..0.5 hardly ever are: give "
                "dropout as values"));
  Space circle(networks());
  circle.vary("clip=1,2").vary("l2=0,1").when("clip", {"l2", {1}}).when("l2", {"clip", {1}});
  EXPECT_THAT(error_of([&] { circle.expect_sound(); }), HasSubstr("in a circle"));
  EXPECT_THAT(error_of([&] { circle.grid(); }), HasSubstr("in a circle"));
}

TEST(Space, RefusesWhatIsNotSound) {
  EXPECT_THAT(error_of([] { space_of({"rate=1", "lr=2"}); }), HasSubstr("names rate twice"));
  EXPECT_THAT(error_of([] { space_of({"layers=1,2"}); }), HasSubstr("layers and width go together: width"));
  EXPECT_THAT(error_of([] { space_of({"width=8"}); }), HasSubstr("layers is missing"));
  EXPECT_THAT(error_of([] { space_of({"layers=1", "width=8", "hidden=4"}); }), HasSubstr("`hidden`"));
  EXPECT_THAT(error_of([] { space_of({"layer=1"}); }), HasSubstr("did you mean 'layers'"));
}

// The number that stands for a word is the word wherever it comes from.
TEST(Words, AreReadFromTheirNumbers) {
  const Schema s = networks();
  EXPECT_TRUE(read(s["dropout"], "0").is_off());
  EXPECT_TRUE(read(s["dropout"], "0.0").is_off());
  EXPECT_TRUE(read(s["dropout"], "off").is_off());
  EXPECT_THAT(error_of([&] { read(s["dropout"], "1"); }),
              HasSubstr("dropout is 1: it is above 0 and below 1"));
  EXPECT_THAT(error_of([&] { read(s["l2"], "off"); }), HasSubstr("l2 is \"off\""));
  EXPECT_TRUE(read(s["l2"], "0").is_number());
  EXPECT_THAT(texts(space_of({"dropout=0..0.5:3"}).grid(), "dropout"), ElementsAre("off", "0.25", "0.5"));
  const double least[] = {0};
  EXPECT_TRUE(space_of({"dropout=0..0.5"}).at(least)["dropout"].is_off());
}

TEST(Points, AreTheBaseWithTheirValues) {
  const Configuration base(std::make_shared<const Schema>(networks()));
  const Configuration point = read_point(base, "optimizer=momentum,momentum=0.5,lr=0.1,dropout=0");
  EXPECT_EQ(to_string(point),
            "hidden=64x64 optimizer=momentum momentum=0.5 dropout=off rate=0.1 clip=off l2=0");
  const std::pair<const char*, const char*> refused[] = {
      {"momentum=0.5", "momentum takes part where optimizer is momentum"},
      {"rate=1..2", "a point has one value, not a range"},
      {"rate=1,lr=2", "rate is given twice"},
      {"layers=2", "layers makes lists to draw from; a point has its own: hidden=64x64"},
      {"rate", "is not of the form name=value"},
      {"raet=1", "did you mean 'rate'"},
      {"rate=fast", "rate is \"fast\""}};
  for (const auto& [text, message] : refused)
    EXPECT_THAT(error_of([&] { read_point(base, text); }), HasSubstr(message)) << text;
}

TEST(Space, IsToldAsJson) {
  const auto json =
      nlohmann::json::parse(to_json(space_of({"layers=1,2", "width=8..64", "rate=1e-4..1e-1"})));
  ASSERT_EQ(json["parameters"].size(), 4u);
  EXPECT_EQ(json["parameters"][1]["name"], "width1");
  EXPECT_EQ(json["parameters"][3]["scale"], "log");
  EXPECT_EQ(json["parameters"][3]["high"], 0.1);
  EXPECT_FALSE(json["base"].contains("hidden"));
  EXPECT_FALSE(json["base"].contains("rate"));
  EXPECT_EQ(json["base"]["optimizer"], "adam");
  EXPECT_EQ(json["base"]["dropout"], "off");
  EXPECT_EQ(json["base"].size(), networks().parameters().size() - 2);
}

}  // namespace
}  // namespace runnel::params
