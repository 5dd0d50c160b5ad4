// Elementwise kernels against one-element definitions, over random shapes and strides.
#include "kernels/reference/elementwise.h"

#include <cmath>

#include "kernels/reference/math.h"
#include "kernels/support.h"
#include "runnel/error.h"

namespace runnel::testing {
namespace {

using kernels::Binary;
using kernels::Compare;
using kernels::Unary;

constexpr int kRounds = 60;

template <class T>
void check_unary(const char* name, Unary op, const std::function<T(T)>& want) {
  Random random(21);
  for (int round = 0; round < kRounds; ++round) {
    const Shape shape = random_shape(random, 4, 11);
    const Held in = strided(dtype_of<T>(), shape, random, true);
    const Held out = dense(dtype_of<T>(), shape);
    kernels::unary(op, in, out);
    expect_same<T>(
        out, [&](const Index& at) { return want(element<T>(in, at)); }, name);
  }
}

template <class T>
void check_unary_float() {
  check_unary<T>("neg", Unary::neg, [](T x) { return -x; });
  check_unary<T>("abs", Unary::abs, [](T x) { return std::fabs(x); });
  check_unary<T>("sqrt", Unary::sqrt, [](T x) { return std::sqrt(x); });
  check_unary<T>("rsqrt", Unary::rsqrt, [](T x) { return T{1} / std::sqrt(x); });
  check_unary<T>("sin", Unary::sin, [](T x) { return kernels::math::sin(x); });
  check_unary<T>("cos", Unary::cos, [](T x) { return kernels::math::cos(x); });
  check_unary<T>("erf", Unary::erf, [](T x) { return kernels::math::erf(x); });
  check_unary<T>("floor", Unary::floor, [](T x) { return std::floor(x); });
  check_unary<T>("exp", Unary::exp, [](T x) { return kernels::math::exp(x); });
  check_unary<T>("tanh", Unary::tanh, [](T x) { return kernels::math::tanh(x); });
  check_unary<T>("sign", Unary::sign, [](T x) { return static_cast<T>((x > 0) - (x < 0)); });
}

TEST(Elementwise, UnaryOnAnyStrides) {
  check_unary_float<float>();
  check_unary_float<double>();
  check_unary<std::int32_t>("neg", Unary::neg, [](std::int32_t x) { return -x; });
  check_unary<std::int32_t>("abs", Unary::abs, [](std::int32_t x) { return std::abs(x); });
  check_unary<std::int32_t>("sign", Unary::sign, [](std::int32_t x) { return (x > 0) - (x < 0); });
  check_unary<bool>("logical_not", Unary::logical_not, [](bool x) { return !x; });
}

template <class T>
Held vector_of(const std::vector<T>& values) {
  Held held = dense(dtype_of<T>(), {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) held.view.as<T>()[i] = values[i];
  return held;
}

template <class T>
std::vector<T> values_of(const View& view) {
  return std::vector<T>(view.as<T>(), view.as<T>() + view.size());
}

template <class T>
std::vector<T> run_binary(Binary op, const std::vector<T>& a, const std::vector<T>& b) {
  const Held out = dense(dtype_of<T>(), {static_cast<std::int64_t>(a.size())});
  kernels::binary(op, vector_of(a), vector_of(b), out);
  return values_of<T>(out);
}

TEST(Elementwise, SignAndNegOfTheEdges) {
  const float nan = std::nanf("");
  const Held in = vector_of<float>({0.0f, -0.0f, nan, -3.0f, INFINITY});
  const Held out = dense(DType::f32, {5});
  kernels::unary(Unary::sign, in, out);
  const std::vector<float> sign = values_of<float>(out);
  EXPECT_TRUE(same_bits(sign[0], 0.0f) && same_bits(sign[1], 0.0f) && std::isnan(sign[2]));
  EXPECT_EQ(sign[3], -1.0f);
  EXPECT_EQ(sign[4], 1.0f);
  kernels::unary(Unary::neg, in, out);
  EXPECT_TRUE(std::signbit(values_of<float>(out)[0]));
  const std::int32_t least = std::numeric_limits<std::int32_t>::min();
  const Held one = dense(DType::i32, {1});
  kernels::unary(Unary::abs, vector_of<std::int32_t>({least}), one);
  EXPECT_EQ(values_of<std::int32_t>(one)[0], least);
}

template <class T>
void check_binary(const char* name, Binary op, const std::function<T(T, T)>& want) {
  Random random(22);
  for (int round = 0; round < kRounds; ++round) {
    const Shape shape = random_shape(random, 4, 11);
    const Held a = strided(dtype_of<T>(), shape, random, round % 2 == 0);
    const Held b = strided(dtype_of<T>(), shape, random, round % 3 != 0);
    const Held out = dense(dtype_of<T>(), shape);
    kernels::binary(op, a, b, out);
    expect_same<T>(
        out, [&](const Index& at) { return want(element<T>(a, at), element<T>(b, at)); }, name);
  }
}

template <class T>
void check_binary_float() {
  check_binary<T>("add", Binary::add, [](T x, T y) { return x + y; });
  check_binary<T>("sub", Binary::sub, [](T x, T y) { return x - y; });
  check_binary<T>("mul", Binary::mul, [](T x, T y) { return x * y; });
  check_binary<T>("div", Binary::div, [](T x, T y) { return x / y; });
  check_binary<T>("pow", Binary::pow, [](T x, T y) { return kernels::math::pow(x, y); });
  check_binary<T>("max", Binary::max, [](T x, T y) { return std::fmax(x, y); });
  check_binary<T>("min", Binary::min, [](T x, T y) { return std::fmin(x, y); });
}

template <class T>
void check_binary_integer() {
  const auto wide = [](T x) { return static_cast<std::int64_t>(x); };
  check_binary<T>("add", Binary::add, [=](T x, T y) { return static_cast<T>(wide(x) + wide(y)); });
  check_binary<T>("sub", Binary::sub, [=](T x, T y) { return static_cast<T>(wide(x) - wide(y)); });
  check_binary<T>("mul", Binary::mul, [=](T x, T y) {
    return static_cast<T>(static_cast<std::uint64_t>(wide(x)) * static_cast<std::uint64_t>(wide(y)));
  });
  check_binary<T>("div", Binary::div,
                  [=](T x, T y) { return y == 0 ? T{0} : static_cast<T>(wide(x) / wide(y)); });
  check_binary<T>("max", Binary::max, [](T x, T y) { return std::max(x, y); });
  check_binary<T>("min", Binary::min, [](T x, T y) { return std::min(x, y); });
}

TEST(Elementwise, BinaryOnAnyStrides) {
  check_binary_float<float>();
  check_binary_float<double>();
  check_binary_integer<std::int32_t>();
  check_binary_integer<std::uint32_t>();
  check_binary<bool>("and", Binary::logical_and, [](bool x, bool y) { return x && y; });
  check_binary<bool>("or", Binary::logical_or, [](bool x, bool y) { return x || y; });
  check_binary<bool>("xor", Binary::logical_xor, [](bool x, bool y) { return x != y; });
}

TEST(Elementwise, IntegersWrapAndDivideByZeroToZero) {
  using I = std::int32_t;
  const I least = std::numeric_limits<I>::min();
  const I most = std::numeric_limits<I>::max();
  EXPECT_EQ(run_binary<I>(Binary::add, {most}, {1}), std::vector<I>{least});
  EXPECT_EQ(run_binary<I>(Binary::mul, {65536}, {65536}), std::vector<I>{0});
  EXPECT_EQ(run_binary<I>(Binary::div, {7, -7, 7, 0, least}, {2, 2, 0, 0, -1}),
            (std::vector<I>{3, -3, 0, 0, least}));
  EXPECT_EQ(run_binary<I>(Binary::pow, {2, 3, 0, 1, -1, -1, 5, 0, -2}, {10, 4, 0, -5, -3, -4, -1, -1, 3}),
            (std::vector<I>{1024, 81, 1, 1, -1, 1, 0, 0, -8}));
  EXPECT_EQ(run_binary<std::uint32_t>(Binary::pow, {3, 2}, {21, 32}),
            (std::vector<std::uint32_t>{1870418611u, 0u}));
}

TEST(Elementwise, MaxAndMinKeepNan) {
  const double nan = std::nan("");
  for (Binary op : {Binary::max, Binary::min}) {
    const std::vector<double> out = run_binary<double>(op, {nan, 1, nan, INFINITY}, {1, nan, nan, -INFINITY});
    EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]) && std::isnan(out[2]));
    EXPECT_EQ(out[3], op == Binary::max ? INFINITY : -INFINITY);
  }
}

