// Spaces: what they reach, how evenly, and the way back from a value to its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
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
  for (const Varied& v : space.varied()) names.push_back(space.schema().parameters()[v.place].name);
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

TEST(Space, RefusesWhatCannotBeVaried) {
  const std::pair<std::function<void(Space&)>, const char*> refused[] = {
      {[](Space& s) { s.vary("rate=1..2"); }, "rate is 1: it is from 0.001 to 0.1"},
      {[](Space& s) { s.vary("rate=0.1..0.01"); }, "rate: the range 0.1..0.01 is empty"},
      {[](Space& s) { s.vary("rate=fast..slow"); }, "a range goes from number to number"},
      {[](Space& s) { s.vary("kind=a..b"); }, "a range goes from number to number"},
      {[](Space& s) { s.vary("rate"); }, "is not of the form name=value"},
      {[](Space& s) { s.vary("kind=plain,flat"); }, "kind is \"flat\""},
      {[](Space& s) { s.vary("rank=2..7.5"); }, "rank is 7.5: it is a whole number"},
      {[](Space& s) { s.vary("rate=0.001..0.1:1e9"); },
       "points of a range are a whole number from 1 to 1,000,000"},
      {[](Space& s) { s.set("rate", 3); }, "rate is 3"},
      {[](Space& s) { s.grid(); }, "rate is a range, which a grid cannot count through"},
      {[](Space& s) { s.vary("rate=0.001..0.1:1000000").grid(); },
       "the grid has more than 1,000,000 candidates"},
  };
  for (const auto& [change, message] : refused) {
    Space space(factors());
    EXPECT_THAT(error_of([&] { change(space); }), HasSubstr(message));
  }
  Schema open;
  open.text("hidden");
  EXPECT_THAT(error_of([&] { Space(open).grid(); }), HasSubstr("hidden has no default and no end"));
  EXPECT_EQ(Space(open).vary("hidden=64x64,32").grid().size(), 2u);
}

}  // namespace
}  // namespace runnel::params
