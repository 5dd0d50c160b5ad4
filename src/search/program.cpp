#include "search/program.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/fail.h"
#include "runnel/ops.h"
#include "runnel/transforms.h"
#include "search/settings.h"

namespace runnel::search {
namespace {

using Leaves = std::vector<Array>;

std::size_t bytes_of(const Type& type) {
  return static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
}

// The rates' dtype: that of the first leaf of numbers.
DType float_of(const std::vector<Type>& rows) {
  for (const Type& type : rows)
    if (is_float(type.dtype)) return type.dtype;
  return DType::f32;
}

std::vector<Type> with_rows(const std::vector<Type>& rows, std::int64_t n) {
  std::vector<Type> out = rows;
  for (Type& type : out) type.shape[0] = n;
  return out;
}

// A trainable's functions of one lane, whose settings are made of the lane's rates.
struct OfLane {
  const Trainable* trainable;
  Configuration example;
  std::vector<std::size_t> places;  // of the traced
  DType dtype;
  std::int64_t steps_per_epoch;
  std::shared_ptr<Asked> asked = {};

  Settings settings(const LaneRates& rates) const {
    Settings::Impl impl{example, dtype};
    impl.traced.resize(example.values().size());
    for (std::size_t i = 0; i < places.size(); ++i) impl.traced[places[i]] = rates.traced[i];
    impl.steps = rates.steps;
    impl.steps_per_epoch = steps_per_epoch;
    impl.asked = asked;
    return Settings(std::make_shared<const Settings::Impl>(std::move(impl)));
  }

  Leaves init(const LaneRates& rates) const { return trainable->init(settings(rates), rates.key); }
  std::pair<Leaves, Array> step(const Leaves& state, const LaneRates& rates, const Leaves& batch) const {
    return trainable->step(settings(rates), state, batch);
  }
  Leaves measure(const Leaves& state, const LaneRates& rates, const Leaves& rows) const {
    Leaves out;
    for (const Measure& m : trainable->evaluate(settings(rates), state, rows)) out.push_back(m.rows);
    return out;
  }
  // The two halves of a step whose gradient is cut into parts.
  Leaves gradients(const Leaves& state, const LaneRates& rates, const Leaves& batch,
                   const Parts& parts) const {
    StepTrace trace{StepTrace::For::gradients, batch, parts};
    const TracesStep traces(trace);
    step(state, rates, batch);
    Leaves out;
    for (const Leaves& node : trace.nodes) out.insert(out.end(), node.begin(), node.end());
    return out;
  }
  Leaves update(const Leaves& state, const LaneRates& rates, const Leaves& batch,
                const Leaves& gradient) const {
    StepTrace trace{StepTrace::For::update, batch, {}, gradient};
    const TracesStep traces(trace);
    return step(state, rates, batch).first;
  }
  Leaves epoch(const Leaves& state, const LaneRates& rates, const Leaves& batches) const {
    return scan([&](const Leaves& s,
                    const Leaves& batch) { return std::pair(step(s, rates, batch).first, std::tuple<>()); },
                state, batches)
        .first;
  }
  Leaves epoch_in_order(const Leaves& state, const LaneRates& rates, const Leaves& rows,
                        const Array& order) const {
    return scan(
               [&](const Leaves& s, const Array& numbers) {
                 Leaves batch;
                 for (const Array& leaf : rows) batch.push_back(gather(leaf, numbers, 0));
                 return std::pair(step(s, rates, batch).first, std::tuple<>());
               },
               state, order)
        .first;
  }
};

auto start_of(const OfLane& lane) {
  return jit(vmap([=](const LaneRates& r) { return lane.init(r); }, {Axis(-1)}, -1));
}
auto epoch_of(const OfLane& lane) {
  return jit(vmap([=](const Leaves& s, const LaneRates& r, const Leaves& x) { return lane.epoch(s, r, x); },
                  {Axis(-1), Axis(-1), shared}, -1));
}
auto epoch_in_order_of(const OfLane& lane) {
  return jit(vmap([=](const Leaves& s, const LaneRates& r, const Leaves& x,
                      const Array& order) { return lane.epoch_in_order(s, r, x, order); },
                  {Axis(-1), Axis(-1), shared, Axis(-1)}, -1));
}
auto measure_of(const OfLane& lane) {
  return jit(vmap([=](const Leaves& s, const LaneRates& r, const Leaves& x) { return lane.measure(s, r, x); },
                  {Axis(-1), Axis(-1), shared}, -1));
}

auto gradients_of(const OfLane& lane, const Parts& parts) {
  return jit(vmap(
      [=](const Leaves& s, const LaneRates& r, const Leaves& x) { return lane.gradients(s, r, x, parts); },
      {Axis(-1), Axis(-1), shared}, -1));
}
auto update_of(const OfLane& lane) {
  return jit(vmap([=](const Leaves& s, const LaneRates& r, const Leaves& x,
                      const Leaves& gradient) { return lane.update(s, r, x, gradient); },
                  {Axis(-1), Axis(-1), shared, Axis(-1)}, -1));
}

// Types of the rates of one lane, and the rates again from what a trace gives for them.
std::vector<Type> rate_types(std::size_t traced, DType dtype) {
  std::vector<Type> types(traced + 1, Type{dtype, {}});
  types.push_back({DType::u32, {2}});
  return types;
}
LaneRates rates_in(const Leaves& leaves, std::size_t traced) {
  return {{leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(traced)},
          leaves[traced],
          leaves[traced + 1]};
}

std::vector<Type> joined(std::vector<Type> a, const std::vector<Type>& b, const std::vector<Type>& c = {}) {
  a.insert(a.end(), b.begin(), b.end());
  a.insert(a.end(), c.begin(), c.end());
  return a;
}

Leaves part(const Leaves& all, std::size_t first, std::size_t n) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(n)};
}

