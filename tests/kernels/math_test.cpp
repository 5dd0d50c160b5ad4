// The elementary functions against long double: dense grids, random bit patterns and the edges, and the same
// bits from a vector loop as from a call for one number.
#include "kernels/reference/math.h"

#include "kernels/reference/elementwise.h"
#include "kernels/support.h"

namespace runnel::testing {
namespace {

using kernels::Unary;

template <class T>
struct Function {
  const char* name;
  Unary op;
  T (*ours)(T);
  long double (*exact)(long double);
  double ulps;  // the larger of the bounds that math.h states
};

long double exact_logistic(long double x) { return 1.0L / (1.0L + std::exp(-x)); }

template <class T>
std::vector<Function<T>> functions() {
  return {
      {"exp", Unary::exp, [](T x) { return kernels::math::exp(x); },
       [](long double x) { return std::exp(x); }, 0.79},
      {"expm1", Unary::expm1, [](T x) { return kernels::math::expm1(x); },
       [](long double x) { return std::expm1(x); }, 1.37},
      {"log", Unary::log, [](T x) { return kernels::math::log(x); },
       [](long double x) { return std::log(x); }, 0.83},
      {"log1p", Unary::log1p, [](T x) { return kernels::math::log1p(x); },
       [](long double x) { return std::log1p(x); }, 0.83},
      {"tanh", Unary::tanh, [](T x) { return kernels::math::tanh(x); },
       [](long double x) { return std::tanh(x); }, 2.43},
      {"logistic", Unary::logistic, [](T x) { return kernels::math::logistic(x); }, exact_logistic, 2.41},
      {"sin", Unary::sin, [](T x) { return kernels::math::sin(x); },
       [](long double x) { return std::sin(x); }, 0.79},
      {"cos", Unary::cos, [](T x) { return kernels::math::cos(x); },
       [](long double x) { return std::cos(x); }, 0.79},
      {"erf", Unary::erf, [](T x) { return kernels::math::erf(x); },
       [](long double x) { return std::erf(x); }, 1.08},
  };
}

// The distance from the exact value in units of the last place of the exact value's binade.
template <class T>
double error_in_ulps(T got, long double exact) {
  const auto rounded = static_cast<T>(exact);
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) == std::isnan(got) ? 0.0 : HUGE_VAL;
  if (std::isinf(rounded) || std::isinf(got)) {
    if (got == rounded) return 0.0;
    // One side may round to infinity where the other stops at the largest number.
    const T largest = std::numeric_limits<T>::max();
    return std::abs(got) >= largest && std::abs(rounded) >= largest ? 1.0 : HUGE_VAL;
  }
  int exponent = 0;
  std::frexp(exact == 0.0L ? static_cast<long double>(std::numeric_limits<T>::min()) : exact, &exponent);
  const int least = std::numeric_limits<T>::min_exponent;
  const long double ulp = std::ldexp(1.0L, std::max(exponent, least) - std::numeric_limits<T>::digits);
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / ulp);
}

template <class T>
std::vector<T> arguments() {
  using Limits = std::numeric_limits<T>;
  using Bits = typename kernels::math::Format<T>::Bits;
  std::vector<T> x = {T{0},
                      -T{0},
                      Limits::infinity(),
                      -Limits::infinity(),
                      Limits::quiet_NaN(),
                      Limits::denorm_min(),
                      -Limits::denorm_min(),
                      Limits::min(),
                      -Limits::min(),
                      Limits::max(),
                      -Limits::max(),
                      T{1},
                      T{-1},
                      T{10000},
                      T{-10000}};
  // Around the places where a result overflows, underflows or saturates, and around one.
  for (double centre :
       {88.7, -87.3, -103.9, 9.0, 17.3, 709.7, -708.3, -745.1, 19.1, 37.4, 1.0, -1.0, 0.5, 0.7071, 0.3466})
    for (int i = -3000; i <= 3000; ++i) x.push_back(static_cast<T>(centre + i * 1e-4));
  for (T start : {T{1}, T{-1}, T{2}, T{0.5}}) {
    T up = start;
    T down = start;
    for (int i = 0; i < 200; ++i) {
      up = std::nextafter(up, Limits::max());
      down = std::nextafter(down, Limits::lowest());
      x.push_back(up);
      x.push_back(down);
    }
  }
  for (int i = -400000; i <= 400000; ++i) x.push_back(static_cast<T>(i * 1.00003e-4));
  for (int i = -100000; i <= 100000; ++i) x.push_back(static_cast<T>(i * 1.1e-5));
  Random random(11);
  // Around multiples of pi/2, small and huge, where sine or cosine is next to nothing.
  for (std::uint64_t i = 0; i < 200000; ++i)
    x.push_back(static_cast<T>(1.57079632679489661923L * static_cast<long double>(random() >> (i % 60 + 4))));
  for (int i = 0; i < 500000; ++i) x.push_back(std::bit_cast<T>(static_cast<Bits>(random())));
  return x;
}

