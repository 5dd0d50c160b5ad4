// Tracing, differentiating and compiling take time in proportion to the graph.
#include <gtest/gtest.h>

#include <chrono>

#include "compile/pipeline.h"
#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Array chain(const Array& x, int length) {
  Array y = x;
  for (int i = 0; i < length / 2; ++i) y = sin(y) + x;
  return y;
}

// Every way to a derivative of a long chain, traced and compiled, in seconds. The best of three, since others
// use the machine too.
double all_ways(int length) {
  auto work = [&] {
    auto f = [&](const Array& x) { return sum(chain(x, length)); };
    const Type type{DType::f32, {4}};
    const GraphPtr gradient = trace([&](const Arrays& x) { return Arrays{grad(f)(x[0])}; }, {type}).graph;
    EXPECT_GE(gradient->equations().size(), static_cast<std::size_t>(length));
    const auto program = compile(gradient);
    EXPECT_GE(program->steps.size(), 1u);
    const GraphPtr lanes =
        trace([&](const Arrays& x) { return Arrays{vmap(f)(x[0])}; }, {{DType::f32, {3, 4}}}).graph;
    EXPECT_GE(lanes->equations().size(), static_cast<std::size_t>(length));
  };
  return std::min({seconds(work), seconds(work), seconds(work)});
}

TEST(Speed, GrowsInProportion) {
  const double small = all_ways(2000);
  const double large = all_ways(20000);
  RecordProperty("seconds_for_20000_equations", std::to_string(large));
  EXPECT_LT(large, 25 * small) << "ten times the equations, " << small << " s and " << large << " s";
  EXPECT_LT(large, 20.0);  // about a second on an idle machine; far more in a debug build with sanitizers
}

}  // namespace
}  // namespace runnel