template <class T>
void check_compare() {
  Random random(23);
  for (int round = 0; round < kRounds; ++round) {
    const Shape shape = random_shape(random, 3, 12);
    const Held a = strided(dtype_of<T>(), shape, random, true);
    const Held b = strided(dtype_of<T>(), shape, random, true);
    const Held out = dense(DType::boolean, shape);
    const std::pair<Compare, std::function<bool(T, T)>> rows[] = {
        {Compare::eq, std::equal_to<T>()}, {Compare::ne, std::not_equal_to<T>()},
        {Compare::lt, std::less<T>()},     {Compare::le, std::less_equal<T>()},
        {Compare::gt, std::greater<T>()},  {Compare::ge, std::greater_equal<T>()}};
    for (const auto& [op, want] : rows) {
      kernels::compare(op, a, b, out);
      expect_same<bool>(
          out, [&, w = want](const Index& at) { return w(element<T>(a, at), element<T>(b, at)); }, "compare");
    }
  }
}

TEST(Elementwise, ComparisonsOfEveryDtype) {
  check_compare<bool>();
  check_compare<std::int32_t>();
  check_compare<std::uint32_t>();
  check_compare<float>();
  check_compare<double>();
  const float nan = std::nanf("");
  const Held out = dense(DType::boolean, {2});
  for (Compare op : {Compare::eq, Compare::lt, Compare::le, Compare::gt, Compare::ge, Compare::ne}) {
    kernels::compare(op, vector_of<float>({nan, nan}), vector_of<float>({1, nan}), out);
    EXPECT_EQ(values_of<bool>(out), std::vector<bool>(2, op == Compare::ne));
  }
}

