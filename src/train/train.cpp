#include "runnel/train.h"

#include "core/fail.h"
#include "runnel/random.h"
#include "runnel/transforms.h"
#include "train/optimizer.h"

namespace runnel::train {
namespace {

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
  const optim::Optimizer optimizer = optimizer_of(recipe, rates);
  optim::State state = optim::init(optimizer, model, starting_rates(optimizer, recipe, rates));
  std::optional<nn::Mlp> average;
  if (recipe.averaging != "none") average = model;
  return {std::move(model), std::move(state), Array::scalar(0, DType::i32), std::move(average)};
}

Array loss(const Recipe& recipe, const nn::Mlp& model, const Rates& rates, const Array& x, const Array& y) {
  return outputs_to_loss(recipe, nn::forward(model, x, recipe.activation, scale_of(recipe, rates)), y);
}

namespace {

// The loss of rows in training: with dropout, keyed by the step and their numbers, where the recipe has it.
Array training_loss(const Recipe& recipe, const nn::Mlp& model, const Array& step, const Rates& rates,
                    const Array& x, const Array& y, const Array& rows) {
  if (!recipe.dropout) return loss(recipe, model, rates, x, y);
  const Array key = random::fold_in(random::fold_in(rates.key, kDropoutStream), step);
  const nn::Dropout dropout{key, rates.dropout, rows};
  return outputs_to_loss(recipe, nn::forward(model, x, recipe.activation, scale_of(recipe, rates), dropout),
                         y);
}

// The mean loss of a batch and the gradient to step along.
std::pair<Array, nn::Mlp> loss_and_gradient(const Recipe& recipe, const State& state, const Rates& rates,
                                            const Array& x, const Array& y, const Array& rows) {
  if (!recipe.clip_example)
    return value_and_grad([&](const nn::Mlp& model) {
      return training_loss(recipe, model, state.step, rates, x, y, rows);
    })(state.model);
  using Example = std::tuple<Array, Array, Array>;
  auto of_example = [&](const nn::Mlp& model, const Example& example) {
    const auto& [one_x, one_y, row] = example;
    return training_loss(recipe, model, state.step, rates, expand_dims(one_x, 0), expand_dims(one_y, 0),
                         expand_dims(row, 0));
  };
  return optim::value_and_clipped_grad(of_example, state.model, Example(x, y, rows),
                                       further_rate(rates, "clip_example", "clipping of each example"));
}

// One step on a batch; `rows` are the numbers of its examples.
std::pair<State, Array> step_on(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                                const Array& y, const Array& rows) {
  auto [value, gradients] = loss_and_gradient(recipe, state, rates, x, y, rows);
  const optim::Optimizer optimizer = optimizer_of(recipe, rates);
  auto [updates, optimizer_state] = optim::update(optimizer, gradients, state.optimizer, state.model);
  State next{optim::apply(state.model, updates), optimizer_state, state.step + 1, std::nullopt};
  if (state.average)
    next.average = optim::averaged(averaging_of(recipe, rates), *state.average, next.model, state.step);
  return {std::move(next), value};
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
