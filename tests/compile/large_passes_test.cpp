// The passes that look at sizes: lanes in groups, large products with the work behind them.
#include <algorithm>

#include "compile/graphs.h"
#include "compile/plan.h"
#include "kernels/isa.h"
#include "ops/compiled.h"

namespace runnel::testing {
namespace {

using kernels::Isa;

class LargePasses : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kernels::isa() == Isa::reference) GTEST_SKIP() << "the reference kernels take no part in this";
  }
};

Arrays arguments_of(const Graph& graph) {
  Arrays out;
  for (const Type& type : graph.input_types())
    out.push_back(
        is_float(type.dtype)
            ? numbers(type.shape, out.size(), type.dtype)
            : convert(random::uniform(random::key(9 + out.size()), type.shape, 0, 300), type.dtype));
  return out;
}

// The whole program gives what the graph gives.
void expect_program_keeps(const GraphPtr& graph) {
  const Arrays a = arguments_of(*graph);
  expect_same_numbers(flat::call(graph, a), evaluate(*graph, a), to_string(*optimise(graph)));
}

// ---- lanes ----------------------------------------------------------------------------------------------

// A lane whose inner values take 16 KiB or so each: more than sixteen of them leave the second cache.
ArrayFn heavy_lanes() {
  return [](const Arrays& a) {
    auto f = [](const Array& w, const Array& s) { return sum(matmul(matmul(w * s, w), w), 1); };
    return Arrays{vmap(f, {shared, 0})(a[0], a[1])};
  };
}
Types heavy_types(std::int64_t lanes, DType dtype = DType::f32) {
  return {{dtype, {64, 64}}, {dtype, {lanes}}};
}

TEST_F(LargePasses, ManyLanesBecomeAStripOverGroups) {
  for (DType dtype : {DType::f32, DType::f64})
    for (std::int64_t lanes : {31, 32, 33, 100}) {
      SCOPED_TRACE(fmt::format("{} lanes of {}", lanes, name_of(dtype)));
      const GraphPtr graph = graph_of(heavy_lanes(), heavy_types(lanes, dtype));
      ASSERT_EQ(count(*graph, "vmap"), 1u);
      const GraphPtr g = assign_lanes(graph);
      EXPECT_EQ(count(*g, "vmap"), 0u);
      const StripSpec s = strip_spec(first(*g, "strip").attrs);
      EXPECT_EQ(s.size, lanes);
      EXPECT_EQ(s.chunk, 16);
      ASSERT_EQ(s.tail != nullptr, lanes % 16 != 0);
      const auto last = [](const Type& type) { return type.shape.back(); };
      for (std::size_t i = 0; i < s.in_axes.size(); ++i) {
        if (s.in_axes[i] < 0) continue;
        EXPECT_EQ(last(s.body->input_types()[i]), 16);
        if (s.tail != nullptr) {
          EXPECT_EQ(last(s.tail->input_types()[i]), lanes % 16);
        }
      }
      EXPECT_NE(std::count(s.in_axes.begin(), s.in_axes.end(), -1), 0);  // w is given whole
      expect_program_keeps(graph);
    }
}

TEST_F(LargePasses, FewLanesAndLightOnesRunTogether) {
  for (std::int64_t lanes : {1, 2, 15, 16, 17, 24}) {
    SCOPED_TRACE(lanes);
    const GraphPtr graph = graph_of(heavy_lanes(), heavy_types(lanes));
    const GraphPtr g = assign_lanes(graph);
    EXPECT_EQ(count(*g, "vmap") + count(*g, "strip"), 0u);
    expect_program_keeps(graph);
  }
  const GraphPtr light = graph_of(
      [](const Arrays& a) { return Arrays{vmap([](const Array& x) { return sum(sin(x) * x); })(a[0])}; },
      {{DType::f32, {100, 3}}});
  EXPECT_EQ(count(*light, "vmap"), 1u);
  EXPECT_EQ(count(*assign_lanes(light), "strip"), 0u);
  expect_program_keeps(light);
}

TEST_F(LargePasses, LanesInALoopAndInLanes) {
  const GraphPtr graph = graph_of(
      [](const Arrays& a) {
        auto step = [&](const Array& c, const Array&) {
          auto f = [](const Array& w, const Array& s) { return sum(matmul(w * s, w)); };
          return std::pair(tanh(vmap(f, {shared, 0})(a[0], c)), std::tuple<>());
        };
        auto lane = [](const Array& w, const Array& s) {
          return vmap([&](const Array& t) { return sum(matmul(w * t, w * s)); })(s * arange(3, s.dtype()));
        };
        return Arrays{scan_n(step, a[1], 2).first, vmap(lane, {shared, 0})(a[0], a[1])};
      },
      heavy_types(33));
  const GraphPtr g = assign_lanes(inline_subgraphs(graph));
  EXPECT_EQ(count(*g, "vmap"), 0u);
  EXPECT_EQ(count(*scan_spec(first(*g, "scan").attrs).body, "strip"), 1u);
  EXPECT_GE(count(*g, "strip"), 2u);
  expect_program_keeps(graph);
}

