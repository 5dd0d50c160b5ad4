#include "runnel/train.h"

#include "core/fail.h"
#include "runnel/random.h"
#include "runnel/transforms.h"
#include "train/optimizer.h"

namespace runnel::train {
namespace {

// The loss of each example, (n,).
Array losses_of(const Recipe& recipe, const Array& out, const Array& y) {
  switch (recipe.loss) {
    case Loss::softmax:
      return nn::each::softmax_cross_entropy_from_logits(out, y);
    case Loss::logistic:
      return nn::each::binary_cross_entropy_from_logits(squeeze(out, 1), y);
    case Loss::squared:
      return nn::each::squared_error(squeeze(out, 1), y);
    case Loss::half_squared:
      return nn::each::half_squared_error(squeeze(out, 1), y);
    case Loss::absolute:
      return nn::each::absolute_error(squeeze(out, 1), y);
    case Loss::huber:
      return nn::each::huber(squeeze(out, 1), y);
  }
  fail("unknown loss");
}

Array mean_of(const Array& losses, const std::optional<Array>& weights) {
  return nn::mean_loss(weights ? losses * *weights : losses);
}

// The network that forward() takes: what is learnt, and the columns that are not.
nn::Network whole(const nn::Network& model, const Further& further) {
  nn::Network out = model;
  if (further.columns) out.columns = further.columns;
  return out;
}

Operand scale_of(const Recipe& recipe, const Rates& rates) {
  return recipe.scaled ? Operand(rates.scale) : Operand(1);
}

// Streams of a candidate's key.
constexpr int kInitStream = 0;
constexpr int kDropoutStream = 1;

}  // namespace

State start(const Recipe& recipe, const Rates& rates) {
  nn::Network model;
  if (recipe.sizes.size() == 2 && recipe.embedded == 0) {
    // A convex problem: every start leads to the same model, and zero leads there straight.
    model.layers = {{Array::zeros({recipe.sizes[0], recipe.sizes[1]}, recipe.dtype),
                     broadcast_to(rates.bias, {recipe.sizes[1]})}};
  } else {
    const Array scale = recipe.embedded > 0 ? further_rate(rates, "frequency_scale", "an embedding in waves")
                                            : Array::scalar(1, recipe.dtype);
    model = nn::init_network(random::fold_in(rates.key, kInitStream),
                             {recipe.sizes, recipe.body, recipe.norm, recipe.embedded, recipe.frequencies},
                             recipe.activation, rates.bias, scale, recipe.dtype);
  }
  const optim::Optimizer optimizer = optimizer_of(recipe, rates);
  optim::State state = optim::init(optimizer, model, starting_rates(optimizer, recipe, rates));
  std::optional<nn::Network> average;
  if (recipe.averaging != "none") average = model;
  return {std::move(model), std::move(state), Array::scalar(0, DType::i32), std::move(average)};
}

Array loss(const Recipe& recipe, const nn::Network& model, const Rates& rates, const Array& x, const Array& y,
           const Further& further) {
  const Array out = nn::forward(whole(model, further), x, recipe.activation, scale_of(recipe, rates));
  return mean_of(losses_of(recipe, out, y), further.weights);
}

namespace {

// The rows of a step: `rows` are the numbers of its examples, weights (n,).
struct Batch {
  const Array &x, &y, &rows;
  const Further& further;
};

// The loss of rows in training: with dropout, keyed by the step and their numbers, where the recipe has it.
Array training_loss(const Recipe& recipe, const nn::Network& model, const Array& step, const Rates& rates,
                    const Batch& batch) {
  if (!recipe.dropout) return loss(recipe, model, rates, batch.x, batch.y, batch.further);
  const Array key = random::fold_in(random::fold_in(rates.key, kDropoutStream), step);
  const nn::Dropout dropout{key, rates.dropout, batch.rows};
  const Array out =
      nn::forward(whole(model, batch.further), batch.x, recipe.activation, scale_of(recipe, rates), dropout);
  return mean_of(losses_of(recipe, out, batch.y), batch.further.weights);
}

// The mean loss of a batch and the gradient to step along.
std::pair<Array, nn::Network> loss_and_gradient(const Recipe& recipe, const State& state, const Rates& rates,
                                                const Batch& batch) {
  if (!recipe.clip_example)
    return value_and_grad([&](const nn::Network& model) {
      return training_loss(recipe, model, state.step, rates, batch);
    })(state.model);
  using Example = std::tuple<Array, Array, Array, std::optional<Array>>;
  auto of_example = [&](const nn::Network& model, const Example& example) {
    const auto& [x, y, row, weight] = example;
    Further further{{}, batch.further.columns};
    if (weight) further.weights = expand_dims(*weight, 0);
    return training_loss(recipe, model, state.step, rates,
                         {expand_dims(x, 0), expand_dims(y, 0), expand_dims(row, 0), further});
  };
  return optim::value_and_clipped_grad(of_example, state.model,
                                       Example(batch.x, batch.y, batch.rows, batch.further.weights),
                                       further_rate(rates, "clip_example", "clipping of each example"));
}

std::pair<State, Array> step_on(const Recipe& recipe, const State& state, const Rates& rates,
                                const Batch& batch) {
  auto [value, gradients] = loss_and_gradient(recipe, state, rates, batch);
  const optim::Optimizer optimizer = optimizer_of(recipe, rates);
  auto [updates, optimizer_state] = optim::update(optimizer, gradients, state.optimizer, state.model);
  State next{optim::apply(state.model, updates), optimizer_state, state.step + 1, std::nullopt};
  if (state.average)
    next.average = optim::averaged(averaging_of(recipe, rates), *state.average, next.model, state.step);
  return {std::move(next), value};
}

}  // namespace

std::pair<State, Array> step(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                             const Array& y, const Array& rows, const Further& further) {
  Further of_rows = further;
  if (further.weights) of_rows.weights = gather(*further.weights, rows);
  return step_on(recipe, state, rates, {gather(x, rows), gather(y, rows), rows, of_rows});
}

std::pair<State, Array> steps(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                              const Array& y, const Array& rows, const Further& further) {
  return scan(
      [&](const State& s, const Array& batch) { return step(recipe, s, rates, x, y, batch, further); }, state,
      rows);
}

std::pair<State, Array> steps_in_order(const Recipe& recipe, const State& state, const Rates& rates,
                                       const Array& x, const Array& y, const Array& rows,
                                       const Further& further) {
  using Rows = std::tuple<Array, Array, Array, std::optional<Array>>;
  return scan(
      [&](const State& s, const Rows& batch) {
        const auto& [batch_x, batch_y, batch_rows, batch_weights] = batch;
        return step_on(recipe, s, rates, {batch_x, batch_y, batch_rows, {batch_weights, further.columns}});
      },
      state, Rows(x, y, rows, further.weights));
}

}  // namespace runnel::train
