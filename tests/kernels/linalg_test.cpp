// Decompositions: the factors multiply back to the matrix, have the promised form, and agree with known
// answers.
#include "kernels/reference/linalg.h"

#include <cmath>
#include <limits>

#include "kernels/support.h"
#include "runnel/error.h"

namespace runnel::testing {
namespace {

double number(const View& x, const Index& at) {
  return x.dtype == DType::f32 ? static_cast<double>(element<float>(x, at)) : element<double>(x, at);
}
void put(const View& x, const Index& at, double value) {
  if (x.dtype == DType::f32)
    element<float>(x, at) = static_cast<float>(value);
  else
    element<double>(x, at) = value;
}
double tolerance(DType dtype) { return dtype == DType::f32 ? 5e-5 : 1e-12; }

Index with_lane(std::int64_t i, std::int64_t j, const Index& lane) {
  Index at = {i, j};
  at.insert(at.end(), lane.begin(), lane.end());
  return at;
}
Index with_lane(std::int64_t i, const Index& lane) {
  Index at = {i};
  at.insert(at.end(), lane.begin(), lane.end());
  return at;
}

Shape with_lanes(std::initializer_list<std::int64_t> matrix, const Shape& lanes) {
  Shape shape(matrix);
  for (std::int64_t size : lanes) shape.push_back(size);
  return shape;
}

struct Case {
  DType dtype;
  std::int64_t m, n;
  Shape lanes;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (DType dtype : {DType::f32, DType::f64})
    for (const Shape& lanes : {Shape{}, Shape{3}, Shape{2, 2}, Shape{0}})
      for (auto [m, n] : {std::pair{1, 1}, {4, 4}, {7, 3}, {3, 7}, {0, 2}, {2, 0}})
        all.push_back({dtype, m, n, lanes});
  return all;
}

// sum over k of f(k), for writing products of factors.
double sum(std::int64_t n, const std::function<double(std::int64_t)>& f) {
  double total = 0.0;
  for (std::int64_t k = 0; k < n; ++k) total += f(k);
  return total;
}

TEST(Linalg, CholeskyMultipliesBack) {
  Random random(61);
  for (const Case& c : cases()) {
    if (c.m != c.n) continue;
    const Held a = strided(c.dtype, with_lanes({c.n, c.n}, c.lanes), random);
    const Held l = dense(c.dtype, a.view.shape);
    each_index(c.lanes, [&](const Index& lane) {  // diagonally dominant: positive definite
      for (std::int64_t i = 0; i < c.n; ++i)
        for (std::int64_t j = 0; j <= i; ++j)
          put(a, with_lane(i, j, lane),
              i == j ? 5.0 + 2.0 * static_cast<double>(i) : 0.5 + 0.1 * static_cast<double>(j));
    });
    kernels::cholesky(a, l);
    each_index(c.lanes, [&](const Index& lane) {
      for (std::int64_t i = 0; i < c.n; ++i)
        for (std::int64_t j = 0; j < c.n; ++j) {
          const auto at = [&](std::int64_t r, std::int64_t k) { return number(l, with_lane(r, k, lane)); };
          if (j > i) {
            EXPECT_EQ(at(i, j), 0.0);
          } else {
            EXPECT_NEAR(sum(c.n, [&](std::int64_t k) { return at(i, k) * at(j, k); }),
                        number(a, with_lane(i, j, lane)), tolerance(c.dtype) * 10);
          }
        }
    });
  }
}

TEST(Linalg, CholeskyOfWhatIsNotPositiveDefiniteIsNan) {
  const Held a = dense(DType::f64, {3, 3});
  const Held l = dense(DType::f64, {3, 3});
  const double values[] = {1, 0, 0, 0, 2, 0, 0, 0, -1};
  std::copy(values, values + 9, a.view.as<double>());
  kernels::cholesky(a, l);
  for (std::int64_t i = 0; i < 9; ++i) EXPECT_TRUE(std::isnan(l.view.as<double>()[i]));
  // The upper triangle is not read.
  element<double>(a, {2, 2}) = 4;
  element<double>(a, {0, 2}) = std::nan("");
  kernels::cholesky(a, l);
  EXPECT_EQ(element<double>(l, {2, 2}), 2.0);
}

TEST(Linalg, QrMultipliesBackWithAnOrthonormalFactor) {
  Random random(62);
  for (const Case& c : cases()) {
    const std::int64_t k = std::min(c.m, c.n);
    const Held a = strided(c.dtype, with_lanes({c.m, c.n}, c.lanes), random);
    const Held q = dense(c.dtype, with_lanes({c.m, k}, c.lanes));
    const Held r = dense(c.dtype, with_lanes({k, c.n}, c.lanes));
    kernels::qr(a, q, r);
    const double close = tolerance(c.dtype) * 10;
    each_index(c.lanes, [&](const Index& lane) {
      const auto Q = [&](std::int64_t i, std::int64_t j) { return number(q, with_lane(i, j, lane)); };
      const auto R = [&](std::int64_t i, std::int64_t j) { return number(r, with_lane(i, j, lane)); };
      for (std::int64_t i = 0; i < c.m; ++i)
        for (std::int64_t j = 0; j < c.n; ++j)
          EXPECT_NEAR(sum(k, [&](std::int64_t s) { return Q(i, s) * R(s, j); }),
                      number(a, with_lane(i, j, lane)), close);
      for (std::int64_t i = 0; i < k; ++i) {
        EXPECT_GE(R(i, i), 0.0);
        for (std::int64_t j = 0; j < i; ++j) EXPECT_EQ(R(i, j), 0.0);
        for (std::int64_t j = 0; j < k; ++j)
          EXPECT_NEAR(sum(c.m, [&](std::int64_t s) { return Q(s, i) * Q(s, j); }), i == j ? 1.0 : 0.0, close);
      }
    });
  }
}

TEST(Linalg, SvdMultipliesBackAndFixesItsSigns) {
  Random random(63);
  for (const Case& c : cases()) {
    const std::int64_t k = std::min(c.m, c.n);
    const Held a = strided(c.dtype, with_lanes({c.m, c.n}, c.lanes), random);
    const Held u = dense(c.dtype, with_lanes({c.m, k}, c.lanes));
    const Held s = dense(c.dtype, with_lanes({k}, c.lanes));
    const Held vt = dense(c.dtype, with_lanes({k, c.n}, c.lanes));
    kernels::svd(a, u, s, vt);
    const double close = tolerance(c.dtype) * 20;
    each_index(c.lanes, [&](const Index& lane) {
      const auto U = [&](std::int64_t i, std::int64_t j) { return number(u, with_lane(i, j, lane)); };
      const auto S = [&](std::int64_t i) { return number(s, with_lane(i, lane)); };
      const auto V = [&](std::int64_t i, std::int64_t j) { return number(vt, with_lane(i, j, lane)); };
      for (std::int64_t i = 0; i < c.m; ++i)
        for (std::int64_t j = 0; j < c.n; ++j)
          EXPECT_NEAR(sum(k, [&](std::int64_t t) { return U(i, t) * S(t) * V(t, j); }),
                      number(a, with_lane(i, j, lane)), close);
      for (std::int64_t i = 0; i < k; ++i) {
        EXPECT_GE(S(i), i + 1 < k ? S(i + 1) : 0.0);
        double lead = 0.0;
        for (std::int64_t t = 0; t < c.m; ++t)
          if (std::abs(U(t, i)) > std::abs(lead)) lead = U(t, i);
        EXPECT_GT(lead, 0.0);
        for (std::int64_t j = 0; j < k; ++j) {
          EXPECT_NEAR(sum(c.m, [&](std::int64_t t) { return U(t, i) * U(t, j); }), i == j ? 1.0 : 0.0, close);
          EXPECT_NEAR(sum(c.n, [&](std::int64_t t) { return V(i, t) * V(j, t); }), i == j ? 1.0 : 0.0, close);
        }
      }
    });
  }
}

TEST(Linalg, SvdOfADiagonalMatrixIsItsDiagonal) {
  const Held a = dense(DType::f64, {2, 2});
  const double values[] = {0, -3, 2, 0};
  std::copy(values, values + 4, a.view.as<double>());
  const Held u = dense(DType::f64, {2, 2});
  const Held s = dense(DType::f64, {2});
  const Held vt = dense(DType::f64, {2, 2});
  kernels::svd(a, u, s, vt);
  EXPECT_NEAR(number(s, {0}), 3.0, 1e-14);
  EXPECT_NEAR(number(s, {1}), 2.0, 1e-14);
  EXPECT_NEAR(number(u, {0, 0}), 1.0, 1e-14);
  EXPECT_NEAR(number(vt, {0, 1}), -1.0, 1e-14);
}

TEST(Linalg, NanGivesNan) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Held a = dense(DType::f64, {2, 2});
    std::fill_n(a.view.as<double>(), 4, bad);
    const Held u = dense(DType::f64, {2, 2});
    const Held v = dense(DType::f64, {2, 2});
    const Held s = dense(DType::f64, {2});
    const auto expect_nan = [](const Held& x, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) EXPECT_TRUE(std::isnan(x.view.as<double>()[i]));
    };
    kernels::cholesky(a, u);
    expect_nan(u, 4);
    kernels::qr(a, u, v);
    expect_nan(u, 4);
    expect_nan(v, 4);
    kernels::svd(a, u, s, v);
    expect_nan(u, 4);
    expect_nan(s, 2);
    expect_nan(v, 4);
  }
}

