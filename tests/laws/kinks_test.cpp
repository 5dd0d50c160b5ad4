// Points without a derivative: what the engine answers there is said in the ops' meanings and pinned here.
// And points where functions built from a choice are smooth all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "laws/rows.h"

namespace runnel::laws {
namespace {

using testing::ElementsAre;

Array at(double x) { return Array::scalar(x, DType::f64); }

template <class F>
double slope_at(F f, double x) {
  return grad(f)(at(x)).item();
}
template <class F>
double bend_at(F f, double x) {
  return grad(grad(f))(at(x)).item();
}
template <class F>
double third_at(F f, double x) {
  return grad(grad(grad(f)))(at(x)).item();
}

TEST(Kinks, SlopesAtZero) {
  EXPECT_EQ(slope_at([](const Array& x) { return abs(x); }, 0), 0);
  EXPECT_EQ(slope_at([](const Array& x) { return relu(x); }, 0), 0);
  EXPECT_EQ(slope_at([](const Array& x) { return sign(x); }, 0), 0);
  EXPECT_EQ(slope_at([](const Array& x) { return floor(x); }, 1), 0);
  EXPECT_EQ(slope_at([](const Array& x) { return stop_gradient(x) * x; }, 3), 3);
  EXPECT_EQ(slope_at([](const Array& x) { return sqrt(x); }, 0), std::numeric_limits<double>::infinity());
}

TEST(Kinks, TiesShareTheSlope) {
  auto both = [](auto f) {
    auto [a, b] =
        grad([f](const std::pair<Array, Array>& p) { return f(p.first, p.second); })(std::pair(at(2), at(2)));
    return std::vector<double>{a.item(), b.item()};
  };
  EXPECT_THAT(both([](const Array& a, const Array& b) { return maximum(a, b); }), ElementsAre(0.5, 0.5));
  EXPECT_THAT(both([](const Array& a, const Array& b) { return minimum(a, b); }), ElementsAre(0.5, 0.5));
  const Array x({1, 4, 4, 0, 4, 4}, DType::f64);
  EXPECT_THAT(grad([](const Array& v) { return max(v); })(x).to_doubles(),
              ElementsAre(0, 0.25, 0.25, 0, 0.25, 0.25));
  EXPECT_THAT(grad([](const Array& v) { return min(v); })(neg(x)).to_doubles(),
              ElementsAre(0, 0.25, 0.25, 0, 0.25, 0.25));
  // Sorting is stable, so each of the equals goes to one place.
  EXPECT_THAT(grad([](const Array& v) {
                return dot(sort(v, 0).first, Array({1, 2, 3, 4, 5, 6}, DType::f64));
              })(x)
                  .to_doubles(),
              ElementsAre(2, 3, 4, 1, 5, 6));
}

TEST(Kinks, ForwardModeAnswersTheSame) {
  for (double x : {-1.0, 0.0, 1.0}) {
    auto same = [&](auto f) { EXPECT_EQ(jvp(f, at(x), at(1)).second.item(), grad(f)(at(x)).item()) << x; };
    same([](const Array& v) { return abs(v); });
    same([](const Array& v) { return relu(v); });
    same([](const Array& v) { return maximum(v, 0); });
    same([](const Array& v) { return softplus(v); });
  }
}

// softplus chooses between two formulas at 0, but is smooth: s' = logistic, s'' = s'(1 - s'), s''' = s''(1 -
// 2 s').
TEST(Kinks, SoftplusIsSmoothAtZero) {
  auto f = [](const Array& x) { return softplus(x); };
  for (double x : {-30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0}) {
    const double p = 1 / (1 + std::exp(-x));
    const double q = 1 / (1 + std::exp(x));
    EXPECT_NEAR(slope_at(f, x), p, 1e-15);
    EXPECT_NEAR(bend_at(f, x), p * q, 1e-15);
    EXPECT_NEAR(third_at(f, x), p * q * (q - p), 1e-15);
    EXPECT_NEAR(softplus(at(x)).item(), x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)),
                1e-15 * (1 + std::abs(x)));
  }
}

TEST(Kinks, PowersAtZeroHaveAllTheirDerivatives) {
  for (double exponent : {1.0, 2.0, 3.0}) {
    auto f = [=](const Array& x) { return pow(x, at(exponent)); };
    EXPECT_EQ(slope_at(f, 0), exponent == 1 ? 1 : 0);
    EXPECT_EQ(bend_at(f, 0), exponent == 2 ? 2 : 0);
    EXPECT_EQ(third_at(f, 0), exponent == 3 ? 6 : 0);
  }
  auto one = [](const Array& x) { return pow(x, at(0)); };
  EXPECT_EQ(slope_at(one, 0), 0);
  EXPECT_EQ(bend_at(one, 0), 0);
  EXPECT_EQ(slope_at(one, 2), 0);
  // A negative base has whole powers, whose derivative by the exponent is taken to be 0.
  EXPECT_EQ(slope_at([](const Array& b) { return pow(at(-2), b); }, 3), 0);
}

