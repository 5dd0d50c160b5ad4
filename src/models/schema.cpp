// The hyperparameters of networks of tables.
#include "models/schema.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::models {
namespace {

using params::Declaration;
using params::Limits;
using params::Schema;
using params::Value;

constexpr double kEndless = std::numeric_limits<double>::infinity();
constexpr Limits kAbove0{0, kEndless, true};
constexpr Limits kAtLeast0{0, kEndless};
constexpr Limits kAny{-kEndless, kEndless};
constexpr Limits kBelow1{0, 1, false, true};
constexpr Limits kBetween{0, 1, true, true};
constexpr Limits kShare{0, 1};
constexpr Limits kOfColumn{1, 10000};  // features that one column may become
constexpr Limits kWidths{1, 1e15};
constexpr Limits kLayers{0, 16};  // that a space makes

std::vector<Value> values_of(const std::vector<std::string>& words) { return {words.begin(), words.end()}; }

std::vector<Value> readers(std::initializer_list<const char*> rates) {
  return values_of(train::optimizers_that_read({rates.begin(), rates.end()}));
}

void add_network(Schema& s) {
  s.list("hidden", {"layers", "width", kLayers, kWidths})
      .meaning("widths of the hidden layers, as 64x64; none for a linear model")
      .standard("64x64");
  s.choice("activation", {"relu", "tanh", "sigmoid"})
      .meaning("relu, tanh or sigmoid")
      .standard("relu")
      .unless("hidden", {"none"});
}

void add_steps(Schema& s) {
  s.choice("optimizer", train::optimizer_names())
      .meaning(
          "sgd, momentum, nesterov, adagrad, adagrad-norm, adagrad-full, rmsprop, adam, adamw, amsgrad, "
          "nadam, "
          "lion or sign")
      .standard("adam");
  s.batch("batch", 128).meaning("rows in a step");
  s.budget("epochs", 20).meaning("passes over the training rows");
  s.real("rate", kAtLeast0).meaning("learning rate").standard(1e-3).alias("lr").alias("learning_rate");
  s.real("l2", kAtLeast0)
      .meaning("strength alpha of the penalty alpha/2 |weights|^2; never on biases")
      .standard(0);
  s.real("dropout", kBetween)
      .meaning("share of hidden units dropped in training")
      .may_be_off(0)
      .standard(Value::off())
      .unless("hidden", {"none"});
  s.real("momentum", kBelow1)
      .meaning("of momentum and nesterov; beta1 of adam, its kin and lion")
      .standard(0.9)
      .when("optimizer", readers({"momentum", "beta1"}));
  s.real("beta2", kBelow1)
      .meaning("of adam, its kin and lion; rho of rmsprop")
      .standard(0.999)
      .when("optimizer", readers({"beta2", "decay"}));
  s.real("clip", kAbove0).meaning("largest norm of a gradient").may_be_off(0).standard(Value::off());
  s.real("scale", kAny)
      .meaning("factor on the activation's argument")
      .may_be_off(1)
      .standard(Value::off())
      .unless("hidden", {"none"});
  s.real("bias", kAny).meaning("initial value of all biases").standard(0);
  s.seed("seed").meaning("of initial weights and dropout");
}

void add_refinements(Schema& s) {
  s.real("decay", kAbove0)
      .meaning("decoupled decay: a step shrinks weights by 1 - rate decay; never biases")
      .may_be_off(0)
      .standard(Value::off())
      .rare();
  s.real("eps", kAbove0)
      .meaning(
          "added to the root that steps are divided by; automatic: 1e-8, adagrad 1e-10, adagrad-full 1e-4")
      .may_be_automatic(0)
      .standard(Value::automatic())
      .when("optimizer", readers({"eps"}))
      .rare();
  s.real("eps_root", kAbove0)
      .meaning("added under that root")
      .may_be_automatic(0)
      .standard(Value::automatic())
      .when("optimizer", readers({"eps_root"}))
      .rare();
  s.real("accumulator", kAbove0)
      .meaning("what the squares of adagrad and rmsprop start from")
      .may_be_automatic(0)
      .standard(Value::automatic())
      .when("optimizer", readers({"initial_accumulator"}))
      .rare();
  s.real("clip_value", kAbove0)
      .meaning("largest element of a gradient")
      .may_be_off(0)
      .standard(Value::off())
      .rare();
  s.real("clip_example", kAbove0)
      .meaning("largest norm of each example's gradient")
      .may_be_off(0)
      .standard(Value::off())
      .rare();
}

void add_schedule(Schema& s) {
  s.choice("schedule", train::schedule_names())
      .meaning("of the rate: constant, step, exponential, cosine, inverse-sqrt or one-cycle")
      .standard("constant")
      .rare();
  s.real("warmup", kBetween)
      .meaning("share of all steps over which the rate rises")
      .may_be_off(0)
      .standard(Value::off())
      .rare();
  s.real("every", kAbove0)
      .meaning("epochs in which the rate falls by factor: step, exponential")
      .standard(10)
      .when("schedule", {"step", "exponential"})
      .rare();
  s.real("factor", kAbove0)
      .meaning("what the rate is multiplied with in that time")
      .standard(0.1)
      .when("schedule", {"step", "exponential"})
      .rare();
  s.real("floor", kShare)
      .meaning("share of the rate left at the end: cosine, one-cycle")
      .standard(0)
      .when("schedule", {"cosine", "one-cycle"})
      .rare();
  s.choice("averaging", train::averaging_names())
      .meaning("of the weights that are evaluated and kept: none, exponential or uniform")
      .standard("none")
      .rare();
  s.real("average_decay", kBelow1)
      .meaning("of the exponential average, in a step")
      .standard(0.999)
      .when("averaging", {"exponential"})
      .rare();
  s.real("tail", kShare)
      .meaning("share of all steps, at the end, that the uniform average takes")
      .standard(0.5)
      .when("averaging", {"uniform"})
      .rare();
}

void add_layers(Schema& s) {
  s.choice("body", {"mlp", "residual"})
      .meaning("mlp, or residual: of the first width, with a block for each")
      .standard("mlp")
      .unless("hidden", {"none"})
      .rare();
  s.choice("norm", {"none", "layer"})
      .meaning("none, or layer: layer normalisation")
      .standard("none")
      .unless("hidden", {"none"})
      .rare();
  s.choice("embedding", {"none", "linear-pieces", "periodic"})
      .meaning("of numeric columns: none, linear-pieces or periodic")
      .standard("none")
      .rare();
  s.integer("bins", kOfColumn)
      .fixed()
      .meaning("linear pieces of a column, between quantiles of its training rows")
      .standard(16)
      .when("embedding", {"linear-pieces"})
      .rare();
  s.integer("frequencies", kOfColumn)
      .fixed()
      .meaning("of the periodic embedding of a column")
      .standard(16)
      .when("embedding", {"periodic"})
      .rare();
  s.real("frequency_scale", kAbove0)
      .meaning("deviation of the frequencies at the start")
      .standard(0.1)
      .when("embedding", {"periodic"})
      .rare();
}

Schema make_schema() {
  Schema s;
  add_network(s);
  add_steps(s);
  add_refinements(s);
  add_schedule(s);
  add_layers(s);
  s.patience("patience").meaning("stop after so many epochs without a better one, keep the best").rare();
  s.integer("shards", {1, 1e9})
      .fixed()
      .meaning("parts of a batch that ranks share out, their gradients added as a tree")
      .may_be_off(0)
      .standard(Value::off())
      .rare();
  return s;
}

}  // namespace

