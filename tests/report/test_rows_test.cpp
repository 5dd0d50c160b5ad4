// What is told of the test rows, against plain counting.
#include "report/test_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace runnel::report {
namespace {

TEST(Probabilities, OfOneLogitAreThoseOfTwo) {
  const std::vector<double> one{-800, -2, 0, 0.5, 800};
  std::vector<double> two;
  for (const double z : one) {
    two.push_back(0);
    two.push_back(z);
  }
  const auto p = probabilities(one, 5, 2), q = probabilities(two, 5, 2);
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], q[i], 1e-15);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(p[2 * i] + p[2 * i + 1], 1, 1e-15);
}

TEST(Confusion, CountsEachRowOnceWhereItBelongs) {
  // Three classes; the likeliest are 0, 2, 2, 1.
  const std::vector<double> p{.5, .3, .2, .1, .1, .8, 0, .4, .6, .2, .7, .1};
  const auto c = confusion(p, {0, 2, 1, 1}, 3);
  EXPECT_EQ(c, (std::vector<std::size_t>{1, 0, 0, 0, 1, 1, 0, 0, 1}));
}

TEST(Calibration, OfProbabilitiesThatAreTrueIsSmallAndOfBoastsIsWhatTheyBoast) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<> uniform;
  std::vector<double> honest, boastful, y;
  constexpr int n = 40'000;
  for (int i = 0; i < n; ++i) {
    const double p = uniform(random);
    honest.insert(honest.end(), {1 - p, p});
    y.push_back(uniform(random) < p ? 1 : 0);
    boastful.insert(boastful.end(), {0.05, 0.95});  // half of them come true
  }
  const auto bins = calibration(honest, y, 2);
  ASSERT_EQ(bins.size(), 10U);
  std::size_t rows = 0;
  for (const CalibrationBin& bin : bins) {
    rows += bin.rows;
    EXPECT_GE(bin.mean, bin.low);
    EXPECT_LE(bin.mean, bin.high);
    EXPECT_NEAR(bin.share, bin.mean, 4 * std::sqrt(0.25 / static_cast<double>(bin.rows)));
  }
  EXPECT_EQ(rows, static_cast<std::size_t>(n));
  EXPECT_LT(calibration_error(bins), 0.02);
  const auto loud = calibration(boastful, y, 2);
  ASSERT_EQ(loud.size(), 1U);
  const double right = std::accumulate(y.begin(), y.end(), 0.0) / n;
  EXPECT_NEAR(calibration_error(loud), 0.95 - right, 1e-9);
}

TEST(Calibration, OfManyClassesIsOfTheLikeliest) {
  const std::vector<double> p{.2, .7, .1, .4, .3, .3};
  const auto bins = calibration(p, {1, 1}, 3);
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_DOUBLE_EQ(bins[0].mean, 0.4);
  EXPECT_DOUBLE_EQ(bins[0].share, 0);
  EXPECT_DOUBLE_EQ(bins[1].mean, 0.7);
  EXPECT_DOUBLE_EQ(bins[1].share, 1);
}

void expect_sound(const std::vector<double>& values) {
  const Histogram h = histogram(values);
  ASSERT_EQ(h.edges.size(), h.counts.size() + 1);
  EXPECT_TRUE(std::is_sorted(h.edges.begin(), h.edges.end()));
  EXPECT_LE(h.counts.size(), 60U);
  std::size_t finite = 0;
  std::vector<std::size_t> counts(h.counts.size(), 0);
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    ++finite;
    // The last bin whose lower edge is not above the value; the first one for what lies below all.
    const auto above = std::upper_bound(h.edges.begin(), h.edges.end(), v);
    const auto bin = std::clamp<std::ptrdiff_t>(above - h.edges.begin() - 1, 0,
                                                static_cast<std::ptrdiff_t>(counts.size()) - 1);
    counts[static_cast<std::size_t>(bin)] += 1;
    EXPECT_TRUE(v >= h.edges.front() || h.open_below);
    EXPECT_TRUE(v <= h.edges.back() || h.open_above);
  }
  EXPECT_EQ(std::accumulate(h.counts.begin(), h.counts.end(), std::size_t{0}), finite);
  // An edge such as 0.1 · 3 is no binary number: a value on it may fall to either side.
  std::size_t apart = 0;
  for (std::size_t b = 0; b < counts.size(); ++b)
    apart += counts[b] > h.counts[b] ? counts[b] - h.counts[b] : h.counts[b] - counts[b];
  EXPECT_LE(apart, finite / 10);
}

TEST(Histogram, CountsEveryNumberOnce) {
  std::mt19937_64 random(5);
  std::vector<double> normal, heavy;
  for (int i = 0; i < 5000; ++i) {
    normal.push_back(std::normal_distribution<>(3, 0.01)(random));
    heavy.push_back(std::cauchy_distribution<>()(random));
  }
  expect_sound(normal);
  expect_sound(heavy);
  EXPECT_TRUE(histogram(heavy).open_above);  // what lies far out does not make the bins wide
  EXPECT_LT(histogram(heavy).edges.back(), 1000);
  expect_sound({0, 0, 0});
  expect_sound({-5e9, 5e9});
  expect_sound({1, std::nan(""), 2, std::numeric_limits<double>::infinity()});
  EXPECT_TRUE(histogram({}).counts.empty());
}

}  // namespace
}  // namespace runnel::report
