// A descent is its steps: a loop of update and apply, to the last bit.
#include "optim/configurations.h"

namespace runnel {
namespace {

using Params = std::pair<Array, Array>;

Params gradient(const Params& p) {
  return grad([](const Params& q) -> Array {
    return sum(square(q.first) * vec({1, 4})) + square(q.second - dot(q.first, q.first));
  })(p);
}
const Params& first() {
  static const Params p(vec({0.5, -1}), f64(0.25));
  return p;
}

void expect_same(const Params& a, const Params& b) {
  EXPECT_TRUE(same_bits(a.first, b.first));
  EXPECT_TRUE(same_bits(a.second, b.second));
}

TEST(Descend, IsTheLoopOfItsSteps) {
  for (const Configuration& c : configurations()) {
    if (std::string_view(c.name).find("full") != std::string_view::npos) continue;  // LAPACK's bits
    SCOPED_TRACE(c.name);
    Params params = first();
    optim::State state = optim::init(c.rule, params);
    for (int i = 0; i < 6; ++i) {
      auto [updates, next] = optim::update(c.rule, gradient(params), state, params);
      params = optim::apply(params, updates);
      state = next;
    }
    auto run = [&](const Params& from) {
      return optim::descend(c.rule, gradient, optim::start(c.rule, from), 6);
    };
    const auto end = jit(run)(first());
    expect_same(end.params, params);
    EXPECT_EQ(end.state.count.item(), 6);
    const auto halfway = optim::descend(c.rule, gradient, optim::start(c.rule, first()), 2);
    expect_same(optim::descend(c.rule, gradient, halfway, 4).params, params);
  }
}

TEST(Descend, WatchSeesTheDescentAsItGoes) {
  const optim::Optimizer rule = optim::momentum();
  const auto from = optim::start(rule, first());
  auto see = [](const optim::Descent<Params>& at) { return at.params; };
  for (const std::int64_t every : {1, 3}) {
    const auto [end, seen] = optim::watch(rule, gradient, see, from, 4, every);
    for (std::int64_t i = 0; i < 4; ++i)
      expect_same({row(seen.first, i), row(seen.second, i)},
                  optim::descend(rule, gradient, from, (i + 1) * every).params);
    expect_same(end.params, optim::descend(rule, gradient, from, 4 * every).params);
  }
}

// w = w - eta t for the gradient t = 0, 1, 2, … of step t.
TEST(Descend, TellsItsGradientHowManyStepsWereTaken) {
  const optim::Optimizer rule = optim::sgd({{"learning_rate", f64(0.5)}});
  auto slope = [](const Array& w, const Array& count) { return 0 * w + convert(count, DType::f64); };
  EXPECT_EQ(optim::descend(rule, slope, optim::start(rule, f64(10)), 5).params.item(), 10 - 0.5 * 10);
}

// On w² / 2 the weight after t steps is (1 - eta)^t w; lanes of rates, and the derivative by the rate.
// What grad makes of a loss is a gradient, whichever transforms it went through, and so is one that takes the
// steps taken so far.
TEST(Descend, TakesTheGradientsOfLosses) {
  const auto loss = [](const Array& w) { return sum(square(w - 1)); };
  const auto generic = [](const auto& w) { return sum(square(w - 1)); };
  const auto counted = [](const Array& w, const Array& count) {
    return sum(square(w - 1)) + 0 * sum(w) * convert(count, DType::f64);
  };
  const auto from = optim::start(optim::sgd(), vec({3, -1}), {{"learning_rate", f64(0.25)}});
  const Array end = vec({1 + 2 * 0.125, 1 - 2 * 0.125});  // (1 - 2 · 0.25)³ = 1/8 of the way is left
  const auto expect_end = [&](const auto& gradient) {
    EXPECT_TRUE(same_bits(optim::descend(optim::sgd(), gradient, from, 3).params, end));
  };
  expect_end(grad(loss));
  expect_end(grad(generic));
  expect_end(jit(grad(loss)));
  expect_end(grad(jit(loss)));
  expect_end(grad(checkpoint(loss)));
  expect_end(grad(counted));
  expect_end(jit(grad(counted)));
}

TEST(Descend, GoesThroughLanesAndDerivatives) {
  const optim::Optimizer rule = optim::sgd();
  auto end = [&](const Array& eta) -> Array {
    const auto from = optim::start(rule, f64(3), {{"learning_rate", eta}});
    return optim::descend(
               rule, [](const Array& w) { return w; }, from, 7)
        .params;
  };
  const Array etas = vec({0.1, 0.5, 1.5});
  const Array ends = jit(vmap(end))(etas), slopes = vmap(grad(end))(etas);
  for (std::int64_t i = 0; i < 3; ++i) {
    const double eta = etas.at({i});
    EXPECT_NEAR(ends.at({i}), 3 * std::pow(1 - eta, 7), 1e-14);
    EXPECT_NEAR(slopes.at({i}), -21 * std::pow(1 - eta, 6), 1e-13);
  }
}

}  // namespace
}  // namespace runnel
