// counted point N | counted step N | counted chain N: does the work N times (chain: once, of N equations),
// for count.py to count its instructions.
//   point  value and gradient of g(a, b) = ((a + b) - (a b + b^3))^2 / 2, f64 (row P6 of the benchmarks)
//   chain  tracing, differentiating, vectorising and compiling a chain of N equations
//   step   16 steps of gradient descent of 16 networks 12-16-8-1 abreast, batches of 32 (row P2)
#include <cstdlib>
#include <iostream>
#include <string>

#include "networks.h"
#include "runnel/compiled.h"

namespace runnel::bench {
namespace {

double points(int times) {
  auto value_and_slopes = [](const std::vector<Array>& at) {
    auto g = [](const std::pair<Array, Array>& p) {
      const auto& [a, b] = p;
      const Array inner = (a + b) - (a * b + b * b * b);
      return inner * inner / 2;
    };
    const auto [value, slope] = value_and_grad(g)(std::pair(at[0], at[1]));
    return std::vector<Array>{value, slope.first, slope.second};
  };
  Compiled compiled(value_and_slopes, {{DType::f64, {}}, {DType::f64, {}}});
  const double a = 1.25, b = -0.5;
  double value = 0, by_a = 0, by_b = 0;
  const void* const in[] = {&a, &b};
  void* const out[] = {&value, &by_a, &by_b};
  for (int i = 0; i < times; ++i) compiled.run(in, out);
  return value + by_a + by_b;
}

double steps(int times) {
  constexpr std::int64_t lanes = 16;
  const Network net = songs_network(16);
  std::vector<Array> keys;
  for (std::uint64_t i = 0; i < lanes; ++i) keys.push_back(random::key(i));
  const nn::Mlp models =
      vmap([&](const Array& key) { return nn::init_mlp(key, net.sizes, net.activation); })(stack(keys));
  const Array rates = Array::full({lanes}, net.rate);
  const auto train = jit(vmap(training(net)));
  double last = 0;
  for (int i = 0; i < times; ++i) last = train(models, rates).losses.at({0, 15});
  return last;
}

double chain(int length) {
  auto f = [length](const Array& x) {
    Array y = x;
    for (int i = 0; i < length / 2; ++i) y = sin(y) + x;
    return sum(y);
  };
  const Array x = Array::full({3, 4}, 0.5, DType::f32);
  const Array slopes = jit([&](const Array& at) { return grad(f)(at); })(x);
  return slopes.at({0, 0}) + jit(vmap(f))(x).at({0});
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  const std::string work = argc == 3 ? argv[1] : "";
  const int times = argc == 3 ? std::atoi(argv[2]) : 0;
  const auto of = [&]() -> double (*)(int) {
    if (work == "point") return runnel::bench::points;
    if (work == "step") return runnel::bench::steps;
    if (work == "chain") return runnel::bench::chain;
    return nullptr;
  }();
  if (of == nullptr || times < 1) {
    std::cerr << "usage: counted point|step|chain TIMES\n";
    return 2;
  }
  std::cout << of(times) << "\n";
}
