// What each pass is for, on a small example, and where it keeps its hands off. That passes keep every bit is
// tested in pass_laws_test.cpp; here each example keeps its bits too.
#include <algorithm>

#include "compile/graphs.h"
#include "kernels/isa.h"
#include "ops/control.h"

namespace runnel::testing {
namespace {

using kernels::Isa;

const Type kVector{DType::f32, {6}};

// The graph of f behind a pass, which keeps the bits on ordinary and on wild numbers.
GraphPtr behind(GraphPtr (*pass)(const GraphPtr&), const ArrayFn& f, const Types& types) {
  const GraphPtr graph = graph_of(f, types);
  const GraphPtr after = pass(graph);
  Arrays arguments;
  for (const Type& type : types)
    arguments.push_back(is_float(type.dtype)
                            ? numbers(type.shape, arguments.size(), type.dtype)
                            : convert(random::uniform(random::key(5), type.shape, 0, 4), type.dtype));
  for (const Arrays& a : {arguments, made_wild(arguments, 5)})
    expect_same_numbers(evaluate(*after, a), evaluate(*graph, a), to_string(*after));
  return after;
}

ScanSpec first_scan(const Graph& graph) { return scan_spec(first(graph, "scan").attrs); }

// ---- dead code ------------------------------------------------------------------------------------------

TEST(DeadCode, OutputsOfLoopsThatNobodyReadsGo) {
  const GraphPtr g = behind(remove_dead_code,
                            [](const Arrays& a) {
                              auto step = [](const Array& c, const Array& s) {
                                return std::pair(c * s, std::vector<Array>{sin(c), exp(c), cos(s)});
                              };
                              return Arrays{scan(step, a[0], a[1]).second[1]};
                            },
                            {{DType::f32, {}}, kVector});
  const ScanSpec s = first_scan(*g);
  EXPECT_EQ(s.carries, 1);
  EXPECT_EQ(s.body->outputs().size(), 2u);  // the carry and exp
  EXPECT_EQ(count(*g, "sin") + count(*g, "cos"), 0u);
  EXPECT_EQ(count(*g, "exp"), 1u);
}

TEST(DeadCode, CarriesThatFeedOnlyThemselvesGo) {
  const GraphPtr g = behind(
      remove_dead_code,
      [](const Arrays& a) {
        // c[0] reads c[1]; c[2] reads all, and nobody reads it; c[3] reads itself and the sequence.
        auto step = [](const std::vector<Array>& c, const Array& s) {
          return std::pair(std::vector<Array>{c[0] + c[1], c[1] * 0.5, c[0] - c[1] - c[2], c[3] * tanh(s)},
                           std::tuple<>());
        };
        return Arrays{scan(step, std::vector<Array>{a[0], a[0], a[0], a[0]}, a[1]).first[0]};
      },
      {{DType::f32, {}}, kVector});
  const ScanSpec s = first_scan(*g);
  EXPECT_EQ(s.carries, 2);
  EXPECT_EQ(count(*g, "sub") + count(*g, "tanh"), 0u);
  EXPECT_EQ(first(*g, "scan").inputs.size(), 2u + static_cast<std::size_t>(s.constants));  // no sequence
}

TEST(DeadCode, ALoopThatNobodyReadsGoes) {
  const GraphPtr g =
      behind(remove_dead_code,
             [](const Arrays& a) {
               auto step = [](const std::vector<Array>& c, const Array&) {
                 // The inner loop works for a carry that nobody reads.
                 auto inner = [](const Array& x, const Array&) { return std::pair(x * x, sum(x)); };
                 return std::pair(std::vector<Array>{c[0] * 2.0, scan_n(inner, c[1], 3).first}, sum(c[1]));
               };
               return Arrays{scan_n(step, std::vector<Array>{a[0], a[0]}, 4).first[0]};
             },
             {kVector});
  EXPECT_EQ(count(*g, "scan"), 1u);
  EXPECT_EQ(count(*g, "reduce_sum"), 0u);
}

// ---- narrowing ------------------------------------------------------------------------------------------

// The shape at which the first equation of a name works.
Shape shape_at(const Graph& graph, std::string_view name) {
  return graph.type(first(graph, name).outputs[0]).shape;
}

TEST(Narrow, WhatRepeatsIsComputedOnce) {
  const GraphPtr g = behind(narrow_elementwise,
                            [](const Arrays& a) {
                              const Array x = broadcast_to(a[0], {50, 6});
                              const Array y = broadcast_to(a[1], {50, 6});
                              return Arrays{exp(x) * y + 2.0, sum(x - y, 0)};
                            },
                            {kVector, kVector});
  for (const char* op : {"exp", "mul", "add", "sub"}) EXPECT_EQ(shape_at(*g, op), Shape({6})) << op;
}

TEST(Narrow, OverTheAxesOnWhichAnyOperandVaries) {
  const GraphPtr g = behind(narrow_elementwise,
                            [](const Arrays& a) {
                              const Array x = broadcast_to(reshape(a[0], {6, 1, 1}), {6, 4, 9});
                              const Array y = broadcast_to(reshape(a[1], {4, 1}), {6, 4, 9});
                              return Arrays{x * y, tanh(y), log(Array::full({6, 4, 9}, 2.0)) + y * 0.0};
                            },
                            {kVector, {DType::f32, {4}}});
  EXPECT_EQ(shape_at(*g, "mul"), Shape({6, 4}));
  EXPECT_EQ(shape_at(*g, "tanh"), Shape({4}));
  EXPECT_EQ(shape_at(*g, "add"), Shape({4}));
}

TEST(Narrow, WhatVariesEverywhereStays) {
  const GraphPtr g = behind(narrow_elementwise,
                            [](const Arrays& a) {
                              return Arrays{a[1] * broadcast_to(a[0], {3, 6})};
                            },
                            {kVector, {DType::f32, {3, 6}}});
  EXPECT_EQ(shape_at(*g, "mul"), Shape({3, 6}));
}

// ---- simplification -------------------------------------------------------------------------------------

Array bound(const char* op, const Arrays& in, const Attrs& attrs = {}) {
  return bind_op(find_op(op), in, attrs)[0];
}

struct Rule {
  const char* name;
  ArrayFn f;
  std::vector<std::pair<const char*, std::size_t>> left;  // equations of a name behind the pass
};

void expect_rules(const std::vector<Rule>& rules, const Types& types) {
  for (const Rule& rule : rules) {
    SCOPED_TRACE(rule.name);
    // What nobody reads any more is left to the pass that removes it.
    const GraphPtr g = remove_dead_code(behind(simplify, rule.f, types));
    for (const auto& [op, n] : rule.left) EXPECT_EQ(count(*g, op), n) << op << " in\n" << to_string(*g);
  }
}

TEST(Simplify, WhatGivesAnOperandBackGoes) {
  const Array truth = Array::full({3, 4}, 1, DType::boolean);
  const Array lies = Array::full({3, 4}, 0, DType::boolean);
  expect_rules(
      {{"x * 1", [](const Arrays& a) { return Arrays{a[0] * 1.0}; }, {{"mul", 0}}},
       {"1 * x", [](const Arrays& a) { return Arrays{1.0 * a[0]}; }, {{"mul", 0}}},
       {"x / 1", [](const Arrays& a) { return Arrays{a[0] / 1.0}; }, {{"div", 0}}},
       {"x - 0", [](const Arrays& a) { return Arrays{a[0] - 0.0}; }, {{"sub", 0}}},
       {"-(-x)", [](const Arrays& a) { return Arrays{-(-a[0])}; }, {}},
       {"not not", [](const Arrays& a) { return Arrays{logical_not(logical_not(a[2]))}; }, {}},
       {"one branch twice",
        [](const Arrays& a) { return Arrays{select(a[2], a[0], a[0])}; },
        {{"select", 0}}},
       {"x <= 0 ? 0 : x is a maximum",
        [](const Arrays& a) { return Arrays{select(a[0] <= 0, 0, a[0])}; },
        {{"select", 0}, {"max", 1}}},
       {"x < 0 ? 0 : x is none, for -0",
        [](const Arrays& a) { return Arrays{select(a[0] < 0, 0, a[0])}; },
        {{"select", 1}, {"max", 0}}},
       {"x <= 0 ? 0 : y is none",
        [](const Arrays& a) { return Arrays{select(a[0] <= 0, 0, a[1])}; },
        {{"select", 1}, {"max", 0}}},
       {"always", [=](const Arrays& a) { return Arrays{select(truth, a[0], a[1])}; }, {{"select", 0}}},
       {"never", [=](const Arrays& a) { return Arrays{select(lies, a[0], a[1])}; }, {{"select", 0}}},
       {"stopped", [](const Arrays& a) { return Arrays{stop_gradient(a[0])}; }, {{"stop_gradient", 0}}},
       {"same shape",
        [](const Arrays& a) {
          return Arrays{bound("reshape", {a[0]}, {{"shape", Dims{3, 4}}})};
        },
        {{"reshape", 0}}},
       {"repeated once",
        [](const Arrays& a) {
          return Arrays{bound("broadcast", {a[0]}, {{"shape", Dims{3, 4}}, {"axes", Dims{0, 1}}})};
        },
        {{"broadcast", 0}}},
       {"all of it",
        [](const Arrays& a) {
          return Arrays{bound("slice", {a[0]}, {{"start", Dims{0, 0}}, {"stop", Dims{3, 4}}})};
        },
        {{"slice", 0}}},
       {"no padding",
        [](const Arrays& a) {
          return Arrays{bound("pad", {a[0], Array::scalar(7)}, {{"low", Dims{0, 0}}, {"high", Dims{0, 0}}})};
        },
        {{"pad", 0}}},
       {"no change of axes",
        [](const Arrays& a) {
          return Arrays{bound("transpose", {a[0]}, {{"permutation", Dims{0, 1}}})};
        },
        {{"transpose", 0}}},
       {"nothing reversed",
        [](const Arrays& a) {
          return Arrays{bound("reverse", {a[0]}, {{"axes", Dims{}}})};
        },
        {{"reverse", 0}}},
       {"nothing summed: it begins at 0 all the same",
        [](const Arrays& a) {
          return Arrays{bound("reduce_sum", {a[0]}, {{"axes", Dims{}}})};
        },
        {{"reduce_sum", 1}}},
       {"transposed twice",
        [](const Arrays& a) { return Arrays{transpose(transpose(a[0]))}; },
        {{"transpose", 0}}},
       {"reshaped and back",
        [](const Arrays& a) {
          return Arrays{reshape(reshape(a[0], {12}), {3, 4})};
        },
        {{"reshape", 0}}}},
      {{DType::f32, {3, 4}}, {DType::f32, {3, 4}}, {DType::boolean, {3, 4}}});
}

TEST(Simplify, MovesThatFollowOneAnotherBecomeOne) {
  expect_rules({{"reshapes",
                 [](const Arrays& a) {
                   return Arrays{reshape(reshape(a[0], {6, 4}), {24})};
                 },
                 {{"reshape", 1}}},
                {"transposes",
                 [](const Arrays& a) {
                   return Arrays{transpose(transpose(a[0], {1, 2, 0}), {0, 2, 1})};
                 },
                 {{"transpose", 1}}},
                {"three transposes",
                 [](const Arrays& a) {
                   return Arrays{transpose(transpose(transpose(a[0], {1, 2, 0}), {1, 2, 0}), {1, 2, 0})};
                 },
                 {{"transpose", 0}}},
                {"different moves",
                 [](const Arrays& a) { return Arrays{reshape(transpose(a[0]), {24})}; },
                 {{"transpose", 1}, {"reshape", 1}}}},
               {{DType::f32, {2, 3, 4}}});
}

TEST(Simplify, DivisionsByPowersOfTwoBecomeProducts) {
  expect_rules({{"8", [](const Arrays& a) { return Arrays{a[0] / 8.0}; }, {{"div", 0}, {"mul", 1}}},
                {"-1/4", [](const Arrays& a) { return Arrays{a[0] / -0.25}; }, {{"div", 0}, {"mul", 1}}},
                {"3", [](const Arrays& a) { return Arrays{a[0] / 3.0}; }, {{"div", 1}}},
                {"0", [](const Arrays& a) { return Arrays{a[0] / 0.0}; }, {{"div", 1}}},
                {"a number divided", [](const Arrays& a) { return Arrays{8.0 / a[0]}; }, {{"div", 1}}},
                {"integers", [](const Arrays& a) { return Arrays{a[1] / 2}; }, {{"div", 1}}}},
               {kVector, {DType::i32, {6}}});
  // 2^-120 cannot be inverted and multiplied by in f32 without leaving the range of ordinary numbers.
  expect_rules(
      {{"2^-120", [](const Arrays& a) { return Arrays{a[0] / std::ldexp(1.0, -120)}; }, {{"div", 1}}},
       {"2^120", [](const Arrays& a) { return Arrays{a[0] / std::ldexp(1.0, 120)}; }, {{"div", 1}}}},
      {kVector});
}

// -0 + 0 is 0, nan * 0 is nan, -0 - -0 is 0, x - x is nan for infinities: algebra that floats do not keep.
TEST(Simplify, WhatChangesABitStays) {
  expect_rules({{"x + 0", [](const Arrays& a) { return Arrays{a[0] + 0.0}; }, {{"add", 1}}},
                {"0 + x", [](const Arrays& a) { return Arrays{0.0 + a[0]}; }, {{"add", 1}}},
                {"x - -0", [](const Arrays& a) { return Arrays{a[0] - -0.0}; }, {{"sub", 1}}},
                {"0 - x", [](const Arrays& a) { return Arrays{0.0 - a[0]}; }, {{"sub", 1}}},
                {"x * 0", [](const Arrays& a) { return Arrays{a[0] * 0.0}; }, {{"mul", 1}}},
                {"x - x", [](const Arrays& a) { return Arrays{a[0] - a[0]}; }, {{"sub", 1}}},
                {"x / x", [](const Arrays& a) { return Arrays{a[0] / a[0]}; }, {{"div", 1}}},
                {"max of one", [](const Arrays& a) { return Arrays{maximum(a[0], a[0])}; }, {}}},
               {kVector});
}

// ---- constants ------------------------------------------------------------------------------------------

// The graph whose last input is a constant: what tracing alone never leaves, for it computes at once.
GraphPtr with_constant(const GraphPtr& graph, const Array& value) {
  Graph::Data data{graph->types(), graph->inputs(), graph->constants(), graph->equations(), graph->outputs()};
  data.constants.push_back({data.inputs.back(), value});
  data.inputs.pop_back();
  return std::make_shared<const Graph>(std::move(data));
}

TEST(FoldConstants, SmallResultsOfConstantsAreComputedNow) {
  const GraphPtr graph =
      with_constant(graph_of(
                        [](const Arrays& a) {
                          return Arrays{a[0] + sum(sin(a[1]) * exp(a[1])), cumsum(a[1], 0)};
                        },
                        {kVector, kVector}),
                    numbers({6}));
  const GraphPtr g = fold_constants(graph);
  EXPECT_EQ(count(*g, "sin") + count(*g, "exp") + count(*g, "reduce_sum") + count(*g, "cumsum"), 0u);
  EXPECT_EQ(count(*g, "add"), 1u);
  const Arrays x{numbers({6}, 1)};
  expect_same_numbers(evaluate(*g, x), evaluate(*graph, x), to_string(*g));
}

TEST(FoldConstants, InsideALoopToo) {
  const GraphPtr body = with_constant(
      graph_of([](const Arrays& a) { return Arrays{a[0] * tanh(a[1])}; }, {kVector, kVector}), numbers({6}));
  const GraphPtr graph = graph_of(
      [&](const Arrays& a) {
        return bind_op(find_op("scan"), a, scan_attrs({body, 3, 0, 1, false}));
      },
      {kVector});
  const GraphPtr g = fold_constants(graph);
  EXPECT_EQ(count(*g, "tanh"), 0u);
  EXPECT_EQ(count(*g, "mul"), 1u);
  const Arrays x{numbers({6}, 1)};
  expect_same_numbers(evaluate(*g, x), evaluate(*graph, x), to_string(*g));
}

TEST(FoldConstants, LargeResultsAndLoopsStay) {
  const auto large = [](const Arrays& a) { return Arrays{broadcast_to(a[0], {200, 200}) * 2.0}; };
  const GraphPtr g = fold_constants(with_constant(graph_of(large, {{DType::f32, {200, 200}}}),
                                                  random::uniform(random::key(1), {200, 200})));
  EXPECT_EQ(count(*g, "mul"), 1u);
  const auto loop = [](const Arrays& a) {
    return Arrays{
        scan_n([](const Array& c, const Array&) { return std::pair(c * c, std::tuple<>()); }, a[0], 5).first};
  };
  EXPECT_EQ(count(*fold_constants(with_constant(graph_of(loop, {kVector}), numbers({6}))), "scan"), 1u);
}

// ---- common work ----------------------------------------------------------------------------------------

TEST(ShareCommon, InALoopsBody) {
  const GraphPtr g = behind(share_common,
                            [](const Arrays& a) {
                              auto step = [&](const Array& c, const Array&) {
                                return std::pair(sin(c) * a[1] + sin(c), sin(c) * a[1] - sum(c, 0));
                              };
                              const auto [last, outs] = scan_n(step, a[0], 3);
                              return Arrays{last, outs, exp(a[1]) + exp(a[1])};
                            },
                            {kVector, kVector});
  EXPECT_EQ(count(*g, "sin"), 1u);
  EXPECT_EQ(count(*g, "mul"), 1u);
  EXPECT_EQ(count(*g, "exp"), 1u);
}

TEST(ShareCommon, OnlyWhatIsTheSame) {
  const GraphPtr g = behind(share_common,
                            [](const Arrays& a) {
                              // Other attributes, other operands, operands in another order, a zero of
                              // another sign.
                              return Arrays{sum(a[0], 0),
                                            sum(a[0], 1),
                                            a[0] - a[1],
                                            a[1] - a[0],
                                            a[0] / 0.0,
                                            a[0] / -0.0,
                                            convert(a[0], DType::i32),
                                            convert(a[0], DType::u32)};
                            },
                            {{DType::f32, {3, 3}}, {DType::f32, {3, 3}}});
  EXPECT_EQ(count(*g, "reduce_sum"), 2u);
  EXPECT_EQ(count(*g, "sub"), 2u);
  EXPECT_EQ(count(*g, "div"), 2u);
  EXPECT_EQ(count(*g, "convert"), 2u);
}

// ---- loops ----------------------------------------------------------------------------------------------

TEST(Hoist, InvariantsLeaveALoop) {
  const GraphPtr g =
      remove_dead_code(behind(hoist_invariants,
                              [](const Arrays& a) {
                                const ArrayFn step = [](const Arrays& v) -> Arrays {
                                  // exp and a product are the same in each step; tanh and sin are not.
                                  return {matmul(exp(matmul(v[0], v[0])), tanh(v[1])) + v[2], sin(v[2])};
                                };
                                return loop(step, {a[1], a[0], a[2]}, 5, 1, 1);
                              },
                              {{DType::f32, {4}}, {DType::f32, {4, 4}}, {DType::f32, {5, 4}}}));
  const Graph& body = *first_scan(*g).body;
  EXPECT_EQ(count(body, "exp"), 0u);
  EXPECT_EQ(count(body, "dot_general"), 1u);
  EXPECT_EQ(count(body, "tanh") + count(body, "sin"), 2u);
  EXPECT_EQ(count(*g, "exp"), 1u);
  EXPECT_EQ(count(*g, "dot_general"), 2u);
}

TEST(Hoist, ThroughLoopsInLoops) {
  const GraphPtr g =
      behind(hoist_invariants,
             [](const Arrays& a) {
               const ArrayFn inner = [](const Arrays& v) -> Arrays { return {v[1] * sin(v[0])}; };
               const ArrayFn outer = [&](const Arrays& v) -> Arrays {
                 return {loop(inner, {v[0], v[1]}, 2, 1, 1)[0], sum(v[1])};
               };
               return loop(outer, {a[1], a[0]}, 3, 1, 1);
             },
             {kVector, kVector});
  EXPECT_EQ(count(*g, "sin"), 1u);
  EXPECT_NO_THROW(first(*g, "sin"));  // before both loops
}

// A move costs nothing where it stands; a loop without steps does no work that could fail.
TEST(Hoist, MovesAndEmptyLoopsStay) {
  const ArrayFn step = [](const Arrays& v) -> Arrays {
    return {v[1] + matmul(transpose(v[0]), v[1]), exp(v[0])};
  };
  const Types types{{DType::f32, {4}}, {DType::f32, {4, 4}}};
  const GraphPtr moved = behind(
      hoist_invariants,
      [&](const Arrays& a) {
        return loop(step, {a[1], a[0]}, 2, 1, 1);
      },
      types);
  EXPECT_EQ(count(*first_scan(*moved).body, "transpose"), 1u);
  EXPECT_EQ(count(*first_scan(*moved).body, "exp"), 0u);
  const GraphPtr empty = behind(
      hoist_invariants,
      [&](const Arrays& a) {
        return loop(step, {a[1], a[0]}, 0, 1, 1);
      },
      types);
  EXPECT_EQ(count(*first_scan(*empty).body, "exp"), 1u);
}

TEST(SinkViews, MovesOfALoopsConstantsAreMadeInside) {
  const auto f = [](const Arrays& a) {
    const Array w = transpose(slice(a[1], {0, 1}, {4, 5}));
    const Array bias = broadcast_to(a[2], {4, 4});
    auto step = [&](const Array& c, const Array&) { return std::pair(tanh(matmul(w, c) + bias), sum(c)); };
    return Arrays{scan_n(step, a[0], 3).first};
  };
  const Types types{{DType::f32, {4, 4}}, {DType::f32, {4, 7}}, {DType::f32, {4}}};
  const GraphPtr g = behind(sink_views, f, types);
  const Graph& body = *first_scan(*g).body;
  for (const char* op : {"transpose", "slice", "broadcast"}) EXPECT_EQ(count(body, op), 1u) << op;
  // The loop is given what it was made of: no step lays a copy out.
  const auto program = compile(graph_of(f, types));
  for (const Step& step : program->steps) EXPECT_STREQ(step.name, "scan");
}

// ---- fusion ---------------------------------------------------------------------------------------------

#define NEEDS_FAST_KERNELS() \
  if (kernels::isa() == Isa::reference) GTEST_SKIP() << "the reference kernels know no fused programs"

TEST(FuseElementwise, AcrossBranches) {
  NEEDS_FAST_KERNELS();
  const GraphPtr g = behind(fuse_elementwise,
                            [](const Arrays& a) {
                              const Array both = a[0] * a[1];
                              const Array left = exp(both) + a[0];
                              const Array total =
                                  sum(a[1]);  // stands between, on what does not hang on the group
                              const Array right = sin(both) - a[1];
                              return Arrays{left * right, right, total};
                            },
                            {kVector, kVector});
  EXPECT_EQ(g->equations().size(), 2u) << to_string(*g);
  const Equation& fused = first(*g, "fused");
  EXPECT_EQ(fused.outputs.size(), 2u);  // only what somebody reads comes out
  EXPECT_EQ(fused.attrs.graph("graph")->equations().size(), 6u);
}

TEST(FuseElementwise, NotIntoACycle) {
  NEEDS_FAST_KERNELS();
  const GraphPtr g = behind(fuse_elementwise,
                            [](const Arrays& a) {
                              const Array before = exp(a[0]);
                              const Array product = matmul(before, a[1]);
                              // The product needs `before`, and this needs both: one equation for all would
                              // need itself.
                              return Arrays{before + product};
                            },
                            {{DType::f32, {4, 4}}, {DType::f32, {4, 4}}});
  EXPECT_EQ(count(*g, "fused"), 0u) << to_string(*g);
  EXPECT_EQ(count(*g, "exp") + count(*g, "add"), 2u);
}

TEST(FuseElementwise, NotWorkOfAnotherShape) {
  NEEDS_FAST_KERNELS();
  const GraphPtr g = behind(fuse_elementwise,
                            [](const Arrays& a) {
                              return Arrays{exp(a[0]) * a[0], sin(a[1]) * a[1]};
                            },
                            {kVector, {DType::f32, {7}}});
  EXPECT_EQ(count(*g, "fused"), 2u);
}

TEST(FuseElementwise, IsLeftOutForTheReferenceKernels) {
  const Isa before = kernels::isa();
  kernels::force_isa(Isa::reference);
  const GraphPtr g =
      behind(fuse_elementwise, [](const Arrays& a) { return Arrays{exp(a[0]) * a[0]}; }, {kVector});
  kernels::force_isa(before);
  EXPECT_EQ(count(*g, "fused"), 0u);
}

}  // namespace
}  // namespace runnel::testing
