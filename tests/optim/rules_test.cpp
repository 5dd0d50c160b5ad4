// Every rule against closed forms, known end points and plain loops of the published algorithm.
#include "optim/support.h"
#include "runnel/linalg.h"

namespace runnel {
namespace {

using optim::Momentum;
using optim::Rates;

const Array kZero = vec({0, 0});

Rates eta(double value) { return {{"learning_rate", f64(value)}}; }

// On the line 2 w1 + w2 = 2 the residual is multiplied by 1 - 10 eta in every step: monotone below 0.1, done
// in one step at 0.1, alternating above, a 2-cycle at 0.2, diverging beyond.
TEST(Sgd, ResidualFactorOnTheLine) {
  for (const double rate : {0.05, 0.1, 0.15, 0.2, 0.25}) {
    double expected = -2;
    for (int steps = 1; steps <= 4; ++steps) {
      expected *= 1 - 10 * rate;
      const Array w = descend(optim::sgd(), slope_of_line, kZero, steps, eta(rate));
      EXPECT_NEAR(dot(vec({2, 1}), w).item() - 2, expected, 1e-14) << rate;
    }
  }
  expect_near(descend(optim::sgd(), slope_of_line, kZero, 60, eta(0.05)), vec({0.8, 0.4}), 1e-12);
}

// From 0 every step adds rows of x, so the limit is the solution of least norm, x'(x x')⁻¹ t; from w0 it is
// that plus what of w0 is orthogonal to the rows.
TEST(Sgd, AndMomentumReachTheSolutionOfLeastNorm) {
  const Array x = normals({3, 6}, 1);
  const Array t = normals({3}, 2);
  auto gradient = [&](const Array& w) { return 2.0 / 3 * matmul(transpose(x), matmul(x, w) - t); };
  const Array l = cholesky(matmul(x, transpose(x)));
  auto through_rows = [&](const Array& v) {
    return matmul(transpose(x), triangular_solve(l, triangular_solve(l, v), true, true));
  };
  const Array least = through_rows(t);
  const Array zero = Array::zeros({6}, DType::f64);
  const Array start = normals({6}, 3);
  const Array offset = start - through_rows(matmul(x, start));
  for (const auto& rule : {optim::sgd(), optim::momentum(), optim::momentum(Momentum::nesterov)}) {
    expect_near(descend(rule, gradient, zero, 20000, eta(0.02)), least, 1e-10);
    expect_near(descend(rule, gradient, start, 20000, eta(0.02)), least + offset, 1e-10);
  }
  // The limit is unique where gradient descent meets more rows than columns.
  expect_near(least, nn::minimum_norm(x, t), 1e-12);
}

// On a quadratic of curvature h the heavy ball obeys w'' = (1 + mu - eta h) w' - mu w, and Nesterov's form,
// whose parameters are the points where it looks ahead, w'' = (1 - eta h) ((1 + mu) w' - mu w).
TEST(MomentumRule, ObeysItsRecurrence) {
  const double h = 3;
  const double mu = 0.8;
  const double rate = 0.1;
  auto gradient = [&](const Array& w) { return h * w; };
  auto after = [&](Momentum form, std::int64_t steps) {
    const Rates rates{{"learning_rate", f64(rate)}, {"momentum", f64(mu)}};
    return descend(optim::momentum(form), gradient, vec({1}), steps, rates).at({0});
  };
  for (const Momentum form : {Momentum::heavy_ball, Momentum::nesterov}) {
    for (std::int64_t n = 0; n < 6; ++n) {
      const double now = after(form, n + 1);
      const double before = after(form, n);
      const double next = form == Momentum::heavy_ball ? (1 + mu - rate * h) * now - mu * before
                                                       : (1 - rate * h) * ((1 + mu) * now - mu * before);
      EXPECT_NEAR(after(form, n + 2), next, 1e-14);
    }
  }
}

TEST(MomentumRule, WithoutMomentumIsSgd) {
  const Array plain = descend(optim::sgd(), slope_of_line, kZero, 7, eta(0.03));
  for (const Momentum form : {Momentum::heavy_ball, Momentum::nesterov}) {
    const Rates rates{{"learning_rate", f64(0.03)}, {"momentum", f64(0)}};
    EXPECT_TRUE(same_bits(plain, descend(optim::momentum(form), slope_of_line, kZero, 7, rates)));
  }
}

TEST(AdaGrad, EndsOnTheLineWhereItsScalingLeads) {
  // Accumulators from 0 keep both steps equal, so the limit is where w1 = w2: not the solution of least norm.
  expect_near(descend(optim::adagrad(), slope_of_line, kZero, 1000, eta(0.5)), vec({2.0 / 3, 2.0 / 3}), 1e-8);
  const Rates from_one{{"learning_rate", f64(0.01)}, {"initial_accumulator", f64(1)}, {"eps", f64(0)}};
  expect_near(descend(optim::adagrad(), slope_of_line, kZero, 100000, from_one),
              vec({0.66687615, 0.66624770}), 1e-8);
}

TEST(RmsProp, EndsWhereItsFirstStepsLead) {
  auto limit = [](double rho, double start) {
    const Rates rates{{"learning_rate", f64(0.01)}, {"decay", f64(rho)}, {"initial_accumulator", f64(start)}};
    return descend(optim::rmsprop(), slope_of_line, kZero, 2000, rates);
  };
  for (const double rho : {0.9, 0.99, 0.999}) expect_near(limit(rho, 0), vec({2.0 / 3, 2.0 / 3}), 1e-7);
  expect_near(limit(0.9, 1), vec({0.67050581, 0.65898838}), 1e-8);
  expect_near(limit(0.99, 1), vec({0.72381461, 0.55237078}), 1e-8);
  expect_near(limit(0.999, 1), vec({0.78685897, 0.42628206}), 1e-8);
}

// With a rate of 0.1 it need not converge: it ends in a 2-cycle with residuals ±1.5 eta.
TEST(RmsProp, MayEndInACycle) {
  auto residual = [](std::int64_t steps) {
    return dot(vec({2, 1}), descend(optim::rmsprop(), slope_of_line, kZero, steps, eta(0.1))).item() - 2;
  };
  EXPECT_NEAR(std::abs(residual(5000)), 0.15, 1e-7);
  EXPECT_NEAR(residual(5000), -residual(5001), 1e-7);
}

TEST(Adam, EndsNearerToLeastNormTheGreaterEps) {
  auto limit = [](double eps) {
    return descend(optim::adam(), slope_of_line, kZero, 5000,
                   {{"learning_rate", f64(0.01)}, {"eps", f64(eps)}});
  };
  expect_near(limit(1e-8), vec({0.6666666671, 0.6666666659}), 1e-9);
  expect_near(limit(1), vec({0.69675, 0.60649}), 1e-5);
  expect_near(limit(10), vec({0.76612, 0.46776}), 1e-5);
}

// The corrected averages of the first step are g and g²: the step is eta times the sign of g.
TEST(Adam, FirstStepIsTheSignOfTheGradient) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Array g({3, -1e-4, 700, 0}, dtype);
    const Array w = Array::zeros({4}, dtype);
    const auto state = optim::init(optim::adam(), w,
                                   {{"learning_rate", f64(0.25)}, {"eps", f64(0)}, {"eps_root", f64(1e-30)}});
    expect_near(optim::update(optim::adam(), g, state, w).first, Array({-0.25, 0.25, -0.25, 0}, dtype),
                dtype == DType::f32 ? 1e-6 : 1e-15);
  }
}

