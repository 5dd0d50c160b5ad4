// The public forms of differentiation, against each other and against closed forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/helpers.h"
#include "runnel/linalg.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

Array number(double v) { return Array::scalar(v, DType::f64); }

void expect_close(const Array& got, const Array& wanted, double tolerance = 1e-12) {
  ASSERT_EQ(got.type(), wanted.type());
  EXPECT_THAT(got.to_doubles(), Pointwise(DoubleNear(tolerance), wanted.to_doubles()));
}

TEST(Vjp, PullsBackToEveryArgument) {
  auto f = [](const Array& a, const Array& b) { return std::pair(a * b, sin(a)); };
  const auto [out, back] = vjp(f, number(2), number(3));
  EXPECT_EQ(out.first.item(), 6);
  const auto [da, db] = back(std::pair(number(10), number(1)));
  EXPECT_DOUBLE_EQ(da.item(), 30 + std::cos(2.0));
  EXPECT_EQ(db.item(), 20);
  // The pull-back may be used again.
  EXPECT_EQ(std::get<1>(back(std::pair(number(1), number(0)))).item(), 2);
}

TEST(Vjp, GivesZerosWhereNothingFlows) {
  auto f = [](const Array& a, const Array& i) { return sum(gather(a, i)); };
  const auto [out, back] = vjp(f, Array({1, 2, 3}), Array({1}, DType::i32));
  const auto [da, di] = back(Array::scalar(1));
  EXPECT_THAT(da.to_doubles(), ElementsAre(0, 1, 0));
  EXPECT_EQ(di.type(), (Type{DType::i32, {1}}));
  EXPECT_EQ(di.item(), 0);
  EXPECT_EQ(grad([](const Array&) { return Array::scalar(5); })(Array::scalar(1)).item(), 0);
}

TEST(Jvp, PushesAllTangentsTogether) {
  auto f = [](const Array& a, const Array& b) { return a * b; };
  const auto [value, moved] = jvp(f, std::tuple(number(2), number(3)), std::tuple(number(10), number(100)));
  EXPECT_EQ(value.item(), 6);
  EXPECT_EQ(moved.item(), 230);
  // A pair is one argument, as any other tree.
  auto g = [](const std::pair<Array, Array>& p) { return p.first * p.second; };
  EXPECT_EQ(jvp(g, std::pair(number(2), number(3)), std::pair(number(10), number(100))).second.item(), 230);
}

TEST(ValueAndGrad, HoldsFurtherArguments) {
  auto f = [](const Array& w, const Array& x, double power) {
    return sum(pow(w * x, Array::full(x.shape(), power, DType::f64)));
  };
  const Array w({1, 2}, DType::f64);
  const Array x({3, 4}, DType::f64);
  const auto [value, g] = value_and_grad(f)(w, x, 2.0);
  EXPECT_EQ(value.item(), 9 + 64);
  EXPECT_THAT(g.to_doubles(), ElementsAre(18, 64));
  EXPECT_THAT(grad(f)(w, x, 1.0).to_doubles(), ElementsAre(3, 4));
}

TEST(Jacobian, BothModesOnArraysOfAnyRank) {
  const Array a = sample({3, 2}, -1, 1, 1);
  auto f = [&](const Array& x) { return tanh(matmul(a, x)); };
  const Array x = sample({2, 4}, -1, 1, 2);
  const Array j = jacobian(f)(x);
  EXPECT_EQ(j.shape(), (Shape{3, 4, 2, 4}));
  expect_close(jacobian_forward(f)(x), j);
  const Array slope = 1 - square(f(x));
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t k = 0; k < 4; ++k)
      for (std::int64_t l = 0; l < 2; ++l)
        for (std::int64_t m = 0; m < 4; ++m)
          EXPECT_NEAR(j.at({i, k, l, m}), k == m ? slope.at({i, k}) * a.at({i, l}) : 0, 1e-15);
  EXPECT_EQ(jacobian([](const Array& v) { return sum(v); })(x).shape(), x.shape());
  EXPECT_EQ(jacobian([](const Array& v) { return v * v; })(number(3)).item(), 6);
}

TEST(Hessian, OfAQuadraticFormIsItsMatrix) {
  const Array a = sample({4, 4}, -1, 1, 1);
  auto f = [&](const Array& x) { return 0.5 * dot(x, matmul(a, x)); };
  const Array x = sample({4}, -1, 1, 2);
  const Array wanted = 0.5 * (a + transpose(a));
  expect_close(hessian(f)(x), wanted);
  expect_close(jacobian(grad(f))(x), wanted);
  expect_close(jacobian(jacobian(f))(x), wanted);
  expect_close(jacobian_forward(jacobian_forward(f))(x), wanted);
  const Array v = sample({4}, -1, 1, 3);
  expect_close(hvp(f, x, v), matmul(wanted, v));
  expect_close(vmap([&](const Array& y) { return hessian(f)(y); })(stack({x, v})), stack({wanted, wanted}));
}

