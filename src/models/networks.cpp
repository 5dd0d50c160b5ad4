#include "models/networks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "core/fail.h"
#include "models/measured.h"
#include "models/schema.h"
#include "runnel/ops.h"
#include "search/settings.h"
#include "train/shards.h"

namespace runnel::models {
namespace {

using search::Settings;
using Leaves = std::vector<Array>;

// Of the rows in a fold: x, y, the number of each, and weights.
struct Rows {
  const Array &x, &y, &number;
  train::Further further;
};

Leaves leaves_of(const Array& x, const Array& y, const std::optional<Array>& weights, bool weighted) {
  const std::int64_t n = x.dim(0);
  Leaves out{x, y, arange(n)};
  if (weighted) out.push_back(weights ? *weights : broadcast_to(Array::scalar(1, x.dtype()), {n}));
  return out;
}

std::optional<nn::Columns> columns_of(const Leaves& given) {
  if (given.empty()) return std::nullopt;
  if (given.size() == 1) return nn::Columns{given[0]};
  return nn::Columns{given[0], given[1], given[2]};
}

Rows rows_of(const Settings& h, const Leaves& batch) {
  Rows out{batch[0], batch[1], batch[2], {{}, columns_of(h.given())}};
  if (batch.size() > 3) out.further.weights = batch[3];
  return out;
}

// Whole steps: half of one is a whole one, as std::round has it.
Array rounded(const Array& steps) { return floor(steps + 0.5); }

// The steps of a rise at the beginning. Two schedules have one always.
Array warmup_steps(const Settings& h) {
  const std::string& name = h.text("schedule");
  const double least = name == "inverse-sqrt" || name == "one-cycle" ? 1 : 0;
  if (h.is_off("warmup")) return Array::scalar(least);
  const Array most = maximum(h.exact_steps() - 1, 1.0);
  return minimum(maximum(rounded(h.exact("warmup") * h.exact_steps()), least), most);
}

// What only some programs read. Counts of steps are doubles: those above 2^24 are no floats.
optim::Rates further_rates(const Settings& h) {
  optim::Rates out;
  for (const auto& [ours, theirs] : {std::pair("eps", "eps"), std::pair("eps_root", "eps_root"),
                                     std::pair("accumulator", "initial_accumulator")})
    if (!h.is_off(ours) && !h.is_automatic(ours)) out[theirs] = h[ours];
  for (const char* name : {"decay", "clip_value", "clip_example"})
    if (!h.is_off(name)) out[name] = h[name];
  const std::string& schedule = h.text("schedule");
  if (schedule != "constant" || !h.is_off("warmup")) out["warmup"] = warmup_steps(h);
  if (schedule == "cosine" || schedule == "one-cycle") {
    out["total"] = h.exact_steps();
    out["floor"] = h.exact("floor");
  }
  if (schedule == "step" || schedule == "exponential") {
    out["every"] = h.exact("every") * static_cast<double>(h.steps_per_epoch());
    out["factor"] = h.exact("factor");
  }
  if (h.text("averaging") == "exponential") out["average_decay"] = h.exact("average_decay");
  if (h.text("averaging") == "uniform")
    out["skipped"] = h.exact_steps() - rounded(h.exact("tail") * h.exact_steps());
  if (h.text("embedding") == "periodic") out["frequency_scale"] = h["frequency_scale"];
  return out;
}

train::Rates rates_of(const Settings& h) {
  train::Rates rates;
  rates.rate = h["rate"];
  if (!h.is_off("momentum")) rates.momentum = h["momentum"];
  if (!h.is_off("beta2")) rates.beta2 = h["beta2"];
  rates.bias = h["bias"];
  rates.key = h.key();
  rates.l2 = h["l2"];
  if (!h.is_off("dropout")) rates.dropout = h["dropout"];
  if (!h.is_off("clip")) rates.clip = h["clip"];
  if (!h.is_off("scale")) rates.scale = h["scale"];
  rates.more = further_rates(h);
  return rates;
}

// A choice of a candidate; `usual` where it takes no part.
std::string choice(const Settings& h, const char* name, const char* usual) {
  return h.is_off(name) ? usual : h.text(name);
}

nn::Activation asked_activation(const Settings& h) { return activation_of(choice(h, "activation", "relu")); }

// The network of a candidate on a fold.
nn::Architecture architecture_of(const Settings& h, std::int64_t outputs) {
  nn::Architecture out{{h.rows()[0].shape[1]},
                       choice(h, "body", "mlp") == "residual" ? nn::Body::residual : nn::Body::mlp,
                       choice(h, "norm", "none") == "layer"};
  if (const auto columns = columns_of(h.given())) {
    const std::int64_t n = columns->feature.dim(0);
    if (columns->low) {
      out.sizes[0] = n;
    } else {
      out.embedded = n;
      out.frequencies = h.integer("frequencies");
      out.sizes[0] += n * out.frequencies;
    }
  }
  for (const std::int64_t width : params::list_of(h.text("hidden"))) out.sizes.push_back(width);
  out.sizes.push_back(outputs);
  return out;
}

}  // namespace

// The metric of a problem and its loss, in double precision.
class Networks::Measures : public search::OutputMeasures {
 public:
  explicit Measures(const Problem& problem) : problem_(problem) {
    for (const Fold& fold : problem.folds) targets_.push_back(fold.y_validation.to_doubles());
  }

