// Clipping keeps directions; schedules have their values at the turning points.
#include <numbers>

#include "optim/support.h"

namespace runnel {
namespace {

using optim::Rates;

template <class Tree>
Tree clipped(const optim::Optimizer& rule, const Tree& gradients) {
  return optim::update(rule, gradients, optim::init(rule, gradients), gradients).first;
}

TEST(Clipping, ByNormKeepsTheDirectionOverAllLeaves) {
  const std::pair<Array, Array> g(Array({{3, 0}, {0, 4}}, DType::f64), vec({12}));  // norm 13
  const auto [a, b] = clipped(optim::clip_by_global_norm(2.6), g);
  expect_near(a, 0.2 * g.first, 1e-15);
  expect_near(b, 0.2 * g.second, 1e-15);
  const auto [c, d] = clipped(optim::clip_by_global_norm(13), g);
  EXPECT_TRUE(same_bits(c, g.first));
  EXPECT_TRUE(same_bits(d, g.second));
  EXPECT_TRUE(same_bits(clipped(optim::clip_by_global_norm(1), vec({0, 0})), vec({0, 0})));
}

// Its derivative is finite at a gradient of 0, and right on both sides of the threshold.
TEST(Clipping, ByNormHasDerivatives) {
  auto f = [](const Array& g) { return dot(vec({1, 2}), clipped(optim::clip_by_global_norm(1), g)); };
  for (const Array& g : {vec({0, 0}), vec({0.3, 0.4}), vec({3, -4})})
    expect_near(grad(f)(g), central_differences(f, g), 1e-9);
}

TEST(Clipping, ByValueLimitsEachElement) {
  expect_near(clipped(optim::clip_by_value(1.5), vec({-3, -1, 0, 1.5, 9})), vec({-1.5, -1, 0, 1.5, 1.5}), 0);
}

// Losses (w - c)² / 2 with c = 0, 0, 0, 0, 10 have their mean at 2. Clipping each example's gradient to tau
// moves the fixed point to tau / 4 for tau < 8 (a Huber location estimate): clipping is a bias.
TEST(Clipping, OfEachExampleMovesTheFixedPoint) {
  const Array centres = vec({0, 0, 0, 0, 10});
  for (const double tau : {1.0, 4.0, 9.0}) {
    auto gradient = [&](const Array& w) {
      return mean(
          vmap([&](const Array& c) { return clipped(optim::clip_by_global_norm(tau), w - c); })(centres));
    };
    const Array w = descend(optim::sgd(), gradient, f64(1), 500, {{"learning_rate", f64(0.1)}});
    EXPECT_NEAR(w.item(), tau < 8 ? tau / 4 : 2, 1e-12);
  }
}

TEST(Clipping, ThresholdsMustBePositive) {
  EXPECT_THROW(optim::clip_by_global_norm(0), Error);
  EXPECT_THROW(optim::clip_by_value(-1), Error);
  EXPECT_THROW(optim::clip_by_value(vec({1, 2})), Error);
}

double at(const optim::Schedule& schedule, int count) {
  return schedule(Array::scalar(count, DType::i32)).item();
}

TEST(Schedules, HaveTheirValues) {
  EXPECT_EQ(at(optim::constant(), 1000), 1);
  const auto steps = optim::step_decay(10, 0.5);
  EXPECT_EQ(at(steps, 0), 1);
  EXPECT_EQ(at(steps, 9), 1);
  EXPECT_EQ(at(steps, 10), 0.5);
  EXPECT_EQ(at(steps, 35), 0.125);
  EXPECT_NEAR(at(optim::exponential_decay(100, 0.9), 250), std::pow(0.9, 2.5), 1e-15);
}

TEST(Schedules, CosineRisesFallsAndStays) {
  const auto schedule = optim::cosine(4, 24, 0.1);
  EXPECT_EQ(at(schedule, 0), 0.25);
  EXPECT_EQ(at(schedule, 3), 1);
  EXPECT_EQ(at(schedule, 4), 1);
  EXPECT_NEAR(at(schedule, 9), 0.1 + 0.9 * 0.5 * (1 + std::cos(std::numbers::pi / 4)), 1e-15);
  EXPECT_NEAR(at(schedule, 14), 0.55, 1e-15);
  EXPECT_NEAR(at(schedule, 24), 0.1, 1e-15);
  EXPECT_NEAR(at(schedule, 100), 0.1, 1e-15);
  EXPECT_EQ(at(optim::cosine(0, 10), 0), 1);
  EXPECT_THROW(optim::cosine(10, 10), Error);
}

TEST(Schedules, InverseSqrtPeaksAtTheEndOfTheWarmUp) {
  const auto schedule = optim::inverse_sqrt(16);
  EXPECT_EQ(at(schedule, 0), 1.0 / 16);
  EXPECT_EQ(at(schedule, 15), 1);
  EXPECT_EQ(at(schedule, 63), 0.5);
}

TEST(Schedules, OneCycleRisesFallsAndEnds) {
  const auto schedule = optim::one_cycle(10, 30, 0.1, 0.01);
  EXPECT_NEAR(at(schedule, 0), 0.1, 1e-15);
  EXPECT_NEAR(at(schedule, 5), 0.55, 1e-15);
  EXPECT_EQ(at(schedule, 10), 1);
  EXPECT_NEAR(at(schedule, 15), 0.55, 1e-15);
  EXPECT_NEAR(at(schedule, 20), 0.1, 1e-15);
  EXPECT_NEAR(at(schedule, 25), 0.055, 1e-15);
  EXPECT_NEAR(at(schedule, 30), 0.01, 1e-15);
  EXPECT_NEAR(at(schedule, 99), 0.01, 1e-15);
  // No step of it is longer than the peak, and the cycle is symmetric.
  for (int t = 0; t <= 20; ++t) EXPECT_NEAR(at(schedule, t), at(schedule, 20 - t), 1e-15);
  EXPECT_THROW(optim::one_cycle(16, 30), Error);
  EXPECT_THROW(optim::one_cycle(0, 30), Error);
}

TEST(Schedules, WarmUpRisesAndThenBeginsAtTheBeginning) {
  const auto then = optim::step_decay(3, 0.5);
  const auto schedule = optim::warm_up(4, then);
  for (int t = 0; t < 4; ++t) EXPECT_EQ(at(schedule, t), (t + 1) / 4.0);
  for (int t = 4; t < 20; ++t) EXPECT_EQ(at(schedule, t), at(then, t - 4));
  const auto none = optim::warm_up(0, then);
  for (int t = 0; t < 20; ++t) EXPECT_EQ(at(none, t), at(then, t));
  EXPECT_THROW(optim::warm_up(-1, then), Error);
}

TEST(Schedules, ScaleTheUpdates) {
  const auto rule =
      optim::chain({optim::sgd({{"learning_rate", f64(1)}}), optim::scheduled(optim::step_decay(2, 0.5))});
  // A constant gradient of 1: steps of 1, 1, 1/2, 1/2, 1/4.
  const Array w = descend(
      rule, [](const Array& v) { return Array::ones(v.shape(), DType::f64); }, vec({0}), 5);
  EXPECT_EQ(w.at({0}), -3.25);
}

}  // namespace
}  // namespace runnel