// The square of a norm is the sum of squares, whose Hessian is 2 I, at 0 too.
TEST(Kinks, TheSquareOfANormIsSmooth) {
  const std::vector<std::function<Array(const Array&)>> squares{
      [](const Array& x) { return square(norm(x)); },
      [](const Array& x) {
        const Array n = norm(x);
        return n * n;
      },
      [](const Array& x) { return pow(norm(x), 2); }};
  const auto expect_smooth = [](const auto& f) {
    for (const Array& x : {Array::zeros({3}, DType::f64), Array({1, -2, 0.5}, DType::f64)}) {
      const Array doubled = 2 * eye(3, DType::f64);
      EXPECT_LE(max(abs(hessian(f)(x) - doubled)).item(), 1e-15);
      EXPECT_LE(max(abs(jacobian(grad(f))(x) - doubled)).item(), 1e-15);
      EXPECT_TRUE(same_bits(jit(f)(x), f(x)));
      EXPECT_LE(max(abs(grad(f)(x) - 2 * x)).item(), 1e-15);
    }
    const Array huge = Array::full({3}, 1e200, DType::f64);
    EXPECT_TRUE(same_bits(jit(f)(huge), f(huge)));  // infinite
  };
  for (const auto& f : squares) {
    expect_smooth(f);
    expect_smooth(jit(f));
    expect_smooth(checkpoint(f));
    const Array lanes = vmap(hessian(f))(Array::zeros({4, 3}, DType::f64));
    EXPECT_TRUE(same_bits(lanes, broadcast_to(2 * eye(3, DType::f64), {4, 3, 3})));
  }
}

// Functions of several elements where all of them are equal, zero among them.
TEST(Kinks, FunctionsOfEqualElementsAreSmooth) {
  const double third = 1.0 / 3;
  const Array same = Array::full({3, 3}, third, DType::f64), one = eye(3, DType::f64);
  for (const double value : {-2.0, 0.0, 700.0}) {
    const Array x = Array::full({3}, value, DType::f64);
    const auto expect_hessian = [&](const auto& f, const Array& wanted) {
      EXPECT_LE(max(abs(hessian(f)(x) - wanted)).item(), 1e-15) << value;
      EXPECT_LE(max(abs(jacobian(grad(f))(x) - wanted)).item(), 1e-15) << value;
    };
    // Of log sum exp: diag(p) - p pᵀ, p = 1/3.
    const Array of_logsumexp = third * one - third * same;
    expect_hessian([](const Array& v) { return logsumexp(v, 0); }, of_logsumexp);
    expect_hessian([](const Array& v) { return neg(sum(log_softmax(v, 0))); }, 3 * of_logsumexp);
    expect_hessian([](const Array& v) { return sum(softmax(v, 0)); }, 0 * one);
    expect_hessian([](const Array& v) { return variance(v); }, 2 * third * (one - same));
    expect_hessian([](const Array& v) { return square(mean(v)); }, 2 * third * same);
  }
}

// Of a base that is not positive no derivative by the exponent is taken, in whatever order: the Hessian is
// symmetric.
TEST(Kinks, PowersOfOtherBasesHaveSymmetricSecondDerivatives) {
  const auto f = [](const Array& p) { return sum(pow(row(p, 0), row(p, 1))); };
  for (const auto& [a, b] :
       std::vector<std::pair<double, double>>{{-1, 2}, {-2, 3}, {0, 1}, {0, 2}, {0, 3}}) {
    const Array at_both({a, b}, DType::f64);
    const double twice = b == 1 ? 0 : b * (b - 1) * std::pow(a, b - 2);
    const Array of_a({{twice, 0}, {0, 0}}, DType::f64);
    EXPECT_TRUE(same_bits(hessian(f)(at_both) + 0, of_a + 0)) << a << " to " << b << hessian(f)(at_both);
    EXPECT_TRUE(same_bits(jacobian(grad(f))(at_both) + 0, of_a + 0)) << a << " to " << b;
  }
}

// What stays as it is in other libraries, as ops.h says, with the ways round that it names.
TEST(Kinks, WaysRoundGiveDerivativesWhereThereAreNone) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto gradient = [](auto f, const Array& x) { return grad(f)(x).to_doubles(); };
  EXPECT_TRUE(std::isnan(slope_at([](const Array& x) { return select(x > 0, sqrt(x), 0); }, 0)));
  const Array lost = Array::full({2}, -inf, DType::f64), same = Array::full({2}, 3, DType::f64);
  EXPECT_EQ(logsumexp(lost, 0).item(), -inf);
  EXPECT_TRUE(std::isnan(gradient([](const Array& x) { return logsumexp(x, 0); }, lost)[0]));
  EXPECT_THAT(gradient([](const Array& x) { return logsumexp(maximum(x, -1e30), 0); }, lost),
              ElementsAre(0, 0));
  EXPECT_TRUE(std::isnan(gradient([](const Array& x) { return sqrt(variance(x)); }, same)[0]));
  EXPECT_THAT(gradient([](const Array& x) { return sqrt(variance(x) + 1e-12); }, same), ElementsAre(0, 0));
  EXPECT_EQ(slope_at([](const Array& b) { return pow(at(-2), b); }, 2), 0);
  EXPECT_NEAR(slope_at([](const Array& b) { return pow(abs(at(-2)), b); }, 2), 4 * std::log(2.0), 1e-14);
}

// The choice not taken must not leak nan into the derivative when it is written as select of a safe operand.
TEST(Kinks, ASafeOperandKeepsNanOut) {
  auto f = [](const Array& x) {
    const Array positive = x > 0;
    return select(positive, sqrt(select(positive, x, 1)), 0);
  };
  EXPECT_EQ(slope_at(f, -1), 0);
  EXPECT_EQ(slope_at(f, 4), 0.25);
}

}  // namespace
}  // namespace runnel::laws