const std::shared_ptr<const Schema>& network_schema() {
  static const std::shared_ptr<const Schema> schema = std::make_shared<const Schema>(make_schema());
  return schema;
}

Configuration network(const std::vector<std::pair<std::string, Value>>& values) {
  Configuration out(network_schema());
  for (const auto& [name, value] : values) out.set(name, params::as_word((*network_schema())[name], value));
  out.settle();
  return out;
}

std::vector<std::int64_t> hidden_of(const Configuration& configuration) {
  return params::list_of(configuration["hidden"]);
}

std::int64_t epochs_of(const Configuration& configuration) { return configuration["epochs"].integer(); }

std::int64_t patience_of(const Configuration& configuration) {
  const Value& patience = configuration["patience"];
  return patience.is_number() ? patience.integer() : 0;
}

Configuration with_further_seed(const Configuration& configuration, std::int64_t i) {
  Configuration out = configuration;
  // Without a sign, so that it may go round.
  const auto seed = static_cast<std::uint64_t>(out["seed"].integer()) + static_cast<std::uint64_t>(i);
  out.set("seed", static_cast<std::int64_t>(seed));
  return out;
}

bool depends_on_total(const Configuration& c) {
  const Value& schedule = c["schedule"];
  return schedule == "cosine" || schedule == "one-cycle" || c["warmup"].is_number() ||
         c["averaging"] == "uniform";
}

void check(const Configuration& c) {
  if (!(c["schedule"] == "one-cycle")) return;
  const Value& warmup = c["warmup"];
  if (!warmup.is_number() || warmup.number() > 0.5)
    fail(
        "the schedule one-cycle rises over a share of all steps and falls over as many: give a warmup above "
        "0, up to 0.5 (0.45 leaves a tenth for its end), not {}",
        to_string(warmup));
}

nn::Activation activation_of(const std::string& name) {
  for (const auto a : {nn::Activation::relu, nn::Activation::tanh, nn::Activation::sigmoid})
    if (activation_name(a) == name) return a;
  fail("there is no activation \"{}\"{}", name, suggestion(name, {"relu", "tanh", "sigmoid"}));
}

nn::Activation activation_of(const Configuration& c) {
  const Value& name = c["activation"];
  return name.is_text() ? activation_of(name.text()) : nn::Activation::relu;
}

double scale_of(const Configuration& c) {
  const Value& scale = c["scale"];
  return scale.is_number() ? scale.number() : 1;
}

nn::Body body_of(const Configuration& c) {
  return c["body"] == "residual" ? nn::Body::residual : nn::Body::mlp;
}

bool has_norm(const Configuration& c) { return c["norm"] == "layer"; }

nn::Embedding embedding_of(const Configuration& c) {
  if (c["embedding"] == "linear-pieces") return nn::Embedding::linear_pieces;
  return c["embedding"] == "periodic" ? nn::Embedding::periodic : nn::Embedding::none;
}

}  // namespace runnel::models
