// Random numbers: functions of key and place alone, with the moments of their distributions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "core/philox.h"
#include "runnel/nn.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

constexpr std::int64_t kMany = 200000;

double moment(const std::vector<double>& x, int power) {
  double total = 0;
  for (double v : x) total += std::pow(v, power);
  return total / static_cast<double>(x.size());
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mx = moment(x, 1);
  const double my = moment(y, 1);
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

// 5 standard deviations of a mean of n terms of variance 1.
double five_sigma(std::int64_t n) { return 5 / std::sqrt(static_cast<double>(n)); }

TEST(RandomBits, AreThePhiloxBlocksInOrder) {
  const auto words = random::bits(random::key(0x123456789abcdef0u), {10}).to_vector<std::uint32_t>();
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto block = Philox::block({i / 4, 0, 0, 0}, {0x9abcdef0u, 0x12345678u});
    EXPECT_EQ(words[i], block[i % 4]) << i;
  }
}

// A longer draw begins with the shorter one's elements, whatever the shape.
TEST(RandomBits, DependOnThePlaceAlone) {
  const Array key = random::key(3);
  const auto few = random::normal(key, {7}).to_vector<float>();
  const auto many = random::normal(key, {5, 5}).to_vector<float>();
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(Uniform, HasItsMomentsAndRange) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const auto x = random::uniform(random::key(1), {kMany}, 0, 1, dtype).to_doubles();
    EXPECT_GE(*std::min_element(x.begin(), x.end()), 0);
    EXPECT_LT(*std::max_element(x.begin(), x.end()), 1);
    EXPECT_NEAR(moment(x, 1), 0.5, five_sigma(kMany) * std::sqrt(1.0 / 12));
    EXPECT_NEAR(moment(x, 2), 1.0 / 3, five_sigma(kMany) * std::sqrt(4.0 / 45));
    // Every value is a whole number of 2^-24 (2^-53).
    const double steps = dtype == DType::f32 ? 0x1p24 : 0x1p53;
    EXPECT_TRUE(
        std::all_of(x.begin(), x.end(), [&](double v) { return v * steps == std::floor(v * steps); }));
  }
  const auto y = random::uniform(random::key(1), {kMany}, -3, 5).to_doubles();
  EXPECT_NEAR(moment(y, 1), 1, five_sigma(kMany) * 8 / std::sqrt(12.0));
}

// low + (high - low) u rounds to the upper end where u is near 1.
TEST(Uniform, NeverReturnsItsUpperEnd) {
  const auto most = [](double low, double high, DType dtype) {
    const auto x = random::uniform(random::key(1), {kMany}, low, high, dtype).to_doubles();
    EXPECT_GE(*std::min_element(x.begin(), x.end()), low);
    return *std::max_element(x.begin(), x.end());
  };
  EXPECT_EQ(most(1, 1 + 0x1p-22, DType::f32), 1 + 0x1p-23);
  EXPECT_EQ(most(1, 1 + 0x1p-51, DType::f64), 1 + 0x1p-52);
  EXPECT_LT(most(1e6, 1e6 + 1, DType::f32), 1e6 + 1);
  EXPECT_LT(most(-1e-30, 0, DType::f32), 0);
}

TEST(Uniform, RefusesRangesWithoutNumbers) {
  using testing::HasSubstr;
  using testing::ThrowsMessage;
  const double inf = std::numeric_limits<double>::infinity();
  using Range = std::pair<double, double>;
  for (const Range& range : {Range(1, 0), Range(1, 1), Range(0, inf), Range(-1e308, 1e308), Range(NAN, 1)}) {
    const auto draw = [&] { random::uniform(random::key(1), {2}, range.first, range.second, DType::f64); };
    EXPECT_THAT(draw, ThrowsMessage<Error>(HasSubstr("two finite ends are needed, the lower one first")));
  }
  EXPECT_THAT([] { random::uniform(random::key(1), {2}, 0, 1, DType::i32); },
              ThrowsMessage<Error>(HasSubstr("[uniform] needs f32 or f64, got i32")));
  EXPECT_THAT([] { random::normal(random::key(1), {2}, DType::i32); },
              ThrowsMessage<Error>(HasSubstr("[normal] needs f32 or f64, got i32")));
}

// Chi-square over 64 cells: 63 degrees of freedom, so 63 ± 5 √126.
TEST(Uniform, FillsItsCellsEvenly) {
  std::array<double, 64> cells{};
  for (double v : random::uniform(random::key(11), {kMany}).to_doubles())
    ++cells[static_cast<std::size_t>(v * 64)];
  double chi = 0;
  const double expected = static_cast<double>(kMany) / 64;
  for (double n : cells) chi += (n - expected) * (n - expected) / expected;
  EXPECT_NEAR(chi, 63, 5 * std::sqrt(126.0));
}

