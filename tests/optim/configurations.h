// The list of configurations over which the laws of optimisers loop: every rule with each of its options, and
// the parts that stand before and behind rules. A new rule belongs here.
#pragma once

#include <vector>

#include "optim/support.h"

namespace runnel {

struct Configuration {
  const char* name;
  optim::Optimizer rule;
};

inline std::vector<Configuration> configurations() {
  using namespace optim;
  const Rates from_one{{"initial_accumulator", f64(1)}};
  const Rates decay{{"weight_decay", f64(0.01)}};
  const Rates l2{{"l2", f64(0.1)}};
  auto behind_adam = [](const Schedule& schedule) { return chain({adam(), scheduled(schedule)}); };
  return {
      {"sgd", sgd()},
      {"heavy ball", momentum()},
      {"nesterov", momentum(Momentum::nesterov)},
      {"sign descent", sign_descent()},
      {"hypergradient descent", hypergradient_descent()},
      {"lion", lion()},
      {"adagrad", adagrad()},
      {"adagrad from 1", adagrad(from_one)},
      {"adagrad lagged", adagrad(from_one, Accumulator::lagged)},
      {"adagrad norm", adagrad_norm()},
      {"adagrad norm from 1", adagrad_norm(from_one)},
      {"adagrad norm lagged", adagrad_norm(from_one, Accumulator::lagged)},
      {"adagrad full", adagrad_full()},
      {"adagrad full from 1", adagrad_full(from_one)},
      {"rmsprop", rmsprop()},
      {"rmsprop from 1", rmsprop(from_one)},
      {"adam", adam()},
      {"adam with a large eps", adam({{"eps", f64(0.1)}})},
      {"amsgrad", amsgrad()},
      {"nadam", nadam()},
      {"adamw", adamw(rank_two_or_more, decay)},
      {"nadam with decay", chain({nadam(), decay_weights(rank_two_or_more, decay)})},
      {"lion with decay", chain({lion(), decay_weights(rank_two_or_more, decay)})},
      {"sgd with decay", chain({sgd(), decay_weights(rank_two_or_more, decay)})},
      {"sgd with l2", chain({add_l2(rank_two_or_more, l2), sgd()})},
      {"adam with l2", chain({add_l2(rank_two_or_more, l2), adam()})},
      {"adam with both",
       chain({add_l2(rank_two_or_more, l2), adam(), decay_weights(rank_two_or_more, decay)})},
      {"clipped by norm", chain({clip_by_global_norm(0.5), adam()})},
      {"clipped by value", chain({clip_by_value(0.3), momentum()})},
      {"clipped by both", chain({clip_by_value(0.3), clip_by_global_norm(0.5), sgd()})},
      {"constant", behind_adam(constant())},
      {"step", behind_adam(step_decay(2, 0.5))},
      {"exponential", behind_adam(exponential_decay(3, 0.5))},
      {"cosine", behind_adam(cosine(2, 10, 0.1))},
      {"inverse sqrt", behind_adam(inverse_sqrt(3))},
      {"one cycle", behind_adam(one_cycle(2, 6))},
      {"warm-up", behind_adam(warm_up(2, step_decay(2, 0.5)))},
      {"all at once",
       chain({add_l2(rank_two_or_more, l2), clip_by_value(0.3), clip_by_global_norm(0.5), nadam(),
              decay_weights(rank_two_or_more, decay), scheduled(warm_up(2, exponential_decay(4, 0.5)))})},
  };
}

}  // namespace runnel
