// Averages of the weights. Shares are computed in f64, like schedules.
#include "core/fail.h"
#include "optim/rule.h"

namespace runnel::optim {
namespace {

Array one_number(const char* average, const char* what, const Operand& operand) {
  const Array value = nn::in_dtype(operand.weak() ? rate(operand.value()) : operand, DType::f64);
  if (value.rank() != 0) fail("[{}] {} {}: one number is needed", average, what, to_string(value.type()));
  return value;
}

}  // namespace

Averaging exponential_average(const Operand& decay) {
  const Array keep = one_number("exponential_average", "decay", decay);
  if (!keep.is_traced() && !(keep.item() >= 0 && keep.item() < 1))
    fail("[exponential_average] a decay of {}: it must be at least 0 and below 1", keep.item());
  return
      [keep](const Array& before) { return (1 - keep) / (1 - pow(keep, convert(before + 1, DType::f64))); };
}

Averaging uniform_average(const Operand& skipped) {
  const Array skip = one_number("uniform_average", "skipped", skipped);
  if (!skip.is_traced() && !(skip.item() >= 0))
    fail("[uniform_average] {} skipped steps: it must be at least 0", skip.item());
  return [skip](const Array& before) { return 1 / maximum(convert(before + 1, DType::f64) - skip, 1); };
}

namespace flat {

Leaves averaged(const Averaging& averaging, const Leaves& average, const Leaves& params,
                const Array& before) {
  if (average.size() != params.size())
    fail("[averaged] an average of {} leaves for {} parameters", average.size(), params.size());
  const Array share = averaging(before);
  if (share.rank() != 0)
    fail("[averaged] the share of the newest weights is {}: one number is needed", to_string(share.type()));
  return for_leaves(params, [&](std::size_t i) {
    const Array fresh = convert(share, params[i].dtype());
    // A share of 1 gives the newest weights themselves, to the last bit.
    return (1 - fresh) * average[i] + fresh * params[i];
  });
}

}  // namespace flat
}  // namespace runnel::optim