template <class T>
void check_errors() {
  const std::vector<T> arguments_of = arguments<T>();
  for (const Function<T>& f : functions<T>()) {
    double worst = 0.0;
    T where{0};
    for (T x : arguments_of) {
      const double error = error_in_ulps(f.ours(x), f.exact(static_cast<long double>(x)));
      if (error > worst) {
        worst = error;
        where = x;
      }
    }
    EXPECT_LE(worst, f.ulps) << f.name << " at " << std::hexfloat << where << ": " << f.ours(where);
    ::testing::Test::RecordProperty(std::string(f.name) + (sizeof(T) == 4 ? "_f32" : "_f64"),
                                    fmt::format("{:.3f}", worst));
  }
}

TEST(Math, ErrorsStayWithinTheStatedBounds) {
  check_errors<float>();
  check_errors<double>();
}

template <class T>
void check_edges() {
  namespace m = kernels::math;
  const T inf = std::numeric_limits<T>::infinity();
  const T tiny = std::numeric_limits<T>::denorm_min();
  EXPECT_EQ(m::exp(T{0}), T{1});
  EXPECT_EQ(m::exp(-inf), T{0});
  EXPECT_EQ(m::exp(inf), inf);
  EXPECT_EQ(m::expm1(-inf), T{-1});
  EXPECT_EQ(m::expm1(tiny), tiny);
  EXPECT_TRUE(std::signbit(m::expm1(-T{0})));
  EXPECT_EQ(m::log(T{1}), T{0});
  EXPECT_EQ(m::log(T{0}), -inf);
  EXPECT_EQ(m::log(-T{0}), -inf);
  EXPECT_EQ(m::log(inf), inf);
  EXPECT_TRUE(std::isnan(m::log(T{-1})));
  EXPECT_TRUE(std::isnan(m::log(-inf)));
  EXPECT_EQ(m::log1p(T{-1}), -inf);
  EXPECT_EQ(m::log1p(inf), inf);
  EXPECT_TRUE(std::isnan(m::log1p(T{-2})));
  EXPECT_TRUE(std::signbit(m::log1p(-T{0})));
  EXPECT_EQ(m::log1p(-tiny), -tiny);
  EXPECT_EQ(m::tanh(inf), T{1});
  EXPECT_EQ(m::tanh(-inf), T{-1});
  EXPECT_EQ(m::tanh(-tiny), -tiny);
  EXPECT_TRUE(std::signbit(m::tanh(-T{0})));
  EXPECT_EQ(m::logistic(T{0}), T{0.5});
  EXPECT_EQ(m::logistic(T{10000}), T{1});
  EXPECT_EQ(m::logistic(T{-10000}), T{0});
  for (const Function<T>& f : functions<T>())
    EXPECT_TRUE(std::isnan(f.ours(std::numeric_limits<T>::quiet_NaN()))) << f.name;
}

TEST(Math, EdgesAreExact) {
  check_edges<float>();
  check_edges<double>();
}

// Powers: wide and narrow bases, exponents that fill the range of results, and random bits.
template <class T>
void check_power_errors(double bound) {
  using Bits = typename kernels::math::Format<T>::Bits;
  const double widest = sizeof(T) == 4 ? 88.0 : 708.0;     // of log base
  const double furthest = sizeof(T) == 4 ? 104.0 : 746.0;  // of exponent log base
  double worst = 0.0;
  T base{0};
  T exponent{0};
  const auto check = [&](T x, T y) {
    const long double exact = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    const double error = error_in_ulps(kernels::math::pow(x, y), exact);
    if (error <= worst) return;
    worst = error;
    base = x;
    exponent = y;
  };
  Random random(17);
  std::uniform_real_distribution<double> unit(-1.0, 1.0);
  for (int i = 0; i < 300000; ++i) {
    T x = static_cast<T>(std::exp(unit(random) * widest));
    check(x, static_cast<T>(unit(random) * furthest / std::log(static_cast<double>(x))));
    x = static_cast<T>(1.0 + unit(random) * std::exp2(-20.0 * std::abs(unit(random))) / 2.0);
    check(x, static_cast<T>(unit(random) * furthest / std::log(static_cast<double>(x))));
    check(static_cast<T>(10.0 * unit(random)), static_cast<T>(uniform(random, -20, 20)));
    check(std::bit_cast<T>(static_cast<Bits>(random())), std::bit_cast<T>(static_cast<Bits>(random())));
  }
  EXPECT_LE(worst, bound) << "pow at " << std::hexfloat << base << ", " << exponent;
}

TEST(Math, PowersStayWithinTheStatedBounds) {
  check_power_errors<float>(0.51);
  check_power_errors<double>(1.16);
}

