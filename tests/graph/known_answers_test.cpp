// Small functions whose derivatives are known in closed form, by every route.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runnel/ops.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

Array scalar(double v) { return Array::scalar(v, DType::f64); }

// x3 = x1 + x2, x4 = x1 + x3, x5 = x3 x4, L = log x5, with a nudge d added to each of x3, x4, x5.
Array dag(const Array& x, const Array& d) {
  const Array x1 = row(x, 0);
  const Array x2 = row(x, 1);
  const Array x3 = x1 + x2 + row(d, 0);
  const Array x4 = x1 + x3 + row(d, 1);
  const Array x5 = x3 * x4 + row(d, 2);
  return log(x5);
}

TEST(KnownAnswers, PartialsOfTheSmallGraph) {
  const Array x({1, 0}, DType::f64);
  const Array d({0, 0, 0}, DType::f64);
  auto [dx, dd] =
      grad([](const std::pair<Array, Array>& p) { return dag(p.first, p.second); })(std::pair(x, d));
  EXPECT_THAT(dx.to_doubles(), ElementsAre(2, 1.5));
  EXPECT_THAT(dd.to_doubles(), ElementsAre(1.5, 0.5, 0.5));
  const Array h = hessian([&](const Array& v) { return dag(v, d); })(x);
  EXPECT_THAT(h.to_doubles(), ElementsAre(-2, -1.5, -1.5, -1.25));
  const Array h2 = jit(hessian([&](const Array& v) { return dag(v, d); }))(x);
  EXPECT_TRUE(same_bits(h, h2));
}

TEST(KnownAnswers, OuterProductTimesVector) {
  const Array v({1, 2, 3}, DType::f64);
  auto f = [&](const Array& x) { return v * dot(v, x); };
  const Array x({0.3, -1, 2}, DType::f64);
  EXPECT_THAT(jacobian(f)(x).to_doubles(), ElementsAre(1, 2, 3, 2, 4, 6, 3, 6, 9));
  EXPECT_THAT(jacobian_forward(f)(x).to_doubles(), ElementsAre(1, 2, 3, 2, 4, 6, 3, 6, 9));
  EXPECT_THAT(vjp(f, x).second(Array({1, 1, 1}, DType::f64)).to_doubles(), ElementsAre(6, 12, 18));
}

// y = x + W2 sigmoid(W1 x + b1) + b2, L = |y - s|² / 2 + r·h
struct Block {
  Array w1, b1, w2, b2, s, r;
};
Array residual_loss(const Array& x, const Block& p) {
  const Array h = logistic(matmul(p.w1, x) + p.b1);
  const Array y = x + matmul(p.w2, h) + p.b2;
  return 0.5 * sum(square(y - p.s)) + dot(p.r, h);
}

TEST(KnownAnswers, ResidualBlock) {
  auto draw = [](std::uint64_t seed, const Shape& shape) {
    return random::normal(random::key(seed), shape, DType::f64);
  };
  const Block p{draw(1, {3, 4}), draw(2, {3}), draw(3, {4, 3}), draw(4, {4}), draw(5, {4}), draw(6, {3})};
  const Array x = draw(7, {4});
  const Array h = logistic(matmul(p.w1, x) + p.b1);
  const Array ybar = x + matmul(p.w2, h) + p.b2 - p.s;
  const Array hbar = matmul(transpose(p.w2), ybar) + p.r;
  const Array zbar = hbar * h * (1 - h);
  const Array xbar = matmul(transpose(p.w1), zbar) + ybar;
  const Array got = grad([&](const Array& v) { return residual_loss(v, p); })(x);
  EXPECT_THAT(got.to_doubles(), Pointwise(DoubleNear(1e-13), xbar.to_doubles()));
  // The gradient with respect to a whole struct of parameters comes back as that struct.
  const Block g = grad([&](const Block& q) { return residual_loss(x, q); })(p);
  EXPECT_THAT(g.b2.to_doubles(), Pointwise(DoubleNear(1e-13), ybar.to_doubles()));
  EXPECT_THAT(g.b1.to_doubles(), Pointwise(DoubleNear(1e-13), zbar.to_doubles()));
}

TEST(KnownAnswers, PhiloxWords) {
  EXPECT_THAT(random::bits(random::key(0), {4}).to_vector<std::uint32_t>(),
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
}

TEST(KnownAnswers, ScanIsTheLoop) {
  auto train = [](const Array& rate) {
    auto step = [&](const Array& w, const Array& x) { return std::pair(w - rate * (w - x), w * x); };
    return scan(step, Array::scalar(1, DType::f64), Array({1, 2, 3, 4}, DType::f64));
  };
  const Array rate = scalar(0.1);
  double w = 1;
  std::vector<double> ys;
  for (double x : {1., 2., 3., 4.}) {
    ys.push_back(w * x);
    w = w - 0.1 * (w - x);
  }
  auto [last, outs] = train(rate);
  EXPECT_THAT(outs.to_doubles(), Pointwise(DoubleNear(0), ys));
  EXPECT_EQ(last.item(), w);
  auto [last2, outs2] = jit(train)(rate);
  EXPECT_TRUE(same_bits(last, last2));
  EXPECT_TRUE(same_bits(outs, outs2));
  auto loss = [&](const Array& r) {
    auto [a, b] = train(r);
    return a * a + sum(b);
  };
  const double h = 1e-6;
  const double slope = (loss(scalar(0.1 + h)).item() - loss(scalar(0.1 - h)).item()) / (2 * h);
  EXPECT_NEAR(grad(loss)(rate).item(), slope, 1e-7);
  EXPECT_NEAR(jvp(loss, rate, scalar(1)).second.item(), slope, 1e-7);
  EXPECT_NEAR(grad(jit(loss))(rate).item(), grad(loss)(rate).item(), 0);
  EXPECT_NEAR(jit(grad(loss))(rate).item(), grad(loss)(rate).item(), 0);
  const Array rates({0.1, 0.2, 0.3}, DType::f64);
  const Array many = vmap(grad(loss))(rates);
  const Array many_jit = jit(vmap(grad(jit(loss))))(rates);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(many.at({i}), grad(loss)(row(rates, i)).item());
  EXPECT_TRUE(same_bits(many, many_jit));
  EXPECT_NEAR(grad(checkpoint(loss))(rate).item(), grad(loss)(rate).item(), 0);
  EXPECT_NEAR(grad(grad(loss))(rate).item(),
              (grad(loss)(scalar(0.1 + h)).item() - grad(loss)(scalar(0.1 - h)).item()) / (2 * h), 1e-6);
}

}  // namespace
}  // namespace runnel
