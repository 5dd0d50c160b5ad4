#include "runnel/train.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/fail.h"
#include "ops/keys.h"
#include "runnel/random.h"
#include "runnel/transforms.h"
#include "train/optimizer.h"
#include "train/shards.h"

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

Operand scale_of(const Recipe& recipe, const Rates& rates) {
  return recipe.scaled ? Operand(rates.scale) : Operand(1);
}

}  // namespace

State start(const Recipe& recipe, const Rates& rates) {
  nn::Network model;
  if (recipe.sizes.size() == 2 && recipe.embedded == 0) {
    // A convex problem: every start leads to the same model, and zero leads there straight.
    model = nn::network_of({{Array::zeros({recipe.sizes[0], recipe.sizes[1]}, recipe.dtype),
                             broadcast_to(rates.bias, {recipe.sizes[1]})}});
  } else {
    const Array scale = recipe.embedded > 0 ? further_rate(rates, "frequency_scale", "an embedding in waves")
                                            : Array::scalar(1, recipe.dtype);
    model = nn::init_network(random::child_key(rates.key, 0, domain::kStart),
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
  const Array out =
      nn::forward(nn::with_columns(model, further.columns), x, recipe.activation, scale_of(recipe, rates));
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
  const Array key = random::child_key(rates.key, step, domain::kDropout);
  const nn::Dropout dropout{key, rates.dropout, batch.rows};
  const Array out = nn::forward(nn::with_columns(model, batch.further.columns), batch.x, recipe.activation,
                                scale_of(recipe, rates), dropout);
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

// ---- steps in parts ----

struct Part {
  std::int64_t begin, end;  // rows
};

// As long as each other, or one row longer at the beginning.
Part part_of(std::int64_t rows, std::int64_t parts, std::int64_t number) {
  const std::int64_t least = rows / parts;
  const std::int64_t longer = rows % parts;
  const std::int64_t begin = number * least + std::min(number, longer);
  return {begin, begin + least + (number < longer ? 1 : 0)};
}

using ValueAndGradient = std::pair<Array, nn::Network>;

// Rows [begin, end) cut into `count` parts of one length, each of which is `share` of the batch: their losses
// and gradients as shares of the batch's. One after the other, in a loop: the program does not grow with
// them.
std::vector<ValueAndGradient> gradients_of_parts(const Recipe& recipe, const State& state, const Rates& rates,
                                                 const Batch& batch, Part rows, std::int64_t count,
                                                 double share) {
  if (count == 0) return {};
  const auto cut = [&](const Array& all) {
    Shape shape = all.shape();
    shape[0] = (rows.end - rows.begin) / count;
    shape.insert(0, count);
    return reshape(slice(all, 0, rows.begin, rows.end), shape);
  };
  using Rows = std::tuple<Array, Array, Array, std::optional<Array>>;
  std::optional<Array> weights;
  if (batch.further.weights) weights = cut(*batch.further.weights);
  const auto [step, stacked] = scan(
      [&](const Array& s, const Rows& part) {
        const auto& [x, y, numbers, part_weights] = part;
        const Further further{part_weights, batch.further.columns};
        const ValueAndGradient of = loss_and_gradient(recipe, state, rates, {x, y, numbers, further});
        return std::pair(s, tree::map([&](const Array& leaf) { return leaf * share; }, of));
      },
      state.step, Rows(cut(batch.x), cut(batch.y), cut(batch.rows), weights));
  std::vector<ValueAndGradient> out;
  for (std::int64_t i = 0; i < count; ++i)
    out.push_back(
        tree::map([&](const Array& leaf) { return squeeze(slice(leaf, 0, i, i + 1), 0); }, stacked));
  return out;
}

// Of the parts first … last - 1 of the batch.
std::vector<ValueAndGradient> gradients_of_parts(const Recipe& recipe, const State& state, const Rates& rates,
                                                 const Batch& batch, std::int64_t first, std::int64_t last) {
  const std::int64_t rows = batch.x.dim(0);
  const std::int64_t parts = shards_of(recipe, rows);
  const std::int64_t longer = std::clamp(rows % parts, first, last);  // the first one that is not
  std::vector<ValueAndGradient> out;
  for (const auto& [from, to] : {std::pair(first, longer), std::pair(longer, last)}) {
    if (from == to) continue;
    const Part one = part_of(rows, parts, from);
    const double share = static_cast<double>(one.end - one.begin) / static_cast<double>(rows);
    for (ValueAndGradient& of : gradients_of_parts(
             recipe, state, rates, batch, {one.begin, part_of(rows, parts, to - 1).end}, to - from, share))
      out.push_back(std::move(of));
  }
  return out;
}

ValueAndGradient added(const ValueAndGradient& a, const ValueAndGradient& b) {
  const std::vector<Array> x = tree::flatten(a);
  const std::vector<Array> y = tree::flatten(b);
  std::vector<Array> sum;
  for (std::size_t i = 0; i < x.size(); ++i) sum.push_back(x[i] + y[i]);
  return tree::unflatten(a, sum);
}

// The sum of a node of the tree over parts, of which parts[0] is number `first`.
ValueAndGradient sum_of_node(const std::vector<ValueAndGradient>& parts, std::int64_t first,
                             const ShardNode& node) {
  return shard_sum<ValueAndGradient>(
      node, [&](std::int64_t part) { return parts[static_cast<std::size_t>(part - first)]; }, added);
}

// The mean loss of a batch and the gradient to step along.
ValueAndGradient whole_gradient(const Recipe& recipe, const State& state, const Rates& rates,
                                const Batch& batch) {
  if (recipe.shards == 0) return loss_and_gradient(recipe, state, rates, batch);
  const std::int64_t parts = shards_of(recipe, batch.x.dim(0));
  return sum_of_node(gradients_of_parts(recipe, state, rates, batch, 0, parts), 0, {0, parts});
}

State stepped(const Recipe& recipe, const State& state, const Rates& rates, const nn::Network& gradient) {
  const optim::Optimizer optimizer = optimizer_of(recipe, rates);
  auto [updates, optimizer_state] = optim::update(optimizer, gradient, state.optimizer, state.model);
  State next{optim::apply(state.model, updates), optimizer_state, state.step + 1, std::nullopt};
  if (state.average)
    next.average = optim::averaged(averaging_of(recipe, rates), *state.average, next.model, state.step);
  return next;
}

std::pair<State, Array> step_on(const Recipe& recipe, const State& state, const Rates& rates,
                                const Batch& batch) {
  const auto [value, gradient] = whole_gradient(recipe, state, rates, batch);
  return {stepped(recipe, state, rates, gradient), value};
}

}  // namespace

std::int64_t shards_of(const Recipe& recipe, std::int64_t rows) { return std::min(recipe.shards, rows); }

std::vector<nn::Network> shard_gradients(const Recipe& recipe, const State& state, const Rates& rates,
                                         const Array& x, const Array& y, const Array& rows,
                                         const Further& further, std::int64_t first, std::int64_t last) {
  const std::vector<ValueAndGradient> parts =
      gradients_of_parts(recipe, state, rates, {x, y, rows, further}, first, last);
  std::vector<nn::Network> out;
  for (const ShardNode& node : shard_nodes(shards_of(recipe, x.dim(0)), first, last))
    out.push_back(sum_of_node(parts, first, node).second);
  return out;
}

State step_along(const Recipe& recipe, const State& state, const Rates& rates, const nn::Network& gradient) {
  return stepped(recipe, state, rates, gradient);
}

std::pair<State, Array> step(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                             const Array& y, const Array& rows, const Further& further) {
  Further of_rows = further;
  if (further.weights) of_rows.weights = gather(*further.weights, rows);
  return step_on(recipe, state, rates, {gather(x, rows), gather(y, rows), rows, of_rows});
}

std::pair<State, Array> step_in_order(const Recipe& recipe, const State& state, const Rates& rates,
                                      const Array& x, const Array& y, const Array& rows,
                                      const Further& further) {
  return step_on(recipe, state, rates, {x, y, rows, further});
}

std::pair<State, Array> steps(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                              const Array& y, const Array& rows, const Further& further) {
  return scan(
      [&](const State& s, const Array& batch) { return step(recipe, s, rates, x, y, batch, further); }, state,
      rows);
}

}  // namespace runnel::train
