// What pulls weights towards zero: through the gradient (L2), or beside it (decoupled decay).
#include "optim/rule.h"

namespace runnel::optim {
namespace {

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
