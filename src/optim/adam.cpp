// Adam and its kin: running averages of the gradient and of its square.
#include "optim/rule.h"

namespace runnel::optim {
namespace {

Rates adams_rates() {
  return {{"learning_rate", rate(0.001)},
          {"beta1", rate(0.9)},
          {"beta2", rate(0.999)},
          {"eps", rate(1e-8)},
          {"eps_root", rate(0)}};
}

// One leaf's averages after this step's gradient, and what steps need beside them.
struct Moments {
  const Array& g;
  Array beta1, beta2;
  Array t;  // the number of this step
  Array mean, square;
};

// An average starts at 0: this, times it, removes the bias towards 0 (Adam's paper, section 3). One number
// for all elements, which are multiplied by it: a division costs as much as many products.
Array unbiasing(const Array& beta, const Array& t) { return 1 / (1 - pow(beta, t)); }

// A rule of both averages: step(moments, state, leaf) is the update of a leaf.
template <class Step>
Optimizer by_moments(const char* name, const Rates& rates, const std::vector<const char*>& slots, Step step) {
  auto prepare = [slots](const Leaves& params, State& state) {
    for (const char* slot : slots) state.slots[slot] = zeros_like(params);
  };
  auto change = [step](const Leaves& in, State& state, const Leaves&) {
    Leaves& means = state.slots.at("mean");
    Leaves& squares = state.slots.at("square");
    return for_leaves(in, [&](std::size_t i) {
      const Array& g = in[i];
      const Array beta1 = rate_for(g, state, "beta1");
      const Array beta2 = rate_for(g, state, "beta2");
      const Array t = convert(state.count + 1, g.dtype());
      means[i] = running_average(means[i], g, beta1);
      squares[i] = running_average(squares[i], square(g), beta2);
      return step(Moments{g, beta1, beta2, t, means[i], squares[i]}, state, i);
    });
  };
  return {with_rates(name, adams_rates(), rates), prepare, change};
}

}  // namespace

Optimizer adam(const Rates& rates) {
  return by_moments("adam", rates, {"mean", "square"}, [](const Moments& m, State& state, std::size_t) {
    return scaled_step(m.mean * unbiasing(m.beta1, m.t), m.square * unbiasing(m.beta2, m.t), state);
  });
}

Optimizer amsgrad(const Rates& rates) {
  return by_moments("amsgrad", rates, {"mean", "square", "largest"},
                    [](const Moments& m, State& state, std::size_t i) {
                      Array& largest = state.slots.at("largest")[i];
                      largest = maximum(largest, m.square);
                      return scaled_step(m.mean, largest, state);
                    });
}

Optimizer nadam(const Rates& rates) {
  return by_moments("nadam", rates, {"mean", "square"}, [](const Moments& m, State& state, std::size_t) {
    const Array ahead =
        m.beta1 * unbiasing(m.beta1, m.t + 1) * m.mean + (1 - m.beta1) * unbiasing(m.beta1, m.t) * m.g;
    return scaled_step(ahead, m.square * unbiasing(m.beta2, m.t), state);
  });
}

}  // namespace runnel::optim