TEST(Linalg, TriangularSolvesSatisfyTheirEquations) {
  Random random(64);
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const Shape& lanes : {Shape{}, Shape{3}, Shape{2, 2}}) {
      for (std::int64_t n : {1, 2, 5, 12}) {
        for (bool lower : {false, true}) {
          for (bool transpose : {false, true}) {
            const std::int64_t m = uniform(random, 1, 9);
            const Held a = strided(dtype, with_lanes({n, n}, lanes), random);
            const Held b = strided(dtype, with_lanes({n, m}, lanes), random, true);
            const Held x = dense(dtype, with_lanes({n, m}, lanes));
            each_index(lanes, [&](const Index& lane) {
              for (std::int64_t i = 0; i < n; ++i) {
                put(a, with_lane(i, i, lane), 8.0 + static_cast<double>(i));
                for (std::int64_t j = 0; j < n; ++j)  // the other triangle must not be read
                  if (lower ? j > i : j < i) put(a, with_lane(i, j, lane), std::nan(""));
              }
            });
            kernels::triangular_solve(a, b, lower, transpose, x);
            each_index(lanes, [&](const Index& lane) {
              for (std::int64_t i = 0; i < n; ++i)
                for (std::int64_t j = 0; j < m; ++j) {
                  const double left = sum(n, [&](std::int64_t k) {
                    const std::int64_t row = transpose ? k : i;
                    const std::int64_t column = transpose ? i : k;
                    if (lower ? column > row : column < row) return 0.0;
                    return number(a, with_lane(row, column, lane)) * number(x, with_lane(k, j, lane));
                  });
                  EXPECT_NEAR(left, number(b, with_lane(i, j, lane)), tolerance(dtype) * 50);
                }
            });
          }
        }
      }
    }
  }
}

TEST(Linalg, AZeroOnTheDiagonalDividesLikeANumber) {
  const Held a = dense(DType::f64, {1, 1});
  const Held b = dense(DType::f64, {1, 2});
  const Held x = dense(DType::f64, {1, 2});
  a.view.as<double>()[0] = 0.0;
  b.view.as<double>()[0] = 1.0;
  b.view.as<double>()[1] = 0.0;
  kernels::triangular_solve(a, b, true, false, x);
  EXPECT_EQ(x.view.as<double>()[0], INFINITY);
  EXPECT_TRUE(std::isnan(x.view.as<double>()[1]));
}

}  // namespace
}  // namespace runnel::testing