// The algorithm of the paper as a plain loop.
TEST(Adam, IsAlgorithmOne) {
  const double b1 = 0.8, b2 = 0.95, rate = 0.05, eps = 1e-3, eps_root = 1e-4;
  double w[2] = {0, 0}, m[2] = {0, 0}, v[2] = {0, 0};
  for (int t = 1; t <= 50; ++t) {
    const double r = 2 * w[0] + w[1] - 2;
    const double g[2] = {4 * r, 2 * r};
    for (int i = 0; i < 2; ++i) {
      m[i] = b1 * m[i] + (1 - b1) * g[i];
      v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
      w[i] -=
          rate * m[i] / (1 - std::pow(b1, t)) / (std::sqrt(v[i] / (1 - std::pow(b2, t)) + eps_root) + eps);
    }
  }
  const Rates rates{{"learning_rate", f64(rate)},
                    {"beta1", f64(b1)},
                    {"beta2", f64(b2)},
                    {"eps", f64(eps)},
                    {"eps_root", f64(eps_root)}};
  expect_near(descend(optim::adam(), slope_of_line, kZero, 50, rates), vec({w[0], w[1]}), 1e-13);
}

// The published algorithms as plain loops on the line's gradients, one step of one weight at a time.
struct Scalars {
  double m = 0, v = 0, largest = 0;
};
template <class Step>
Array by_loop(int steps, Step step) {
  double w[2] = {0, 0};
  Scalars kept[2];
  for (int t = 1; t <= steps; ++t) {
    const double r = 2 * w[0] + w[1] - 2;
    const double g[2] = {4 * r, 2 * r};
    for (int i = 0; i < 2; ++i) w[i] += step(g[i], t, kept[i]);
  }
  return vec({w[0], w[1]});
}

