// What optimisers end at, where mathematics says it: least-norm solutions, fixed points, rates that tune
// themselves.
#include "optim/support.h"
#include "runnel/linalg.h"

namespace runnel {
namespace {

using namespace optim;

Rates eta(double value) { return {{"learning_rate", f64(value)}}; }

struct Named {
  const char* name;
  Optimizer rule;
  double rate;
};

// Steps that stay in the span of the gradients: every one of these adds multiples of rows of x.
std::vector<Named> in_the_row_space() {
  return {{"sgd", sgd(), 0.05},
          {"heavy ball", momentum(), 0.01},
          {"nesterov", momentum(Momentum::nesterov), 0.01},
          {"adagrad norm", adagrad_norm(), 1},
          {"adagrad norm lagged", adagrad_norm({{"initial_accumulator", f64(1)}}, Accumulator::lagged), 1},
          {"adagrad full", adagrad_full(), 1}};
}

// Those that divide each coordinate by its own scale leave it. Their steps need not shrink by themselves, so
// their rate is halved every 500 steps.
std::vector<Named> by_coordinate() {
  auto falling = [](const Optimizer& rule) { return chain({rule, scheduled(exponential_decay(500, 0.5))}); };
  const Rates tiny{{"eps", f64(1e-30)}};
  return {{"adagrad", adagrad(tiny), 0.5},       {"rmsprop", falling(rmsprop(tiny)), 0.02},
          {"adam", falling(adam(tiny)), 0.02},   {"amsgrad", falling(amsgrad(tiny)), 0.02},
          {"nadam", falling(nadam(tiny)), 0.02}, {"sign descent", falling(sign_descent()), 0.02},
          {"lion", falling(lion()), 0.02}};
}

// Mean squared error of rows x and targets t, and what linear algebra says of it.
struct Regression {
  Array x, t;

