// Functions built from ops: right values, and finite ones where a naive formula overflows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::DoubleNear;
using testing::Each;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double kInf = std::numeric_limits<double>::infinity();

void expect_close(const Array& got, const std::vector<double>& wanted, double tolerance = 1e-14) {
  EXPECT_THAT(got.to_doubles(), Pointwise(DoubleNear(tolerance), wanted));
}

TEST(Softmax, IsItsDefinition) {
  const Array x = sample({3, 5}, -3, 3);
  std::vector<double> wanted;
  std::vector<double> logs;
  for (std::int64_t i = 0; i < 3; ++i) {
    double total = 0;
    for (std::int64_t j = 0; j < 5; ++j) total += std::exp(x.at({i, j}));
    logs.push_back(std::log(total));
    for (std::int64_t j = 0; j < 5; ++j) wanted.push_back(std::exp(x.at({i, j})) / total);
  }
  expect_close(softmax(x), wanted);
  expect_close(exp(log_softmax(x)), wanted);
  expect_close(logsumexp(x, 1), logs);
  expect_close(transpose(softmax(transpose(x), 0)), wanted);
  EXPECT_EQ(logsumexp(x, 1, true).shape(), (Shape{3, 1}));
}

// The gradient of logsumexp is softmax; of softmax, diag(p) - p pᵀ.
TEST(Softmax, HasItsDerivatives) {
  const Array x = sample({4}, -3, 3);
  const Array p = softmax(x);
  auto lse = [](const Array& v) { return logsumexp(v, 0); };
  expect_close(grad(lse)(x), p.to_doubles());
  const Array jacobian_wanted = eye(4, DType::f64) * p - outer(p, p);
  expect_close(hessian(lse)(x), jacobian_wanted.to_doubles());
  expect_close(jacobian([](const Array& v) { return softmax(v); })(x), jacobian_wanted.to_doubles());
  expect_close(jacobian_forward([](const Array& v) { return softmax(v); })(x), jacobian_wanted.to_doubles());
}

TEST(Stability, AtTenThousand) {
  for (DType dtype : {DType::f32, DType::f64}) {
    SCOPED_TRACE(name_of(dtype));
    const Array x({1e4, -1e4, 0, 9999}, dtype);
    EXPECT_THAT(softmax(x).to_doubles(), ElementsAre(DoubleNear(0.7310585786300049, 1e-6), 0, 0,
                                                     DoubleNear(0.2689414213699951, 1e-6)));
    EXPECT_NEAR(logsumexp(x, 0).item(), 1e4 + std::log1p(std::exp(-1.0)), 1e-3);
    EXPECT_THAT(log_softmax(x).to_doubles(), Each(testing::Le(0)));
    EXPECT_THAT(softplus(x).to_doubles(), ElementsAre(1e4, 0, DoubleNear(std::log(2.0), 1e-7), 9999));
    EXPECT_THAT(logistic(x).to_doubles(), ElementsAre(1, 0, 0.5, 1));
    EXPECT_THAT(tanh(x).to_doubles(), ElementsAre(1, -1, 0, 1));
    auto finite = [&](auto f) {
      const Array g = grad([&](const Array& v) { return sum(f(v)); })(x);
      const Array h = hvp([&](const Array& v) { return sum(f(v)); }, x, Array::ones({4}, dtype));
      for (double v : g.to_doubles()) EXPECT_TRUE(std::isfinite(v)) << g;
      for (double v : h.to_doubles()) EXPECT_TRUE(std::isfinite(v)) << h;
    };
    finite([](const Array& v) { return square(softmax(v)); });
    finite([](const Array& v) { return log_softmax(v); });
    finite([](const Array& v) { return logsumexp(v, 0); });
    finite([](const Array& v) { return softplus(v); });
    finite([](const Array& v) { return logistic(v); });
    finite([](const Array& v) { return tanh(v); });
    finite([](const Array& v) { return relu(v); });
  }
}

TEST(Stability, AtInfinity) {
  EXPECT_EQ(logsumexp(Array({-kInf, -kInf}), 0).item(), -kInf);
  EXPECT_EQ(logsumexp(Array({1, kInf}), 0).item(), kInf);
  EXPECT_EQ(logsumexp(Array({-kInf, 2}), 0).item(), 2);
  EXPECT_THAT(softmax(Array({-kInf, 2, 2})).to_doubles(), ElementsAre(0, 0.5, 0.5));
  EXPECT_EQ(softplus(Array::scalar(kInf)).item(), kInf);
  EXPECT_EQ(softplus(Array::scalar(-kInf)).item(), 0);
  EXPECT_TRUE(std::isnan(softplus(Array::scalar(NAN)).item()));
}

