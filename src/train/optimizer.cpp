#include "train/optimizer.h"

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::train {
namespace {

struct Rule {
  const char* name;
  optim::Optimizer (*make)();
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all{
      {"sgd", [] { return optim::sgd(); }},
      {"momentum", [] { return optim::momentum(); }},
      {"nesterov", [] { return optim::momentum(optim::Momentum::nesterov); }},
      {"adagrad", [] { return optim::adagrad(); }},
      {"adagrad-norm", [] { return optim::adagrad_norm(); }},
      {"adagrad-full", [] { return optim::adagrad_full(); }},
      {"rmsprop", [] { return optim::rmsprop(); }},
      {"adam", [] { return optim::adam(); }},
      {"adamw", [] { return optim::adam(); }},  // with decay, if of 0
      {"amsgrad", [] { return optim::amsgrad(); }},
      {"nadam", [] { return optim::nadam(); }},
      {"lion", [] { return optim::lion(); }},
      {"sign", [] { return optim::sign_descent(); }},
  };
  return all;
}

[[noreturn]] void unknown(const char* what, const std::string& name, const std::vector<std::string>& known) {
  fail("there is no {} \"{}\"{}", what, name, suggestion(name, known));
}

optim::Optimizer rule_of(const std::string& name) {
  for (const Rule& rule : rules())
    if (rule.name == name) return rule.make();
  unknown("optimizer", name, optimizer_names());
}

optim::Schedule schedule_of(const Recipe& recipe, const Rates& rates) {
  const std::string& name = recipe.schedule;
  auto rate = [&](const char* which) { return further_rate(rates, which, "the schedule " + name); };
  if (name == "cosine") return optim::cosine(rate("warmup"), rate("total"), rate("floor"));
  if (name == "inverse-sqrt") return optim::inverse_sqrt(rate("warmup"));
  if (name == "one-cycle") return optim::one_cycle(rate("warmup"), rate("total"), 0.04, rate("floor"));
  optim::Schedule schedule;
  if (name == "constant")
    schedule = optim::constant();
  else if (name == "step")
    schedule = optim::step_decay(rate("every"), rate("factor"));
  else if (name == "exponential")
    schedule = optim::exponential_decay(rate("every"), rate("factor"));
  else
    unknown("schedule", name, schedule_names());
  return recipe.warmup ? optim::warm_up(rate("warmup"), schedule) : schedule;
}

}  // namespace

const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Rule& rule : rules()) out.emplace_back(rule.name);
    return out;
  }();
  return names;
}

std::vector<std::string> optimizers_that_read(const std::vector<std::string>& rates) {
  std::vector<std::string> out;
  for (const Rule& rule : rules()) {
    const optim::Rates its = rule.make().rates;
    if (std::any_of(rates.begin(), rates.end(), [&](const std::string& rate) { return its.contains(rate); }))
      out.emplace_back(rule.name);
  }
  return out;
}

double usual_eps(const std::string& optimizer) {
  const optim::Rates rates = rule_of(optimizer).rates;
  const auto at = rates.find("eps");
  return at == rates.end() ? 0 : at->second.item();
}

std::vector<std::string> rates_of(const std::string& optimizer) {
  std::vector<std::string> names;
  for (const auto& [name, rate] : rule_of(optimizer).rates) names.push_back(name);
  return names;
}

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names{"constant", "step",         "exponential",
                                              "cosine",   "inverse-sqrt", "one-cycle"};
  return names;
}

const std::vector<std::string>& averaging_names() {
  static const std::vector<std::string> names{"none", "exponential", "uniform"};
  return names;
}

const Array& further_rate(const Rates& rates, const std::string& name, const std::string& reader) {
  const auto at = rates.more.find(name);
  if (at == rates.more.end()) fail("[train] {} reads the rate \"{}\": give it in rates.more", reader, name);
  return at->second;
}

optim::Optimizer optimizer_of(const Recipe& recipe, const Rates& rates) {
  std::vector<optim::Optimizer> parts;
  if (recipe.l2) parts.push_back(optim::add_l2());
  if (recipe.clip_value) parts.push_back(optim::clip_by_value(1));
  if (recipe.clip) parts.push_back(optim::clip_by_global_norm(1));
  parts.push_back(rule_of(recipe.optimizer));
  if (recipe.decay || recipe.optimizer == "adamw") parts.push_back(optim::decay_weights());
  if (recipe.schedule != "constant" || recipe.warmup)
    parts.push_back(optim::scheduled(schedule_of(recipe, rates)));
  return optim::chain(parts);
}

optim::Rates starting_rates(const optim::Optimizer& optimizer, const Recipe& recipe, const Rates& rates) {
  optim::Rates ours{{"learning_rate", rates.rate}, {"l2", rates.l2},          {"clip_norm", rates.clip},
                    {"momentum", rates.momentum},  {"beta1", rates.momentum}, {"beta2", rates.beta2},
                    {"decay", rates.beta2}};
  for (const char* name : {"eps", "eps_root", "initial_accumulator"})
    if (const auto at = rates.more.find(name); at != rates.more.end()) ours[name] = at->second;
  if (recipe.clip_value) ours["clip_value"] = further_rate(rates, "clip_value", "clipping by value");
  // Decay is told per unit of the learning rate, as the penalty is.
  if (recipe.decay) ours["weight_decay"] = rates.rate * further_rate(rates, "decay", "decay of the weights");
  optim::Rates out;
  for (const auto& [name, value] : optimizer.rates)
    if (const auto at = ours.find(name); at != ours.end()) out[name] = convert(at->second, recipe.dtype);
  return out;
}

optim::Averaging averaging_of(const Recipe& recipe, const Rates& rates) {
  auto rate = [&](const char* which) {
    return further_rate(rates, which, "the averaging " + recipe.averaging);
  };
  if (recipe.averaging == "exponential") return optim::exponential_average(rate("average_decay"));
  if (recipe.averaging == "uniform") return optim::uniform_average(rate("skipped"));
  unknown("averaging", recipe.averaging, averaging_names());
}

}  // namespace runnel::train
