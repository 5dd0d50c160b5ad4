// States as trees, rates as lanes, derivatives through training: laws that hold for every rule.
#include "optim/support.h"

namespace runnel {
namespace {

using optim::Optimizer;
using optim::Rates;

struct Case {
  const char* name;
  Optimizer rule;
};

std::vector<Case> all_rules() {
  using optim::chain;
  return {{"sgd", optim::sgd()},
          {"heavy ball", optim::momentum()},
          {"nesterov", optim::momentum(optim::Momentum::nesterov)},
          {"adagrad", optim::adagrad()},
          {"rmsprop", optim::rmsprop()},
          {"adam", optim::adam()},
          {"adamw", optim::adamw(optim::rank_two_or_more, {{"weight_decay", f64(0.01)}})},
          {"clipped", chain({optim::clip_by_global_norm(0.5), optim::adam()})},
          {"limited", chain({optim::clip_by_value(0.3), optim::momentum()})},
          {"scheduled", chain({optim::add_l2(optim::rank_two_or_more, {{"l2", f64(0.1)}}), optim::adam(),
                               optim::scheduled(optim::cosine(2, 10, 0.1))})}};
}

nn::Mlp model(DType dtype = DType::f64) {
  return nn::init_mlp(random::key(1), {2, 4, 1}, nn::Activation::tanh, 0, dtype);
}

// The loss of a small network after six steps on six rows.
Array trained_loss(const Optimizer& rule, const nn::Mlp& start, const Rates& rates) {
  const DType dtype = start.layers[0].w.dtype();
  const Array x = convert(normals({6, 2}, 2), dtype);
  const Array y = convert(normals({6, 1}, 3), dtype);
  auto loss = [&](const nn::Mlp& m) { return nn::squared_error(nn::forward(m, x, nn::Activation::tanh), y); };
  auto step = [&](const std::pair<nn::Mlp, optim::State>& carry, const Array&) {
    auto [updates, next] = optim::update(rule, grad(loss)(carry.first), carry.second, carry.first);
    return std::pair(std::pair(optim::apply(carry.first, updates), next), std::tuple<>());
  };
  return loss(scan_n(step, std::pair(start, optim::init(rule, start, rates)), 6).first.first);
}

TEST(EveryRule, GivesTheSameBitsAloneAbreastAndCompiled) {
  const Array lanes{0.001, 0.01, 0.05, 0.1, 0.3};
  for (const Case& c : all_rules()) {
    const nn::Mlp start = model(DType::f32);
    auto run = [&](const Array& rate) { return trained_loss(c.rule, start, {{"learning_rate", rate}}); };
    const Array abreast = vmap(run)(lanes);
    EXPECT_TRUE(same_bits(abreast, jit(vmap(run))(lanes))) << c.name;
    for (std::int64_t k = 0; k < lanes.size(); ++k)
      EXPECT_TRUE(same_bits(row(abreast, k), run(row(lanes, k)))) << c.name << " lane " << k;
  }
}

TEST(EveryRule, LowersTheLoss) {
  for (const Case& c : all_rules()) {
    const double before = trained_loss(c.rule, model(), {{"learning_rate", f64(0)}}).item();
    EXPECT_LT(trained_loss(c.rule, model(), {{"learning_rate", f64(0.01)}}).item(), before - 1e-4) << c.name;
  }
}

// The derivative of the final loss with respect to every rate, through all steps.
TEST(EveryRule, HasHypergradients) {
  for (const Case& c : all_rules()) {
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
  for (const Case& c : all_rules()) {
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
