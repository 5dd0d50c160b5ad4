// Against closed forms and values of published tables.
#include "lab/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace runnel::lab {
namespace {

TEST(Statistics, MomentsAndMedian) {
  const Moments m = moments({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(m.mean, 2.5);
  EXPECT_DOUBLE_EQ(m.deviation, std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(m.error, std::sqrt(5.0 / 12));
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

// The 5% and 0.1% points of the usual table, to its three digits.
TEST(Statistics, ChiSquaredTailIsThatOfTheTables) {
  const struct {
    std::int64_t degrees;
    double five_percent, per_mille;
  } table[] = {{1, 3.841, 10.828}, {2, 5.991, 13.816}, {3, 7.815, 16.266}, {10, 18.307, 29.588}};
  for (const auto& row : table) {
    EXPECT_NEAR(chi_squared_tail(row.five_percent, row.degrees), 0.05, 1e-4) << row.degrees;
    EXPECT_NEAR(chi_squared_tail(row.per_mille, row.degrees), 0.001, 1e-5) << row.degrees;
  }
  EXPECT_EQ(chi_squared_tail(0, 7), 1);
}

TEST(Statistics, CountsThatFitAndCountsThatDoNot) {
  EXPECT_EQ(fit_of_counts({50, 50}, {0.5, 0.5}), 1);
  EXPECT_NEAR(fit_of_counts({60, 40}, {0.5, 0.5}), chi_squared_tail(4, 1), 1e-15);
  // Of 20 the last two cells expect one each; they join the third, which expects six with them and sees
  // three.
  EXPECT_NEAR(fit_of_counts({9, 8, 1, 1, 1}, {0.4, 0.3, 0.2, 0.05, 0.05}),
              chi_squared_tail(1.0 / 8 + 4.0 / 6 + 9.0 / 6, 2), 1e-15);
}

TEST(Statistics, HistogramsAreDensities) {
  const Histogram h = histogram({0.1, 0.2, 0.6, 1.0}, 0, 1, 2);
  EXPECT_EQ(h.middles, (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(h.densities, (std::vector<double>{1, 0.5}));
}

}  // namespace
}  // namespace runnel::lab
