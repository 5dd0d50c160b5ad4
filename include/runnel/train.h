// One training run as a scan of steps: a function of arrays, so that a block of candidates is its vmap over
// rates, keys and seeds, and a hypergradient is its derivative by the rates.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/array.h"
#include "runnel/nn.h"
#include "runnel/optim.h"

namespace runnel::train {

// squared and half_squared, absolute and huber for numbers; logistic for 0/1 and softmax for class numbers,
// from logits.
enum class Loss { squared, half_squared, absolute, huber, logistic, softmax };
enum class Metric { r2, rmse, mae, accuracy, log_loss };

std::string_view loss_name(Loss loss);
std::string_view metric_name(Metric metric);
Loss loss_from_name(std::string_view name);  // these two throw Error(input) naming the nearest
Metric metric_from_name(std::string_view name);
bool higher_is_better(Metric metric);
bool is_classification(Loss loss);

// What a recipe may name.
const std::vector<std::string>& optimizer_names();  // sgd, momentum, nesterov, adagrad, …
// Those whose rule reads one of these rates (runnel/optim.h).
std::vector<std::string> optimizers_that_read(const std::vector<std::string>& rates);
double usual_eps(const std::string& optimizer);     // its eps where rates.more has none; 0 if it reads none
const std::vector<std::string>& schedule_names();   // constant, step, exponential, …
const std::vector<std::string>& averaging_names();  // none, exponential, uniform

// What fixes the shape of the program, the same for all lanes of a block.
struct Recipe {
  std::vector<std::int64_t> sizes;  // what the body reads (see nn::Architecture), hidden…, outputs
  nn::Activation activation = nn::Activation::relu;
  Loss loss = Loss::squared;
  std::string optimizer = "adam";
  bool dropout = false;  // whether there is any
  bool clip = false;
  bool scaled = true;  // false: rates.scale is 1 in every lane and need not be multiplied by
  DType dtype = DType::f32;
  bool l2 = true;                     // false: rates.l2 is 0 in every lane and nothing is added
  bool decay = false;                 // decoupled decay of the weights
  bool clip_value = false;            // each element of the gradient
  bool clip_example = false;          // each example's gradient by its norm, before the mean is taken
  std::string schedule = "constant";  // of the learning rate, and of decay with it
  bool warmup = false;                // constant, step and exponential begin with one; others have it always
  std::string averaging = "none";     // of the weights
  nn::Body body = nn::Body::mlp;
  bool norm = false;             // layer normalisation
  std::int64_t embedded = 0;     // columns that become waves
  std::int64_t frequencies = 0;  // of each
  // Above 0 the rows of a step are cut into so many parts, alike or one row longer at the beginning. Each
  // part's gradient is that of its share of the mean loss, and they are added as a tree (shard_sum), so that
  // the bits do not depend on who computes which part.
  std::int64_t shards = 0;

  friend bool operator==(const Recipe&, const Recipe&) = default;
};

// What may differ from lane to lane: scalars of the recipe's dtype, and a key u32 (2,).
struct Rates {
  Array rate = Array::scalar(1e-3);
  Array l2 = Array::scalar(0);
  Array dropout = Array::scalar(0);           // read where the recipe has dropout
  Array momentum = Array::scalar(0.9);        // of momentum and nesterov; beta1 of adam and its kin, lion
  Array beta2 = Array::scalar(0.999);         // of adam and its kin, lion; rho of rmsprop
  Array clip = Array::scalar(1);              // the largest norm of a gradient, where the recipe clips
  Array scale = Array::scalar(1);             // of the activation's argument
  Array bias = Array::scalar(0);              // initial value of all biases
  Array key = Array::zeros({2}, DType::u32);  // initial weights and dropout
  // What only some recipes read, by name. "eps", "eps_root", "initial_accumulator": the optimiser's own where
  // they are not here. Read, and asked for, where the recipe has them: "clip_value"; "clip_example", a norm;
  // "decay", per unit of the rate: a step shrinks weights by the factor 1 - rate decay. In steps, by
  // schedules: "warmup", "total", "every" (what a fall by "factor" takes), and "floor", the share of the rate
  // that is left at the end. Averages: "average_decay", or "skipped", the steps before the tail.
  // Waves: "frequency_scale".
  optim::Rates more = {};
};

struct State {
  nn::Network model;  // what is learnt of it: without its columns
  optim::State optimizer;
  Array step;                               // i32: how many have been made; keys the dropout masks
  std::optional<nn::Network> average = {};  // of the weights so far, where the recipe averages

  // The weights to evaluate and to keep.
  const nn::Network& weights() const { return average ? *average : model; }
};

// What some trainings read besides the rows.
struct Further {
  // Of each example, in the loss's dtype: its loss is multiplied by it before the mean over the batch is
  // taken. Weights of mean 1 over all rows keep the steps' size.
  std::optional<Array> weights = {};
  std::optional<nn::Columns> columns = {};  // of networks with an embedding; not learnt
};

// Initial weights, a function of rates.key. A linear model starts from zero weights.
State start(const Recipe& recipe, const Rates& rates);

// Mean loss of the rows without the L2 term. y as nn's losses take it: (n,) of x's dtype, or i32 classes;
// further.weights (n,).
Array loss(const Recipe& recipe, const nn::Network& model, const Rates& rates, const Array& x, const Array& y,
           const Further& further = {});

// One step on the rows `rows` (i32 (batch,)) of x and y, and of further.weights: the state after it and the
// step's loss.
std::pair<State, Array> step(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                             const Array& y, const Array& rows, const Further& further = {});

// The same step on a batch that lies in order already: x (batch, features), y (batch,), rows (batch,), the
// number of each example, which keys its dropout mask; further.weights (batch,).
std::pair<State, Array> step_in_order(const Recipe& recipe, const State& state, const Rates& rates,
                                      const Array& x, const Array& y, const Array& rows,
                                      const Further& further = {});

// A scan of steps over rows (steps, batch): the state after them and the losses (steps,).
std::pair<State, Array> steps(const Recipe& recipe, const State& state, const Rates& rates, const Array& x,
                              const Array& y, const Array& rows, const Further& further = {});

// Mean loss, and a metric, of outputs (n rows of a width, row-major) against n targets: numbers, 0 or 1
// (width 1, logits) or class numbers (logits of the classes). A row of outputs that are not finite is never
// accurate. r2 of one row is nan: it has no spread to compare with.
double mean_loss(Loss loss, std::span<const double> outputs, std::span<const double> y);
double measure(Metric metric, std::span<const double> outputs, std::span<const double> y);

// How much better the best of several predictors looks on the rows that chose it than it is: in each of 200
// resamplings of the rows, by how much the one that is best there beats its own value on all rows; the mean
// of that (Efron, "Estimating the error rate of a prediction rule", JASA 78, 1983, eq. 2.10, with choosing as
// the rule). At least 0, in the metric's unit; `outputs` as `measure` takes them, one for each predictor.
double selection_optimism(Metric metric, const std::vector<std::vector<double>>& outputs,
                          std::span<const double> y, std::uint64_t seed);
// The same of predictors that are measured on folds: `by_fold` has each one's metric on every fold.
double selection_optimism(Metric metric, const std::vector<std::vector<double>>& by_fold, std::uint64_t seed);

// The 2.5% and 97.5% quantiles of the metric over 1,000 resamplings of the rows with replacement (Efron,
// "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979), a function of the seed.
struct Interval {
  double low = 0, high = 0;
};
Interval bootstrap(Metric metric, std::span<const double> outputs, std::span<const double> y,
                   std::uint64_t seed);

}  // namespace runnel::train