constexpr double kB1 = 0.8, kB2 = 0.95, kRate = 0.05, kEps = 1e-3, kEpsRoot = 1e-4;
Rates of_adam() {
  return {{"learning_rate", f64(kRate)},
          {"beta1", f64(kB1)},
          {"beta2", f64(kB2)},
          {"eps", f64(kEps)},
          {"eps_root", f64(kEpsRoot)}};
}

TEST(AmsGrad, IsAlgorithmTwo) {
  auto step = [](double g, int, Scalars& k) {
    k.m = kB1 * k.m + (1 - kB1) * g;
    k.v = kB2 * k.v + (1 - kB2) * g * g;
    k.largest = std::max(k.largest, k.v);
    return -kRate * k.m / (std::sqrt(k.largest + kEpsRoot) + kEps);
  };
  expect_near(descend(optim::amsgrad(), slope_of_line, kZero, 50, of_adam()), by_loop(50, step), 1e-13);
  // Its divisor never falls: from a steep start on its steps are shorter than Adam's without correction would
  // be.
  const auto state = descend_by_step(
                         optim::amsgrad(), [](const Array& w, const Array&) { return slope_of_line(w); },
                         kZero, 200, of_adam())
                         .second;
  for (std::int64_t i = 0; i < 2; ++i)
    EXPECT_GT(state.slots.at("largest")[0].at({i}), 2 * state.slots.at("square")[0].at({i}));
}

TEST(Nadam, IsItsAlgorithm) {
  auto step = [](double g, int t, Scalars& k) {
    k.m = kB1 * k.m + (1 - kB1) * g;
    k.v = kB2 * k.v + (1 - kB2) * g * g;
    const double ahead = kB1 * k.m / (1 - std::pow(kB1, t + 1)) + (1 - kB1) * g / (1 - std::pow(kB1, t));
    return -kRate * ahead / (std::sqrt(k.v / (1 - std::pow(kB2, t)) + kEpsRoot) + kEps);
  };
  expect_near(descend(optim::nadam(), slope_of_line, kZero, 50, of_adam()), by_loop(50, step), 1e-13);
  // Without momentum it is Adam without momentum.
  Rates still = of_adam();
  still["beta1"] = f64(0);
  expect_near(descend(optim::nadam(), slope_of_line, kZero, 50, still),
              descend(optim::adam(), slope_of_line, kZero, 50, still), 1e-15);
}

TEST(Lion, IsItsProgram) {
  const Rates rates{{"learning_rate", f64(kRate)}, {"beta1", f64(kB1)}, {"beta2", f64(kB2)}};
  auto step = [](double g, int, Scalars& k) {
    const double c = kB1 * k.m + (1 - kB1) * g;
    k.m = kB2 * k.m + (1 - kB2) * g;
    return c > 0 ? -kRate : c < 0 ? kRate : 0;
  };
  expect_near(descend(optim::lion(), slope_of_line, kZero, 50, rates), by_loop(50, step), 1e-13);
}

TEST(SignDescent, StepsByTheRateWhateverTheGradient) {
  const Array g = vec({3, -1e-9, 0, -700});
  const auto state = optim::init(optim::sign_descent(), g, eta(0.25));
  expect_near(optim::update(optim::sign_descent(), g, state, g).first, vec({-0.25, 0.25, 0, 0.25}), 0);
}

// On a quadratic of curvature h, g = h w: rate and weight follow a recurrence of two numbers. Over several
// leaves the rate moves by the product of whole gradients.
TEST(HypergradientDescent, MovesItsRateByTheProductOfSuccessiveGradients) {
  const double h = 3, beta = 1e-3;
  auto slope = [&](const Array& w) { return h * w; };
  const Rates rates{{"learning_rate", f64(0.02)}, {"hyper_rate", f64(beta)}};
  double rate = 0.02, w = 2, before = 0;
  for (int k = 0; k < 10; ++k) {
    const double g = h * w;
    rate += beta * g * before;
    w -= rate * g;
    before = g;
  }
  EXPECT_NEAR(descend(optim::hypergradient_descent(), slope, vec({2}), 10, rates).at({0}), w, 1e-14);
  EXPECT_GT(rate, 0.05);

  const std::pair<Array, Array> first(vec({1, 2}), vec({3})), second(vec({5, 0}), vec({-4}));
  const auto rule = optim::hypergradient_descent(rates);
  auto [step, next] = optim::update(rule, first, optim::init(rule, first), first);
  expect_near(step.second, vec({-0.06}), 1e-16);
  const auto after = optim::update(rule, second, next, first).first;
  expect_near(after.first, -(0.02 + beta * (5 - 12)) * second.first, 1e-16);
}

