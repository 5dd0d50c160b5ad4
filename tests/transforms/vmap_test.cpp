// vmap: axes in and out, trees, shared arguments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

TEST(Vmap, AxesInAndOut) {
  const Array x = sample({2, 3, 4}, -1, 1);
  auto f = [](const Array& v) { return sin(v); };
  for (int in : {0, 1, 2, -1, -2, -3})
    for (int out : {0, 1, 2, -1}) {
      const Array got = vmap(f, {in}, out)(x);
      EXPECT_TRUE(same_bits(move_axis(got, out, in), sin(x))) << in << " to " << out;
    }
}

TEST(Vmap, SharedArgumentsAndTrees) {
  struct Layer {
    Array w, b;
  };
  const Layer layers{sample({5, 3, 2}, -1, 1, 1), sample({5, 2}, -1, 1, 2)};
  const Array x = sample({7, 3}, -1, 1, 3);
  auto apply = [](const Layer& l, const Array& v) {
    return std::map<std::string, Array>{{"y", matmul(v, l.w) + l.b}, {"w", sum(l.w)}};
  };
  const auto many = vmap(apply, {0, shared})(layers, x);
  EXPECT_EQ(many.at("y").shape(), (Shape{5, 7, 2}));
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto alone = apply({row(layers.w, i), row(layers.b, i)}, x);
    EXPECT_TRUE(same_bits(row(many.at("y"), i), alone.at("y")));
    EXPECT_TRUE(same_bits(row(many.at("w"), i), alone.at("w")));
  }
}

TEST(Vmap, ResultsThatDoNotDependOnTheLaneAreRepeated) {
  const Array y = vmap([](const Array&) { return Array({1, 2}); })(Array::zeros({3}));
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(y.to_doubles(), (std::vector<double>{1, 2, 1, 2, 1, 2}));
}

TEST(Vmap, OfNoLanesAndOfOne) {
  auto f = [](const Array& x) { return sum(exp(x)); };
  EXPECT_EQ(vmap(f)(Array::zeros({0, 3})).shape(), (Shape{0}));
  EXPECT_EQ(jit(vmap(grad(f)))(Array::zeros({0, 3})).shape(), (Shape{0, 3}));
  EXPECT_EQ(vmap(f)(Array::zeros({1, 3})).item(), 3);
}

TEST(Vmap, TransposesUnderTheLanes) {
  const Array x = sample({4, 2, 3}, -1, 1);
  const Array y = vmap([](const Array& m) { return matmul(m, transpose(m)); })(x);
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_TRUE(same_bits(row(y, i), matmul(row(x, i), transpose(row(x, i)))));
}

}  // namespace
}  // namespace runnel
