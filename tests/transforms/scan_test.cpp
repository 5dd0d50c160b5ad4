// scan: the loop it stands for, and its derivatives and lanes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::ElementsAre;

Array number(double v) { return Array::scalar(v, DType::f64); }
bool same(const std::pair<Array, Array>& a, const std::pair<Array, Array>& b) {
  return same_bits(a.first, b.first) && same_bits(a.second, b.second);
}

// c ← sin(a c) + x, y = c², with a captured.
std::pair<Array, Array> by_loop(const Array& a, const Array& start, const Array& xs, bool reverse) {
  Array c = start;
  std::vector<Array> ys(static_cast<std::size_t>(xs.dim(0)));
  for (std::int64_t i = 0; i < xs.dim(0); ++i) {
    const std::int64_t at = reverse ? xs.dim(0) - 1 - i : i;
    ys[static_cast<std::size_t>(at)] = square(c);
    c = sin(a * c) + row(xs, at);
  }
  return {c, stack(ys)};
}
std::pair<Array, Array> by_scan(const Array& a, const Array& start, const Array& xs, bool reverse) {
  return scan([&](const Array& c, const Array& x) { return std::pair(sin(a * c) + x, square(c)); }, start, xs,
              reverse);
}

TEST(Scan, IsTheLoopForwardsAndBackwards) {
  const Array a = sample({3}, -1, 1, 1);
  const Array start = sample({3}, -1, 1, 2);
  for (std::int64_t n : {1, 2, 7, 8})
    for (bool reverse : {false, true}) {
      const Array xs = sample({n, 3}, -1, 1, 3);
      const auto wanted = by_loop(a, start, xs, reverse);
      EXPECT_TRUE(same(by_scan(a, start, xs, reverse), wanted));
      EXPECT_TRUE(same(
          jit([&](const Array& s, const Array& x) { return by_scan(a, s, x, reverse); })(start, xs), wanted));
    }
}

TEST(Scan, DerivativesAreThoseOfTheLoop) {
  struct Args {
    Array a, start, xs;
  };
  const Args args{sample({3}, -1, 1, 1), sample({3}, -1, 1, 2), sample({5, 3}, -1, 1, 3)};
  const Array u = sample({5, 3}, -1, 1, 4);
  for (bool reverse : {false, true}) {
    auto score = [&](auto run) {
      return [&, run](const Args& p) {
        const auto [last, ys] = run(p.a, p.start, p.xs, reverse);
        return sum(last) + sum(u * ys);
      };
    };
    const Args wanted = grad(score(by_loop))(args);
    const Args got = grad(score(by_scan))(args);
    const Args compiled = jit(grad(score(by_scan)))(args);
    const Args turned = hvp(score(by_scan), args, wanted);
    const Args turned_wanted = hvp(score(by_loop), args, wanted);
    for (Array Args::*field : {&Args::a, &Args::start, &Args::xs}) {
      EXPECT_THAT((got.*field).to_doubles(),
                  testing::Pointwise(testing::DoubleNear(1e-13), (wanted.*field).to_doubles()));
      EXPECT_TRUE(same_bits(compiled.*field, got.*field));
      EXPECT_THAT((turned.*field).to_doubles(),
                  testing::Pointwise(testing::DoubleNear(1e-12), (turned_wanted.*field).to_doubles()));
    }
    EXPECT_NEAR(jvp(score(by_scan), args, wanted).second.item(),
                jvp(score(by_loop), args, wanted).second.item(), 1e-12);
  }
}

TEST(Scan, LanesOfAnyPart) {
  const Array a = sample({4, 3}, -1, 1, 1);
  const Array start = sample({4, 3}, -1, 1, 2);
  const Array xs = sample({4, 5, 3}, -1, 1, 3);
  auto run = [](const Array& p, const Array& s, const Array& x) { return by_scan(p, s, x, false); };
  for (int mask = 1; mask < 8; ++mask) {
    auto pick = [&](const Array& x, int bit) { return mask & bit ? x : row(x, 0); };
    auto axis = [&](int bit) { return mask & bit ? Axis(0) : shared; };
    const auto many = vmap(run, {axis(1), axis(2), axis(4)})(pick(a, 1), pick(start, 2), pick(xs, 4));
    for (std::int64_t lane = 0; lane < 4; ++lane) {
      auto at = [&](const Array& x, int bit) { return row(x, mask & bit ? lane : 0); };
      const auto alone = run(at(a, 1), at(start, 2), at(xs, 4));
      EXPECT_TRUE(same({row(many.first, lane), row(many.second, lane)}, alone)) << mask << " lane " << lane;
    }
  }
}

TEST(Scan, OfNoSteps) {
  auto step = [](const Array& c, const Array& x) { return std::pair(c + sum(x), c * 2); };
  auto run = [&](const Array& c) { return scan(step, c, Array::zeros({0, 3}, DType::f64)); };
  for (const auto& [last, ys] : {run(number(5)), jit(run)(number(5))}) {
    EXPECT_EQ(last.item(), 5);
    EXPECT_EQ(ys.shape(), (Shape{0}));
  }
  auto score = [&](const Array& c) {
    const auto [last, ys] = run(c);
    return last * last + sum(ys);
  };
  EXPECT_EQ(grad(score)(number(5)).item(), 10);
  EXPECT_EQ(jit(grad(score))(number(5)).item(), 10);
  EXPECT_EQ(jvp(score, number(5), number(1)).second.item(), 10);
  EXPECT_THAT(vmap(score)(Array({1, 2}, DType::f64)).to_doubles(), ElementsAre(1, 4));
}

