// Clipping of gradients.
#include "core/fail.h"
#include "optim/rule.h"

namespace runnel::optim {
namespace {

Array positive_threshold(const char* rule, const Operand& threshold) {
  const Array value = threshold.resolve(DType::f64);
  if (value.rank() != 0) fail("[{}] threshold {}: one number is needed", rule, to_string(value.type()));
  if (!value.is_traced() && !(value.item() > 0))
    fail("[{}] a threshold of {}: it must be positive", rule, value.item());
  return value;
}

}  // namespace

Array sum_of_squares(const Leaves& leaves) {
  Array total = sum(square(leaves.at(0)));
  for (std::size_t i = 1; i < leaves.size(); ++i) total = total + sum(square(leaves[i]));
  return total;
}

namespace flat {

Leaves clipped(const Leaves& gradients, const Array& clip_norm) {
  const Array total = sum_of_squares(gradients);
  const Array limit = nn::in_dtype(clip_norm, total.dtype());
  const Array over = total > square(limit);
  // The root is taken of 1 where nothing is clipped: at a gradient of 0 its derivative would be infinite.
  const Array factor = select(over, limit / sqrt(select(over, total, 1)), 1);
  return for_leaves(gradients,
                    [&](std::size_t i) { return gradients[i] * convert(factor, gradients[i].dtype()); });
}

}  // namespace flat

Optimizer clip_by_global_norm(const Operand& threshold) {
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    return flat::clipped(in, state.rates.at("clip_norm"));
  };
  return {{{"clip_norm", positive_threshold("clip_by_global_norm", threshold)}}, no_slots, change};
}

Optimizer clip_by_value(const Operand& threshold) {
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    return for_leaves(in, [&](std::size_t i) {
      const Array limit = rate_for(in[i], state, "clip_value");
      return maximum(minimum(in[i], limit), -limit);
    });
  };
  return {{{"clip_value", positive_threshold("clip_by_value", threshold)}}, no_slots, change};
}

}  // namespace runnel::optim
