// Graphs: what tracing makes, how graphs print and draw, and what the typechecker refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "ops/table.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::HasSubstr;

const Type kScalar{DType::f32, {}};
const Type kVector{DType::f32, {3}};

TEST(Tracing, KeepsOnlyWhatTheOutputsNeed) {
  const Traced t = trace(
      [](const Arrays& x) {
        static_cast<void>(exp(x[0]));
        return Arrays{sin(x[1])};
      },
      {kVector, kVector});
  ASSERT_EQ(t.graph->equations().size(), 1u);
  EXPECT_STREQ(t.graph->equations()[0].op->name, "sin");
  EXPECT_EQ(t.graph->inputs().size(), 2u);
}

TEST(Tracing, OutputsMayBeInputsConstantsOrTwiceTheSame) {
  const Array held({1, 2, 3});
  const Traced t = trace([&](const Arrays& x) { return Arrays{x[0], held, x[0]}; }, {kVector});
  const Arrays out = evaluate(*t.graph, {Array({4, 5, 6})});
  EXPECT_EQ(out[0].at({0}), 4);
  EXPECT_TRUE(same_bits(out[1], held));
  EXPECT_TRUE(same_bits(out[2], out[0]));
}

TEST(Tracing, CapturesWhatItClosesOver) {
  const Array constant({7, 8, 9});
  trace(
      [&](const Arrays& outer) {
        const Traced inner = trace(
            [&](const Arrays& x) {
              static_cast<void>(outer[1] * x[0]);  // captured in vain
              return Arrays{x[0] * outer[0] + constant + outer[0]};
            },
            {kVector});
        EXPECT_EQ(inner.captured.size(), 1u);
        EXPECT_EQ(inner.graph->inputs().size(), 2u);
        EXPECT_EQ(inner.graph->constants().size(), 1u);
        return evaluate(*inner.graph, {outer[0], inner.captured[0]});
      },
      {kVector, kVector});
}

TEST(GraphPrinter, OneLinePerEquation) {
  const Traced t = trace(
      [](const Arrays& x) {
        return Arrays{sum(x[0] * 2.0), transpose(x[0])};
      },
      {{DType::f64, {2, 3}}});
  EXPECT_EQ(to_string(*t.graph),
            "graph(%0: f64(2, 3)) {\n"
            "  %1: f64(2, 3) = constant 2.0\n"
            "  %2: f64(2, 3) = mul(%0, %1)\n"
            "  %3: f64() = reduce_sum(%2) axes=(0, 1)\n"
            "  %4: f64(3, 2) = transpose(%0) permutation=(1, 0)\n"
            "  return %3, %4\n"
            "}\n");
}

Traced with_subgraphs() {
  return trace(
      [](const Arrays& x) {
        const auto step = [](const Arrays& v) { return Arrays{v[0] + v[1], sin(v[0])}; };
        return flat::checkpoint([&](const Arrays& v) { return flat::scan(step, {v[0]}, {v[1]}, 5, true); },
                                x);
      },
      {kScalar, {DType::f32, {5}}});
}

TEST(GraphPrinter, SubgraphsAreIndented) {
  const std::string text = to_string(*with_subgraphs().graph);
  EXPECT_THAT(text, HasSubstr("= checkpoint(%0, %1)\n    graph("));
  EXPECT_THAT(text, HasSubstr("length=5 constants=0 carries=1 reverse=true\n        graph("));
  EXPECT_THAT(text, HasSubstr("          %2: f32() = add("));
}

// Graphviz reads the drawing, where it is installed.
TEST(GraphDrawing, IsReadByGraphviz) {
  if (std::system("dot -V > /dev/null 2>&1") != 0) GTEST_SKIP() << "Graphviz is not installed";
  const std::string path = testing::TempDir() + "runnel_graph_test.dot";
  auto loss = [](const Array& x) {
    return sum(
        scan([](const Array& c, const Array& s) { return std::pair(c * s, tanh(c)); }, row(x, 0), x).second);
  };
  const std::vector<GraphPtr> graphs{
      with_subgraphs().graph,
      trace([&](const Arrays& x) { return Arrays{grad(jit(loss))(x[0])}; }, {kVector}).graph,
      trace([](const Arrays& x) { return x; }, {kVector}).graph,
      trace(
          [](const Arrays&) {
            return Arrays{Array({1, 2})};
          },
          {})
          .graph};
  for (const GraphPtr& graph : graphs) {
    std::ofstream(path) << to_dot(*graph);
    EXPECT_EQ(std::system(("dot -Tsvg -o /dev/null " + path + " 2> " + path + ".err").c_str()), 0)
        << to_dot(*graph);
    EXPECT_EQ(std::ifstream(path + ".err").peek(), EOF) << "warnings of dot";
  }
  std::remove(path.c_str());
  std::remove((path + ".err").c_str());
}