  std::vector<search::MeasureKind> kinds() const override {
    return {{std::string(metric_name(problem_.metric)), higher_is_better(problem_.metric)}, {"loss"}};
  }
  std::vector<double> measure(std::size_t fold, std::span<const double> outputs, bool judged) const override {
    const std::vector<double>& y = targets_[fold];
    return {measured(problem_, problem_.folds[fold].unit, outputs, y),
            judged ? train::mean_loss(problem_.loss, outputs, y) : std::nan("")};
  }
  double over_folds(std::size_t measure, std::span<const double> by_fold) const override {
    return measure == 0 ? models::over_folds(problem_, by_fold)
                        : search::OutputMeasures::over_folds(measure, by_fold);
  }

 private:
  const Problem& problem_;
  std::vector<std::vector<double>> targets_;
};

Networks::Networks(const Problem& problem)
    : problem_(problem), measures_(std::make_unique<const Measures>(problem)) {
  bool weighted = false;
  for (const Fold& fold : problem.folds) weighted = weighted || fold.weights.has_value();
  for (const Fold& fold : problem.folds)
    folds_.push_back({leaves_of(fold.x, fold.y, fold.weights, weighted),
                      leaves_of(fold.x_validation, fold.y_validation, std::nullopt, weighted)});
}

Networks::~Networks() = default;

const search::Schema& Networks::schema() const { return *network_schema(); }

void Networks::check(const search::Configuration& c) const {
  models::check(c);
  for (const Fold& fold : problem_.folds)
    if (embedding_of(c) != nn::Embedding::none && fold.numeric.empty())
      fail("the embedding {} is of numeric columns, and there are none: leave it out",
           to_string(c["embedding"]));
}

search::Manner Networks::manner() const { return {.measured_rows = 512}; }

train::Recipe Networks::recipe_of(const Settings& h) const {
  const nn::Architecture a = architecture_of(h, problem_.outputs);
  train::Recipe r;
  r.sizes = a.sizes;
  r.embedded = a.embedded;
  r.frequencies = a.frequencies;
  r.activation = asked_activation(h);
  r.loss = problem_.loss;
  r.optimizer = h.text("optimizer");
  r.dropout = !h.is_off("dropout");
  r.clip = !h.is_off("clip");
  r.scaled = !h.is_off("scale");
  r.dtype = problem_.folds[0].x.dtype();
  r.l2 = true;
  r.decay = !h.is_off("decay");
  r.clip_value = !h.is_off("clip_value");
  r.clip_example = !h.is_off("clip_example");
  r.schedule = h.text("schedule");
  r.warmup = !h.is_off("warmup") &&
             (r.schedule == "constant" || r.schedule == "step" || r.schedule == "exponential");
  r.averaging = h.text("averaging");
  r.body = a.body;
  r.norm = a.norm;
  r.shards = h.is_off("shards") ? 0 : h.integer("shards");
  return r;
}

Leaves Networks::init(const Settings& h, const Array&) const {
  train::State state = train::start(recipe_of(h), rates_of(h));
  const std::lock_guard lock(mutex_);
  structures_.insert_or_assign(search::typed::structure_key(h),
                               tree::map([](const Array&) { return Array(); }, state));
  return tree::flatten(state);
}

train::State Networks::state_of(const Settings& h, const Leaves& leaves) const {
  const std::lock_guard lock(mutex_);
  return tree::unflatten(structures_.at(search::typed::structure_key(h)), leaves);
}

std::pair<Leaves, Array> Networks::step(const Settings& h, const Leaves& state, const Leaves& batch) const {
  const Rows rows = rows_of(h, batch);
  const auto [next, loss] = train::step_in_order(recipe_of(h), state_of(h, state), rates_of(h), rows.x,
                                                 rows.y, rows.number, rows.further);
  return {tree::flatten(next), loss};
}

search::Measures Networks::evaluate(const Settings& h, const Leaves& state, const Leaves& rows) const {
  const nn::Network network = nn::with_columns(state_of(h, state).weights(), columns_of(h.given()));
  const nn::Activation activation = asked_activation(h);
  return {{"outputs", h.is_off("scale") ? nn::forward(network, rows[0], activation)
                                        : nn::forward(network, rows[0], activation, h["scale"])}};
}

Leaves Networks::given(const search::Configuration& configuration, const search::Fold& fold) const {
  const nn::Embedding embedding = embedding_of(configuration);
  if (embedding == nn::Embedding::none) return {};
  const auto number = static_cast<std::size_t>(&fold - folds_.data());
  const std::vector<std::int64_t>& numeric = problem_.folds.at(number).numeric;
  const bool pieces = embedding == nn::Embedding::linear_pieces;
  const std::int64_t bins = pieces ? configuration["bins"].integer() : 0;
  const std::lock_guard lock(mutex_);
  Leaves& known = given_[{number, bins}];
  if (known.empty() && pieces) {
    const nn::Columns columns = nn::quantile_pieces(fold.train[0], numeric, bins);
    known = {columns.feature, *columns.low, *columns.high};
  } else if (known.empty()) {
    const std::vector<std::int32_t> feature(numeric.begin(), numeric.end());
    known = {Array::from<std::int32_t>(feature, {std::ssize(feature)})};
  }
  return known;
}

std::int64_t Networks::shards(const Settings& h, std::int64_t rows) const {
  return h.is_off("shards") ? 0 : std::min(h.integer("shards"), rows);
}

std::vector<Leaves> Networks::shard_gradients(const Settings& h, const Leaves& state, const Leaves& batch,
                                              std::int64_t first, std::int64_t last) const {
  const Rows rows = rows_of(h, batch);
  std::vector<Leaves> out;
  for (const nn::Network& node : train::shard_gradients(recipe_of(h), state_of(h, state), rates_of(h), rows.x,
                                                        rows.y, rows.number, rows.further, first, last))
    out.push_back(tree::flatten(node));
  return out;
}

Leaves Networks::step_along(const Settings& h, const Leaves& state, const Leaves& gradient) const {
  const train::State before = state_of(h, state);
  return tree::flatten(
      train::step_along(recipe_of(h), before, rates_of(h), tree::unflatten(before.model, gradient)));
}

Leaves Networks::learnt(const Settings& h, const Leaves& state) const {
  return tree::flatten(state_of(h, state).weights());
}

const search::OutputMeasures* Networks::output_measures() const { return measures_.get(); }

nn::Network Networks::network(const search::Configuration& configuration, std::size_t fold,
                              const Leaves& learnt) const {
  nn::Network like;
  {
    const std::lock_guard lock(mutex_);
    like = structures_.at(search::fixed_key(configuration)).model;
  }
  return nn::with_columns(tree::unflatten(like, learnt), columns_of(given(configuration, folds_[fold])));
}

}  // namespace runnel::models
