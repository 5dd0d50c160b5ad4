// States as trees, rates as lanes, derivatives through training: laws that hold for every rule.
#include "optim/configurations.h"

namespace runnel {
namespace {

using optim::Leaves;
using optim::Optimizer;
using optim::Rates;

nn::Mlp model(DType dtype = DType::f64) {
  return nn::init_mlp(random::key(1), {2, 4, 1}, nn::Activation::tanh, 0, dtype);
}

Array loss_of(const nn::Mlp& m) {
  const DType dtype = m.layers[0].w.dtype();
  const Array x = convert(normals({6, 2}, 2), dtype);
  const Array y = convert(normals({6, 1}, 3), dtype);
  return nn::squared_error(nn::forward(m, x, nn::Activation::tanh), y);
}

using Carry = std::pair<nn::Mlp, optim::State>;

Carry one_step(const Optimizer& rule, const Carry& carry) {
  auto [updates, next] = optim::update(rule, grad(loss_of)(carry.first), carry.second, carry.first);
  return {optim::apply(carry.first, updates), next};
}

constexpr std::int64_t kSteps = 6;

// A small network after six steps on six rows.
nn::Mlp trained(const Optimizer& rule, const nn::Mlp& start, const Rates& rates) {
  auto step = [&](const Carry& carry, const Array&) {
    return std::pair(one_step(rule, carry), std::tuple<>());
  };
  return scan_n(step, Carry(start, optim::init(rule, start, rates)), kSteps).first.first;
}
Array trained_loss(const Optimizer& rule, const nn::Mlp& start, const Rates& rates) {
  return loss_of(trained(rule, start, rates));
}

// Every rate of a rule, each with a value of its own in every lane.
Rates lanes_of_rates(const Optimizer& rule) {
  const Array part{1, 0.97, 0.9, 0.8, 0.6};
  Rates lanes;
  for (const auto& [name, value] : rule.rates)
    lanes[name] = part * (name == "learning_rate" ? 0.1f : name == "eps_root" ? 1e-3f : float(value.item()));
  return lanes;
}

::testing::AssertionResult same_models(const nn::Mlp& a, const nn::Mlp& b) {
  const Leaves left = tree::flatten(a);
  const Leaves right = tree::flatten(b);
  for (std::size_t i = 0; i < left.size(); ++i)
    if (!same_bits(left[i], right[i])) return ::testing::AssertionFailure() << "leaf " << i;
  return ::testing::AssertionSuccess();
}

TEST(EveryRule, GivesTheSameBitsAloneAbreastAndCompiled) {
  for (const Configuration& c : configurations()) {
    SCOPED_TRACE(c.name);
    const nn::Mlp start = model(DType::f32);
    const Rates lanes = lanes_of_rates(c.rule);
    auto run = [&](const Rates& rates) { return trained(c.rule, start, rates); };
    const nn::Mlp abreast = vmap(run)(lanes);
    EXPECT_TRUE(same_models(abreast, jit(vmap(run))(lanes)));
    for (std::int64_t k = 0; k < 5; ++k) {
      SCOPED_TRACE(k);
      auto of_lane = [&](const auto& block) {
        return tree::map([&](const Array& leaf) { return row(leaf, k); }, block);
      };
      const Rates rates = of_lane(lanes);
      const nn::Mlp alone = run(rates);
      EXPECT_TRUE(same_models(of_lane(abreast), alone));
      EXPECT_TRUE(same_models(jit(run)(rates), alone));
      Carry carry(start, optim::init(c.rule, start, rates));
      for (std::int64_t step = 0; step < kSteps; ++step) carry = one_step(c.rule, carry);
      EXPECT_TRUE(same_models(carry.first, alone)) << "a loop of single steps";
      EXPECT_FALSE(same_models(start, alone));
      for (const Array& leaf : tree::flatten(alone))
        for (double value : leaf.to_doubles()) EXPECT_TRUE(std::isfinite(value));
    }
  }
}

TEST(EveryRule, LowersTheLoss) {
  for (const Configuration& c : configurations()) {
    const double before = trained_loss(c.rule, model(), {{"learning_rate", f64(0)}}).item();
    EXPECT_LT(trained_loss(c.rule, model(), {{"learning_rate", f64(0.01)}}).item(), before - 1e-4) << c.name;
  }
}

// The derivative of the final loss with respect to every rate, through all steps.
TEST(EveryRule, HasHypergradients) {
  for (const Configuration& c : configurations()) {
    for (const auto& [name, value] : c.rule.rates) {
      Rates rates = c.rule.rates;
      rates["learning_rate"] = f64(0.02);
      if (rates.contains("eps_root")) rates["eps_root"] = f64(1e-3);
      auto loss = [&, key = name](const Array& rate) {
        Rates r = rates;
        r[key] = rate;
        return trained_loss(c.rule, model(), r);
      };
      const double slope = grad(loss)(rates.at(name)).item();
      EXPECT_NEAR(slope, central_differences(loss, rates.at(name), 1e-6).item(), 1e-6 * (1 + std::abs(slope)))
          << c.name << ", " << name;
    }
  }
}

// The derivative by the weights that training starts from, along a direction and back through all steps.
TEST(EveryRule, HasDerivativesByItsStart) {
  for (const Configuration& c : configurations()) {
    Rates rates{{"learning_rate", f64(0.02)}};
    if (c.rule.rates.contains("eps_root")) rates["eps_root"] = f64(1e-3);
    const nn::Mlp direction = nn::init_mlp(random::key(7), {2, 4, 1}, nn::Activation::tanh, 0.1, DType::f64);
    auto moved = [&](const Array& by) {
      return tree::map([&](const Array& w, const Array& v) { return w + by * v; }, model(), direction);
    };
    auto along = [&](const Array& by) { return trained_loss(c.rule, moved(by), rates); };
    const double slope = grad(along)(f64(0)).item();
    EXPECT_NEAR(slope, central_differences(along, f64(0), 1e-6).item(), 1e-6 * (1 + std::abs(slope)))
        << c.name;
    EXPECT_NEAR(slope, jvp(along, std::tuple(f64(0)), std::tuple(f64(1))).second.item(), 1e-12) << c.name;
    EXPECT_GT(std::abs(slope), 1e-4) << c.name;
  }
}

// After one step of gradient descent dL1/deta = -g(w1).g(w0), zero at the Cauchy step (n / 2) |x'a|² / |x
// x'a|².
TEST(Hypergradient, OfOneStepIsTheProductOfTwoGradients) {
  const Array x = normals({7, 3}, 4);
  const Array t = normals({7}, 5);
  const Array w0 = normals({3}, 6);
  auto loss = [&](const Array& w) { return nn::squared_error(matmul(x, w), t); };
  auto after = [&](const Array& rate) {
    const auto state = optim::init(optim::sgd(), w0, {{"learning_rate", rate}});
    return optim::apply(w0, optim::update(optim::sgd(), grad(loss)(w0), state, w0).first);
  };
  auto slope = [&](double rate) {
    return grad([&](const Array& r) { return loss(after(r)); })(f64(rate)).item();
  };
  EXPECT_NEAR(slope(0.1), -dot(grad(loss)(after(f64(0.1))), grad(loss)(w0)).item(), 1e-13);
  const Array xa = matmul(transpose(x), matmul(x, w0) - t);
  const double best = 7.0 / 2 * sum(square(xa)).item() / sum(square(matmul(x, xa))).item();
  EXPECT_NEAR(slope(best), 0, 1e-13);
}

TEST(State, IsOfTheModelsDtypeAndCountsSteps) {
  for (const Configuration& c : configurations()) {
    const nn::Mlp start = model(DType::f32);
    const auto state = optim::init(c.rule, start, {{"learning_rate", f64(0.1)}});
    for (const auto& [name, rate] : state.rates) EXPECT_EQ(rate.type(), (Type{DType::f32, {}})) << name;
    const auto [updates, next] = optim::update(c.rule, start, state, start);
    const auto before = tree::flatten(state);
    const auto after = tree::flatten(next);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].type(), after[i].type()) << c.name;
    EXPECT_EQ(next.count.item(), 1);
    EXPECT_EQ(state.count.item(), 0);  // the state given is left as it was
    EXPECT_EQ(updates.layers[0].w.dtype(), DType::f32);
  }
}

TEST(State, MistakesAreNamed) {
  const nn::Mlp start = model();
  const std::string text = error_of([&] { optim::init(optim::sgd(), start, {{"learning_rat", f64(1)}}); });
  EXPECT_NE(text.find("unknown rate learning_rat; its rates are: learning_rate"), std::string::npos) << text;
  EXPECT_NE(error_of([&] {
              optim::adam({{"rho", f64(1)}});
            }).find("beta1, beta2, eps, eps_root, learning_rate"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              optim::chain({optim::sgd(), optim::adam()});
            }).find("two rules have a rate named learning_rate"),
            std::string::npos);
  EXPECT_THROW(optim::init(optim::sgd(), start, {{"learning_rate", vec({1, 2})}}), Error);
  EXPECT_THROW(optim::init(optim::sgd(), arange(3)), Error);
  const auto state = optim::init(optim::sgd(), start);
  EXPECT_NE(error_of([&] { optim::update(optim::sgd(), model(DType::f32), state, start); }).find("f32(2, 4)"),
            std::string::npos);
  EXPECT_THROW(optim::chain({}), Error);
}

}  // namespace
}  // namespace runnel
