// The best of so many candidates on functions with known least values, over many seeds: what scripts/tpe.sh
// puts beside Optuna. Prints a line for each seed: function, sampler, seed, value.
//   tpe_bench CANDIDATES SEEDS
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numbers>
#include <string>
#include <vector>

#include "core/philox.h"
#include "runnel/search.h"
#include "search/draws.h"

namespace {

using namespace runnel;
using search::Configuration;
using search::Schema;

double number(const Configuration& c, const std::string& name) { return c[name].number(); }
double squared(double x) { return x * x; }

// Branin, as in Surjanovic and Bingham's library of test functions; least 0.397887.
double branin(const Configuration& c) {
  const double pi = std::numbers::pi, x = number(c, "x"), y = number(c, "y");
  return squared(y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6) + 10 * (1 - 1 / (8 * pi)) * std::cos(x) +
         10;
}

// Hartmann's function of six numbers, likewise; least -3.32237.
double hartmann(const Configuration& c) {
  constexpr double kHeights[4] = {1, 1.2, 3, 3.2};
  constexpr double kWidths[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                    {0.05, 10, 17, 0.1, 8, 14},
                                    {3, 3.5, 1.7, 10, 17, 8},
                                    {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double kMiddles[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                     {2329, 4135, 8307, 3736, 1004, 9991},
                                     {2348, 1451, 3522, 2883, 3047, 6650},
                                     {4047, 8828, 8732, 5743, 1091, 381}};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double exponent = 0;
    for (int k = 0; k < 6; ++k)
      exponent += kWidths[i][k] * squared(number(c, "x" + std::to_string(k)) - 1e-4 * kMiddles[i][k]);
    sum -= kHeights[i] * std::exp(-exponent);
  }
  return sum;
}

// Two ways with parameters of their own; least 0.
double two_ways(const Configuration& c) {
  const double x = squared(std::log10(number(c, "x")) + 2);
  if (c["way"].text() == "left") return x + squared((number(c, "n") - 17) / 30);
  return x + 0.05 + squared(number(c, "y") - 0.3) + squared(number(c, "z") + 0.5);
}

// Ackley's and Rosenbrock's functions, which the estimator's constants were not chosen on; least 0.
double ackley(const Configuration& c) {
  double squares = 0, waves = 0;
  for (int k = 0; k < 4; ++k) {
    const double x = number(c, "x" + std::to_string(k));
    squares += x * x / 4;
    waves += std::cos(2 * std::numbers::pi * x) / 4;
  }
  return -20 * std::exp(-0.2 * std::sqrt(squares)) - std::exp(waves) + 20 + std::numbers::e;
}
double rosenbrock(const Configuration& c) {
  double sum = 0;
  for (int k = 0; k < 2; ++k) {
    const double x = number(c, "x" + std::to_string(k)), y = number(c, "x" + std::to_string(k + 1));
    sum += 100 * squared(y - x * x) + squared(1 - x);
  }
  return sum;
}

Schema numbers(int n, double low, double high) {
  Schema s;
  for (int k = 0; k < n; ++k) s.real("x" + std::to_string(k), {low, high});
  return s;
}

Schema plane() {
  Schema s;
  s.real("x", {-5, 10});
  s.real("y", {0, 15});
  return s;
}

Schema ways() {
  Schema s;
  s.choice("way", {"left", "right"});
  s.real("x", {1e-4, 1}).log();
  s.integer("n", {1, 30}).fixed().when("way", {"left"});
  s.real("y", {-1, 1}).when("way", {"right"});
  s.real("z", {-1, 1}).when("way", {"right"});
  return s;
}

struct Function {
  const char* name;
  Schema schema;
  double (*value)(const Configuration&);
  double noise;  // deviation of what the sampler is told
};

// A normal draw, a function of the seed and the candidate.
double noise_of(std::uint64_t seed, std::size_t number) {
  const auto draw = [&](std::uint32_t which) {
    return search::uniform_draw(seed, {static_cast<std::uint32_t>(number), which, 0, domain::kNormalRadius});
  };
  return std::sqrt(-2 * std::log(1 - draw(0))) * std::cos(2 * std::numbers::pi * draw(1));
}

// The value, without its noise, of the candidate that looks best.
double best_of(const Function& f, const search::SamplerPtr& sampler, std::int64_t n, std::int64_t generation,
               std::uint64_t seed) {
  const search::Space space(f.schema);
  std::vector<search::Told> told;
  std::vector<double> values;
  while (std::ssize(told) < n) {
    const std::int64_t some = std::min(generation, n - std::ssize(told));
    for (const Configuration& c : sampler->ask(space, seed, std::ssize(told), some, told)) {
      values.push_back(f.value(c));
      told.push_back({c, values.back() + f.noise * noise_of(seed, told.size())});
    }
  }
  const auto least = std::min_element(told.begin(), told.end(),
                                      [](const auto& a, const auto& b) { return a.value < b.value; });
  return values[static_cast<std::size_t>(least - told.begin())];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tpe_bench CANDIDATES SEEDS\n";
    return 2;
  }
  const std::int64_t n = std::atoll(argv[1]);
  const std::int64_t seeds = std::atoll(argv[2]);
  const Function functions[] = {{"branin", plane(), branin, 0},
                                {"hartmann", numbers(6, 0, 1), hartmann, 0},
                                {"two ways, noisy", ways(), two_ways, 0.1},
                                {"ackley", numbers(4, -10, 20), ackley, 0},
                                {"rosenbrock", numbers(3, -2, 2), rosenbrock, 0}};
  struct Way {
    const char* name;
    search::SamplerPtr sampler;
    std::int64_t generation;
  };
  const Way samplers[] = {
      {"random", search::random(n), n}, {"tpe", search::tpe(n), 1}, {"tpe of 16", search::tpe(n), 16}};
  for (const Function& f : functions)
    for (const Way& way : samplers)
      for (std::int64_t seed = 0; seed < seeds; ++seed)
        std::cout << f.name << '\t' << way.name << '\t' << seed << '\t'
                  << best_of(f, way.sampler, n, way.generation, static_cast<std::uint64_t>(seed)) << '\n';
}
