// Losses against their formulas, their derivatives, large arguments and wrong shapes.
#include <numbers>

#include "nn/support.h"

namespace runnel {
namespace {

const Array kPrediction = vec({0.5, -1, 2, 3});
const Array kTarget = vec({0, 1, 2, -1});

TEST(Losses, MeansOfTheirFormulas) {
  const std::vector<double> r{0.5, -2, 0, 4};  // prediction - target
  EXPECT_DOUBLE_EQ(nn::squared_error(kPrediction, kTarget).item(), (0.25 + 4 + 16) / 4);
  EXPECT_DOUBLE_EQ(nn::half_squared_error(kPrediction, kTarget).item(), (0.25 + 4 + 16) / 8);
  EXPECT_DOUBLE_EQ(nn::absolute_error(kPrediction, kTarget).item(), 6.5 / 4);
  // Huber with delta 1.5: r² / 2, then 1.5 (|r| - 0.75).
  EXPECT_DOUBLE_EQ(nn::huber(kPrediction, kTarget, 1.5).item(), (0.125 + 1.5 * 1.25 + 1.5 * 3.25) / 4);
  const Array log_variance = vec({0, 1, -1, 2});
  double total = 0;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const double variance = std::exp(log_variance.to_doubles()[i]);
    total -= std::log(std::exp(-r[i] * r[i] / (2 * variance)) / std::sqrt(2 * std::numbers::pi * variance));
  }
  EXPECT_NEAR(nn::gaussian_nll(kPrediction, log_variance, kTarget).item(), total / 4, 1e-14);
}

TEST(Losses, OfSeveralOutputsAreSumsOverThem) {
  const Array p = reshape(kPrediction, {2, 2});
  const Array y = reshape(kTarget, {2, 2});
  expect_near(nn::each::squared_error(p, y), vec({4.25, 16}), 1e-15);
  EXPECT_DOUBLE_EQ(nn::squared_error(p, y).item(), 20.25 / 2);
}

TEST(Losses, RowWeightsWeigh) {
  // A weight of 2 is a row that stands twice, a weight of 0 a row that is not there.
  const Array weights = vec({2, 1, 0, 1});
  const Array again_p = vec({0.5, 0.5, -1, 3});
  const Array again_y = vec({0, 0, 1, -1});
  EXPECT_DOUBLE_EQ(nn::squared_error(kPrediction, kTarget, weights).item(),
                   nn::squared_error(again_p, again_y).item());
  EXPECT_DOUBLE_EQ(nn::huber(kPrediction, kTarget, 1, weights).item(), nn::huber(again_p, again_y, 1).item());
  EXPECT_THROW(nn::squared_error(kPrediction, kTarget, vec({1, 1})), Error);
}

TEST(Losses, CrossEntropiesAgreeWithTheirDefinition) {
  const Array z = vec({-2, -0.5, 0, 1, 3});
  const Array y = vec({0, 1, 1, 0.25, 1});
  const Array p = logistic(z);
  expect_near(nn::each::binary_cross_entropy_from_logits(z, y), -(y * log(p) + (1 - y) * log(1 - p)), 1e-15);
  // Two classes with logits (0, z) are the binary case.
  const Array labels = Array::from(std::vector<std::int32_t>{0, 1, 1, 0, 1}, {5});
  const Array two = stack({Array::zeros({5}, DType::f64), z}, 1);
  expect_near(nn::each::softmax_cross_entropy_from_logits(two, labels),
              nn::each::binary_cross_entropy_from_logits(z, convert(labels, DType::f64)), 1e-15);
}

TEST(Losses, CrossEntropiesStayFiniteAtLargeLogits) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Array z({1e4, 1e4, -1e4, -1e4}, dtype);
    const Array y({1, 0, 1, 0}, dtype);
    expect_near(nn::each::binary_cross_entropy_from_logits(z, y), Array({0, 1e4, 1e4, 0}, dtype), 0);
    const Array slopes =
        grad([&](const Array& v) { return sum(nn::each::binary_cross_entropy_from_logits(v, y)); })(z);
    expect_near(slopes, Array({0, 1, -1, 0}, dtype), 0);
    const Array three = Array({{1e4, 0, -1e4}, {1e4, 0, -1e4}}, dtype);
    const Array labels = Array::from(std::vector<std::int32_t>{0, 2}, {2});
    expect_near(nn::each::softmax_cross_entropy_from_logits(three, labels), Array({0, 2e4}, dtype), 0);
  }
  // A confident, right prediction keeps its small loss: log(1 + e^-20) = 2.0611536e-9, also in f32.
  EXPECT_NEAR(nn::binary_cross_entropy_from_logits(Array({20}), Array({1})).item(), 2.0611536e-9, 1e-15);
}

