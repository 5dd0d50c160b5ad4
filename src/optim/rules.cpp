// The rules that step along the gradient, a velocity, or a sign; the header names the source of each formula.
#include "optim/rule.h"

namespace runnel::optim {

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

Optimizer sign_descent(const Rates& rates) {
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    return for_leaves(in,
                      [&](std::size_t i) { return -rate_for(in[i], state, "learning_rate") * sign(in[i]); });
  };
  return {with_rates("sign_descent", {{"learning_rate", rate(0.001)}}, rates), no_slots, change};
}

Optimizer hypergradient_descent(const Rates& rates) {
  auto prepare = [](const Leaves& params, State& state) {
    state.slots["gradient"] = zeros_like(params);
    state.slots["rate"] = {rate_for(params[0], state, "learning_rate")};
  };
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    Array& rate_now = state.slots.at("rate")[0];
    Leaves& before = state.slots.at("gradient");
    const Array beta = rate_for(rate_now, state, "hyper_rate");
    for (std::size_t i = 0; i < in.size(); ++i)
      rate_now = rate_now + beta * convert(sum(in[i] * before[i]), rate_now.dtype());
    before = in;
    return for_leaves(in, [&](std::size_t i) { return -convert(rate_now, in[i].dtype()) * in[i]; });
  };
  return {
      with_rates("hypergradient_descent", {{"learning_rate", rate(0.01)}, {"hyper_rate", rate(1e-4)}}, rates),
      prepare, change};
}

Optimizer lion(const Rates& rates) {
  const Rates defaults{{"learning_rate", rate(1e-4)}, {"beta1", rate(0.9)}, {"beta2", rate(0.99)}};
  auto prepare = [](const Leaves& params, State& state) { state.slots["mean"] = zeros_like(params); };
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    Leaves& means = state.slots.at("mean");
    return for_leaves(in, [&](std::size_t i) {
      const Array& g = in[i];
      const Array direction = sign(running_average(means[i], g, rate_for(g, state, "beta1")));
      means[i] = running_average(means[i], g, rate_for(g, state, "beta2"));
      return -rate_for(g, state, "learning_rate") * direction;
    });
  };
  return {with_rates("lion", defaults, rates), prepare, change};
}

}  // namespace runnel::optim