// ---- the typechecker -----------------------------------------------------------------------------------

// %2 = add(%0, %1), %3 = sin(%2)
Graph::Data sound() {
  return {{kVector, kVector, kVector, kVector},
          {0, 1},
          {},
          {{&find_op("add"), {0, 1}, {}, {2}}, {&find_op("sin"), {2}, {}, {3}}},
          {3}};
}

std::string refusal(Graph::Data data) {
  try {
    const Graph graph(std::move(data));
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Typechecker, AcceptsASoundGraph) { EXPECT_EQ(refusal(sound()), "accepted"); }

TEST(Typechecker, RefusesWrongUses) {
  auto data = sound();
  std::swap(data.equations[0], data.equations[1]);
  EXPECT_THAT(refusal(data), HasSubstr("uses value 2 before it is defined"));
  data = sound();
  data.outputs = {9};
  EXPECT_THAT(refusal(data), HasSubstr("uses value 9"));
  data = sound();
  data.equations[1].outputs = {2};
  EXPECT_THAT(refusal(data), HasSubstr("defines value 2 twice"));
  data = sound();
  data.inputs = {0, 0};
  EXPECT_THAT(refusal(data), HasSubstr("defines value 0 twice"));
  data = sound();
  data.inputs = {0, 7};
  EXPECT_THAT(refusal(data), HasSubstr("value 7"));
}

TEST(Typechecker, RefusesWrongTypes) {
  auto data = sound();
  data.types[3] = kScalar;
  EXPECT_THAT(refusal(data), HasSubstr("the outputs of a sin equation do not have its types"));
  data = sound();
  data.types[1] = {DType::f64, {3}};
  EXPECT_THAT(refusal(data), HasSubstr("[add] f32(3,) and f64(3,)"));
  data = sound();
  data.constants = {{1, Array({1, 2})}};
  data.inputs = {0};
  EXPECT_THAT(refusal(data), HasSubstr("constant 1 of a graph is not an array of its type"));
}

TEST(Typechecker, RefusesWrongEquations) {
  auto data = sound();
  data.equations[0].inputs = {0};
  EXPECT_THAT(refusal(data), HasSubstr("[add] takes 2 operands, 1 were given"));
  data = sound();
  data.equations[1].outputs = {3, 3};
  EXPECT_THAT(refusal(data), HasSubstr("sin"));
  data = sound();
  data.equations[1].attrs = {{"axis", std::int64_t{0}}};
  EXPECT_THAT(refusal(data), HasSubstr("[sin] takes 0 attributes, an equation has 1"));
  data = sound();
  data.equations[1].op = &find_op("reverse");
  EXPECT_THAT(refusal(data), HasSubstr("lacks the attribute \"axes\""));
  data.equations[1].attrs = {{"axes", std::int64_t{0}}};
  EXPECT_THAT(refusal(data), HasSubstr("holds another kind of value"));
  data.equations[1].op = nullptr;
  EXPECT_THAT(refusal(data), HasSubstr("has no op"));
}

TEST(GraphEquality, SeesStructureAndConstants) {
  auto f = [](double c) {
    return trace([=](const Arrays& x) { return Arrays{sin(x[0]) + c}; }, {kVector}).graph;
  };
  EXPECT_TRUE(*f(1) == *f(1));
  EXPECT_FALSE(*f(1) == *f(2));
  EXPECT_FALSE(*f(1) == *trace([](const Arrays& x) { return Arrays{cos(x[0]) + 1}; }, {kVector}).graph);
  EXPECT_FALSE(*f(1) ==
               *trace([](const Arrays& x) { return Arrays{sin(x[0]) + 1}; }, {{DType::f32, {4}}}).graph);
}

TEST(Evaluate, ChecksItsArguments) {
  const GraphPtr g = trace([](const Arrays& x) { return x; }, {kVector}).graph;
  EXPECT_THROW(evaluate(*g, {}), Error);
  EXPECT_THROW(evaluate(*g, {Array({1, 2})}), Error);
}

}  // namespace
}  // namespace runnel
