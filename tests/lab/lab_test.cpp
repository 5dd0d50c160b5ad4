// The frame around experiments: names, settings, what a check is.
#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "error_of.h"
#include "lab/context.h"
#include "lab/json.h"
#include "lab/support.h"
#include "runnel/random.h"

namespace runnel::lab {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Lab, HasEachNameNumberAndClaimInItsForm) {
  std::set<std::string> names, numbers;
  for (const Experiment& e : experiments()) {
    SCOPED_TRACE(e.name);
    EXPECT_TRUE(names.insert(e.name).second);
    EXPECT_TRUE(numbers.insert(e.number).second);
    EXPECT_TRUE(std::regex_match(e.name, std::regex("[a-z0-9]+(-[a-z0-9]+)*")));
    EXPECT_TRUE(std::regex_match(e.number, std::regex("L\\d\\d")));
    EXPECT_FALSE(e.title.empty());
    if (e.run == nullptr) continue;
    for (const std::string* text : {&e.claim, &e.source, &e.protocol, &e.pass}) EXPECT_FALSE(text->empty());
    EXPECT_FALSE(e.claims.empty());
    std::set<std::string> ids;
    for (const Claim& claim : e.claims) {
      EXPECT_TRUE(ids.insert(claim.id).second) << claim.id;
      EXPECT_TRUE(std::regex_match(claim.id, std::regex("S[0-4]\\.\\d+"))) << claim.id;
      EXPECT_FALSE(claim.said.empty()) << claim.id;
      EXPECT_FALSE(claim.so.empty()) << claim.id;
    }
    for (const Parameter& p : e.parameters)
      for (const double value : {p.full, p.reduced}) {
        EXPECT_GE(value, p.least) << p.name;
        EXPECT_LE(value, p.most) << p.name;
      }
  }
}

TEST(Lab, FindsByNameAndNumber) {
  EXPECT_EQ(find("not-rmsprop").number, "L05");
  EXPECT_EQ(find("L05").name, "not-rmsprop");
  EXPECT_EQ(find("l05").name, "not-rmsprop");
  EXPECT_EQ(error_of([] { find("not-rmsprob"); }),
            "there is no experiment 'not-rmsprob'; did you mean 'not-rmsprop'?");
}

TEST(Lab, SettingsAreChecked) {
  const std::vector<const Experiment*> one{&find("not-rmsprop")};
  check_options(one, {.set = {{"eta", "0.02"}}});
  auto complaint = [&](const std::string& name, const std::string& value) {
    return error_of([&] { check_options(one, {.set = {{name, value}}}); });
  };
  EXPECT_EQ(complaint("eat", "0.02"), "--set eat=0.02: there is no parameter 'eat'; did you mean 'eta'?");
  for (const char* value : {"7", "0", "-0.01", "nan", "inf", "much", ""})
    EXPECT_EQ(complaint("eta", value),
              std::string("--set eta=") + value + ": not-rmsprop takes a number from 0.005 to 0.05 for eta");
  EXPECT_EQ(error_of([] { check_options({&find("memory-law")}, {}); }),
            "memory-law is planned and cannot be run yet; runnel lab list shows those that can");
}

bool passes(Kind kind, double measured, double expected, double tolerance = 0, double error = 0) {
  return Check{"", kind, measured, expected, tolerance, error}.passed();
}

TEST(Checks, PassWithinTheirTolerance) {
  EXPECT_TRUE(passes(Kind::absolute, 1.25, 1, 0.25));
  EXPECT_FALSE(passes(Kind::absolute, 1.26, 1, 0.25));
  EXPECT_TRUE(passes(Kind::relative, -8.5, -8, 0.0625));
  EXPECT_FALSE(passes(Kind::relative, -8.6, -8, 0.0625));
  EXPECT_TRUE(passes(Kind::exact, 3, 3));
  EXPECT_FALSE(passes(Kind::exact, std::nextafter(3.0, 4.0), 3));
  EXPECT_TRUE(passes(Kind::standard_errors, 3, 1, 4, 0.5));
  EXPECT_FALSE(passes(Kind::standard_errors, 3.1, 1, 4, 0.5));
  EXPECT_TRUE(passes(Kind::at_most, 2, 2));
  EXPECT_FALSE(passes(Kind::at_most, 2.1, 2));
  EXPECT_TRUE(passes(Kind::at_least, 2, 2));
  EXPECT_FALSE(passes(Kind::at_least, 1.9, 2));
  EXPECT_TRUE(passes(Kind::holds, 1, 1));
  EXPECT_FALSE(passes(Kind::holds, 0, 1));
  EXPECT_TRUE(passes(Kind::reported, 7, 0));
}