TEST(Normal, HasItsMomentsAndTails) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const auto x = random::normal(random::key(2), {kMany}, dtype).to_doubles();
    EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }));
    EXPECT_NEAR(moment(x, 1), 0, five_sigma(kMany));
    EXPECT_NEAR(moment(x, 2), 1, five_sigma(kMany) * std::sqrt(2.0));
    EXPECT_NEAR(moment(x, 3), 0, five_sigma(kMany) * std::sqrt(15.0));
    EXPECT_NEAR(moment(x, 4), 3, five_sigma(kMany) * std::sqrt(96.0));
    for (double z : {-2.0, -1.0, 0.0, 0.5, 1.5}) {
      const auto below = std::count_if(x.begin(), x.end(), [&](double v) { return v <= z; });
      EXPECT_NEAR(static_cast<double>(below) / static_cast<double>(kMany),
                  0.5 * std::erfc(-z / std::sqrt(2.0)), five_sigma(kMany) / 2);
    }
  }
}

TEST(Bernoulli, IsTrueAsOftenAsAsked) {
  for (double p : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    const auto x = random::bernoulli(random::key(4), p, {kMany}).to_doubles();
    EXPECT_NEAR(moment(x, 1), p, five_sigma(kMany) * std::sqrt(p * (1 - p)));
  }
  const auto each = random::bernoulli(random::key(4), Array({0, 1, 0, 1}), {4}).to_doubles();
  EXPECT_THAT(each, testing::ElementsAre(0, 1, 0, 1));
}

TEST(Permutation, HoldsEveryIndexOnce) {
  for (std::int64_t n : {0, 1, 2, 1000}) {
    auto p = random::permutation(random::key(5), n).to_vector<std::int32_t>();
    std::sort(p.begin(), p.end());
    std::vector<std::int32_t> wanted(static_cast<std::size_t>(n));
    std::iota(wanted.begin(), wanted.end(), 0);
    EXPECT_EQ(p, wanted);
  }
}

// All 24 orders of four things come equally often: 23 degrees of freedom.
TEST(Permutation, PrefersNoOrder) {
  constexpr std::int64_t kDraws = 24000;
  const Array keys = vmap([](const Array& i) { return random::fold_in(random::key(6), i); })(arange(kDraws));
  const auto p =
      vmap([](const Array& key) { return random::permutation(key, 4); })(keys).to_vector<std::int32_t>();
  std::array<double, 256> seen{};
  for (std::size_t i = 0; i < p.size(); i += 4)
    ++seen[static_cast<std::size_t>(p[i] + 4 * p[i + 1] + 16 * p[i + 2] + 64 * p[i + 3])];
  double chi = 0;
  int orders = 0;
  for (double n : seen)
    if (n > 0) {
      ++orders;
      chi += (n - 1000) * (n - 1000) / 1000;
    }
  EXPECT_EQ(orders, 24);
  EXPECT_NEAR(chi, 23, 5 * std::sqrt(46.0));
}

// Everything that draws from a key, 20000 numbers of each.
void add_draws_of(const Array& key, const std::string& name, std::map<std::string, std::vector<double>>& to) {
  constexpr std::int64_t kN = 20000;
  to[name + " bits"] = random::bits(key, {kN}).to_doubles();
  to[name + " uniform"] = random::uniform(key, {kN}).to_doubles();
  to[name + " uniform f64"] = random::uniform(key, {kN}, -1, 1, DType::f64).to_doubles();
  to[name + " normal"] = random::normal(key, {kN}).to_doubles();
  to[name + " normal f64"] = random::normal(key, {kN}, DType::f64).to_doubles();
  to[name + " bernoulli"] = random::bernoulli(key, 0.5, {kN}).to_doubles();
  to[name + " permutation"] = random::permutation(key, kN).to_doubles();
  to[name + " he_normal"] = nn::he_normal(key, kN / 100, 100).to_doubles();
  to[name + " glorot_uniform"] = nn::glorot_uniform(key, kN / 100, 100).to_doubles();
  const nn::Mlp mlp = nn::init_mlp(key, {kN / 100, 100, kN / 100}, nn::Activation::relu);
  for (std::size_t l = 0; l < 2; ++l) to[fmt::format("{} layer {}", name, l)] = mlp.layers[l].w.to_doubles();
  for (std::uint32_t l = 0; l < 3; ++l)
    to[fmt::format("{} mask {}", name, l)] =
        nn::drop(Array::ones({kN / 100, 100}), {key, Array::scalar(0.5), Array::scalar(0, DType::u32)}, l)
            .to_doubles();
}

