// P6: value and gradient of g(a, b) = ((a + b) - (a b + b^3))^2 / 2, f64, at one point and at 4,096 at once;
// beside them the derivative written by hand.
#include <cmath>
#include <stdexcept>

#include "rows.h"
#include "runnel/compiled.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::bench {
namespace {

Array g(const Array& a, const Array& b) {
  const Array inner = (a + b) - (a * b + b * b * b);
  return inner * inner / 2;
}

// The value and both derivatives.
std::vector<Array> value_and_slopes(const std::vector<Array>& at) {
  const auto of_pair = [](const std::pair<Array, Array>& p) { return g(p.first, p.second); };
  const auto [value, slope] = value_and_grad(of_pair)(std::pair(at[0], at[1]));
  return {value, slope.first, slope.second};
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

void expect_equal(const Values& got, const Values& wanted) {
  const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-12 * (1 + std::abs(y)); };
  if (!near(got.value, wanted.value) || !near(got.by_a, wanted.by_a) || !near(got.by_b, wanted.by_b))
    throw std::runtime_error("P6: the derivative differs from that by hand");
}

void abreast_points(const Report& report) {
  constexpr std::int64_t n = 4096;
  const std::vector<double> a = random::normal(random::key(1), {n}, DType::f64).to_vector<double>();
  const std::vector<double> b = random::normal(random::key(2), {n}, DType::f64).to_vector<double>();
  std::vector<double> value(n), by_a(n), by_b(n);
  const auto each = vmap([](const Array& x, const Array& y) { return value_and_slopes({x, y}); });
  Compiled compiled([&](const std::vector<Array>& at) { return each(at[0], at[1]); },
                    {{DType::f64, {n}}, {DType::f64, {n}}});
  const void* const in[] = {a.data(), b.data()};
  void* const out[] = {value.data(), by_a.data(), by_b.data()};
  compiled.run(in, out);
  for (std::size_t i = 0; i < n; ++i) expect_equal({value[i], by_a[i], by_b[i]}, by_hand(a[i], b[i]));
  const std::string name = "4,096 points, each";
  report.time(name, "runnel", measure([&] { compiled.run(in, out); }).per(n));
  const Outputs hand{value.data(), by_a.data(), by_b.data()};
  report.time(name, "by hand", measure([&] { one_by_one(a.data(), b.data(), n, hand); }).per(n));
  report.time(name, "by hand, vectorised", measure([&] { vectorised(a.data(), b.data(), n, hand); }).per(n));
}

}  // namespace

void point(const Report& report) {
  Compiled compiled(value_and_slopes, {{DType::f64, {}}, {DType::f64, {}}});
  const double a = 1.25, b = -0.5;
  Values got{};
  const void* const in[] = {&a, &b};
  void* const out[] = {&got.value, &got.by_a, &got.by_b};
  compiled.run(in, out);
  expect_equal(got, by_hand(a, b));
  report.time("one point", "runnel", measure([&] { compiled.run(in, out); }));
  // The same through arrays: their making is most of it.
  const auto jitted = jit([](const Array& x, const Array& y) { return value_and_slopes({x, y}); });
  const Array x = Array::scalar(a, DType::f64), y = Array::scalar(b, DType::f64);
  report.time("one point, arrays in and out", "runnel", measure([&] { jitted(x, y); }));
  volatile double hand_a = a, hand_b = b;
  report.time("one point", "by hand", measure([&] { keep(by_hand(hand_a, hand_b)); }));
  abreast_points(report);
}

}  // namespace runnel::bench