// IEEE 754-2008, 9.2.1, and C's annex F.10.4.4, case by case.
template <class T>
void check_power_cases() {
  using Limits = std::numeric_limits<T>;
  const T inf = Limits::infinity();
  const T nan = Limits::quiet_NaN();
  const T tiny = Limits::denorm_min();
  const T most = Limits::max();
  const T last_odd = static_cast<T>((std::uint64_t{1} << Limits::digits) - 1);
  const auto is = [](T x, T y, T want) {
    const T got = kernels::math::pow(x, y);
    EXPECT_TRUE(same_bits(got, want)) << "pow(" << x << ", " << y << ") = " << got << ", not " << want;
  };
  for (T odd : {T{1}, T{3}, T{5}, last_odd}) {
    is(T{0}, -odd, inf);
    is(-T{0}, -odd, -inf);
    is(T{0}, odd, T{0});
    is(-T{0}, odd, -T{0});
    is(-inf, -odd, -T{0});
    is(-inf, odd, -inf);
    is(T{-1}, odd, T{-1});
    is(T{-1}, -odd, T{-1});
  }
  for (T other : {T{2}, T{0.5}, T{1.5}, T{4}, most, inf, last_odd + T{1}}) {
    for (T zero : {T{0}, -T{0}}) {
      is(zero, -other, inf);
      is(zero, other, T{0});
    }
    is(-inf, -other, T{0});
    is(-inf, other, inf);
  }
  for (T any : {T{0}, -T{0}, T{1}, T{-2.5}, most, tiny, inf, -inf, nan}) {
    is(any, T{0}, T{1});
    is(any, -T{0}, T{1});
    is(T{1}, any, T{1});
  }
  is(T{-1}, inf, T{1});
  is(T{-1}, -inf, T{1});
  is(T{-1}, last_odd + T{1}, T{1});
  for (T small : {T{0}, -T{0}, tiny, -tiny, T{0.5}, T{-0.5}, std::nextafter(T{1}, T{0})}) {
    is(small, inf, T{0});
    is(small, -inf, inf);
  }
  for (T large : {T{2}, T{-2}, most, -most, inf, -inf, std::nextafter(T{1}, T{2})}) {
    is(large, inf, inf);
    is(large, -inf, T{0});
  }
  for (T positive : {tiny, T{0.375}, T{1}, T{2.5}, most, inf}) {
    is(inf, positive, inf);
    is(inf, -positive, T{0});
    if (positive != T{1}) is(nan, positive, nan);
    if (positive != T{1}) is(positive, nan, nan);
  }
  for (T fraction : {T{0.5}, T{-0.5}, T{1.5}, T{-2.25}, tiny}) {
    is(T{-1}, fraction, nan);
    is(T{-2.5}, fraction, nan);
    is(-most, fraction, nan);
  }
  is(T{-2}, T{3}, T{-8});
  is(T{-2}, T{-2}, T{0.25});
  is(T{2}, static_cast<T>(Limits::min_exponent - Limits::digits), tiny);
  is(T{-2}, T{10000}, inf);
  is(T{-2}, T{10001}, inf * T{-1});
  is(T{-2}, T{-10001}, -T{0});
  is(T{3}, T{1}, T{3});
}

TEST(Math, PowersOfSpecialNumbers) {
  check_power_cases<float>();
  check_power_cases<double>();
}

template <class T>
void check_circle_and_erf_cases() {
  namespace m = kernels::math;
  const T inf = std::numeric_limits<T>::infinity();
  const T tiny = std::numeric_limits<T>::denorm_min();
  EXPECT_TRUE(same_bits(m::sin(-T{0}), -T{0}));
  EXPECT_EQ(m::sin(tiny), tiny);
  EXPECT_EQ(m::cos(T{0}), T{1});
  EXPECT_EQ(m::cos(-tiny), T{1});
  EXPECT_TRUE(same_bits(m::erf(-T{0}), -T{0}));
  EXPECT_EQ(m::erf(inf), T{1});
  EXPECT_EQ(m::erf(-inf), T{-1});
  for (T x : {inf, -inf}) {
    EXPECT_TRUE(std::isnan(m::sin(x)));
    EXPECT_TRUE(std::isnan(m::cos(x)));
  }
}

TEST(Math, SineCosineAndErfOfSpecialNumbers) {
  check_circle_and_erf_cases<float>();
  check_circle_and_erf_cases<double>();
}

// A loop over an array, at every offset and length within two registers and at several strides, against one
// number at a time.
template <class T>
void check_loops() {
  Random random(12);
  const std::int64_t longest = 70;
  const Held all = dense(dtype_of<T>(), {longest * 3 + 20});
  fill_random(all, random);
  using Bits = typename kernels::math::Format<T>::Bits;
  for (std::int64_t i = 0; i < all.view.size(); i += 5)
    element<T>(all, {i}) = std::bit_cast<T>(static_cast<Bits>(random()));
  for (const Function<T>& f : functions<T>()) {
    for (std::int64_t offset = 0; offset < 17; ++offset) {
      for (std::int64_t step : {1, 2, 3, 0}) {
        const std::int64_t n = 1 + (offset * 13 + step * 7) % longest;
        View in = all;
        in.data += offset * static_cast<std::int64_t>(sizeof(T));
        in.shape = {n};
        in.strides = {step};
        const Held out = dense(dtype_of<T>(), {n});
        kernels::unary(f.op, in, out);
        expect_same<T>(
            out, [&](const Index& at) { return f.ours(element<T>(in, at)); },
            fmt::format("{} offset {} step {}", f.name, offset, step));
      }
    }
  }
}

TEST(Math, ALoopGivesTheBitsOfACall) {
  check_loops<float>();
  check_loops<double>();
}

}  // namespace
}  // namespace runnel::testing
