// Chains, states and steps.
#include "core/fail.h"
#include "optim/rule.h"

namespace runnel::optim {
namespace {

std::string names_of(const Rates& rates) {
  std::string names;
  for (const auto& [name, value] : rates) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

void expect_scalar_rate(const std::string& name, const Array& value) {
  if (value.rank() != 0 || value.dtype() == DType::boolean)
    fail("[optim] rate {} is {}: one number is needed (lanes of rates come from vmap)", name,
         to_string(value.type()));
}

DType dtype_of_leaves(const Leaves& params) {
  if (params.empty()) fail("[optim] there are no parameters to train");
  for (std::size_t i = 0; i < params.size(); ++i)
    if (!is_float(params[i].dtype()))
      fail("[optim] parameter {} is {}: f32 or f64 is needed", i, to_string(params[i].type()));
  return params[0].dtype();
}

void expect_alike(const char* what, const Leaves& given, const Leaves& params) {
  if (given.size() != params.size())
    fail("[optim] {} {} for {} parameters", given.size(), what, params.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i].type() != params[i].type())
      fail("[optim] {} {} are {}, the parameter is {}", what, i, to_string(given[i].type()),
           to_string(params[i].type()));
}

}  // namespace

Rates with_rates(const char* rule, Rates defaults, const Rates& given) {
  for (const auto& [name, value] : given) {
    const auto place = defaults.find(name);
    if (place == defaults.end())
      fail("[{}] unknown rate {}; its rates are: {}", rule, name, names_of(defaults));
    expect_scalar_rate(name, value);
    place->second = value;
  }
  return defaults;
}

Leaves zeros_like(const Leaves& params) {
  return for_leaves(params,
                    [&](std::size_t i) { return Array::zeros(params[i].shape(), params[i].dtype()); });
}

Leaves filled_like(const Leaves& params, const State& state, const std::string& start) {
  return for_leaves(params, [&](std::size_t i) {
    return broadcast_to(rate_for(params[i], state, start), params[i].shape());
  });
}

Optimizer chain(const std::vector<Optimizer>& rules) {
  if (rules.empty()) fail("[chain] no rules: a chain needs one that makes steps of gradients, such as sgd()");
  Rates all;
  for (const Optimizer& rule : rules)
    for (const auto& [name, value] : rule.rates)
      if (!all.emplace(name, value).second)
        fail("[chain] two rules have a rate named {}: a chain holds one of each kind", name);
  auto prepare = [rules](const Leaves& params, State& state) {
    for (const Optimizer& rule : rules) rule.prepare(params, state);
  };
  auto change = [rules](const Leaves& in, State& state, const Leaves& params) {
    Leaves out = in;
    for (const Optimizer& rule : rules) out = rule.change(out, state, params);
    return out;
  };
  return {std::move(all), std::move(prepare), std::move(change)};
}

namespace flat {

State init(const Optimizer& optimizer, const Leaves& params, const Rates& rates) {
  const DType dtype = dtype_of_leaves(params);
  State state;
  state.rates = with_rates("optim", optimizer.rates, rates);
  for (auto& [name, value] : state.rates) value = convert(value, dtype);
  state.count = Array::scalar(0, DType::i32);
  optimizer.prepare(params, state);
  return state;
}

std::pair<Leaves, State> update(const Optimizer& optimizer, const Leaves& gradients, const State& state,
                                const Leaves& params) {
  expect_alike("gradients", gradients, params);
  State next = state;
  Leaves updates = optimizer.change(gradients, next, params);
  next.count = state.count + 1;
  return {std::move(updates), std::move(next)};
}

Leaves apply(const Leaves& params, const Leaves& updates) {
  expect_alike("updates", updates, params);
  return for_leaves(params, [&](std::size_t i) { return params[i] + updates[i]; });
}

}  // namespace flat
}  // namespace runnel::optim