  Array slope(const Array& w) const {
    return 2.0 / static_cast<double>(t.size()) * matmul(transpose(x), matmul(x, w) - t);
  }
  // xᵀ (x xᵀ)⁻¹ v
  Array through_rows(const Array& v) const {
    const Array l = cholesky(matmul(x, transpose(x)));
    return matmul(transpose(x), triangular_solve(l, triangular_solve(l, v), true, true));
  }
  double residual(const Array& w) const { return norm(matmul(x, w) - t).item(); }
  // The part of w that rows of x cannot make.
  Array off_rows(const Array& w) const { return w - through_rows(matmul(x, w)); }
};

Array zeros(std::int64_t n) { return Array::zeros({n}, DType::f64); }

TEST(LeastNorm, IsReachedByRulesThatStayInTheRowSpaceOnly) {
  const Regression r{normals({10, 40}, 4), normals({10}, 5)};
  auto slope = [&](const Array& w) { return r.slope(w); };
  const Array least = r.through_rows(r.t);
  const double size = norm(least).item();
  const Array start = normals({40}, 6);
  const Array from_start = r.through_rows(r.t - matmul(r.x, start)) + start;
  for (const Named& n : in_the_row_space()) {
    SCOPED_TRACE(n.name);
    const bool full = std::string_view(n.name) == "adagrad full";
    const std::int64_t steps = full ? 400 : 20000;
    const double tolerance = full ? 1e-8 : 1e-12;
    const Array w = descend(n.rule, slope, zeros(40), steps, eta(n.rate));
    EXPECT_LT(r.residual(w), 1e-8);
    EXPECT_LT(norm(w - least).item() / size, tolerance);
    EXPECT_LT(norm(r.off_rows(w)).item() / size, tolerance);
    // From elsewhere the part off the rows stays, and the two parts are at right angles.
    const Array other = descend(n.rule, slope, start, steps, eta(n.rate));
    EXPECT_LT(norm(other - from_start).item() / norm(start).item(), tolerance);
    EXPECT_NEAR(sum(square(other)).item(), sum(square(least)).item() + sum(square(other - least)).item(),
                100 * tolerance * sum(square(other)).item());
  }
  for (const Named& n : by_coordinate()) {
    SCOPED_TRACE(n.name);
    const Array w = descend(n.rule, slope, zeros(40), 20000, eta(n.rate));
    EXPECT_LT(r.residual(w), 1e-8);
    EXPECT_GT(norm(w - least).item() / size, 0.1);
    EXPECT_GT(norm(r.off_rows(w)).item() / size, 0.1);
  }
}

// Mini-batches are rows too.
TEST(LeastNorm, IsReachedOnMiniBatches) {
  const Regression r{normals({10, 40}, 4), normals({10}, 5)};
  auto slope = [&](const Array& w, const Array& count) {
    const Array rows = random::permutation(random::fold_in(random::key(8), count), 10);
    const Array some = slice(rows, 0, 0, 3);
    const Regression batch{gather(r.x, some), gather(r.t, some)};
    return batch.slope(w);
  };
  const Array w = descend_by_step(sgd(), slope, zeros(40), 20000, eta(0.02)).first;
  const Array least = r.through_rows(r.t);
  EXPECT_LT(norm(w - least).item() / norm(least).item(), 1e-12);
}

// Where there are more rows than columns there is one minimum, and every rule ends there.
TEST(LeastNorm, IsNoQuestionWithMoreRowsThanColumns) {
  const Regression r{normals({12, 4}, 9), normals({12}, 10)};
  auto slope = [&](const Array& w) { return r.slope(w); };
  const Array wanted = nn::minimum_norm(r.x, r.t);
  for (const auto& rules : {in_the_row_space(), by_coordinate()})
    for (const Named& n : rules) {
      const Array w = descend(n.rule, slope, zeros(4), 20000, eta(n.rate));
      EXPECT_LT(norm(w - wanted).item(), 1e-8) << n.name;
    }
}

// With one row the coordinate-wise rules go along the signs of x: the solution t sign(x) / |x|₁, which has
// the smallest largest element.
TEST(LeastLargestElement, IsReachedFromOneRow) {
  const Regression r{normals({1, 5}, 11), vec({1.5})};
  auto slope = [&](const Array& w) { return r.slope(w); };
  const Array row_of_x = row(r.x, 0);
  const Array wanted = 1.5 * sign(row_of_x) / sum(abs(row_of_x));
  for (const Named& n : by_coordinate()) {
    SCOPED_TRACE(n.name);
    expect_near(descend(n.rule, slope, zeros(5), 20000, eta(n.rate)), wanted, 1e-10);
  }
}

// A published loop, said to be RMSProp, is AdaGrad that divides by the squares before this step's: from 1,
// without eps. While the residual is 2 still, step k is eta (8, 4) / sqrt(1 + (64, 16) k): the weights part
// by eta times the sum of the differences, and end on the line that far apart, to first order in the rate.
TEST(LaggedAdaGrad, EndsAtThePublishedNumber) {
  const Rates as_published{{"initial_accumulator", f64(1)}, {"eps", f64(0)}};
  const Optimizer rule = adagrad(as_published, Accumulator::lagged);
  const Array w = descend(rule, slope_of_line, vec({0, 0}), 100000, eta(0.01));
  expect_near(w, vec({0.6802200705, 0.6395598590}), 5e-10);
  EXPECT_TRUE(same_bits(w, descend(rule, slope_of_line, vec({0, 0}), 100001, eta(0.01))));
  double literal[2] = {0, 0}, v[2] = {1, 1};
  for (int step = 0; step < 100000; ++step) {
    const double residual = 2 * literal[0] + literal[1] - 2;
    const double g[2] = {4 * residual, 2 * residual};
    for (int i = 0; i < 2; ++i) {
      literal[i] -= 0.01 * g[i] / std::sqrt(v[i]);
      v[i] += g[i] * g[i];
    }
  }
  expect_near(w, vec({literal[0], literal[1]}), 1e-14);
  double apart = 0;
  for (double k = 0; k < 1e6; ++k) apart += 8 / std::sqrt(1 + 64 * k) - 4 / std::sqrt(1 + 16 * k);
  for (const double rate : {0.005, 0.02}) {
    const Array end = descend(rule, slope_of_line, vec({0, 0}), 400000, eta(rate));
    expect_near(end, vec({(2 + apart * rate) / 3, (2 - 2 * apart * rate) / 3}), rate * rate);
  }
}

// With this step's squares, from 0 and without eps, the first step has the signs of the gradient, so both
// weights stay equal at every rate.
TEST(AdaGrad, EndsAtTwoThirdsAtEveryRate) {
  for (const double rate : {0.05, 0.5, 2.0, 20.0})
    expect_near(descend(adagrad({{"eps", f64(0)}}), slope_of_line, vec({0, 0}), 5000, eta(rate)),
                vec({2.0 / 3, 2.0 / 3}), 1e-10);
}

// (10 (w1 - 1)² + 0.1 (w2 - 1)²) / 2; w stands as a matrix, so that it counts as a weight.
Array column(double a, double b) { return expand_dims(vec({a, b}), 1); }

TEST(Decay, EndsWhereThePenaltyDoesForGradientDescentOnly) {
  auto slope = [](const Array& w) { return column(10, 0.1) * (w - 1); };
  const double rate = 0.01, decay = 0.001;
  const Array ridge = column(10 / 10.1, 0.5);  // H c / (H + decay / rate)
  auto end = [&](const Optimizer& rule, const Rates& rates) {
    return descend(rule, slope, column(0, 0), 20000, rates);
  };
  const Rates with_decay{{"learning_rate", f64(rate)}, {"weight_decay", f64(decay)}};
  const Rates with_l2{{"learning_rate", f64(rate)}, {"l2", f64(decay / rate)}};
  expect_near(end(chain({sgd(), decay_weights()}), with_decay), ridge, 1e-6);
  expect_near(end(chain({add_l2(), adam()}), with_l2), ridge, 1e-6);
  for (const Optimizer& rule : {adam(), nadam(), amsgrad()}) {
    const Array w = end(chain({rule, decay_weights()}), with_decay);
    EXPECT_GT(w.at({1, 0}) - ridge.at({1, 0}), 0.3);
  }
}

TEST(Decay, IsThePenaltyInEveryStepOfGradientDescent) {
  const Regression r{normals({20, 3}, 12), normals({20}, 13)};
  auto slope = [&](const Array& w) { return expand_dims(r.slope(squeeze(w, 1)), 1); };
  const Array start = expand_dims(normals({3}, 14), 1);
  const double rate = 0.02, decay = 0.05;
  auto after = [&](std::int64_t steps, const Optimizer& rule, const Rates& rates) {
    return descend(rule, slope, start, steps, rates);
  };
  for (const std::int64_t steps : {1, 3, 10}) {
    const Array a = after(steps, chain({sgd(eta(rate)), decay_weights()}), {{"weight_decay", f64(decay)}});
    const Array b = after(steps, chain({add_l2(), sgd(eta(rate))}), {{"l2", f64(decay / rate)}});
    expect_near(a, b, 1e-13);
    EXPECT_GT(norm(a - after(steps, sgd(eta(rate)), {})).item(), 0.01);
  }
}

// Losses (w - c)² / 2 with c = 0, 0, 0, 0, 10 have their mean at 2. Clipping each example's gradient to tau
// moves the fixed point to min(tau / 4, 2), a Huber estimate of location between median and mean.
TEST(ClippingEachExample, IsAHuberEstimateOfLocation) {
  const Array centres = vec({0, 0, 0, 0, 10});
  auto loss = [](const Array& w, const Array& c) { return 0.5 * square(w - c); };
  for (const double tau : {0.1, 1.0, 2.0, 4.0, 8.0, 100.0}) {
    auto slope = [&](const Array& w) { return value_and_clipped_grad(loss, w, centres, f64(tau)).second; };
    const Array w = descend(sgd(), slope, f64(1), 3000, eta(0.1));
    EXPECT_NEAR(w.item(), std::min(tau / 4, 2.0), 1e-9) << tau;
  }
}

TEST(ClippingEachExample, IsThePlainGradientBelowItsThreshold) {
  const nn::Mlp mlp = nn::init_mlp(random::key(1), {3, 4, 1}, nn::Activation::tanh, 0.1, DType::f64);
  const std::pair<Array, Array> rows(normals({9, 3}, 2), normals({9}, 3));
  auto loss = [](const nn::Mlp& m, const std::pair<Array, Array>& row) {
    return sum(square(nn::forward(m, expand_dims(row.first, 0), nn::Activation::tanh) - row.second));
  };
  auto mean_loss = [&](const nn::Mlp& m) {
    return mean(vmap([&](const Array& x, const Array& y) {
      return loss(m, {x, y});
    })(rows.first, rows.second));
  };
  auto leaves_near = [](const nn::Mlp& a, const nn::Mlp& b, double tolerance) {
    const Leaves x = tree::flatten(a), y = tree::flatten(b);
    for (std::size_t i = 0; i < x.size(); ++i) expect_near(x[i], y[i], tolerance);
  };
  const auto [value, plain] = value_and_grad(mean_loss)(mlp);
  const auto [same_value, far] = value_and_clipped_grad(loss, mlp, rows, f64(1e6));
  EXPECT_NEAR(value.item(), same_value.item(), 1e-14);
  leaves_near(far, plain, 1e-14);
  // Below it: the mean, by a loop, of single gradients shortened by hand.
  const double limit = 0.4;
  nn::Mlp by_hand = tree::map([](const Array& leaf) { return 0 * leaf; }, mlp);
  int shortened = 0;
  for (std::int64_t i = 0; i < 9; ++i) {
    const std::pair one(row(rows.first, i), row(rows.second, i));
    const nn::Mlp g = grad([&](const nn::Mlp& m) { return loss(m, one); })(mlp);
    double size = 0;
    for (const Array& leaf : tree::flatten(g)) size += sum(square(leaf)).item();
    const double factor = std::min(1.0, limit / std::sqrt(size));
    shortened += factor < 1;
    by_hand = tree::map([&](const Array& a, const Array& b) { return a + factor / 9 * b; }, by_hand, g);
  }
  EXPECT_GT(shortened, 0);
  EXPECT_LT(shortened, 9);
  leaves_near(value_and_clipped_grad(loss, mlp, rows, f64(limit)).second, by_hand, 1e-14);
}

// Clipping by norm keeps a direction, clipping each coordinate turns it.
TEST(Clipping, ByNormKeepsDirectionsAndByValueTurnsThem) {
  const Array g = vec({3, -0.5});
  auto clipped = [&](const Optimizer& rule) { return update(rule, g, init(rule, g), g).first; };
  auto sine = [&](const Array& v) {
    return (g.at({0}) * v.at({1}) - g.at({1}) * v.at({0})) / (norm(g) * norm(v)).item();
  };
  EXPECT_NEAR(sine(clipped(clip_by_global_norm(1))), 0, 1e-14);
  EXPECT_GT(std::abs(sine(clipped(clip_by_value(1)))), 0.1);
}

// On (w1² + 10 w2²) / 2 gradient descent diverges above 2 / 10 and only there; divided by the root of the
// summed squared norms every rate converges, and what it is divided by comes to rest.
TEST(ScalarAdaGrad, ConvergesAtEveryRate) {
  auto slope = [](const Array& w) { return vec({1, 10}) * w; };
  const Array start = vec({1, 1});
  for (const double rate : {0.05, 0.19, 0.21, 1.0, 10.0, 100.0}) {
    SCOPED_TRACE(rate);
    const double plain = norm(descend(sgd(), slope, start, 20000, eta(rate))).item();
    EXPECT_EQ(rate > 0.2, !(plain < 1));
    auto at_half = descend_by_step(
        adagrad_norm(), [&](const Array& w, const Array&) { return slope(w); }, start, 10000, eta(rate));
    auto at_end = descend_by_step(
        adagrad_norm(), [&](const Array& w, const Array&) { return slope(w); }, start, 20000, eta(rate));
    EXPECT_LT(norm(at_end.first).item(), 1e-6);
    const double before = at_half.second.slots.at("square")[0].item();
    EXPECT_NEAR(at_end.second.slots.at("square")[0].item() / before, 1, 2e-6);
  }
}

// Under noise that stays, the effective rate falls as 1 / sqrt(t).
TEST(ScalarAdaGrad, SlowsDownUnderNoise) {
  auto slope = [](const Array& w, const Array& count) {
    return vec({1, 10}) * w + random::normal(random::fold_in(random::key(19), count), {2}, DType::f64);
  };
  auto effective = [&](std::int64_t steps) {
    const auto [w, state] = descend_by_step(adagrad_norm(), slope, vec({1, 1}), steps, eta(1));
    return 1 / std::sqrt(state.slots.at("square")[0].item());
  };
  const double exponent = std::log(effective(20000) / effective(2000)) / std::log(10.0);
  EXPECT_NEAR(exponent, -0.5, 0.02);
}

}  // namespace
}  // namespace runnel