// Rosenbrock's function, Computer Journal 3 (1960): Hessian [[2 - 400 (y - 3 x²), -400 x], [-400 x, 200]].
TEST(Hessian, OfRosenbrocksFunction) {
  auto f = [](const Array& p) {
    const Array x = row(p, 0);
    const Array y = row(p, 1);
    return square(1 - x) + 100 * square(y - x * x);
  };
  const Array p({-1.2, 1}, DType::f64);
  expect_close(hessian(f)(p), Array({{2 - 400 * (1 - 3 * 1.44), 480}, {480, 200}}, DType::f64), 1e-10);
}

TEST(HigherOrder, DerivativesOfSine) {
  auto f = [](const Array& x) { return sin(x); };
  const Array x = number(0.7);
  auto d2 = grad(grad(f));
  auto d4 = grad(grad(d2));
  EXPECT_NEAR(d2(x).item(), -std::sin(0.7), 1e-15);
  EXPECT_NEAR(grad(d2)(x).item(), -std::cos(0.7), 1e-15);
  EXPECT_NEAR(d4(x).item(), std::sin(0.7), 1e-15);
  EXPECT_NEAR(grad(d4)(x).item(), std::cos(0.7), 1e-15);
  EXPECT_NEAR(jit(grad(jit(grad(jit(d2)))))(x).item(), std::sin(0.7), 1e-15);
}

// ---- closing over values of surrounding transforms -----------------------------------------------------

TEST(Closures, PerturbationsAreNotConfused) {
  // d/dx (x d/dy (x + y)) = 1; mixing up the two infinitesimals would give 2 (Siskind and Pearlmutter, 2005).
  auto outer = [](const Array& x) { return x * grad([&](const Array& y) { return x + y; })(number(1)); };
  EXPECT_EQ(grad(outer)(number(1)).item(), 1);
  auto forward = [](const Array& x) {
    return x * jvp([&](const Array& y) { return x + y; }, number(1), number(1)).second;
  };
  EXPECT_EQ(jvp(forward, number(1), number(1)).second.item(), 1);
  EXPECT_EQ(grad(forward)(number(1)).item(), 1);
}

TEST(Closures, JitInVmapInGrad) {
  const Array data = sample({5, 3}, -1, 1, 1);
  auto loss = [&](const Array& w) {
    const Array scale = exp(sum(w));
    const Array each = vmap([&](const Array& x) {
      return jit([&](const Array& y) { return scale * tanh(dot(y, w)) + dot(x, y); })(x);
    })(data);
    return sum(each);
  };
  auto plain = [&](const Array& w) { return sum(exp(sum(w)) * tanh(matmul(data, w)) + sum(data * data, 1)); };
  const Array w = sample({3}, -1, 1, 2);
  expect_close(loss(w), plain(w));
  expect_close(grad(loss)(w), grad(plain)(w));
  expect_close(jit(grad(loss))(w), grad(plain)(w));
  expect_close(hessian(loss)(w), hessian(plain)(w));
}

TEST(Closures, VmapOverValuesThatAreLanesOutside) {
  const Array a = sample({2, 3}, -1, 1, 1);
  const Array b = sample({4, 3}, -1, 1, 2);
  const Array all =
      vmap([&](const Array& x) { return vmap([&](const Array& y) { return dot(x, y); })(b); })(a);
  expect_close(all, matmul(a, transpose(b)));
}

TEST(PerSampleGradients, AreTheRowsOfTheJacobian) {
  const Array x = sample({6, 3}, -1, 1, 1);
  const Array y = sample({6}, -1, 1, 2);
  auto loss = [](const Array& w, const Array& xi, const Array& yi) { return square(dot(w, xi) - yi); };
  const Array w = sample({3}, -1, 1, 3);
  const Array g = vmap(grad(loss), {shared, 0, 0})(w, x, y);
  expect_close(g, 2 * expand_dims(matmul(x, w) - y, 1) * x);
}

// The derivative of an optimum by a parameter, through twenty steps of descent.
TEST(Hypergradient, OfGradientDescent) {
  auto train = [](const Array& rate) {
    auto step = [&](const Array& w, const Array&) {
      return std::pair(w - rate * grad([](const Array& v) { return square(v - 3); })(w), w);
    };
    return square(scan_n(step, number(0), 20).first - 3);
  };
  // w - 3 shrinks by 1 - 2r each step: the loss is 9 (1 - 2r)^40.
  const double r = 0.05;
  EXPECT_NEAR(train(number(r)).item(), 9 * std::pow(1 - 2 * r, 40), 1e-14);
  EXPECT_NEAR(grad(train)(number(r)).item(), -720 * std::pow(1 - 2 * r, 39), 1e-11);
  EXPECT_NEAR(grad(grad(train))(number(r)).item(), 720 * 78 * std::pow(1 - 2 * r, 38), 1e-9);
  EXPECT_NEAR(jvp(train, number(r), number(1)).second.item(), -720 * std::pow(1 - 2 * r, 39), 1e-11);
}

}  // namespace
}  // namespace runnel
