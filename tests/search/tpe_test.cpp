// The Parzen estimator: its densities are densities, its draws are drawn from them, and it finds what chance
// does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runnel/search.h"
#include "search/draws.h"
#include "search/parzen.h"

namespace runnel::search {
namespace {

std::function<double()> uniforms(std::uint64_t seed) {
  return [seed, i = std::uint32_t{0}]() mutable { return uniform_draw(seed, {i++, 0, 0, domain::kTpe}); };
}

class Densities : public testing::TestWithParam<bool> {};

// A number and a word with three values: summed over the words and integrated over the interval.
TEST_P(Densities, HaveAllTheMassAndDrawFromIt) {
  const std::vector<std::vector<double>> points{{0.1, 0}, {0.15, 2}, {0.8, 2}, {0.99, 1}, {0, 0}};
  const Parzen p({{0}, {3}}, points, GetParam());
  constexpr int kCells = 20;
  constexpr int kSteps = 200;  // of each cell
  std::vector<double> mass(3 * kCells, 0.0);
  for (int word = 0; word < 3; ++word)
    for (int i = 0; i < kCells * kSteps; ++i)
      mass[static_cast<std::size_t>(word * kCells + i / kSteps)] +=
          std::exp(
              p.log_density(std::vector<double>{(i + 0.5) / (kCells * kSteps), static_cast<double>(word)})) /
          (kCells * kSteps);
  double total = 0;
  for (const double m : mass) total += m;
  EXPECT_NEAR(total, 1, 1e-6);

  constexpr int kDraws = 40000;
  std::vector<int> drawn(mass.size(), 0);
  const auto uniform = uniforms(7);
  for (int i = 0; i < kDraws; ++i) {
    const std::vector<double> x = p.draw(uniform);
    ++drawn[static_cast<std::size_t>(x[1]) * kCells + static_cast<std::size_t>(x[0] * kCells)];
  }
  for (std::size_t cell = 0; cell < mass.size(); ++cell)
    EXPECT_NEAR(drawn[cell], kDraws * mass[cell], 5.5 * std::sqrt(kDraws * mass[cell] + 1)) << cell;
}
INSTANTIATE_TEST_SUITE_P(Parzen, Densities, testing::Bool());

// ---- on functions --------------------------------------------------------------------------------------

using Function = std::function<double(const Configuration&)>;

// The least value of 96 candidates that are asked for in generations, the median over seeds.
double median_best(const SamplerPtr& sampler, const Space& space, const Function& f, std::int64_t at_a_time) {
  constexpr int kSeeds = 15;
  std::vector<double> best;
  for (int seed = 0; seed < kSeeds; ++seed) {
    std::vector<Told> told;
    double least = 1e300;
    while (std::ssize(told) < 96) {
      const std::vector<Configuration> some =
          sampler->ask(space, static_cast<std::uint64_t>(seed), std::ssize(told), at_a_time, told);
      for (const Configuration& c : some) {
        told.push_back({c, f(c)});
        least = std::min(least, told.back().value);
      }
    }
    best.push_back(least);
  }
  std::sort(best.begin(), best.end());
  return best[kSeeds / 2];
}

Schema two_ways() {
  Schema s;
  s.choice("way", {"left", "right"});
  s.real("x", {1e-4, 1}).log();
  s.integer("n", {1, 30}).fixed().when("way", {"left"});
  s.real("y", {-1, 1}).when("way", {"right"});
  return s;
}

double valley(const Configuration& c) {
  const double x = std::log10(c["x"].number()) + 2;
  const double other = c["n"].is_nothing() ? 0.05 + std::pow(c["y"].number() - 0.3, 2)
                                           : std::pow((static_cast<double>(c["n"].integer()) - 17) / 30, 2);
  return x * x + other;
}

class Forms : public testing::TestWithParam<bool> {};

TEST_P(Forms, FindMoreThanChanceDoes) {
  const Space space(two_ways());
  const double chance = median_best(random(96), space, valley, 96);
  for (const std::int64_t at_a_time : {1, 16})
    EXPECT_LT(median_best(tpe(96, {.multivariate = GetParam()}), space, valley, at_a_time), 0.5 * chance)
        << at_a_time;
}

TEST_P(Forms, AreFunctionsOfWhatTheyAreTold) {
  const Space space(two_ways());
  const SamplerPtr sampler = tpe(96, {.multivariate = GetParam()});
  std::vector<Told> told;
  for (const Configuration& c : sampler->ask(space, 4, 0, 20, {})) told.push_back({c, valley(c)});
  told[3].finite = false;
  const auto some = sampler->ask(space, 4, 20, 16, told);
  EXPECT_EQ(some, sampler->ask(space, 4, 20, 16, told));
  EXPECT_NE(some, sampler->ask(space, 5, 20, 16, told));
  // A longer generation begins with the shorter one.
  const auto few = sampler->ask(space, 4, 20, 5, told);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), some.begin()));
  // No candidate is asked for twice where numbers are real.
  for (std::size_t i = 0; i < some.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(some[i] == some[j]);
}

TEST_P(Forms, TakeAnythingThatTheyAreTold) {
  const Space space(two_ways());
  const SamplerPtr sampler = tpe(96, {.multivariate = GetParam()});
  std::vector<Told> told;
  for (const Configuration& c : sampler->ask(space, 4, 0, 12, {})) told.push_back({c, 0, false});
  for (const Configuration& c : sampler->ask(space, 4, 12, 4, told)) space.check(c);  // nobody is good
  for (Told& t : told) t = {t.configuration, 1, true};
  for (const Configuration& c : sampler->ask(space, 4, 12, 4, told)) space.check(c);  // all are alike
  Space other(two_ways());
  other.set("way", "left").vary("x=0.5..1");
  for (const Configuration& c : sampler->ask(other, 4, 12, 4, told)) other.check(c);  // they lie outside
}
INSTANTIATE_TEST_SUITE_P(Tpe, Forms, testing::Bool());

}  // namespace
}  // namespace runnel::search
