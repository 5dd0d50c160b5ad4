// Trees: what transforms take apart and put together again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::ElementsAre;

enum class Kind { plain, fancy };
struct Empty {};
struct Layer {
  Array weight;
  Array bias;
};
struct Model {
  std::vector<Layer> layers;
  std::map<std::string, Array> named;
  std::optional<Array> extra;
  std::tuple<Array, std::pair<Array, double>> pieces;
  std::array<Array, 2> both;
  std::string name;
  int width = 0;
  Kind kind = Kind::plain;
  bool flag = false;
  Empty nothing;
};

Array number(double v) { return Array::scalar(v, DType::f64); }

Model model() {
  Model m;
  m.layers = {{number(1), number(2)}, {number(3), number(4)}};
  m.named = {{"b", number(6)}, {"a", number(5)}};
  m.extra = number(7);
  m.pieces = {number(8), {number(9), 0.5}};
  m.both = {number(10), number(11)};
  m.name = "net";
  m.width = 12;
  m.kind = Kind::fancy;
  return m;
}

std::vector<double> leaves(const auto& t) {
  std::vector<double> out;
  for (const Array& leaf : tree::flatten(t)) out.push_back(leaf.item());
  return out;
}

TEST(Tree, LeavesComeInOrder) {
  EXPECT_THAT(leaves(model()), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  Model without = model();
  without.extra.reset();
  EXPECT_EQ(leaves(without).size(), 10u);
}

TEST(Tree, UnflattenKeepsWhatIsNoLeaf) {
  std::vector<Array> other;
  for (int i = 0; i < 11; ++i) other.push_back(number(100 + i));
  const Model m = tree::unflatten(model(), other);
  EXPECT_EQ(leaves(m).front(), 100);
  EXPECT_EQ(leaves(m).back(), 110);
  EXPECT_EQ(m.name, "net");
  EXPECT_EQ(m.width, 12);
  EXPECT_EQ(m.kind, Kind::fancy);
  EXPECT_EQ(std::get<1>(m.pieces).second, 0.5);
}

TEST(Tree, MapWorksLeafByLeaf) {
  const Model sum = tree::map([](const Array& a, const Array& b) { return a + 10 * b; }, model(), model());
  EXPECT_THAT(leaves(sum), ElementsAre(11, 22, 33, 44, 55, 66, 77, 88, 99, 110, 121));
  const Model twice = tree::map([](const Array& a) { return 2 * a; }, model());
  EXPECT_EQ(leaves(twice)[10], 22);
}

struct Twelve {
  Array a, b, c, d, e, f, g, h, i, j, k, l;
};
struct One {
  Array only;
};

TEST(Tree, StructsOfOneToTwelveFields) {
  const Array x = number(1);
  EXPECT_EQ(tree::flatten(Twelve{x, x, x, x, x, x, x, x, x, x, x, x}).size(), 12u);
  EXPECT_EQ(tree::flatten(One{x}).size(), 1u);
}

// Every transform takes such a tree and gives it back.
TEST(Tree, GoesThroughEveryTransform) {
  auto squares = [](const Model& m) {
    Array total = number(0);
    for (const Array& leaf : tree::flatten(m)) total = total + leaf * leaf;
    return total * m.width;
  };
  const Model g = grad(squares)(model());
  EXPECT_THAT(leaves(g), ElementsAre(24, 48, 72, 96, 120, 144, 168, 192, 216, 240, 264));
  EXPECT_EQ(g.name, "net");
  EXPECT_EQ(leaves(jit(grad(squares))(model())), leaves(g));
  EXPECT_EQ(leaves(checkpoint(grad(squares))(model())), leaves(g));
  const auto [value, tangent] = jvp(squares, model(), model());
  EXPECT_EQ(value.item(), 12 * 506);
  EXPECT_EQ(tangent.item(), 2 * 12 * 506);
  EXPECT_EQ(leaves(hvp(squares, model(), model())), leaves(g));
  const Model lanes = tree::map([](const Array& a) { return stack({a, 2 * a}); }, model());
  const Model slopes = vmap(grad(squares))(lanes);
  EXPECT_EQ(slopes.layers[0].bias.to_doubles(), (std::vector<double>{48, 96}));
  auto step = [](const Model& m, const Array& i) {
    return std::pair(tree::map([&](const Array& a) { return a + convert(i, DType::f64); }, m), m.layers[0]);
  };
  const auto [last, history] = scan_n(step, model(), 3);
  EXPECT_EQ(leaves(last)[0], 1 + 0 + 1 + 2);
  EXPECT_EQ(last.name, "net");
  EXPECT_THAT(history.weight.to_doubles(), ElementsAre(1, 1, 2));
}

}  // namespace
}  // namespace runnel