TEST(Elementwise, SelectAndCopyOfEveryDtype) {
  Random random(24);
  for (int round = 0; round < kRounds; ++round) {
    for (DType dtype : kAll) {
      const Shape shape = random_shape(random, 4, round % 5 == 0 ? 30 : 9);
      const Held condition = strided(DType::boolean, shape, random, true);
      const Held a = strided(dtype, shape, random, true);
      const Held b = strided(dtype, shape, random, true);
      const Held chosen = dense(dtype, shape);
      const Held copied = dense(dtype, shape);
      kernels::select(condition, a, b, chosen);
      kernels::copy(a, copied);
      dispatch(dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        expect_same<T>(
            copied, [&](const Index& at) { return element<T>(a, at); }, "copy");
        expect_same<T>(
            chosen, [&](const Index& at) { return element<T>(element<bool>(condition, at) ? a : b, at); },
            "select");
      });
    }
  }
}

TEST(Elementwise, ConvertsEveryPair) {
  Random random(25);
  for (DType from : kAll) {
    for (DType to : kAll) {
      const Held in = strided(from, {5, 7}, random, true);
      const Held out = dense(to, {5, 7});
      kernels::convert(in, out);
      dispatch(from, [&](auto f) {
        dispatch(to, [&](auto t) {
          using From = typename decltype(f)::type;
          using To = typename decltype(t)::type;
          expect_same<To>(
              out,
              [&](const Index& at) {
                const From x = element<From>(in, at);
                if constexpr (std::is_same_v<To, bool>)
                  return x != From{0};
                else if constexpr (std::is_same_v<To, std::uint32_t> && std::is_floating_point_v<From>)
                  return x < 0 ? 0u : static_cast<To>(x);
                else
                  return static_cast<To>(x);
              },
              fmt::format("{} to {}", name_of(from), name_of(to)));
        });
      });
    }
  }
}

TEST(Elementwise, FloatsSaturateIntoIntegers) {
  const Held i = dense(DType::i32, {9});
  const Held u = dense(DType::u32, {9});
  const std::vector<double> wide = {std::nan(""), INFINITY,      -INFINITY, 3e9, -3e9,
                                    2147483647.9, -2147483648.9, 2.9,       -2.9};
  kernels::convert(vector_of(wide), i);
  kernels::convert(vector_of(wide), u);
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  const std::int32_t least = std::numeric_limits<std::int32_t>::min();
  EXPECT_EQ(values_of<std::int32_t>(i),
            (std::vector<std::int32_t>{0, most, least, most, least, most, least, 2, -2}));
  EXPECT_EQ(values_of<std::uint32_t>(u),
            (std::vector<std::uint32_t>{0, 4294967295u, 0, 3000000000u, 0, 2147483647u, 0, 2, 0}));
  const std::vector<float> narrow = {
      2147483648.0f, 2147483520.0f, 4294967296.0f, -2147483648.0f, std::nanf(""), -0.5f, 1e30f, -1e30f, 1.0f};
  kernels::convert(vector_of(narrow), i);
  kernels::convert(vector_of(narrow), u);
  EXPECT_EQ(values_of<std::int32_t>(i),
            (std::vector<std::int32_t>{most, 2147483520, most, least, 0, 0, most, least, 1}));
  EXPECT_EQ(values_of<std::uint32_t>(u),
            (std::vector<std::uint32_t>{2147483648u, 2147483520u, 4294967295u, 0, 0, 0, 4294967295u, 0, 1}));
  const Held b = dense(DType::boolean, {9});
  kernels::convert(vector_of(narrow), b);
  EXPECT_EQ(values_of<bool>(b), std::vector<bool>(9, true));
}

TEST(Elementwise, WrongDtypesAreRefused) {
  const Held f = vector_of<float>({1});
  const Held b = vector_of<bool>({true});
  const Held u = vector_of<std::uint32_t>({1});
  EXPECT_THROW(kernels::unary(Unary::logical_not, f, f), Error);
  EXPECT_THROW(kernels::unary(Unary::exp, b, b), Error);
  EXPECT_THROW(kernels::unary(Unary::neg, u, u), Error);
  EXPECT_THROW(kernels::binary(Binary::add, b, b, b), Error);
  EXPECT_THROW(kernels::binary(Binary::logical_and, f, f, f), Error);
}

}  // namespace
}  // namespace runnel::testing