// All leaves share one divisor: the root of what has been gathered of the squared norms.
TEST(ScalarAdaGrad, DividesAllLeavesAlike) {
  const std::pair<Array, Array> g(Array({{3, 0}, {0, 4}}, DType::f64), vec({12}));  // norm 13
  const auto rule = optim::adagrad_norm({{"initial_accumulator", f64(56)}, {"eps", f64(5)}});
  auto [first, next] = optim::update(rule, g, optim::init(rule, g, eta(2)), g);  // 15 + 5
  expect_near(first.first, -2.0 / 20 * g.first, 1e-15);
  expect_near(first.second, -2.0 / 20 * g.second, 1e-15);
  const auto second = optim::update(rule, g, next, g).first;
  expect_near(second.second, -2 / (std::sqrt(56.0 + 2 * 169) + 5) * g.second, 1e-14);
}

// Gradients along the axes, or along any other orthonormal frame: full-matrix AdaGrad is the diagonal one in
// that frame, which the diagonal one itself is not.
TEST(FullAdaGrad, IsTheDiagonalOneInEveryFrame) {
  const Array frame = qr(normals({3, 3}, 7)).q;
  const Array curvature = vec({5, 1, 0.2});
  const Array target = vec({1, -2, 3});
  auto straight = [&](const Array& w) { return curvature * (w - target); };
  auto turned = [&](const Array& w) {
    return matmul(frame, curvature * (matmul(transpose(frame), w) - target));
  };
  const Array zero = Array::zeros({3}, DType::f64);
  // One axis at a time, so that no gradient mixes two.
  auto one_axis = [&](const auto& slope, const Array& axes) {
    return [=](const Array& w, const Array& count) {
      const Array axis = gather(axes, count - 3 * (count / 3));
      return dot(slope(w), axis) * axis;
    };
  };
  const Rates rates{{"learning_rate", f64(0.5)},
                    {"initial_accumulator", f64(0.1)},
                    {"eps", f64(1e-6)},
                    {"eps_root", f64(1e-3)}};
  const Array plain =
      descend_by_step(optim::adagrad(), one_axis(straight, eye(3, DType::f64)), zero, 30, rates).first;
  const Array in_frame =
      descend_by_step(optim::adagrad_full(), one_axis(turned, transpose(frame)), zero, 30, rates).first;
  expect_near(matmul(transpose(frame), in_frame), plain, 1e-12);
  const Array diagonal =
      descend_by_step(optim::adagrad(), one_axis(turned, transpose(frame)), zero, 30, rates).first;
  EXPECT_GT(norm(matmul(transpose(frame), diagonal) - plain).item(), 0.1);
}

TEST(FullAdaGrad, IsRefusedAboveItsSize) {
  const Array most = Array::zeros({optim::kMostOfFullMatrix}, DType::f64);
  EXPECT_NO_THROW(optim::init(optim::adagrad_full(), most));
  const std::string text = error_of([] {
    optim::init(optim::adagrad_full(), std::pair(Array::zeros({optim::kMostOfFullMatrix}, DType::f64),
                                                 Array::zeros({1}, DType::f64)));
  });
  EXPECT_NE(text.find("257 parameters"), std::string::npos) << text;
  EXPECT_NE(text.find("take adagrad"), std::string::npos) << text;
}

// In f32 too what rounding leaves along directions that no gradient had stays small.
TEST(FullAdaGrad, IsStableWhereItsMatrixIsSingular) {
  const Array x = convert(normals({3, 20}, 15), DType::f32);
  const Array t = convert(normals({3}, 16), DType::f32);
  auto gradient = [&](const Array& w) { return 2.0 / 3 * matmul(transpose(x), matmul(x, w) - t); };
  const Array w = descend(optim::adagrad_full(), gradient, Array::zeros({20}), 500,
                          {{"learning_rate", Array::scalar(0.3)}});
  const Array least = nn::minimum_norm(convert(x, DType::f64), convert(t, DType::f64));
  expect_near(convert(w, DType::f64), least, 2e-3);
}

