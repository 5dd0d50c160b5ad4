// Schedules, computed in f64 (a step count above 2^24 would not be exact in f32).
#include <numbers>

#include "core/fail.h"
#include "optim/rule.h"

namespace runnel::optim {
namespace {

Array in_f64(const Operand& operand) {
  return nn::in_dtype(operand.weak() ? rate(operand.value()) : operand, DType::f64);
}

Array positive(const char* schedule, const char* what, const Operand& operand) {
  const Array value = in_f64(operand);
  if (value.rank() != 0) fail("[{}] {} {}: one number is needed", schedule, what, to_string(value.type()));
  if (!value.is_traced() && !(value.item() > 0))
    fail("[{}] {} {}: it must be positive", schedule, what, value.item());
  return value;
}

}  // namespace

Schedule constant() {
  return [](const Array&) { return rate(1); };
}

Schedule step_decay(const Operand& every, const Operand& factor) {
  return [e = positive("step_decay", "every", every), f = positive("step_decay", "factor", factor)](
             const Array& count) { return pow(f, floor(in_f64(count) / e)); };
}

Schedule exponential_decay(const Operand& steps, const Operand& factor) {
  return [s = positive("exponential_decay", "steps", steps),
          f = positive("exponential_decay", "factor", factor)](const Array& count) {
    return pow(f, in_f64(count) / s);
  };
}

Schedule cosine(const Operand& warmup, const Operand& total, const Operand& floor) {
  const Array rise = in_f64(warmup);
  const Array end = positive("cosine", "total", total);
  const Array low = in_f64(floor);
  if (!rise.is_traced() && !end.is_traced() && !(rise.item() >= 0 && rise.item() < end.item()))
    fail("[cosine] a warm-up of {} steps of {}: it must be at least 0 and end before the total", rise.item(),
         end.item());
  return [rise, end, low](const Array& count) {
    const Array t = in_f64(count);
    const Array done = minimum((t - rise) / (end - rise), 1);
    const Array fall = low + (1 - low) * 0.5 * (1 + cos(std::numbers::pi * done));
    return select(t < rise, (t + 1) / maximum(rise, 1), fall);
  };
}

Schedule inverse_sqrt(const Operand& warmup) {
  return [w = positive("inverse_sqrt", "warmup", warmup)](const Array& count) {
    const Array t = in_f64(count) + 1;
    return minimum(t / w, sqrt(w / t));
  };
}

Schedule one_cycle(const Operand& rise, const Operand& total, const Operand& start, const Operand& floor) {
  const Array up = positive("one_cycle", "rise", rise);
  const Array end = positive("one_cycle", "total", total);
  const Array first = in_f64(start);
  const Array low = in_f64(floor);
  if (!up.is_traced() && !end.is_traced() && 2 * up.item() > end.item())
    fail("[one_cycle] a rise of {} steps of {}: it falls as long, so it may take half of them at most",
         up.item(), end.item());
  return [up, end, first, low](const Array& count) {
    const Array t = in_f64(count);
    const Array tent = 1 - (1 - first) * abs(t - up) / up;
    const Array rest = minimum((t - 2 * up) / maximum(end - 2 * up, 1), 1);
    return select(t < 2 * up, tent, first + (low - first) * rest);
  };
}

Schedule warm_up(const Operand& steps, const Schedule& then) {
  const Array rise = in_f64(steps);
  if (rise.rank() != 0) fail("[warm_up] steps {}: one number is needed", to_string(rise.type()));
  if (!rise.is_traced() && !(rise.item() >= 0))
    fail("[warm_up] {} steps: it must be at least 0", rise.item());
  return [rise, then](const Array& count) {
    const Array t = in_f64(count);
    const Array after = maximum(count - convert(rise, DType::i32), 0);
    return select(t < rise, (t + 1) / maximum(rise, 1), in_f64(then(after)));
  };
}

Optimizer scheduled(const Schedule& schedule) {
  auto change = [schedule](const Leaves& in, State& state, const Leaves&) {
    const Array factor = schedule(state.count);
    if (factor.rank() != 0)
      fail("[scheduled] the schedule gave {}: one number is needed", to_string(factor.type()));
    return for_leaves(in, [&](std::size_t i) { return in[i] * convert(factor, in[i].dtype()); });
  };
  return {{}, no_slots, change};
}

}  // namespace runnel::optim
