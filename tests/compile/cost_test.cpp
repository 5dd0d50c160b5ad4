// Costs of graphs against counts by hand.
#include "runnel/cost.h"

#include <gtest/gtest.h>

#include "runnel/transforms.h"

namespace runnel {
namespace {

Cost cost(const ArrayFn& f, const std::vector<Type>& inputs) { return cost_of(*trace(f, inputs).graph); }

const Type kMatrix{DType::f64, {3, 5}}, kOther{DType::f64, {5, 7}}, kVector{DType::f32, {6}};

TEST(Cost, OfProductsSumsAndElements) {
  const Cost product =
      cost([](const std::vector<Array>& x) { return std::vector{matmul(x[0], x[1])}; }, {kMatrix, kOther});
  EXPECT_EQ(product.operations, 2 * 3 * 5 * 7);
  EXPECT_EQ(product.bytes, 8 * 3 * 7);
  const Cost outer_product =
      cost([](const std::vector<Array>& x) { return std::vector{outer(x[0], x[0])}; }, {kVector});
  EXPECT_EQ(outer_product.operations, 36);
  const Cost total =
      cost([](const std::vector<Array>& x) { return std::vector{sum(exp(x[0]) * x[0])}; }, {kVector});
  EXPECT_EQ(total.operations, 6 + 6 + 6);
  EXPECT_EQ(total.bytes, 4 * (6 + 6 + 1));
}

TEST(Cost, ViewsAreFree) {
  const Cost views = cost(
      [](const std::vector<Array>& x) {
        return std::vector{broadcast_to(reshape(slice(x[0], 0, 0, 1), {5}), {100, 5})};
      },
      {kMatrix});
  EXPECT_EQ(views.operations, 0);
  EXPECT_EQ(views.bytes, 0);
}

TEST(Cost, OfWhatIsRepeated) {
  const auto step = [](const Array& carry, const Array&) { return std::pair(sin(carry), std::tuple<>()); };
  const auto looped = [&](std::int64_t steps) {
    return cost([&](const std::vector<Array>& x) { return std::vector{scan_n(step, x[0], steps).first}; },
                {kVector});
  };
  EXPECT_EQ(looped(9).operations, 9 * 6);
  EXPECT_EQ(looped(10).bytes, 10 * 6 * 4);
  const auto lanes = vmap([](const Array& x) { return sum(exp(x)); });
  EXPECT_EQ(cost([&](const std::vector<Array>& x) { return std::vector{lanes(x[0])}; }, {kMatrix}).operations,
            3 * (5 + 5));
  const auto called = jit([](const Array& x) { return exp(x); });
  EXPECT_EQ(
      cost([&](const std::vector<Array>& x) { return std::vector{called(x[0])}; }, {kVector}).operations, 6);
}

}  // namespace
}  // namespace runnel