TEST(FoldIn, MakesKeysWhoseDrawsAreIndependentOfAllOthers) {
  const Array key = random::key(8);
  std::map<std::string, std::vector<double>> draws;
  add_draws_of(key, "key", draws);
  for (int child : {0, 1, 2})
    add_draws_of(random::fold_in(key, child), fmt::format("child {}", child), draws);
  add_draws_of(random::fold_in(random::fold_in(key, 0), 1), "grandchild 0 1", draws);
  add_draws_of(random::fold_in(random::fold_in(key, 1), 0), "grandchild 1 0", draws);
  add_draws_of(random::key(9), "key 9", draws);
  const auto of_same_bits = [](const std::string& a, const std::string& b) {
    return a == b + " f64" || b == a + " f64";  // a distribution in two dtypes
  };
  for (auto a = draws.begin(); a != draws.end(); ++a)
    for (auto b = std::next(a); b != draws.end(); ++b) {
      if (of_same_bits(a->first, b->first)) continue;
      const double bound = 1.1 * five_sigma(20000);  // there are thousands of pairs
      EXPECT_NEAR(correlation(a->second, b->second), 0, bound) << a->first << " and " << b->first;
    }
}

// Host and device draw from the same keys: their counters must differ in the domain, too.
TEST(Domains, AreDistinct) {
  const std::vector<std::uint32_t> tags{domain::kChildren,    domain::kUniform,    domain::kNormalRadius,
                                        domain::kNormalAngle, domain::kBernoulli,  domain::kPermutation,
                                        domain::kFirstMask,   domain::kWeights,    domain::kLayers,
                                        domain::kWaves,       domain::kLayerKinds, domain::kStart,
                                        domain::kDropout,     domain::kRows,       domain::kSpace,
                                        domain::kOwen,        domain::kBrackets,   domain::kSplit,
                                        domain::kTpe,         domain::kBootstrap,  domain::kOptimism};
  for (std::size_t i = 0; i < tags.size(); ++i) {
    EXPECT_GE(tags[i], domain::kFirstTag);
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(tags[i], tags[j]) << i << " and " << j;
      // Masks have a domain for each layer.
      EXPECT_FALSE(tags[j] >= domain::kFirstMask && tags[j] - domain::kFirstMask < domain::kFirstTag &&
                   tags[j] != domain::kFirstMask);
    }
  }
}

TEST(RandomNumbers, RefuseWhatWouldMeanSomethingElse) {
  using testing::HasSubstr;
  using testing::ThrowsMessage;
  const Array key = random::key(1);
  for (const Array& data : {Array::scalar(0.2), Array::scalar(1, DType::boolean), arange(3)})
    EXPECT_THAT([&] { random::fold_in(key, data); }, ThrowsMessage<Error>(HasSubstr("one whole number")));
  EXPECT_THAT([&] { random::fold_in(key, 0.5); }, ThrowsMessage<Error>(HasSubstr("no whole number")));
  EXPECT_THAT(
      [&] {
        random::bernoulli(key, Array::full({4, 1}, 0.5), {3});
      },
      ThrowsMessage<Error>(HasSubstr("they must fit into it")));
  for (const double p : {-0.1, 1.5, std::nan("")})
    EXPECT_THAT([&] { random::bernoulli(key, p, {3}); }, ThrowsMessage<Error>(HasSubstr("from 0 to 1")));
  EXPECT_THAT([&] { random::permutation(key, -1); }, ThrowsMessage<Error>(HasSubstr("[permutation]")));
  EXPECT_THAT([&] { random::permutation(key, 3000000000); },
              ThrowsMessage<Error>(HasSubstr("[permutation]")));
}

TEST(FoldIn, TakesNumbersAndArrays) {
  const Array key = random::key(8);
  // The same data gives the same stream, as a number or as an array.
  EXPECT_TRUE(same_bits(random::fold_in(key, 3), random::fold_in(key, Array::scalar(3, DType::i32))));
  EXPECT_TRUE(same_bits(random::fold_in(key, 3), random::fold_in(key, Array::scalar(3, DType::u32))));
}

TEST(RandomNumbers, HaveTheSameBitsAloneAndAbreast) {
  auto draw = [](const Array& seed) {
    const Array key = random::fold_in(random::key(1), seed);
    return std::tuple(random::normal(key, {5, 3}), random::uniform(key, {4}, -1, 2, DType::f64),
                      random::bernoulli(key, 0.3, {9}), random::permutation(key, 6));
  };
  const auto many = jit(vmap(draw))(arange(256));
  for (std::int64_t lane : {0, 17, 255}) {
    const auto alone = draw(Array::scalar(static_cast<double>(lane), DType::i32));
    EXPECT_TRUE(same_bits(row(std::get<0>(many), lane), std::get<0>(alone)));
    EXPECT_TRUE(same_bits(row(std::get<1>(many), lane), std::get<1>(alone)));
    EXPECT_TRUE(same_bits(row(std::get<2>(many), lane), std::get<2>(alone)));
    EXPECT_TRUE(same_bits(row(std::get<3>(many), lane), std::get<3>(alone)));
  }
}

}  // namespace
}  // namespace runnel
