// checkpoint: the same bits, less kept on the way, computed again on the way back.
#include <gtest/gtest.h>

#include <string_view>

#include "graph/op.h"
#include "ops/helpers.h"
#include "runnel/transforms.h"
#include "transforms/control.h"

namespace runnel {
namespace {

Array block(const Array& x) {
  Array h = x;
  for (int i = 0; i < 10; ++i) h = tanh(h * 1.5);
  return h;
}

// How often an op stands in a graph and the graphs within it.
std::size_t count(const Graph& graph, std::string_view name) {
  std::size_t n = 0;
  for (const Equation& eq : graph.equations()) {
    if (eq.op->name == name) ++n;
    for (const auto& [key, value] : eq.attrs.entries())
      if (const auto* sub = std::get_if<GraphPtr>(&value)) n += count(**sub, name);
  }
  return n;
}

// What the way back of f takes from the way forth: the captured inputs of its backward graph.
template <class F>
std::size_t residuals(const F& f) {
  const GraphPtr graph = trace([&](const Arrays& x) { return Arrays{f(x[0])}; }, {{DType::f64, {8}}}).graph;
  return split_vjp_graph(graph, {true}).backward->inputs().size() - 1;
}

template <class F>
GraphPtr gradient_graph(const F& f) {
  return trace(
             [&](const Arrays& x) {
               const auto [value, slope] = value_and_grad([&](const Array& v) { return sum(f(v)); })(x[0]);
               return Arrays{value, slope};
             },
             {{DType::f64, {8}}})
      .graph;
}

TEST(Checkpoint, ChangesNoBit) {
  const Array x = sample({8});
  EXPECT_TRUE(same_bits(checkpoint(block)(x), block(x)));
  auto plain = [](const Array& v) { return sum(block(v)); };
  auto saving = [](const Array& v) { return sum(checkpoint(block)(v)); };
  EXPECT_TRUE(same_bits(grad(saving)(x), grad(plain)(x)));
  EXPECT_TRUE(same_bits(jit(grad(saving))(x), grad(plain)(x)));
  EXPECT_TRUE(same_bits(jvp(saving, x, x).second, jvp(plain, x, x).second));
  const Array lanes = stack({x, 2 * x});
  EXPECT_TRUE(same_bits(vmap(grad(saving))(lanes), vmap(grad(plain))(lanes)));
}

TEST(Checkpoint, KeepsItsInputAlone) {
  EXPECT_EQ(residuals(block), 10u);  // each tanh keeps its result
  EXPECT_EQ(residuals(checkpoint(block)), 1u);
  EXPECT_EQ(residuals([](const Array& x) { return checkpoint(block)(checkpoint(block)(x)); }), 2u);
}

TEST(Checkpoint, ComputesAgain) {
  EXPECT_EQ(count(*gradient_graph(block), "tanh"), 10u);
  EXPECT_EQ(count(*gradient_graph(checkpoint(block)), "tanh"), 20u);
}

TEST(Checkpoint, CapturesValuesOfSurroundingTransforms) {
  auto f = [](const Array& x) {
    const Array scale = exp(x);
    return sum(checkpoint([&](const Array& y) { return sin(scale * y); })(x));
  };
  auto plain = [](const Array& x) { return sum(sin(exp(x) * x)); };
  const Array x = sample({5});
  EXPECT_TRUE(same_bits(f(x), plain(x)));
  const Array got = grad(f)(x);
  const Array wanted = grad(plain)(x);
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_NEAR(got.at({i}), wanted.at({i}), 1e-13);
  EXPECT_TRUE(same_bits(jit(grad(f))(x), got));
}

}  // namespace
}  // namespace runnel