// dNLL/dz = scale (p - y), the Hessian scale² p (1 - p) <= scale² / 4, also where z is exactly 0.
TEST(Losses, BinaryCrossEntropyHasTheSlopeScaleTimesPMinusY) {
  const double scale = 3;
  for (const double z : {-2.0, 0.0, 0.3}) {
    for (const double y : {0.0, 1.0}) {
      auto loss = [&](const Array& v) {
        return nn::binary_cross_entropy_from_logits(expand_dims(scale * v, 0), vec({y}));
      };
      const double p = 1 / (1 + std::exp(-scale * z));
      EXPECT_NEAR(grad(loss)(f64(z)).item(), scale * (p - y), 1e-14);
      EXPECT_NEAR(hessian(loss)(f64(z)).item(), scale * scale * p * (1 - p), 1e-14);
    }
  }
}

TEST(Losses, SoftmaxCrossEntropyHasTheSlopeSoftmaxMinusOneHot) {
  const Array z = normals({3, 4}, 1);
  const Array labels = Array::from(std::vector<std::int32_t>{3, 0, 2}, {3});
  const Array slope =
      grad([&](const Array& v) { return nn::softmax_cross_entropy_from_logits(v, labels); })(z);
  expect_near(slope, (softmax(z, 1) - one_hot(labels, 4, DType::f64)) / 3, 1e-15);
}

TEST(Losses, DerivativesAgreeWithDifferences) {
  const Array log_variance = vec({0.1, -0.3, 0.5, 1});
  const Array p = vec({0.5, -1, 2.2, 3});
  auto check = [&](auto loss) { expect_near(grad(loss)(p), central_differences(loss, p), 1e-8); };
  check([](const Array& v) { return nn::squared_error(v, kTarget); });
  check([](const Array& v) { return nn::half_squared_error(v, kTarget); });
  check([](const Array& v) { return nn::absolute_error(v, kTarget); });
  check([](const Array& v) { return nn::huber(v, kTarget, 0.7); });
  check([&](const Array& v) { return nn::gaussian_nll(v, log_variance, kTarget); });
  check([&](const Array& v) { return nn::gaussian_nll(p, v, kTarget); });
  auto by_delta = [&](const Array& delta) { return nn::huber(p, kTarget, delta); };
  EXPECT_NEAR(grad(by_delta)(f64(0.7)).item(), central_differences(by_delta, f64(0.7)).item(), 1e-8);
}

TEST(Losses, AbsoluteErrorHasSlopeZeroAtZero) {
  const Array slope = grad([](const Array& v) {
    return sum(nn::each::absolute_error(v, vec({1, 2})));
  })(vec({1, 3}));
  expect_near(slope, vec({0, 1}), 0);
}

TEST(Losses, AColumnBesideAFlatArrayIsRefused) {
  const std::string text = error_of([] { nn::squared_error(kPrediction, reshape(kTarget, {4, 1})); });
  EXPECT_NE(text.find("[squared_error] prediction (4,) and target (4, 1)"), std::string::npos) << text;
  EXPECT_NE(text.find("column"), std::string::npos) << text;
  EXPECT_THROW(nn::binary_cross_entropy_from_logits(reshape(kPrediction, {4, 1}), kTarget), Error);
  EXPECT_THROW(nn::huber(kPrediction, vec({1, 2})), Error);
}

TEST(Losses, ALabelOutOfRangeIsSaid) {
  const Array z = normals({2, 3}, 2);
  const Array labels = Array::from(std::vector<std::int32_t>{1, 3}, {2});
  const std::string text = error_of([&] { nn::softmax_cross_entropy_from_logits(z, labels); });
  EXPECT_NE(text.find("label 3 in row 1: with 3 classes the labels are 0 to 2"), std::string::npos) << text;
  // Inside a transform the value is not known: the loss is nan, not a number that looks like one.
  const Array traced = jit([](const Array& a, const Array& b) {
    return nn::each::softmax_cross_entropy_from_logits(a, b);
  })(z, labels);
  EXPECT_FALSE(std::isnan(traced.at({0})));
  EXPECT_TRUE(std::isnan(traced.at({1})));
}

}  // namespace
}  // namespace runnel
