#include "sweep/recipe.h"

#include <algorithm>
#include <cmath>

#include "runnel/random.h"
#include "sweep/columns.h"

namespace runnel::sweep {

std::int64_t batch_of(const Hyper& hyper, const Fold& fold) { return std::min(hyper.batch, fold.x.dim(0)); }

bool warms_up(const Hyper& h) {
  return h.warmup > 0 && (h.schedule == "constant" || h.schedule == "step" || h.schedule == "exponential");
}

bool has_l2(const Hyper& h) { return h.optimizer != "adamw" || h.l2 > 0; }

train::Recipe recipe_of(const Problem& problem, const Block& block,
                        const std::optional<nn::Columns>& columns) {
  const Hyper& h = block.trajectories[0].hyper;
  const nn::Architecture a = architecture_of(h, *block.data, problem.outputs, columns);
  const bool scaled = std::any_of(block.trajectories.begin(), block.trajectories.end(),
                                  [](const Trajectory& t) { return t.hyper.scale != 1; });
  return {a.sizes,       h.activation, problem.loss,     h.optimizer,
          h.dropout > 0, h.clip > 0,   scaled,           block.data->x.dtype(),
          has_l2(h),     h.decay > 0,  h.clip_value > 0, h.clip_example > 0,
          h.schedule,    warms_up(h),  h.averaging,      a.body,
          a.norm,        a.embedded,   a.frequencies,    h.shards};
}

namespace {

bool rises_always(const Hyper& h) { return h.schedule == "inverse-sqrt" || h.schedule == "one-cycle"; }

// One field of all lanes.
template <class Get>
Array lane_array(const std::vector<Trajectory>& lanes, DType dtype, Get get) {
  std::vector<double> values;
  for (const Trajectory& t : lanes) values.push_back(get(t.hyper));
  return convert(Array::from(values, {static_cast<std::int64_t>(values.size())}), dtype);
}

// What only some programs read, and rates that differ from the optimiser's own in some lane.
optim::Rates further_rates(const std::vector<Trajectory>& lanes, const train::Recipe& recipe,
                           std::int64_t steps_per_epoch) {
  const auto per_epoch = static_cast<double>(steps_per_epoch);
  optim::Rates out;
  auto add = [&](const char* name, DType dtype, auto get) { out[name] = lane_array(lanes, dtype, get); };
  auto add_where_set = [&](const char* name, double Hyper::*member, double own) {
    if (std::any_of(lanes.begin(), lanes.end(), [&](const Trajectory& t) { return t.hyper.*member != 0; }))
      add(name, recipe.dtype, [&](const Hyper& h) { return h.*member != 0 ? h.*member : own; });
  };
  add_where_set("eps", &Hyper::eps, train::usual_eps(recipe.optimizer));
  add_where_set("eps_root", &Hyper::eps_root, 0);
  add_where_set("initial_accumulator", &Hyper::accumulator, 0);
  if (recipe.decay) add("decay", recipe.dtype, [](const Hyper& h) { return h.decay; });
  if (recipe.clip_value) add("clip_value", recipe.dtype, [](const Hyper& h) { return h.clip_value; });
  if (recipe.clip_example) add("clip_example", recipe.dtype, [](const Hyper& h) { return h.clip_example; });

  // In steps, as doubles: those above 2^24 are no floats.
  auto steps = [&](const Hyper& h) { return static_cast<double>(h.epochs) * per_epoch; };
  if (recipe.schedule != "constant" || recipe.warmup) {
    add("total", DType::f64, steps);
    add("warmup", DType::f64, [&](const Hyper& h) {
      const double rise = std::round(h.warmup * steps(h));
      return std::clamp(rise, rises_always(h) ? 1.0 : 0.0, std::max(steps(h) - 1, 1.0));
    });
    add("every", DType::f64, [&](const Hyper& h) { return h.every * per_epoch; });
    add("factor", DType::f64, [](const Hyper& h) { return h.factor; });
    add("floor", DType::f64, [](const Hyper& h) { return h.floor; });
  }
  if (recipe.averaging == "exponential")
    add("average_decay", DType::f64, [](const Hyper& h) { return h.average_decay; });
  if (recipe.averaging == "uniform")
    add("skipped", DType::f64, [&](const Hyper& h) { return steps(h) - std::round(h.tail * steps(h)); });
  if (recipe.embedded > 0)
    add("frequency_scale", recipe.dtype, [](const Hyper& h) { return h.frequency_scale; });
  return out;
}

}  // namespace

train::Rates rates_of(const std::vector<Trajectory>& lanes, const train::Recipe& recipe,
                      std::int64_t steps_per_epoch) {
  auto field = [&](double Hyper::*member) {
    return lane_array(lanes, recipe.dtype, [&](const Hyper& h) { return h.*member; });
  };
  std::vector<Array> keys;
  for (const Trajectory& t : lanes) keys.push_back(random::key(t.hyper.seed));
  return {field(&Hyper::rate),    field(&Hyper::l2),
          field(&Hyper::dropout), field(&Hyper::momentum),
          field(&Hyper::beta2),   field(&Hyper::clip),
          field(&Hyper::scale),   field(&Hyper::bias),
          stack(keys, 1),         further_rates(lanes, recipe, steps_per_epoch)};
}

}  // namespace runnel::sweep