void expect_same_state(const std::vector<Type>& before, const std::vector<Type>& after) {
  if (before.size() != after.size())
    fail("a step returns a state of {} arrays, init one of {}", after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    if (!(before[i] == after[i]))
      fail("a step changes array {} of the state from {}, as init makes it, to {}", i + 1,
           to_string(before[i]), to_string(after[i]));
}

}  // namespace

struct Program::Compiled {
  explicit Compiled(const OfLane& of)
      : lane(of),
        start(start_of(lane)),
        epoch(epoch_of(lane)),
        epoch_in_order(epoch_in_order_of(lane)),
        measure(measure_of(lane)),
        update(update_of(lane)) {}
  const OfLane lane;
  const decltype(start_of(std::declval<OfLane>())) start;
  const decltype(epoch_of(std::declval<OfLane>())) epoch;
  const decltype(epoch_in_order_of(std::declval<OfLane>())) epoch_in_order;
  const decltype(measure_of(std::declval<OfLane>())) measure;
  const decltype(update_of(std::declval<OfLane>())) update;
  // Of a party's parts, which are known once there is an exchange.
  std::optional<decltype(gradients_of(std::declval<OfLane>(), Parts()))> gradients;
};

Program::~Program() = default;

Program::Program(const Trainable& trainable, const Configuration& example, const std::vector<Type>& rows,
                 std::int64_t batch, std::int64_t steps)
    : example_(example), batch_(batch), steps_(steps), dtype_(float_of(rows)) {
  check(trainable, rows);
  compiled_ =
      std::make_unique<Compiled>(OfLane{&trainable, example_, traced_places(example_), dtype_, steps_});
}

