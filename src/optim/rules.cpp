// The rules that make steps of gradients; the header names the source of each formula.
#include "optim/rule.h"

namespace runnel::optim {
namespace {

void no_slots(const Leaves&, State&) {}

// -eta g / (sqrt(v + eps_root) + eps)
Array scaled_step(const Array& g, const Array& v, const State& state) {
  const Array root = sqrt(v + rate_for(g, state, "eps_root"));
  return -rate_for(g, state, "learning_rate") * (g / (root + rate_for(g, state, "eps")));
}

Array running_average(const Array& old, const Array& fresh, const Array& keep) {
  return keep * old + (1 - keep) * fresh;
}

// AdaGrad and RMSProp differ in how the accumulator takes up g² alone.
template <class Accumulate>
Optimizer by_accumulated_square(Rates rates, Accumulate accumulate) {
  auto prepare = [](const Leaves& params, State& state) {
    state.slots["square"] = filled_like(params, state, "initial_accumulator");
  };
  auto change = [accumulate](const Leaves& in, State& state, const Leaves&) {
    Leaves& square_sum = state.slots.at("square");
    return for_leaves(in, [&](std::size_t i) {
      square_sum[i] = accumulate(square_sum[i], square(in[i]), state);
      return scaled_step(in[i], square_sum[i], state);
    });
  };
  return {std::move(rates), prepare, change};
}

// u + sign * rate * w on weights; other leaves pass.
Optimizer add_weights(const char* name, double sign, const IsWeight& is_weight, const Rates& rates) {
  auto change = [name, sign, is_weight](const Leaves& in, State& state, const Leaves& params) {
    return for_leaves(in, [&](std::size_t i) {
      if (!is_weight(i, params[i])) return in[i];
      const Array pull = rate_for(in[i], state, name) * params[i];
      return sign > 0 ? in[i] + pull : in[i] - pull;
    });
  };
  return {with_rates(name, {{name, rate(0)}}, rates), no_slots, change};
}

}  // namespace

Optimizer sgd(const Rates& rates) {
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    return for_leaves(in, [&](std::size_t i) { return -rate_for(in[i], state, "learning_rate") * in[i]; });
  };
  return {with_rates("sgd", {{"learning_rate", rate(0.01)}}, rates), no_slots, change};
}

Optimizer momentum(Momentum form, const Rates& rates) {
  auto prepare = [](const Leaves& params, State& state) { state.slots["velocity"] = zeros_like(params); };
  auto change = [form](const Leaves& in, State& state, const Leaves&) {
    Leaves& velocity = state.slots.at("velocity");
    return for_leaves(in, [&](std::size_t i) {
      const Array mu = rate_for(in[i], state, "momentum");
      velocity[i] = mu * velocity[i] + in[i];
      const Array direction = form == Momentum::nesterov ? in[i] + mu * velocity[i] : velocity[i];
      return -rate_for(in[i], state, "learning_rate") * direction;
    });
  };
  return {with_rates("momentum", {{"learning_rate", rate(0.01)}, {"momentum", rate(0.9)}}, rates), prepare,
          change};
}

Optimizer adagrad(const Rates& rates) {
  const Rates defaults{{"learning_rate", rate(0.01)},
                       {"initial_accumulator", rate(0)},
                       {"eps", rate(1e-10)},
                       {"eps_root", rate(0)}};
  return by_accumulated_square(with_rates("adagrad", defaults, rates),
                               [](const Array& v, const Array& g2, const State&) { return v + g2; });
}

Optimizer rmsprop(const Rates& rates) {
  const Rates defaults{{"learning_rate", rate(0.001)},
                       {"decay", rate(0.9)},
                       {"initial_accumulator", rate(0)},
                       {"eps", rate(1e-8)},
                       {"eps_root", rate(0)}};
  return by_accumulated_square(with_rates("rmsprop", defaults, rates),
                               [](const Array& v, const Array& g2, const State& state) {
                                 return running_average(v, g2, rate_for(v, state, "decay"));
                               });
}

Optimizer adam(const Rates& rates) {
  const Rates defaults{{"learning_rate", rate(0.001)},
                       {"beta1", rate(0.9)},
                       {"beta2", rate(0.999)},
                       {"eps", rate(1e-8)},
                       {"eps_root", rate(0)}};
  auto prepare = [](const Leaves& params, State& state) {
    state.slots["mean"] = zeros_like(params);
    state.slots["square"] = zeros_like(params);
  };
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    Leaves& means = state.slots.at("mean");
    Leaves& squares = state.slots.at("square");
    return for_leaves(in, [&](std::size_t i) {
      const Array& g = in[i];
      const Array beta1 = rate_for(g, state, "beta1");
      const Array beta2 = rate_for(g, state, "beta2");
      const Array t = convert(state.count + 1, g.dtype());
      means[i] = running_average(means[i], g, beta1);
      squares[i] = running_average(squares[i], square(g), beta2);
      // The averages start at 0: dividing by the weight they have gathered removes the bias (the paper,
      // section 3). Once for all elements: a division costs as much as many products.
      const Array of_mean = 1 / (1 - pow(beta1, t));
      const Array of_square = 1 / (1 - pow(beta2, t));
      return scaled_step(means[i] * of_mean, squares[i] * of_square, state);
    });
  };
  return {with_rates("adam", defaults, rates), prepare, change};
}

bool rank_two_or_more(std::size_t, const Array& leaf) { return leaf.rank() >= 2; }

Optimizer decay_weights(const IsWeight& is_weight, const Rates& rates) {
  return add_weights("weight_decay", -1, is_weight, rates);
}

Optimizer add_l2(const IsWeight& is_weight, const Rates& rates) {
  return add_weights("l2", 1, is_weight, rates);
}

Optimizer adamw(const IsWeight& is_weight, const Rates& rates) {
  Optimizer both = chain({adam(), decay_weights(is_weight)});
  both.rates = with_rates("adamw", both.rates, rates);
  return both;
}

}  // namespace runnel::optim
