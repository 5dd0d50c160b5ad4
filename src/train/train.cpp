#include "runnel/train.h"

#include "core/fail.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::train {
namespace {

optim::Optimizer rule_of(const std::string& name) {
  if (name == "sgd") return optim::sgd();
  if (name == "momentum") return optim::momentum();
  if (name == "adagrad") return optim::adagrad();
  if (name == "rmsprop") return optim::rmsprop();
  if (name == "adam") return optim::adam();
  if (name == "adamw") return optim::adamw();
  fail("there is no optimizer \"{}\"", name);
}

// The L2 term's gradient, clipping, then the rule.
optim::Optimizer optimizer_of(const Recipe& recipe) {
  std::vector<optim::Optimizer> parts;
  if (recipe.optimizer != "adamw") parts.push_back(optim::add_l2());
  if (recipe.clip) parts.push_back(optim::clip_by_global_norm(1));
  parts.push_back(rule_of(recipe.optimizer));
  return optim::chain(parts);
}

// The rates that the chain names, from ours.
optim::Rates chosen(const optim::Optimizer& optimizer, const Recipe& recipe, const Rates& rates) {
  const optim::Rates ours{{"learning_rate", rates.rate}, {"l2", rates.l2},
                          {"clip_norm", rates.clip},     {"momentum", rates.momentum},
                          {"beta1", rates.momentum},     {"beta2", rates.beta2},
                          {"decay", rates.beta2},        {"weight_decay", rates.rate * rates.l2}};
  optim::Rates out;
  for (const auto& [name, value] : optimizer.rates)
    if (const auto at = ours.find(name); at != ours.end()) out[name] = convert(at->second, recipe.dtype);
  return out;
}

Array outputs_to_loss(const Recipe& recipe, const Array& out, const Array& y) {
  switch (recipe.loss) {
    case Loss::softmax:
      return nn::softmax_cross_entropy_from_logits(out, y);
    case Loss::logistic:
      return nn::binary_cross_entropy_from_logits(squeeze(out, 1), y);
    case Loss::squared:
      return nn::squared_error(squeeze(out, 1), y);
    case Loss::half_squared:
      return nn::half_squared_error(squeeze(out, 1), y);
    case Loss::absolute:
      return nn::absolute_error(squeeze(out, 1), y);
    case Loss::huber:
      return nn::huber(squeeze(out, 1), y);
  }
  fail("unknown loss");
}

Operand scale_of(const Recipe& recipe, const Rates& rates) {
  return recipe.scaled ? Operand(rates.scale) : Operand(1);
}

// Streams of a candidate's key.
constexpr int kInitStream = 0;
constexpr int kDropoutStream = 1;

}  // namespace

State start(const Recipe& recipe, const Rates& rates) {
  nn::Mlp model;
  if (recipe.sizes.size() == 2) {
    // A convex problem: every start leads to the same model, and zero leads there straight.
    model.layers = {{Array::zeros({recipe.sizes[0], recipe.sizes[1]}, recipe.dtype),
                     broadcast_to(rates.bias, {recipe.sizes[1]})}};
  } else {
    model = nn::init_mlp(random::fold_in(rates.key, kInitStream), recipe.sizes, recipe.activation, rates.bias,
                         recipe.dtype);
  }
  const optim::Optimizer optimizer = optimizer_of(recipe);
  optim::State state = optim::init(optimizer, model, chosen(optimizer, recipe, rates));
  return {std::move(model), std::move(state), Array::scalar(0, DType::i32)};
}

Array loss(const Recipe& recipe, const nn::Mlp& model, const Rates& rates, const Array& x, const Array& y) {
  return outputs_to_loss(recipe, nn::forward(model, x, recipe.activation, scale_of(recipe, rates)), y);
}

namespace {

// One step on a batch; `rows` are the numbers of its examples.
std::pair<State, Array> step_on(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                                const Array& y, const Array& rows) {
  auto batch_loss = [&](const nn::Mlp& model) {
    if (!recipe.dropout) return loss(recipe, model, rates, x, y);
    const Array key = random::fold_in(random::fold_in(rates.key, kDropoutStream), state.step);
    const nn::Dropout dropout{key, rates.dropout, rows};
    return outputs_to_loss(recipe, nn::forward(model, x, recipe.activation, scale_of(recipe, rates), dropout),
                           y);
  };
  auto [value, gradients] = value_and_grad(batch_loss)(state.model);
  const optim::Optimizer optimizer = optimizer_of(recipe);
  auto [updates, optimizer_state] = optim::update(optimizer, gradients, state.optimizer, state.model);
  return {State{optim::apply(state.model, updates), optimizer_state, state.step + 1}, value};
}

}  // namespace

std::pair<State, Array> step(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                             const Array& y, const Array& rows) {
  return step_on(recipe, state, rates, gather(x, rows), gather(y, rows), rows);
}

std::pair<State, Array> steps(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                              const Array& y, const Array& rows) {
  return scan([&](const State& s, const Array& batch) { return step(recipe, s, rates, x, y, batch); }, state,
              rows);
}

std::pair<State, Array> steps_in_order(const Recipe& recipe, const State& state, const Rates& rates,
                                       const Array& x, const Array& y, const Array& rows) {
  return scan(
      [&](const State& s, const std::tuple<Array, Array, Array>& batch) {
        const auto& [batch_x, batch_y, batch_rows] = batch;
        return step_on(recipe, s, rates, batch_x, batch_y, batch_rows);
      },
      state, std::tuple(x, y, rows));
}

}  // namespace runnel::train