struct Nothing {};

TEST(Scan, WithoutCarryOrWithoutOutputs) {
  auto square_each = [](const Nothing&, const Array& x) { return std::pair(Nothing{}, x * x); };
  auto run = [&](const Array& xs) { return scan(square_each, Nothing{}, xs).second; };
  EXPECT_THAT(run(Array({1, 2, 3})).to_doubles(), ElementsAre(1, 4, 9));
  EXPECT_THAT(jit(run)(Array({1, 2, 3})).to_doubles(), ElementsAre(1, 4, 9));
  EXPECT_THAT(grad([&](const Array& xs) { return sum(run(xs)); })(Array({1, 2, 3})).to_doubles(),
              ElementsAre(2, 4, 6));
  auto product = [](const Array& c, const Array& x) { return std::pair(c * x, Nothing{}); };
  auto factorial = [&](const Array& xs) { return scan(product, number(1), xs).first; };
  const Array xs({1, 2, 3, 4}, DType::f64);
  EXPECT_EQ(jit(factorial)(xs).item(), 24);
  EXPECT_THAT(grad(factorial)(xs).to_doubles(), ElementsAre(24, 12, 8, 6));
}

TEST(Scan, CarriesOfAllDtypesAndSwaps) {
  // Fibonacci: the carries change places, and a counter and a flag go with them.
  struct State {
    Array a, b, count, odd;
  };
  auto step = [](const State& s, const Array&) {
    return std::pair(State{s.b, s.a + s.b, s.count + 1, logical_not(s.odd)}, s.a);
  };
  const State start{number(0), number(1), Array::scalar(0, DType::i32), Array::scalar(0, DType::boolean)};
  auto run = [&](const State& s) { return scan_n(step, s, 9); };
  for (const auto& [last, ys] : {run(start), jit(run)(start)}) {
    EXPECT_THAT(ys.to_doubles(), ElementsAre(0, 1, 1, 2, 3, 5, 8, 13, 21));
    EXPECT_EQ(last.a.item(), 34);
    EXPECT_EQ(last.b.item(), 55);
    EXPECT_EQ(last.count.item(), 9);
    EXPECT_EQ(last.odd.item(), 1);
  }
  const State g = grad([&](const State& s) { return run(s).first.a; })(start);
  EXPECT_EQ(g.a.item(), 21);
  EXPECT_EQ(g.b.item(), 34);
}

TEST(Scan, WithinScan) {
  // Row by row, along each row: out[i][j] = running total, which restarts with the last row's total.
  auto run = [](const Array& xs) {
    auto outer = [](const Array& c, const Array& line) {
      auto inner = [&](const Array& d, const Array& x) { return std::pair(d + x * c, d); };
      return scan(inner, c, line);
    };
    return scan(outer, number(1), xs);
  };
  const Array xs = sample({3, 4}, -1, 1);
  double c = 1;
  std::vector<double> wanted;
  for (std::int64_t i = 0; i < 3; ++i) {
    double d = c;
    for (std::int64_t j = 0; j < 4; ++j) {
      wanted.push_back(d);
      d += xs.at({i, j}) * c;
    }
    c = d;
  }
  const auto [last, ys] = jit(run)(xs);
  EXPECT_EQ(last.item(), c);
  EXPECT_EQ(ys.to_doubles(), wanted);
  auto score = [&](const Array& x) {
    const auto [l, y] = run(x);
    return l + sum(y * y);
  };
  const Array v = sample({3, 4}, -1, 1, 1);
  const double h = 1e-5;
  const double slope = (score(xs + h * v).item() - score(xs - h * v).item()) / (2 * h);
  EXPECT_NEAR(sum(grad(score)(xs) * v).item(), slope, 1e-8);
  EXPECT_NEAR(jvp(score, xs, v).second.item(), slope, 1e-8);
  EXPECT_TRUE(same_bits(jit(grad(score))(xs), grad(score)(xs)));
  const Array lanes = stack({xs, v, xs * v});
  const Array many = jit(vmap(grad(score)))(lanes);
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(row(many, i), grad(score)(row(lanes, i))));
}

// Only what depends on the differentiated argument gets cotangents: a captured table of data does not.
TEST(Scan, ConstantsThatDoNotVaryCostNothing) {
  const Array table = sample({1000, 3}, -1, 1);
  auto score = [&](const Array& w, const Array& data) {
    auto step = [&](const Array& c, const Array& i) { return std::pair(c + dot(w, gather(data, i)), c); };
    return scan_n(step, number(0), 10).first;
  };
  const Traced t = trace(
      [&](const std::vector<Array>& x) {
        return std::vector<Array>{grad([&](const Array& w) { return score(w, x[1]); })(x[0])};
      },
      {{DType::f64, {3}}, {DType::f64, {1000, 3}}});
  std::string text = to_string(*t.graph);
  EXPECT_EQ(text.find("scatter_add"), std::string::npos) << text;
}

}  // namespace
}  // namespace runnel
