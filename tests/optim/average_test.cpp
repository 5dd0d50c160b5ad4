// Averages of the weights against their definitions, and under the transforms.
#include "optim/support.h"

namespace runnel {
namespace {

using optim::Averaging;

// The weights after each of `steps` steps of a descent that swings, and their average after the last.
struct Path {
  Array average;
  Array weights;  // (steps, 2)
};
Path averaged_path(const Averaging& averaging, std::int64_t steps, const Array& rate,
                   DType dtype = DType::f64) {
  const Array start = convert(vec({1, -2}), dtype);
  const auto rule = optim::momentum();
  using Carry = std::tuple<Array, optim::State, Array>;
  auto step = [&](const Carry& carry, const Array&) {
    const auto& [w, state, average] = carry;
    auto [u, next] = optim::update(rule, Array({1, 3}, dtype) * w, state, w);
    const Array after = optim::apply(w, u);
    return std::pair(Carry(after, next, optim::averaged(averaging, average, after, state.count)), after);
  };
  const Array unused = Array::full(start.shape(), 1e6, dtype);
  auto [last, weights] =
      scan_n(step, Carry(start, optim::init(rule, start, {{"learning_rate", rate}}), unused), steps);
  return {std::get<2>(last), weights};
}

TEST(ExponentialAverage, IsTheWeightedMeanOfAllWeights) {
  for (const double decay : {0.0, 0.5, 0.9, 0.999}) {
    for (const std::int64_t steps : {1, 2, 40}) {
      const Path path = averaged_path(optim::exponential_average(decay), steps, f64(0.1));
      for (std::int64_t i = 0; i < 2; ++i) {
        double sum = 0, weight = 0;
        for (std::int64_t t = 0; t < steps; ++t) {
          const double share = std::pow(decay, static_cast<double>(steps - 1 - t));
          sum += share * path.weights.at({t, i});
          weight += share;
        }
        EXPECT_NEAR(path.average.at({i}), sum / weight, 1e-13) << decay << ", " << steps;
      }
    }
  }
}

TEST(UniformAverage, IsTheMeanOfTheTail) {
  for (const std::int64_t skipped : {0, 1, 15, 39, 40, 60}) {
    const std::int64_t steps = 40;
    const Path path = averaged_path(optim::uniform_average(static_cast<double>(skipped)), steps, f64(0.1));
    const std::int64_t first = std::min(skipped, steps - 1);
    expect_near(path.average, mean(slice(path.weights, 0, first, steps), 0), 1e-14);
  }
}

// Where weights swing about a minimum, their average is nearer to it than they are.
TEST(UniformAverage, IsNearerThanTheLastWeights) {
  auto noisy = [](std::int64_t steps) {
    auto step = [](const std::pair<Array, Array>& carry, const Array& count) {
      const auto& [w, average] = carry;
      const Array noise = random::normal(random::fold_in(random::key(3), count), {4}, DType::f64);
      const Array after = w - 0.2 * (w + noise);
      return std::pair(std::pair(after, optim::averaged(optim::uniform_average(500), average, after, count)),
                       std::tuple<>());
    };
    const Array start = Array::ones({4}, DType::f64);
    return scan_n(step, std::pair(start, start), steps).first;
  };
  const auto [last, average] = noisy(4500);
  EXPECT_LT(norm(average).item(), 0.2 * norm(last).item());
  // The variance of the average of n is about that of one noise over n: |average| = sqrt(4 / 4000).
  EXPECT_LT(norm(average).item(), 4 * std::sqrt(4.0 / 4000));
}

TEST(EveryAverage, GivesTheSameBitsAloneAbreastAndCompiledAndHasDerivatives) {
  struct Case {
    const char* name;
    Averaging (*make)(const Array& number);
    double number;
  };
  const std::vector<Case> cases = {
      {"exponential", [](const Array& n) { return optim::exponential_average(n); }, 0.8},
      {"uniform", [](const Array& n) { return optim::uniform_average(n); }, 2.5}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    auto run = [&](const Array& rate, const Array& number) {
      return averaged_path(c.make(number), 12, rate, DType::f32).average;
    };
    const Array rates{0.01, 0.05, 0.1, 0.2};
    const Array numbers = c.number * Array{1, 0.9, 0.5, 0.25};
    const Array abreast = vmap(run)(rates, numbers);
    EXPECT_TRUE(same_bits(abreast, jit(vmap(run))(rates, numbers)));
    for (std::int64_t k = 0; k < 4; ++k)
      EXPECT_TRUE(same_bits(row(abreast, k), run(row(rates, k), row(numbers, k))));
    auto score = [&](const Array& rate, const Array& number) {
      return sum(square(averaged_path(c.make(number), 12, rate).average));
    };
    auto by_rate = [&](const Array& rate) { return score(rate, f64(c.number)); };
    expect_near(grad(by_rate)(f64(0.1)), central_differences(by_rate, f64(0.1)), 1e-6);
    auto by_number = [&](const Array& number) { return score(f64(0.1), number); };
    expect_near(grad(by_number)(f64(c.number)), central_differences(by_number, f64(c.number)), 1e-6);
  }
}

TEST(EveryAverage, NamesMistakes) {
  EXPECT_THROW(optim::exponential_average(1), Error);
  EXPECT_THROW(optim::exponential_average(-0.1), Error);
  EXPECT_THROW(optim::uniform_average(-1), Error);
  EXPECT_THROW(optim::uniform_average(vec({1, 2})), Error);
}

}  // namespace
}  // namespace runnel
