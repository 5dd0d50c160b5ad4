// P6: value and gradient of g(a, b) = ((a + b) - (a b + b^3))^2 / 2, f64, at one point and at 4,096 at once;
// beside them the derivative written by hand.
#include <cmath>
#include <stdexcept>

#include "rows.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::bench {
namespace {

struct Point {
  Array a, b;
};

Array g(const Point& p) {
  const Array inner = (p.a + p.b) - (p.a * p.b + p.b * p.b * p.b);
  return inner * inner / 2;
}

struct Values {
  double value, by_a, by_b;
};

// What a patient person writes.
inline Values by_hand(double a, double b) {
  const double inner = (a + b) - (a * b + b * b * b);
  return {inner * inner / 2, inner * (1 - b), inner * (1 - a - 3 * b * b)};
}

struct Outputs {
  double *value, *by_a, *by_b;
};

inline void put(const Outputs& out, std::size_t i, const Values& at) {
  out.value[i] = at.value;
  out.by_a[i] = at.by_a;
  out.by_b[i] = at.by_b;
}

[[gnu::noinline, gnu::optimize("no-tree-vectorize")]] void one_by_one(const double* a, const double* b,
                                                                      std::size_t n, const Outputs& out) {
  for (std::size_t i = 0; i < n; ++i) put(out, i, by_hand(a[i], b[i]));
}

[[gnu::noinline]] void vectorised(const double* a, const double* b, std::size_t n, const Outputs& out) {
  double *const value = out.value, *const by_a = out.by_a, *const by_b = out.by_b;
#pragma GCC ivdep
  for (std::size_t i = 0; i < n; ++i) put({value, by_a, by_b}, i, by_hand(a[i], b[i]));
}

void expect_equal(double got, double wanted) {
  if (!(std::abs(got - wanted) <= 1e-12 * (1 + std::abs(wanted))))
    throw std::runtime_error("P6: the derivative differs from that by hand");
}

}  // namespace

void point(const Report& report) {
  const Point one{Array::scalar(1.25, DType::f64), Array::scalar(-0.5, DType::f64)};
  const auto compiled = jit(value_and_grad(g));
  const auto [value, slope] = compiled(one);
  const Values wanted = by_hand(1.25, -0.5);
  expect_equal(value.item(), wanted.value);
  expect_equal(slope.a.item(), wanted.by_a);
  expect_equal(slope.b.item(), wanted.by_b);
  report.time("one point", "runnel", measure([&] { compiled(one); }));
  volatile double a = 1.25, b = -0.5;
  report.time("one point", "by hand", measure([&] { keep(by_hand(a, b)); }));

  constexpr std::int64_t n = 4096;
  const Point many{random::normal(random::key(1), {n}, DType::f64),
                   random::normal(random::key(2), {n}, DType::f64)};
  const auto abreast = jit(vmap(value_and_grad(g)));
  const auto [values, slopes] = abreast(many);
  const auto as = many.a.data<double>(), bs = many.b.data<double>();
  for (std::int64_t i = 0; i < n; ++i) {
    const Values at = by_hand(as[i], bs[i]);
    expect_equal(values.data<double>()[i], at.value);
    expect_equal(slopes.a.data<double>()[i], at.by_a);
    expect_equal(slopes.b.data<double>()[i], at.by_b);
  }
  report.time("4,096 points, each", "runnel", measure([&] { abreast(many); }).per(n));
  std::vector<double> value_out(n), a_out(n), b_out(n);
  const Outputs out{value_out.data(), a_out.data(), b_out.data()};
  report.time("4,096 points, each", "by hand",
              measure([&] { one_by_one(as.data(), bs.data(), n, out); }).per(n));
  report.time("4,096 points, each", "by hand, vectorised",
              measure([&] { vectorised(as.data(), bs.data(), n, out); }).per(n));
}

}  // namespace runnel::bench
