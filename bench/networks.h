// The small networks of rows P2 to P5 and their training, written as a user of the library writes it.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runnel/nn.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::bench {

enum class Target { binary, number, digit };

// What is trained on what. The batches lie along the leading axis of x (batches, batch, inputs).
struct Network {
  std::string name;
  std::vector<std::int64_t> sizes;
  nn::Activation activation;
  Target target;
  Array x, y;
  double rate;

  std::int64_t batch() const { return x.dim(1); }
  std::int64_t steps() const { return x.dim(0); }

  // Forward, the gradients of all weights, and of all inputs but the first layer's.
  double flops_of_a_step() const {
    double weights = 0;
    for (std::size_t i = 1; i < sizes.size(); ++i) weights += static_cast<double>(sizes[i - 1] * sizes[i]);
    const auto first = static_cast<double>(sizes[0] * sizes[1]);
    return 2 * static_cast<double>(batch()) * (3 * weights - first);
  }
};

inline Array loss_of(const Network& net, const nn::Mlp& model, const Array& x, const Array& y) {
  const Array out = nn::forward(model, x, net.activation);
  switch (net.target) {
    case Target::binary:
      return nn::binary_cross_entropy_from_logits(squeeze(out, 1), y);
    case Target::number:
      return nn::squared_error(squeeze(out, 1), y);
    case Target::digit:
      return nn::softmax_cross_entropy_from_logits(out, y);
  }
  throw std::logic_error("no such target");
}

struct Trained {
  nn::Mlp model;
  Array losses;
};

// Gradient descent, one step for each batch.
inline auto training(const Network& net) {
  return [net](const nn::Mlp& start, const Array& rate) {
    auto step = [&](const nn::Mlp& model, const std::pair<Array, Array>& batch) {
      auto loss = [&](const nn::Mlp& m) { return loss_of(net, m, batch.first, batch.second); };
      const auto [value, gradient] = value_and_grad(loss)(model);
      auto descend = [&](const Array& w, const Array& g) { return w - rate * g; };
      return std::pair(tree::map(descend, model, gradient), value);
    };
    auto [model, losses] = scan(step, start, std::pair(net.x, net.y));
    return Trained{model, losses};
  };
}

// A training that does not learn would be measured for nothing.
inline void expect_learning(const Network& net, const Array& losses) {
  const std::vector<double> all = losses.to_doubles();
  const std::size_t half = all.size() / 2;
  double before = 0, after = 0;
  for (std::size_t i = 0; i < half; ++i) before += all[i];
  for (std::size_t i = half; i < 2 * half; ++i) after += all[i];
  if (!(after < before)) throw std::runtime_error(net.name + ": the loss does not fall");
}

// 12-16-8-1, relu, yes or no, batches of 32.
inline Network songs_network(std::int64_t steps) {
  const Array x = random::normal(random::key(1), {steps, 32, 12});
  const Array score = sum(slice(x, 2, 0, 5), 2) - square(squeeze(slice(x, 2, 6, 7), 2));
  return {
      "12-16-8-1", {12, 16, 8, 1}, nn::Activation::relu, Target::binary, x, convert(score > 0, DType::f32),
      0.1};
}

// 2-16-16-1, tanh, a number, all of 100 rows in every step.
inline Network wave_network(std::int64_t steps) {
  const Array x = random::uniform(random::key(2), {100, 2}, -2, 2);
  const Array y = sin(squeeze(slice(x, 1, 0, 1), 1)) * squeeze(slice(x, 1, 1, 2), 1);
  return {"2-16-16-1",
          {2, 16, 16, 1},
          nn::Activation::tanh,
          Target::number,
          broadcast_to(x, {steps, 100, 2}),
          broadcast_to(y, {steps, 100}),
          0.05};
}

// 784-128-10, relu, ten classes, batches of 64 (0.2 MB each).
inline Network digits_network(std::int64_t steps) {
  const Array labels = convert(random::uniform(random::key(3), {steps, 64}, 0, 10), DType::i32);
  const Array patterns = random::uniform(random::key(4), {10, 784}, 0, 0.5);
  const Array x = gather(patterns, labels) + random::uniform(random::key(5), {steps, 64, 784}, 0, 0.5);
  return {"784-128-10", {784, 128, 10}, nn::Activation::relu, Target::digit, x, labels, 0.05};
}

inline nn::Mlp start_of(const Network& net, std::uint64_t seed) {
  return nn::init_mlp(random::key(seed), net.sizes, net.activation);
}

}  // namespace runnel::bench
