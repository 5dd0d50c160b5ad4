// The page's data: they come back as they went in, whatever they hold, and stay within bounds.
#include "report/page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "report/trials.h"
#include "runnel/error.h"

namespace runnel::report {
namespace {

TEST(Page, DataComeBackAsTheyWentInAndHoldNoMarkup) {
  const std::string hostile = "</script><img src=x onerror=alert(1)> <!-- & \\u003c \" \u2028 \x01";
  const Json data = {{hostile, Json::array({hostile, 1.5, nullptr})}};
  const std::string page = filled("before RUNNEL_DATA after RUNNEL_DATA", data);
  ASSERT_TRUE(page.starts_with("before "));
  ASSERT_TRUE(page.ends_with(" after RUNNEL_DATA"));  // one place alone is filled
  const std::string text = page.substr(7, page.size() - 7 - 18);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(Json::parse(text), data);
}

TEST(Page, BytesThatAreNoUtf8AreReplaced) {
  const std::string page = filled("RUNNEL_DATA", Json("a\xff"
                                                      "b"));
  EXPECT_EQ(Json::parse(page), Json("a\xef\xbf\xbd"
                                    "b"));
}

TEST(Page, APageWithoutAPlaceForDataIsAFailure) { EXPECT_THROW(filled("nothing", Json(1)), Error); }

TEST(Page, NumbersAreRoundedToFiveDigitsAndWhatIsNoneIsNull) {
  for (const double x : {0.0, 1.0, -123456.0, 0.001234567, 6.02214076e23, -1e-300})
    EXPECT_NEAR(rounded(x).get<double>(), x, 5e-5 * std::abs(x)) << x;
  EXPECT_TRUE(rounded(std::nan("")).is_null());
  EXPECT_TRUE(exact(std::numeric_limits<double>::infinity()).is_null());
}

Trials many(std::size_t n, std::size_t epochs) {
  Trials trials;
  trials.metric = "r2";
  trials.higher_is_better = true;
  trials.names = {{"rate", "", true}, {"seed", "", true}};
  for (std::size_t i = 0; i < n; ++i) {
    Trial t{static_cast<std::int64_t>(i), "done", static_cast<std::int64_t>(epochs), 0, 0, 0, {}, {}};
    // The best is somewhere in the middle.
    t.metric = -std::abs(static_cast<double>(i) - 0.4 * static_cast<double>(n));
    t.values = {std::to_string(i), "0"};
    for (std::size_t e = 0; e < epochs; ++e) t.curve.push_back(static_cast<double>(e));
    trials.all.push_back(std::move(t));
  }
  trials.best = static_cast<std::int64_t>(0.4 * static_cast<double>(n));
  return trials;
}

TEST(Trials, AHugeSearchIsCutToItsBestAndAFairSampleAndSaysSo) {
  const Trials trials = many(20'000, 3);
  const Json json = trials_json(trials);
  EXPECT_EQ(json["total"], 20'000);
  EXPECT_EQ(json["counts"]["done"], 20'000);
  ASSERT_EQ(json["trials"].size(), kMostTrials);
  std::set<std::int64_t> shown;
  for (const Json& t : json["trials"]) shown.insert(t["i"].get<std::int64_t>());
  EXPECT_EQ(shown.size(), kMostTrials);  // none twice
  EXPECT_EQ(json["trials"][0]["i"], *trials.best);
  for (std::int64_t i = -700; i <= 700; ++i) EXPECT_TRUE(shown.contains(*trials.best + i)) << i;
  // Of the worst quarter about a quarter of the sample.
  const auto worst = std::count_if(shown.begin(), shown.end(), [](std::int64_t i) { return i >= 15'000; });
  EXPECT_NEAR(static_cast<double>(worst), kMostTrials / 2 * 5000.0 / 18'500, 10);
}

TEST(Trials, LongCurvesAreThinnedButKeepTheirEnds) {
  Trials trials = many(500, 2000);
  trials.rungs = {{0, 77, 500, 100}};
  trials.all[3].curve.resize(77);
  const Json json = trials_json(trials);
  const auto epochs = json["epochs"].get<std::vector<std::int64_t>>();
  EXPECT_FALSE(json["every_epoch"].get<bool>());
  EXPECT_TRUE(std::is_sorted(epochs.begin(), epochs.end()));
  EXPECT_EQ(epochs.front(), 1);
  EXPECT_EQ(epochs.back(), 2000);
  EXPECT_TRUE(std::binary_search(epochs.begin(), epochs.end(), 77));
  std::size_t points = 0;
  for (const Json& t : json["trials"]) {
    points += t["c"].size();
    for (std::size_t k = 0; k < t["c"].size(); ++k) EXPECT_EQ(t["c"][k], epochs[k] - 1);
    EXPECT_EQ(t["end"], t["n"].get<double>() - 1);
  }
  EXPECT_LE(points, kMostPoints + 500 * 17);
}

TEST(Trials, ShortOnesAreShownWhole) {
  const Json json = trials_json(many(10, 5));
  EXPECT_TRUE(json["every_epoch"].get<bool>());
  EXPECT_EQ(json["epochs"], Json({1, 2, 3, 4, 5}));
  ASSERT_EQ(json["names"].size(), 1U);  // the other is the same for all
  EXPECT_EQ(json["same"], Json::array({Json::array({"seed", "0"})}));
}

}  // namespace
}  // namespace runnel::report