TEST(Checks, AreNeverPassedByWhatIsNoNumber) {
  for (const Kind kind : {Kind::absolute, Kind::relative, Kind::exact, Kind::standard_errors, Kind::at_most,
                          Kind::at_least, Kind::holds, Kind::reported}) {
    EXPECT_FALSE(passes(kind, nan, nan, 1e300, 1e300)) << kind_name(kind);
    EXPECT_FALSE(passes(kind, nan, 0, 1e300, 1e300)) << kind_name(kind);
  }
}

// An experiment made for this test, of one parameter.
void mixed(Context& c) {
  c.part("a part", {"S0.1", "S0.2"});
  c.exact("n", c.number("n"), 3);
  c.part("another", {"S0.2"});
  c.absolute("draw", random::uniform(c.key(1), {}, 0, 1, DType::f64).item(), 0.5, 0.5);
  c.report("seen", 7);
}
Experiment made() {
  Experiment e{"made", "L77", "A title"};
  e.claims = {{"S0.1", Verdict::right, "said", "so"}, {"S0.2", Verdict::wrong, "said", "so"}};
  e.parameters = {{"n", "a size", 3, 2, 1, 9}};
  e.run = mixed;
  return e;
}

TEST(Lab, CountsChecksByClaim) {
  const Experiment e = made();
  const Result full = run(e), reduced = run(e, {.reduced = true});
  EXPECT_TRUE(full.passed());
  EXPECT_EQ(full.seed, 77u);
  EXPECT_EQ(full.checks(), 3);
  EXPECT_EQ(full.checks_of("S0.1"), std::pair(std::int64_t{1}, std::int64_t{1}));
  EXPECT_EQ(full.checks_of("S0.2"), std::pair(std::int64_t{2}, std::int64_t{2}));
  EXPECT_FALSE(reduced.passed());
  EXPECT_EQ(reduced.failed(), 1);
  EXPECT_EQ(reduced.checks_of("S0.2"), std::pair(std::int64_t{1}, std::int64_t{2}));
  EXPECT_EQ(error_of([&] {
              run(e, {.set = {{"n", "2.5"}}});
            }),
            "--set n=2.5: made takes a whole number from 1 to 9 for n");
}

TEST(Lab, TheSeedDecidesTheDraws) {
  const Experiment e = made();
  auto drawn = [&](std::uint64_t seed) { return run(e, {.seed = seed}).parts[1].checks[0].measured; };
  EXPECT_EQ(drawn(5), drawn(5));
  EXPECT_NE(drawn(5), drawn(6));
}

TEST(Lab, ValuesThatAreNotFiniteAreNullInPictures) {
  Panel panel{"p", {"x"}, {"y"}};
  panel.line("s", {0, 1}, {nan, 1});
  panel.map = HeatMap{"m", Scale::linear, {0, 1}, {0}, {{1, nan}}};
  const Json told = to_json(Picture{"c", {panel}});
  EXPECT_EQ(told["panels"][0]["series"][0]["y"].dump(), "[null,1.0]");
  EXPECT_EQ(told["panels"][0]["map"]["values"].dump(), "[[1.0,null]]");
  EXPECT_EQ(told, to_json(Picture{"c", {panel}}));
}

// Made by `runnel lab list --markdown > docs/lab.md`.
TEST(Lab, ItsDocumentIsOfToday) {
  std::ifstream file(RUNNEL_EXAMPLES "/../docs/lab.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == markdown()) << "docs/lab.md is stale: runnel lab list --markdown > docs/lab.md";
}

}  // namespace
}  // namespace runnel::lab
