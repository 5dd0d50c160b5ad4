// Moving, joining and picking elements.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

Array grid() { return reshape(arange(6), {2, 3}); }  // [[0 1 2] [3 4 5]]

TEST(Shapes, MoveElements) {
  const Array x = grid();
  EXPECT_THAT(transpose(x).to_doubles(), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(reshape(transpose(x), {6}).to_doubles(), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(reshape(x, {-1, 2}).shape(), (Shape{3, 2}));
  EXPECT_EQ(move_axis(Array::zeros({2, 3, 4}), 0, -1).shape(), (Shape{3, 4, 2}));
  EXPECT_EQ(move_axis(Array::zeros({2, 3, 4}), -1, 1).shape(), (Shape{2, 4, 3}));
  EXPECT_EQ(expand_dims(x, -1).shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(squeeze(expand_dims(x, 1), 1).shape(), (Shape{2, 3}));
  EXPECT_THAT(reverse(x, {0}).to_doubles(), ElementsAre(3, 4, 5, 0, 1, 2));
  EXPECT_THAT(reverse(x, {-1}).to_doubles(), ElementsAre(2, 1, 0, 5, 4, 3));
  EXPECT_THAT(row(x, 1).to_doubles(), ElementsAre(3, 4, 5));
}

TEST(Shapes, CutJoinAndPad) {
  const Array x = grid();
  EXPECT_THAT(slice(x, {0, 1}, {2, 3}).to_doubles(), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(slice(x, 1, 0, 3, 2).to_doubles(), ElementsAre(0, 2, 3, 5));
  EXPECT_EQ(slice(x, 0, 1, 1).shape(), (Shape{0, 3}));
  EXPECT_THAT(concatenate({x, x}, 1).to_doubles(), ElementsAre(0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5));
  EXPECT_THAT(stack({Array({1, 2}), Array({3, 4})}, 1).to_doubles(), ElementsAre(1, 3, 2, 4));
  EXPECT_THAT(pad(Array({1, 2}), {1}, {2}, 9).to_doubles(), ElementsAre(9, 1, 2, 9, 9));
  EXPECT_THROW(pad(Array({1, 2, 3}), {-1}, {1}), Error);
  EXPECT_THAT(concatenate({Array::zeros({0}), Array({1})}).to_doubles(), ElementsAre(1));
}

// The padding's cotangent is the sum over the padding: large elements inside must not drown it.
TEST(Shapes, PaddingsDerivativeKeepsItsDigits) {
  const Array u({1e30, 0.25, 0.5}, DType::f64);
  auto f = [&](const Array& p) { return dot(u, pad(Array({1}, DType::f64), {0}, {2}, p)); };
  EXPECT_EQ(grad(f)(Array::scalar(0, DType::f64)).item(), 0.75);
}

TEST(Indexing, GatherAndScatter) {
  const Array x({{1, 2}, {3, 4}, {5, 6}});
  EXPECT_THAT(gather(x, Array({2, 0, 2}, DType::i32)).to_doubles(), ElementsAre(5, 6, 1, 2, 5, 6));
  EXPECT_THAT(gather(x, Array({1, 1}, DType::i32), 1).to_doubles(), ElementsAre(2, 2, 4, 4, 6, 6));
  EXPECT_EQ(gather(x, Array::zeros({2, 5}, DType::i32)).shape(), (Shape{2, 5, 2}));
  EXPECT_EQ(gather(x, Array::scalar(1, DType::i32)).to_doubles(), (std::vector<double>{3, 4}));
  EXPECT_THAT(scatter_add(Array({0, 0, 0}), Array({1, 1, 2}, DType::i32), Array({1, 2, 4})).to_doubles(),
              ElementsAre(0, 3, 4));
  EXPECT_EQ(gather(x, Array::zeros({0}, DType::i32)).shape(), (Shape{0, 2}));
  // The gradient of a gather counts how often an element was picked.
  EXPECT_THAT(grad([](const Array& v) {
                return sum(gather(v, Array({2, 0, 2}, DType::i32)));
              })(Array({1, 2, 3}))
                  .to_doubles(),
              ElementsAre(1, 0, 2));
}

TEST(Indexing, IotaEyeOneHot) {
  EXPECT_THAT(iota({2, 3}, 1).to_doubles(), ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(iota({2, 3}, 0, DType::f64).to_doubles(), ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(eye(2).to_doubles(), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(one_hot(Array({2, 0, 7}, DType::i32), 3).to_doubles(), ElementsAre(0, 0, 1, 1, 0, 0, 0, 0, 0));
  EXPECT_EQ(one_hot(Array::zeros({4, 5}, DType::i32), 3).shape(), (Shape{4, 5, 3}));
}

TEST(Sorting, IsAscendingStableAndPutsNanLast) {
  auto [values, places] = sort(Array({3, NAN, 1, 3, -1, NAN, 1}));
  EXPECT_THAT(places.to_doubles(), ElementsAre(4, 2, 6, 0, 3, 1, 5));
  EXPECT_THAT(slice(values, 0, 0, 5).to_doubles(), ElementsAre(-1, 1, 1, 3, 3));
  const Array x = sample({4, 7}, -1, 1);
  for (int axis : {0, 1}) {
    auto [v, p] = sort(x, axis);
    const Array rows = axis == 0 ? transpose(x) : x;
    const Array sorted = axis == 0 ? transpose(v) : v;
    const Array from = axis == 0 ? transpose(p) : p;
    for (std::int64_t i = 0; i < rows.dim(0); ++i) {
      std::vector<double> wanted = row(rows, i).to_doubles();
      std::stable_sort(wanted.begin(), wanted.end());
      EXPECT_THAT(row(sorted, i).to_doubles(), ElementsAreArray(wanted));
      EXPECT_THAT(gather(row(rows, i), row(from, i)).to_doubles(), ElementsAreArray(wanted));
    }
  }
}

}  // namespace
}  // namespace runnel
