// The generated tables are what they say: shapes, signals, and the same bits from the same seed.
#include <cmath>
#include <numeric>
#include <set>

#include "data/random.h"
#include "helpers.h"

namespace runnel {
namespace {

using test::all_rows;
using ::testing::HasSubstr;

TEST(Generated, EveryTableIsAFunctionOfItsSeed) {
  ASSERT_EQ(generated_tables().size(), 4u);
  for (const auto& [name, what] : generated_tables()) {
    const auto make = [&](std::uint64_t seed) {
      return read_table("demo:" + name, {.seed = seed, .rows = 130});
    };
    const Table a = make(1), b = make(1), c = make(2);
    EXPECT_EQ(a.rows, 130u);
    ASSERT_NE(a.find(a.usual_target), nullptr) << name;
    for (std::size_t k = 0; k < a.columns.size(); ++k) {
      EXPECT_EQ(a.columns[k].texts, b.columns[k].texts);
      for (std::size_t i = 0; i < a.rows; ++i) EXPECT_EQ(a.columns[k].text(i), b.columns[k].text(i));
    }
    EXPECT_NE(a.at(a.usual_target == "class" ? "x1" : a.columns.back().name).text(3) + a.columns[0].text(3),
              c.at(a.usual_target == "class" ? "x1" : a.columns.back().name).text(3) + c.columns[0].text(3));
    if (a.block) {
      EXPECT_EQ(a.block->values, b.block->values);
    }
    EXPECT_FALSE(what.empty());
  }
  EXPECT_THAT(error_of([] { read_table("demo:song"); }), HasSubstr("did you mean 'songs'?"));
}

// A first row does not depend on how many follow.
TEST(Generated, RowsDoNotDependOnTheirNumber) {
  const Table few = read_table("demo:songs", {.rows = 10}), many = read_table("demo:songs");
  for (std::size_t k = 0; k < few.columns.size(); ++k) {
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(few.columns[k].text(i), many.columns[k].text(i));
  }
}

// Logistic regression by plain gradient descent: training rows in, accuracy on the test rows out.
double linear_accuracy(const Table& t, const Preprocessor& p, const Split& split,
                       const std::vector<double>& y) {
  const Matrix<float> x = p.transform(t);
  std::vector<double> w(x.cols + 1);
  const auto score = [&](std::size_t row) {
    double s = w[x.cols];
    for (std::size_t j = 0; j < x.cols; ++j) s += w[j] * x(row, j);
    return s;
  };
  for (int step = 0; step < 300; ++step) {
    std::vector<double> gradient(w.size());
    for (const std::size_t row : split.train) {
      const double residual = 1 / (1 + std::exp(-score(row))) - y[row];
      for (std::size_t j = 0; j < x.cols; ++j) gradient[j] += residual * x(row, j);
      gradient[x.cols] += residual;
    }
    for (std::size_t j = 0; j < w.size(); ++j)
      w[j] -= 0.5 * gradient[j] / static_cast<double>(split.train.size());
  }
  double right = 0;
  for (const std::size_t row : split.test) right += (score(row) > 0) == (y[row] == 1);
  return right / static_cast<double>(split.test.size());
}

TEST(Generated, SongsHaveALinearAndAFurtherSignal) {
  const Table t = read_table("demo:songs");
  EXPECT_EQ(t.rows, 4000u);
  EXPECT_EQ(t.columns.size(), 15u);  // an id, a name, twelve columns, the target
  std::vector<std::string> warnings;
  const Target target = Target::fit(t, {.column = "hit"}, warnings);
  EXPECT_EQ(target.task(), Task::binary);
  const TargetValues y = target.read(t, warnings);
  EXPECT_NEAR(std::accumulate(y.y.begin(), y.y.end(), 0.0) / 4000, 0.5, 0.03);
  const Split split = split_table(t, y, target.task(), {});
  const Preprocessor p = Preprocessor::fit(t, split.train, {.target = "hit"});
  std::set<std::string> dropped;
  for (const ColumnDecision& d : p.decisions()) {
    if (d.role == Role::dropped) dropped.insert(d.name);
  }
  EXPECT_THAT(dropped, ::testing::ElementsAre("name", "song_id"));
  const double accuracy = linear_accuracy(t, p, split, y.y);
  EXPECT_GT(accuracy, 0.68);
  EXPECT_LT(accuracy, 0.78);
  for (const std::string column : {"tempo", "genre"}) {
    std::size_t missing = 0;
    for (std::size_t i = 0; i < t.rows; ++i) missing += t.at(column).is_missing(i);
    EXPECT_GT(missing, 40u);
    EXPECT_LT(missing, 200u);
  }
}

// The largest eigenvalue of X^T X / n over rows [begin, begin + n), by power iteration.
double top_eigenvalue(const Block& block, std::size_t begin, std::size_t n) {
  const std::size_t d = block.width();
  std::vector<double> v(d, 1 / std::sqrt(static_cast<double>(d))), next(d);
  double eigenvalue = 0;
  for (int step = 0; step < 30; ++step) {
    std::fill(next.begin(), next.end(), 0);
    for (std::size_t i = begin; i < begin + n; ++i) {
      const float* x = block.values.data() + i * d;
      double dot = 0;
      for (std::size_t j = 0; j < d; ++j) dot += x[j] * v[j];
      for (std::size_t j = 0; j < d; ++j) next[j] += dot * x[j];
    }
    double norm = 0;
    for (const double u : next) norm += u * u;
    norm = std::sqrt(norm);
    eigenvalue = norm / static_cast<double>(n);
    for (std::size_t j = 0; j < d; ++j) v[j] = next[j] / norm;
  }
  return eigenvalue;
}

// Gradient descent at rate 0.003 on half the mean squared error is stable below 2 / 0.003: over all training
// rows and over every batch of 160.
TEST(Generated, FacesStayBelowTheEigenvalueLimit) {
  const Table t = read_table("demo:faces");
  ASSERT_EQ(t.rows, 6500u);
  EXPECT_EQ(t.test_begin, 4000u);
  ASSERT_TRUE(t.block);
  EXPECT_THAT(t.block->shape, ::testing::ElementsAre(48u, 48u));
  for (const float v : t.block->values) ASSERT_TRUE(v >= 0 && v <= 1);
  const double whole = top_eigenvalue(*t.block, 0, 4000);
  EXPECT_LT(whole, 666.7);
  EXPECT_GT(whole, 400);  // bright enough for the limit to matter
  for (std::size_t begin = 0; begin < 4000; begin += 160)
    EXPECT_LT(top_eigenvalue(*t.block, begin, 160), 666.7);
}

// The age is linear in the image up to a deviation of 13 years: projecting on the patterns' directions, least
// squares from the image explains about 14^2 / (14^2 + 13^2) of the variance. Estimated through the smooth
// cosine coefficients of each image, by the normal equations.
TEST(Generated, FacesShowTheAge) {
  const Table t = read_table("demo:faces", {.rows = 3000});
  const int waves[8][2] = {{0, 1}, {1, 0}, {1, 1}, {0, 2}, {2, 0}, {1, 2}, {2, 1}, {2, 2}};
  constexpr std::size_t k = 9;
  std::vector<std::array<double, k>> z(t.rows);
  for (std::size_t i = 0; i < t.rows; ++i) {
    z[i][8] = 1;
    for (std::size_t f = 0; f < 8; ++f) {
      double sum = 0;
      for (std::size_t p = 0; p < 2304; p += 3) {
        const double r = (static_cast<double>(p / 48) + 0.5) / 48,
                     c = (static_cast<double>(p % 48) + 0.5) / 48;
        sum += (t.block->values[i * 2304 + p] - 0.48) * std::cos(M_PI * waves[f][0] * r) *
               std::cos(M_PI * waves[f][1] * c);
      }
      z[i][f] = sum / 20;
    }
  }
  const std::vector<double>& age = t.at("age").numbers;
  double a[k][k + 1] = {};
  for (std::size_t i = 0; i < 2000; ++i) {
    for (std::size_t r = 0; r < k; ++r) {
      for (std::size_t c = 0; c < k; ++c) a[r][c] += z[i][r] * z[i][c];
      a[r][k] += z[i][r] * age[i];
    }
  }
  for (std::size_t r = 0; r < k; ++r) {  // Gauss and Jordan
    for (std::size_t other = 0; other < k; ++other) {
      if (other == r) continue;
      const double q = a[other][r] / a[r][r];
      for (std::size_t c = 0; c <= k; ++c) a[other][c] -= q * a[r][c];
    }
  }
  double error = 0, mean = 0, variance = 0;
  for (std::size_t i = 2000; i < 3000; ++i) mean += age[i] / 1000;
  for (std::size_t i = 2000; i < 3000; ++i) {
    double guess = 0;
    for (std::size_t r = 0; r < k; ++r) guess += a[r][k] / a[r][r] * z[i][r];
    error += (age[i] - guess) * (age[i] - guess) / 1000;
    variance += (age[i] - mean) * (age[i] - mean) / 1000;
    ASSERT_GE(age[i], 1);
    ASSERT_LE(age[i], 90);
  }
  EXPECT_NEAR(std::sqrt(error), 13, 1);
  EXPECT_NEAR(1 - error / variance, 0.53, 0.07);
}

TEST(Generated, WaveIsASineWithNoise) {
  const Table t = read_table("demo:wave", {.rows = 4000});
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < t.rows; ++i) {
    const double x = t.at("x").numbers[i], residual = t.at("y").numbers[i] - std::sin(10 * x);
    ASSERT_TRUE(x >= 0 && x < 1);
    sum += residual;
    squares += residual * residual;
  }
  EXPECT_NEAR(sum / 4000, 0, 5 * 0.1 / std::sqrt(4000.0));
  EXPECT_NEAR(std::sqrt(squares / 4000), 0.1, 0.006);
}

TEST(Generated, MoonsLieOnTheirHalfCircles) {
  const Table t = read_table("demo:moons");
  double squares = 0;
  for (std::size_t i = 0; i < t.rows; ++i) {
    const bool lower = t.at("class").numbers[i] == 1;
    const double x = t.at("x1").numbers[i] - (lower ? 1 : 0), y = t.at("x2").numbers[i] - (lower ? 0.5 : 0);
    const double off = std::hypot(x, y) - 1;
    squares += off * off;
  }
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(t.rows)), 0.15, 0.02);
}

// Moments of the normal draws, and no two streams alike.
TEST(Draws, AreUniformAndNormal) {
  constexpr std::size_t n = 100000;
  const data::Draws draws(7, data::Stream::wave), other(7, data::Stream::moons),
      part(7, data::Stream::wave, 1);
  double mean = 0, squares = 0, uniform = 0;
  std::size_t alike = 0;
  for (std::size_t i = 0; i < n; ++i) {
    mean += draws.normal(i) / n;
    squares += draws.normal(i) * draws.normal(i) / n;
    uniform += draws.uniform(i) / n;
    alike += draws.bits(i) == other.bits(i) || draws.bits(i) == part.bits(i);
  }
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(double{n}));
  EXPECT_NEAR(squares, 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(uniform, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_EQ(alike, 0u);
}

}  // namespace
}  // namespace runnel