// ---- products and the work on their results -------------------------------------------------------------

// w - rate x'd, a step of descent, where the gradient is as large as w.
Arrays descent(const Arrays& a) { return {a[0] - a[3] * matmul(transpose(a[1]), a[2])}; }
Types descent_types(std::int64_t rows, std::int64_t columns) {
  return {
      {DType::f32, {rows, columns}}, {DType::f32, {32, rows}}, {DType::f32, {32, columns}}, {DType::f32, {}}};
}

TEST_F(LargePasses, AProductAndTheUpdateBecomeAStrip) {
  const GraphPtr graph = graph_of(descent, descent_types(784, 128));
  const GraphPtr g = optimise(graph);
  const StripSpec s = strip_spec(first(*g, "strip").attrs);
  EXPECT_EQ(count(*g, "strip"), 1u);
  EXPECT_EQ(count(*s.body, "dot_general") + count(*s.body, "fused"), 2u);
  EXPECT_EQ(s.size, 784);
  EXPECT_EQ(s.chunk, 32);  // 16 KiB of rows of 128
  ASSERT_NE(s.tail, nullptr);
  EXPECT_EQ(s.tail->output_types()[0].shape, Shape({784 % 32, 128}));
  expect_program_keeps(graph);
}

TEST_F(LargePasses, TheUpdateWritesOverTheWeights) {
  const GraphPtr g = optimise(graph_of(descent, descent_types(784, 128)));
  const auto program = plan(g, {{}, {}, {{0, 0}, {1, 0}}});
  EXPECT_TRUE(program->shares[0]);
  EXPECT_FALSE(program->shares[1]);  // x is no array of that shape
  // The gradient is never whole: one range of it is all that a thread needs.
  const std::size_t weights = 784 * 128 * 4;
  EXPECT_LT(program->arena_bytes, weights / 2);
  // Where another equation reads the weights later they stay.
  const GraphPtr later = optimise(graph_of(
      [](const Arrays& a) {
        const Array next = descent(a)[0];
        return Arrays{next, matmul(transpose(next), a[0])};
      },
      descent_types(784, 128)));
  EXPECT_FALSE(plan(later, {{}, {}, {{0, 0}}})->shares[0]);
}

TEST_F(LargePasses, ACarryIsUpdatedInPlace) {
  const GraphPtr graph = graph_of(
      [](const Arrays& a) {
        auto step = [&](const Array& w, const Array& x) {
          const Array d = tanh(matmul(x, w));
          return std::pair(w - a[2] * matmul(transpose(x), d), sum(d));
        };
        const auto [last, losses] = scan(step, a[0], a[1]);
        return Arrays{last, losses};
      },
      {{DType::f32, {784, 128}}, {DType::f32, {3, 32, 784}}, {DType::f32, {}}});
  const auto program = compile(graph);
  const auto loop = std::find_if(program->steps.begin(), program->steps.end(),
                                 [](const Step& s) { return s.loop != nullptr; });
  ASSERT_NE(loop, program->steps.end());
  EXPECT_EQ(loop->loop->spare, std::vector<std::int64_t>{-1});
  expect_program_keeps(graph);
}

TEST_F(LargePasses, ProductsThatAreSmallOrReadAgainStay) {
  EXPECT_EQ(count(*optimise(graph_of(descent, descent_types(100, 128))), "strip"), 0u);
  const GraphPtr twice = graph_of(
      [](const Arrays& a) {
        const Array gradient = matmul(transpose(a[1]), a[2]);
        return Arrays{a[0] - a[3] * gradient, sum(gradient, 0)};
      },
      descent_types(784, 128));
  const GraphPtr g = optimise(twice);
  for (const Equation& eq : g->equations())
    if (is_op(eq, "strip")) {
      EXPECT_EQ(count(*strip_spec(eq.attrs).body, "dot_general"), 0u);
    }
  expect_program_keeps(twice);
}

TEST_F(LargePasses, WorkThatOnlyASumReadsBecomesAStrip) {
  for (int axis : {0, 1}) {
    const GraphPtr graph = graph_of([axis](const Arrays& a) { return Arrays{sum(exp(a[0]) * a[0], axis)}; },
                                    {{DType::f32, {301, 203}}});
    const GraphPtr g = optimise(graph);
    const StripSpec s = strip_spec(first(*g, "strip").attrs);
    EXPECT_EQ(s.in_axes, std::vector<std::int64_t>{1 - axis});
    EXPECT_EQ(s.size, axis == 0 ? 203 : 301);
    EXPECT_LT(plan(g)->arena_bytes, 301u * 203 * 4 / 2);
    expect_program_keeps(graph);
  }
}

}  // namespace
}  // namespace runnel::testing
