// jit: one trace per signature, a bounded cache, closures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/buffer.h"
#include "ops/helpers.h"
#include "runnel/compiled.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

// Before main(): the order in which objects of other files are initialised must not matter.
const double before_main = jit([](const Array& x) { return sum(x * x); })(Array({1, 2, 3})).item();
TEST(Jit, RunsBeforeMain) { EXPECT_EQ(before_main, 14); }

// In the destructors of static and of thread-local objects, too, also where the thread has not traced before:
// whatever the trace needs must live so long.
struct TracesWhenItGoes {
  ~TracesWhenItGoes() {
    const auto f = [](const Array& x) { return sum(exp(x) * x); };
    if (std::abs(grad(jit(f))(Array({0, 0})).at({0}) - 1) > 1e-6) std::abort();
  }
  int touched = 0;
};
TracesWhenItGoes last_of_all;
TEST(Jit, TracesInDestructors) {
  last_of_all.touched = 1;
  std::thread([] {
    thread_local TracesWhenItGoes at_the_end;
    at_the_end.touched = 1;
    grad([](const Array& x) { return sum(x * x); })(Array({1, 2}));
  }).join();
}

// What dropped functions leave behind: neither what they captured, nor the working memory of their programs,
// nor the graphs of their transforms.
TEST(Jit, LeavesNothingBehind) {
  const Array x = Array::full({1 << 16}, 0.5);
  const auto through_everything = [&](double scale) {
    const Array captured = Array::full({1 << 16}, scale);
    const auto f = jit([captured](const Array& v) { return sum(square(sort(captured * v, 0).first + v)); });
    f(x);
    grad(f)(x);
    jit(grad(f))(x);
    jvp(f, x, x);
    hvp(f, x, x);
    vmap(f)(stack({x, captured}));
    grad(checkpoint(f))(x);
    scan_n([&](const Array& v, const Array&) { return std::pair(v + 1e-3 * grad(f)(v), f(v)); }, x, 3);
  };
  through_everything(1);  // whatever is made once and for all
  const std::size_t before = buffer_bytes();
  for (int i = 0; i < 3; ++i) through_everything(i);
  EXPECT_EQ(buffer_bytes(), before);
}

// A function that lives keeps its program, however many others came and went.
TEST(Jit, KeepsItsProgramAsLongAsItLives) {
  const auto f = jit([](const Array& x) { return sum(x * x); });
  f(Array({1, 2}));
  for (int i = 0; i < 200; ++i) jit([i](const Array& x) { return x + i; })(Array({1, 2}));
  const std::int64_t programs = compile_statistics().programs;
  EXPECT_EQ(f(Array({3, 4})).item(), 25);
  EXPECT_EQ(compile_statistics().programs, programs);
}

TEST(Jit, TracesOncePerSignature) {
  int calls = 0;
  auto f = jit([&](const Array& x, int power) {
    ++calls;
    Array y = x;
    for (int i = 1; i < power; ++i) y = y * x;
    return y;
  });
  EXPECT_EQ(f(Array({2, 3}), 2).to_doubles(), (std::vector<double>{4, 9}));
  EXPECT_EQ(f(Array({4, 5}), 2).to_doubles(), (std::vector<double>{16, 25}));
  EXPECT_EQ(f.traces(), 1u);
  EXPECT_EQ(f(Array({2, 3}), 3).to_doubles(), (std::vector<double>{8, 27}));  // another number
  EXPECT_EQ(f(Array({2, 3, 4}), 2).dim(0), 3);                                // another shape
  EXPECT_EQ(f(Array({2, 3}, DType::f64), 2).dtype(), DType::f64);             // another dtype
  EXPECT_EQ(f(Array({{2, 3}}), 2).rank(), 2);                                 // another rank
  EXPECT_EQ(f.traces(), 5u);
  for (int i = 0; i < 10; ++i) f(Array({2, 3}), 3);
  EXPECT_EQ(f.traces(), 5u);
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(f.cached_graphs(), 5u);
}

TEST(Jit, SignaturesSeeStructure) {
  struct Args {
    std::vector<Array> parts;
    std::map<std::string, Array> named;
    std::optional<Array> extra;
    std::string mode;
    bool negate = false;
  };
  auto f = jit([](const Args& a) {
    Array total = Array::scalar(0);
    for (const Array& x : tree::flatten(a)) total = total + sum(x);
    if (a.mode == "double") total = 2 * total;
    return a.negate ? neg(total) : total;
  });
  const Array one = Array::scalar(1);
  EXPECT_EQ(f(Args{{one}, {}, {}, "", false}).item(), 1);
  EXPECT_EQ(f(Args{{one, one}, {}, {}, "", false}).item(), 2);
  EXPECT_EQ(f(Args{{}, {{"a", one}}, {}, "", false}).item(), 1);
  EXPECT_EQ(f(Args{{}, {}, one, "", false}).item(), 1);
  EXPECT_EQ(f(Args{{one}, {}, {}, "double", false}).item(), 2);
  EXPECT_EQ(f(Args{{one}, {}, {}, "double", true}).item(), -2);
  EXPECT_EQ(f.traces(), 6u);
  EXPECT_EQ(f(Args{{Array::scalar(5)}, {}, {}, "double", true}).item(), -10);
  EXPECT_EQ(f.traces(), 6u);
}

TEST(Jit, CacheIsBounded) {
  auto f = jit([](const Array& x) { return x + 1; });
  for (std::int64_t n = 1; n <= 100; ++n) f(Array::zeros({n}));
  EXPECT_EQ(f.cached_graphs(), f.kMostGraphs);
  EXPECT_EQ(f.traces(), 100u);
  f(Array::zeros({100}));  // still there
  EXPECT_EQ(f.traces(), 100u);
  EXPECT_EQ(f(Array::zeros({1})).item(), 1);  // long gone
  EXPECT_EQ(f.traces(), 101u);
}

