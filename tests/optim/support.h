// What the tests of optimisers share: many steps of one as a compiled loop.
#pragma once

#include "nn/support.h"
#include "runnel/optim.h"

namespace runnel {

// Weights and the optimiser's state after `steps` steps on gradients gradient(w, count), compiled.
template <class Gradient>
std::pair<Array, optim::State> descend_by_step(const optim::Optimizer& optimizer, const Gradient& gradient,
                                               const Array& start, std::int64_t steps,
                                               const optim::Rates& rates = {}) {
  auto run = [&](const Array& first, const optim::Rates& r) {
    auto step = [&](const std::pair<Array, optim::State>& carry, const Array& count) {
      auto [updates, next] =
          optim::update(optimizer, gradient(carry.first, count), carry.second, carry.first);
      return std::pair(std::pair(optim::apply(carry.first, updates), next), std::tuple<>());
    };
    return scan_n(step, std::pair(first, optim::init(optimizer, first, r)), steps).first;
  };
  return jit(run)(start, rates);
}

// `steps` steps from w on gradients gradient(w), compiled.
template <class Gradient>
Array descend(const optim::Optimizer& optimizer, const Gradient& gradient, const Array& start,
              std::int64_t steps, const optim::Rates& rates = {}) {
  auto at = [&](const Array& w, const Array&) { return gradient(w); };
  return descend_by_step(optimizer, at, start, steps, rates).first;
}

// The gradient of |x w - t|² for the one row x = (2, 1), t = 2.
inline Array slope_of_line(const Array& w) {
  const Array x = vec({2, 1});
  return 2 * x * (dot(x, w) - 2);
}

}  // namespace runnel
