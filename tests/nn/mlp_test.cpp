// Layers, activations, initial weights.
#include "nn/support.h"

namespace runnel {
namespace {

using nn::Activation;

// The network by plain loops, one row at a time.
std::vector<double> by_hand(const nn::Mlp& mlp, std::vector<double> h, double (*activation)(double)) {
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const Array& w = mlp.layers[l].w;
    std::vector<double> next = mlp.layers[l].b.to_doubles();
    for (std::int64_t o = 0; o < w.dim(1); ++o)
      for (std::int64_t i = 0; i < w.dim(0); ++i)
        next[static_cast<std::size_t>(o)] += h[static_cast<std::size_t>(i)] * w.at({i, o});
    if (l + 1 < mlp.layers.size())
      for (double& value : next) value = activation(value);
    h = next;
  }
  return h;
}

TEST(Mlp, AgreesWithPlainLoops) {
  const Array x = normals({5, 3}, 1);
  const std::vector<std::pair<Activation, double (*)(double)>> cases{
      {Activation::relu, [](double v) { return std::max(v, 0.0); }},
      {Activation::tanh, [](double v) { return std::tanh(v); }},
      {Activation::sigmoid, [](double v) { return 1 / (1 + std::exp(-v)); }}};
  for (const auto& [activation, plain] : cases) {
    const nn::Mlp mlp = nn::init_mlp(random::key(2), {3, 8, 4, 2}, activation, 0.1, DType::f64);
    EXPECT_EQ(nn::parameter_count(mlp), 3 * 8 + 8 + 8 * 4 + 4 + 4 * 2 + 2);
    const Array out = nn::forward(mlp, x, activation);
    for (std::int64_t i = 0; i < 5; ++i)
      expect_near(row(out, i), Array::from(by_hand(mlp, row(x, i).to_doubles(), plain), {2}), 1e-14);
  }
}

TEST(Mlp, GradientAgreesWithDifferences) {
  const Array x = normals({6, 3}, 3);
  const Array y = normals({6, 1}, 4);
  const nn::Mlp mlp = nn::init_mlp(random::key(5), {3, 4, 1}, Activation::tanh, 0, DType::f64);
  auto loss = [&](const nn::Mlp& m) {
    return nn::squared_error(nn::forward(m, x, Activation::tanh, 1.5), y) + nn::l2_penalty(m, 0.1);
  };
  const nn::Mlp slope = grad(loss)(mlp);
  for (std::size_t l = 0; l < 2; ++l) {
    auto with_w = [&](const Array& w) {
      nn::Mlp m = mlp;
      m.layers[l].w = w;
      return loss(m);
    };
    auto with_b = [&](const Array& b) {
      nn::Mlp m = mlp;
      m.layers[l].b = b;
      return loss(m);
    };
    expect_near(slope.layers[l].w, central_differences(with_w, mlp.layers[l].w), 1e-8);
    expect_near(slope.layers[l].b, central_differences(with_b, mlp.layers[l].b), 1e-8);
  }
}

TEST(Mlp, L2TouchesWeightsOnly) {
  const nn::Mlp mlp = nn::init_mlp(random::key(6), {2, 3, 1}, Activation::relu, 5, DType::f64);
  const nn::Mlp slope = grad([](const nn::Mlp& m) { return nn::l2_penalty(m, 0.3); })(mlp);
  for (std::size_t l = 0; l < 2; ++l) {
    expect_near(slope.layers[l].w, 0.3 * mlp.layers[l].w, 1e-15);
    expect_near(slope.layers[l].b, Array::zeros(mlp.layers[l].b.shape(), DType::f64), 0);
  }
}

// sigmoid' is at most scale / 4 (at 0), tanh' at most 1, relu'(0) = 0; scale is the same as scaled logits.
TEST(Activations, SlopesAtZeroAndTheirGreatest) {
  auto slope = [](Activation a, double x, double scale) {
    return grad([&](const Array& v) { return nn::activate(v, a, f64(scale)); })(f64(x)).item();
  };
  EXPECT_DOUBLE_EQ(slope(Activation::sigmoid, 0, 1), 0.25);
  EXPECT_DOUBLE_EQ(slope(Activation::sigmoid, 0, 6), 1.5);
  EXPECT_DOUBLE_EQ(slope(Activation::tanh, 0, 1), 1);
  EXPECT_EQ(slope(Activation::relu, 0, 1), 0);
  for (double x = -4; x < 4; x += 0.37) {
    EXPECT_LT(slope(Activation::sigmoid, x, 1), 0.25);
    EXPECT_LT(slope(Activation::tanh, x, 1), 1);
    EXPECT_DOUBLE_EQ(nn::activate(f64(x), Activation::sigmoid, 7).item(), logistic(f64(7 * x)).item());
  }
  EXPECT_NEAR(nn::activate(f64(0.1), Activation::sigmoid, 1e3).item(), 1, 1e-12);  // nearly a step
}

// The second derivative of the sigmoid is at most sqrt(3) / 18, of tanh 4 sqrt(3) / 9 (at p = 1/2 ±
// sqrt(3)/6).
TEST(Activations, GreatestCurvature) {
  auto curvature = [](Activation a, double x) {
    return hessian([&](const Array& v) { return nn::activate(v, a); })(f64(x)).item();
  };
  EXPECT_NEAR(std::abs(curvature(Activation::sigmoid, std::log(2 + std::sqrt(3)))), std::sqrt(3) / 18, 1e-14);
  EXPECT_NEAR(std::abs(curvature(Activation::tanh, std::log(2 + std::sqrt(3)) / 2)), 4 * std::sqrt(3) / 9,
              1e-14);
  for (double x = -3; x < 3; x += 0.31)
    EXPECT_LE(std::abs(curvature(Activation::sigmoid, x)), std::sqrt(3) / 18);
}

TEST(Initialisers, HaveTheirVariance) {
  const std::int64_t in = 200;
  const std::int64_t out = 300;
  // The sample variance of 60,000 numbers: five standard errors are 5 sqrt(2 / 60000) = 2.9 % for normals.
  auto expect_variance = [](const Array& w, double expected) {
    EXPECT_NEAR(variance(w).item() / expected, 1, 0.03);
    EXPECT_NEAR(mean(w).item() / std::sqrt(expected), 0, 0.025);
  };
  expect_variance(nn::he_normal(random::key(1), in, out, DType::f64), 2.0 / 200);
  expect_variance(nn::lecun_normal(random::key(2), in, out, DType::f64), 1.0 / 200);
  expect_variance(nn::glorot_normal(random::key(3), in, out, DType::f64), 2.0 / 500);
  const Array uniform = nn::glorot_uniform(random::key(4), in, out, DType::f64);
  expect_variance(uniform, 2.0 / 500);
  EXPECT_LE(max(abs(uniform)).item(), std::sqrt(6.0 / 500));
}

// Ten layers of He and ReLU keep the size of what passes through, as the paper derives.
TEST(Initialisers, HeKeepsTheSecondMomentThroughRelu) {
  std::vector<std::int64_t> sizes(12, 256);
  const nn::Mlp mlp = nn::init_mlp(random::key(7), sizes, Activation::relu, 0, DType::f64);
  const Array x = normals({64, 256}, 8);
  const Array out = nn::forward(mlp, x, Activation::relu);
  // He keeps E[pre-activation²] at 2 (its first layer makes 2 of 1); the last, LeCun, halves it by the ReLU
  // before.
  EXPECT_GT(mean(square(out)).item(), 0.5);
  EXPECT_LT(mean(square(out)).item(), 2);
}

TEST(Initialisers, ACandidateStartsTheSameAloneAndAbreast) {
  auto make = [](const Array& seed) {
    return nn::init_mlp(random::fold_in(random::key(9), seed), {3, 5, 2}, Activation::tanh);
  };
  const nn::Mlp abreast = vmap(make)(arange(4));
  const nn::Mlp alone = make(Array::scalar(2, DType::i32));
  EXPECT_TRUE(same_bits(row(abreast.layers[0].w, 2), alone.layers[0].w));
  EXPECT_TRUE(same_bits(row(abreast.layers[1].w, 2), alone.layers[1].w));
  EXPECT_FALSE(same_bits(row(abreast.layers[0].w, 1), alone.layers[0].w));
}

TEST(Mlp, ManyModelsOnSharedRowsGiveTheBitsOfOne) {
  const Array x = convert(normals({20, 3}, 10), DType::f32);
  auto make = [](const Array& seed) {
    return nn::init_mlp(random::fold_in(random::key(11), seed), {3, 7, 2}, Activation::tanh);
  };
  const nn::Mlp models = vmap(make)(arange(5));
  const Array abreast =
      jit(vmap([](const nn::Mlp& m, const Array& rows) { return nn::forward(m, rows, Activation::tanh); },
               {0, shared}))(models, x);
  for (std::int64_t k = 0; k < 5; ++k) {
    const nn::Mlp one = tree::map([&](const Array& leaf) { return row(leaf, k); }, models);
    EXPECT_TRUE(same_bits(row(abreast, k), nn::forward(one, x, Activation::tanh)));
  }
}

TEST(Mlp, WrongShapesAreNamed) {
  const nn::Dense layer{Array::ones({3, 2}), Array::zeros({2})};
  const std::string text = error_of([&] { nn::forward(layer, Array::ones({5, 4})); });
  EXPECT_NE(text.find("(5, 4)"), std::string::npos) << text;
  EXPECT_NE(text.find("(3, 2)"), std::string::npos) << text;
  EXPECT_THROW(nn::forward(nn::Dense{Array::ones({3, 2}), Array::zeros({1})}, Array::ones({5, 3})), Error);
  EXPECT_THROW(nn::init_mlp(random::key(0), {3}, Activation::relu), Error);
  EXPECT_THROW(nn::init_mlp(random::key(0), {3, 0, 1}, Activation::relu), Error);
}

}  // namespace
}  // namespace runnel