TEST(Jit, CopiesShareTheCache) {
  auto f = jit([](const Array& x) { return x + 1; });
  auto g = f;
  f(Array({1}));
  g(Array({2}));
  EXPECT_EQ(g.traces(), 1u);
}

TEST(Jit, FreezesConcreteArraysAndFollowsTracedOnes) {
  Array held({1, 2});
  auto f = jit([&](const Array& x) { return x + held; });
  EXPECT_EQ(f(Array({0, 0})).to_doubles(), (std::vector<double>{1, 2}));
  held = Array({5, 6});
  EXPECT_EQ(f(Array({0, 0})).to_doubles(), (std::vector<double>{1, 2}));
  // A traced value is followed: each call under grad captures the one at hand and is not kept.
  auto outer = [](const Array& w) {
    auto inner = jit([&](const Array& x) { return sum(w * x); });
    const Array y = inner(Array({1, 2})) * inner(Array({3, 4}));
    EXPECT_EQ(inner.cached_graphs(), 0u);
    return y;
  };
  EXPECT_EQ(grad(outer)(Array({1, 1})).to_doubles(), (std::vector<double>{7 + 3 * 3, 7 * 2 + 3 * 4}));
}

TEST(Jit, ResultsThatAreArgumentsOrConstants) {
  const Array held({9, 8});
  auto f = jit([&](const Array& x) {
    return std::tuple(x, held, x, transpose(reshape(x, {1, 2})), Array::ones({3}));
  });
  const Array x({1, 2});
  const auto [a, b, c, d, e] = f(x);
  EXPECT_TRUE(same_bits(a, x));
  EXPECT_TRUE(same_bits(b, held));
  EXPECT_TRUE(same_bits(c, x));
  EXPECT_TRUE(same_bits(d, reshape(x, {2, 1})));
  EXPECT_TRUE(same_bits(e, Array::ones({3})));
}

TEST(Jit, OldResultsOutliveLaterRuns) {
  auto f = jit([](const Array& x) { return x * 2; });
  const Array first = f(Array({1, 2}));
  f(Array({3, 4}));
  f(Array({5, 6}));
  EXPECT_EQ(first.to_doubles(), (std::vector<double>{2, 4}));
}

TEST(Jit, TracedOnTwoThreadsAtOnce) {
  auto f = jit([](const Array& x) { return sum(sin(x) * x); });
  auto work = [&](std::int64_t first) {
    for (std::int64_t n = first; n < 200; n += 2)
      EXPECT_TRUE(
          same_bits(f(arange(n, DType::f32)), sum(sin(arange(n, DType::f32)) * arange(n, DType::f32))));
  };
  std::thread one(work, 1);
  std::thread two(work, 2);
  one.join();
  two.join();
}

// One result of an invariant equation is wanted in every step, another only by further invariant work.
TEST(Jit, InvariantWorkOfSeveralResults) {
  const auto f = [](const Array& x) {
    const auto step = [&](const Array& c, const Array& i) {
      const auto [sorted, order] = sort(x, 0);
      const Array weights = exp(convert(order, DType::f32) * 0.1);
      return std::pair(c * 0.5 + sorted * weights + i, std::tuple<>());
    };
    return scan_n(step, x, 4).first;
  };
  const Array x{3, 1, 2, 5, 4};
  EXPECT_TRUE(same_bits(jit(f)(x), f(x)));
}

// A sum over no axes begins at 0 all the same.
TEST(Jit, ASumOverNothingTurnsMinusZero) {
  const auto f = [](const Array& x) { return sum(x, Dims{}); };
  const Array x = Array::full({3}, -0.0);
  EXPECT_TRUE(same_bits(jit(f)(x), f(x)));
  EXPECT_TRUE(same_bits(f(x), Array::zeros({3})));
}

// However many compiled functions are alive, none is compiled twice.
TEST(Jit, ProgramsLiveAsLongAsTheirFunctions) {
  const auto scaled = [](int i) { return jit([i](const Array& x) { return x * i; }); };
  std::vector<decltype(scaled(0))> all;
  for (int i = 0; i < 300; ++i) all.push_back(scaled(i));
  const Array x{1, 2};
  for (const auto& f : all) f(x);
  const std::int64_t compiled = compile_statistics().programs;
  for (int i = 0; i < 300; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)](x).to_doubles()[1], 2 * i);
  EXPECT_EQ(compile_statistics().programs, compiled);
}

struct Plus {
  Array a, b;
  Array go() const { return a + b; }
};
struct Minus {
  Array a, b;
  Array go() const { return a - b; }
};

// Trees of different types may have the same leaves; they are different arguments all the same.
TEST(Jit, TypesOfArgumentsAreToldApart) {
  const auto f = jit([](const auto& t) { return t.go(); });
  const Array x{1, 2};
  const Array y{4, 6};
  EXPECT_TRUE(same_bits(f(Plus{x, y}), x + y));
  EXPECT_TRUE(same_bits(f(Minus{x, y}), x - y));
  const auto g = jit([](const auto& n, const Array& v) {
    return v * (std::is_floating_point_v<std::decay_t<decltype(n)>> ? 2 : 3);
  });
  EXPECT_TRUE(same_bits(g(0, x), 3 * x));
  EXPECT_TRUE(same_bits(g(0.0f, x), 2 * x));
}

}  // namespace
}  // namespace runnel