TEST(Moments, MeanAndVariance) {
  const Array x({{1, 2, 3}, {4, 5, 9}}, DType::f64);
  EXPECT_EQ(mean(x).item(), 4);
  EXPECT_THAT(mean(x, 0).to_doubles(), ElementsAre(2.5, 3.5, 6));
  EXPECT_THAT(mean(x, 1, true).to_doubles(), ElementsAre(2, 6));
  EXPECT_EQ(mean(Array({1, 2}, DType::i32)).item(), 1.5);
  EXPECT_NEAR(variance(x).item(), 40.0 / 6, 1e-14);
  expect_close(variance(x, 0), {2.25, 2.25, 9});
  expect_close(variance(x, 1, 1), {1, 7});
  expect_close(variance(x, 0, 0, true), {2.25, 2.25, 9});
  // Far from zero a sum of squares less the squared mean would have lost every digit.
  EXPECT_NEAR(variance(reshape(x + 1e8, {6}), 0, 1).item(), 8, 1e-6);
  expect_close(grad([](const Array& v) { return variance(v); })(x), ((x - 4) / 3).to_doubles());
}

TEST(Reductions, OverSeveralAxes) {
  const Array x = reshape(arange(24, DType::f64), {2, 3, 4});
  EXPECT_EQ(sum(x).item(), 276);
  EXPECT_THAT(sum(x, Dims{0, 2}).to_doubles(), ElementsAre(60, 92, 124));
  EXPECT_THAT(sum(x, Dims{-1, 0}).to_doubles(), ElementsAre(60, 92, 124));
  EXPECT_EQ(sum(x, Dims{0, 2}, true).shape(), (Shape{1, 3, 1}));
  EXPECT_THAT(max(x, Dims{0, 1}).to_doubles(), ElementsAre(20, 21, 22, 23));
  EXPECT_THAT(min(x, -1).to_doubles(), ElementsAre(0, 4, 8, 12, 16, 20));
  EXPECT_EQ(sum(Array::zeros({0, 3}), 0).to_doubles(), std::vector<double>(3, 0.0));
  EXPECT_THAT(argmax(Array({{1, 5, 5}, {7, 2, 7}}), 1).to_doubles(), ElementsAre(1, 0));
  EXPECT_THAT(cumsum(Array({1, 2, 3}), 0).to_doubles(), ElementsAre(1, 3, 6));
  EXPECT_THAT(cumsum(Array({1, 2, 3}), 0, true).to_doubles(), ElementsAre(6, 5, 3));
}

TEST(Norm, AndSquare) {
  EXPECT_EQ(norm(Array({3, 4})).item(), 5);
  EXPECT_THAT(grad([](const Array& v) { return norm(v); })(Array({3, 4}, DType::f64)).to_doubles(),
              ElementsAre(DoubleNear(0.6, 1e-15), DoubleNear(0.8, 1e-15)));
  EXPECT_THAT(square(Array({-3, 2})).to_doubles(), ElementsAre(9, 4));
}

TEST(Functions, NotANumberStaysSo) {
  EXPECT_TRUE(std::isnan(relu(Array{NAN}).at({0})));
  EXPECT_TRUE(std::isnan(softplus(Array{NAN}).at({0})));
  EXPECT_EQ(grad([](const Array& x) { return sum(relu(x)); })(Array{0, -1, 2}).to_doubles(),
            (std::vector<double>{0, 0, 1}));
}

TEST(Functions, TheNormHasDerivativeZeroAtZero) {
  EXPECT_EQ(grad(norm)(Array{0, 0}).to_doubles(), (std::vector<double>{0, 0}));
  EXPECT_EQ(norm(Array{3, 4}).item(), 5);
}

// d/db d/da of a^b is a^(b-1) (1 + b log a), whichever is taken first: 1/a at b = 0.
TEST(Functions, PowHasItsMixedDerivativeAtEveryExponent) {
  for (const double a : {0.5, 2.0})
    for (const double b : {0.0, 1.0, 2.0, 2.5}) {
      const Array x = Array::scalar(a, DType::f64), y = Array::scalar(b, DType::f64);
      const auto by_a = [&](const Array& v) { return grad([&](const Array& u) { return pow(u, v); })(x); };
      const auto by_b = [&](const Array& u) { return grad([&](const Array& v) { return pow(u, v); })(y); };
      const double wanted = std::pow(a, b - 1) * (1 + b * std::log(a));
      EXPECT_NEAR(grad(by_a)(y).item(), wanted, 1e-13) << a << "^" << b;
      EXPECT_NEAR(grad(by_b)(x).item(), wanted, 1e-13) << a << "^" << b;
    }
  const Array zero = Array::scalar(0, DType::f64);
  EXPECT_EQ(grad([&](const Array& u) { return pow(u, zero); })(zero).item(), 0);
}

}  // namespace
}  // namespace runnel