// A lane that diverges leaves the others as they are, decompositions included.
TEST(FullAdaGrad, ADivergedLaneDisturbsNoOther) {
  auto run = [](const Array& rate) {
    auto cubic = [](const Array& w) { return w * w * w; };
    const auto step = [&](const std::pair<Array, optim::State>& carry, const Array&) {
      auto [u, next] = optim::update(optim::adagrad_full(), cubic(carry.first), carry.second, carry.first);
      return std::pair(std::pair(optim::apply(carry.first, u), next), std::tuple<>());
    };
    const Array start = vec({1, -2});
    return scan_n(step,
                  std::pair(start, optim::init(optim::adagrad_full(), start, {{"learning_rate", rate}})), 8)
        .first.first;
  };
  const Array ends = jit(vmap(run))(vec({0.1, 1e200, 0.3}));
  EXPECT_TRUE(std::isnan(ends.at({1, 0})));
  EXPECT_TRUE(same_bits(row(ends, 0), run(f64(0.1))));
  EXPECT_TRUE(same_bits(row(ends, 2), run(f64(0.3))));
}

// (10 (w1 - 1)² + 0.1 (w2 - 1)²) / 2; w stands as a matrix, so that it counts as a weight.
Array column(double a, double b) { return expand_dims(vec({a, b}), 1); }
Array bowl_slope(const Array& w) { return column(10, 0.1) * (w - 1); }
const Array kColumn = Array::zeros({2, 1}, DType::f64);

TEST(WeightDecay, AfterSgdIsL2) {
  const double rate = 0.05;
  const double decay = 0.01;
  const auto decoupled = optim::chain({optim::sgd(eta(rate)), optim::decay_weights()});
  const auto l2 = optim::chain({optim::add_l2(), optim::sgd(eta(rate))});
  const Array a = descend(decoupled, bowl_slope, kColumn, 10, {{"weight_decay", f64(decay)}});
  expect_near(a, descend(l2, bowl_slope, kColumn, 10, {{"l2", f64(decay / rate)}}), 1e-15);
  // The same through the loss: alpha = decay / eta, that is (decay / (2 eta)) |w|².
  auto penalised = [&](const Array& w) {
    return bowl_slope(w) + grad([&](const Array& v) { return decay / (2 * rate) * sum(square(v)); })(w);
  };
  expect_near(a, descend(optim::sgd(), penalised, kColumn, 10, eta(rate)), 1e-15);
  const Array none = descend(decoupled, bowl_slope, kColumn, 10, {{"weight_decay", f64(0)}});
  EXPECT_GT(norm(a - none).item(), 1e-3);
}

// With Adam they differ: L2 ends at the ridge point (10 / 10.1, 0.1 / 0.2), decoupled decay hardly moves the
// minimum.
TEST(WeightDecay, AfterAdamIsNotL2) {
  const Rates l2{{"learning_rate", f64(0.01)}, {"l2", f64(0.1)}};
  const auto chained = optim::chain({optim::add_l2(), optim::adam()});
  expect_near(descend(chained, bowl_slope, kColumn, 5000, l2), column(10 / 10.1, 0.5), 1e-8);
  const Rates decay{{"learning_rate", f64(0.01)}, {"weight_decay", f64(0.001)}};
  expect_near(descend(optim::adamw(), bowl_slope, kColumn, 20000, decay), column(0.99997, 0.99997), 1e-5);
}

TEST(WeightDecay, LeavesBiasesAlone) {
  const nn::Mlp mlp = nn::init_mlp(random::key(4), {3, 4, 2}, nn::Activation::relu, 0.5);
  const nn::Mlp still = tree::map([](const Array& leaf) { return Array::zeros(leaf.shape()); }, mlp);
  const auto rule = optim::adamw();
  const auto state = optim::init(rule, mlp, {{"weight_decay", Array::scalar(0.25)}});
  const nn::Mlp after = optim::apply(mlp, optim::update(rule, still, state, mlp).first);
  for (std::size_t l = 0; l < 2; ++l) {
    expect_near(after.layers[l].w, 0.75 * mlp.layers[l].w, 1e-7);
    EXPECT_TRUE(same_bits(after.layers[l].b, mlp.layers[l].b));
  }
  // Another choice of what a weight is: only the last leaf.
  const auto last =
      optim::chain({optim::sgd(), optim::decay_weights([](std::size_t i, const Array&) { return i == 3; })});
  const auto plain = optim::init(last, mlp, {{"weight_decay", Array::scalar(0.5)}});
  const nn::Mlp other = optim::apply(mlp, optim::update(last, still, plain, mlp).first);
  EXPECT_TRUE(same_bits(other.layers[1].w, mlp.layers[1].w));
  expect_near(other.layers[1].b, 0.5 * mlp.layers[1].b, 0);
}

}  // namespace
}  // namespace runnel