void Program::check(const Trainable& trainable, const std::vector<Type>& rows) {
  OfLane lane{&trainable, example_, traced_places(example_), dtype_, steps_};
  lane.asked = std::make_shared<Asked>(example_.values().size());
  const std::size_t traced = lane.places.size();
  const std::vector<Type> rates = rate_types(traced, dtype_);

  const Traced init = trace([&](const Leaves& in) { return lane.init(rates_in(in, traced)); }, rates);
  state_ = init.graph->output_types();
  if (state_.empty()) fail("init makes a state of no array: there is nothing to train");
  for (const Type& type : state_) state_bytes_ += bytes_of(type);

  const std::size_t leaves = state_.size();
  bool is_scalar = true;
  Type loss;
  StepTrace looks;
  const auto one_step = [&](const Leaves& in) {
    looks.batch = part(in, leaves + rates.size(), rows.size());
    const TracesStep traces(looks);
    auto [state, of_loss] =
        lane.step(part(in, 0, leaves), rates_in(part(in, leaves, rates.size()), traced), looks.batch);
    loss = of_loss.type();
    is_scalar = of_loss.rank() == 0 && is_float(of_loss.dtype());
    state.push_back(of_loss);
    return state;
  };
  const Traced step = trace(one_step, joined(state_, rates, with_rows(rows, batch_)));
  std::vector<Type> after = step.graph->output_types();
  after.pop_back();
  expect_same_state(state_, after);
  if (!is_scalar) fail("a step returns the loss {}: it is a scalar of f32 or f64", to_string(loss));
  step_cost_ = cost_of(*step.graph);
  if (looks.cuts == 1 && looks.of_the_batch && looks.shards > 1 && !trainable.manner().own_order) {
    shards_ = looks.shards;
    gradient_ = looks.types;
  }

  // Few rows show what many cost, unless they are measured as a whole.
  constexpr std::int64_t kFewRows = 16;
  const std::int64_t all = rows[0].shape[0];
  const std::int64_t few = trainable.manner().whole ? all : std::min(all, kFewRows);
  const auto measured = [&](const Leaves& in) {
    const Settings h = lane.settings(rates_in(part(in, leaves, rates.size()), traced));
    Leaves out;
    for (const Measure& m :
         trainable.evaluate(h, part(in, 0, leaves), part(in, leaves + rates.size(), rows.size()))) {
      measures_.push_back({m.name, m.higher_is_better, m.root});
      out.push_back(m.rows);
    }
    return out;
  };
  const Traced evaluate = trace(measured, joined(state_, rates, with_rows(rows, few)));
  if (measures_.empty()) fail("evaluate returns no measure: the first one says which candidate is better");
  for (std::size_t i = 0; i < measures_.size(); ++i) {
    const Type type = evaluate.graph->output_types()[i];
    if (!is_float(type.dtype) || (type.shape.rank() != 0 && type.shape != Shape{few}))
      fail("the measure {} of {} rows is {}: it is a number for each row, or one for all, of f32 or f64",
           measures_[i].name, few, to_string(type));
    for (std::size_t j = 0; j < i; ++j)
      if (measures_[j].name == measures_[i].name)
        fail("evaluate returns the measure {} twice", measures_[i].name);
  }
  row_cost_ = cost_of(*evaluate.graph);
  row_cost_.operations /= static_cast<double>(few);
  row_cost_.bytes /= static_cast<double>(few);

  graphs_ = {init.graph, step.graph, evaluate.graph};
  asks_for_steps_ = lane.asked->steps;
  asked_ = lane.asked->parameter;
}

std::vector<Array> Program::start(const LaneRates& rates) const { return compiled_->start(rates); }

std::vector<Array> Program::epoch(const std::vector<Array>& state, const LaneRates& rates,
                                  const std::vector<Array>& batches) const {
  return compiled_->epoch(state, rates, batches);
}

std::vector<Array> Program::epoch_together(std::vector<Array> state, const LaneRates& rates,
                                           const std::vector<Array>& batches, Exchange& exchange) const {
  const Parts mine = parts_of(shards_, exchange.parties(), exchange.place());
  if (!compiled_->gradients) compiled_->gradients.emplace(gradients_of(compiled_->lane, mine));
  std::vector<Type> gradient = gradient_;
  for (Type& type : gradient) type.shape.insert(type.shape.rank(), rates.key.dim(-1));
  for (std::int64_t step = 0; step < steps_; ++step) {
    Leaves batch;
    for (const Array& leaf : batches) batch.push_back(squeeze(slice(leaf, 0, step, step + 1), 0));
    Leaves nodes;
    if (mine.first < mine.last) nodes = (*compiled_->gradients)(state, rates, batch);
    state = compiled_->update(state, rates, batch, sum_of_all(nodes, gradient, shards_, exchange));
  }
  return state;
}

std::vector<Array> Program::epoch_in_order(const std::vector<Array>& state, const LaneRates& rates,
                                           const std::vector<Array>& rows, const Array& order) const {
  return compiled_->epoch_in_order(state, rates, rows, order);
}

std::vector<Array> Program::measure(const std::vector<Array>& state, const LaneRates& rates,
                                    const std::vector<Array>& rows) const {
  return compiled_->measure(state, rates, rows);
}

}  // namespace runnel::search
