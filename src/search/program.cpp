#include "search/program.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/fail.h"
#include "ops/control.h"
#include "ops/helpers.h"
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
  std::vector<Type> row_types;
  std::shared_ptr<Asked> asked = {};

  Settings settings(const LaneRates& rates, const Leaves& given) const {
    Settings::Impl impl{example, dtype};
    impl.traced.resize(example.values().size());
    impl.exact.resize(example.values().size());
    for (std::size_t i = 0; i < places.size(); ++i) {
      impl.exact[places[i]] = rates.traced[i];
      impl.traced[places[i]] = convert(rates.traced[i], dtype);
    }
    impl.exact_steps = rates.steps;
    impl.steps = convert(rates.steps, dtype);
    impl.key = rates.key;
    impl.steps_per_epoch = steps_per_epoch;
    impl.rows = row_types;
    impl.given = given;
    impl.asked = asked;
    return Settings(std::make_shared<const Settings::Impl>(std::move(impl)));
  }

  Leaves init(const LaneRates& rates, const Leaves& given) const {
    return trainable->init(settings(rates, given), rates.key);
  }
  Leaves measure(const Leaves& state, const LaneRates& rates, const Leaves& given, const Leaves& rows) const {
    Leaves out;
    for (const Measure& m : trainable->evaluate(settings(rates, given), state, rows)) out.push_back(m.rows);
    return out;
  }
};

Leaves leaves_of(const LaneRates& rates) {
  Leaves out = rates.traced;
  out.push_back(rates.steps);
  out.push_back(rates.key);
  return out;
}

Leaves joined(std::initializer_list<const Leaves*> parts) {
  Leaves out;
  for (const Leaves* part : parts) out.insert(out.end(), part->begin(), part->end());
  return out;
}

// A graph of one lane, of lanes abreast: as one equation, with nothing traced again. The last axis of the
// operands holds the lanes, but for the `shared` ones at the end.
Leaves abreast(const GraphPtr& graph, const Leaves& operands, std::size_t shared_ones) {
  std::vector<bool> has_lanes(operands.size(), true);
  std::fill(has_lanes.end() - static_cast<std::ptrdiff_t>(shared_ones), has_lanes.end(), false);
  return bind_op(find_op("vmap"), operands, vmap_attrs({graph, has_lanes, operands[0].dim(-1)}));
}

// A step as the body of a scan, which takes what all steps share first and has no use for the loss: from
// (state, shared, batch) to the state.
GraphPtr body_of(const GraphPtr& step, std::size_t state, std::size_t shared_ones) {
  Graph::Data data{step->types(), step->inputs(), step->constants(), step->equations(), step->outputs()};
  const auto first = data.inputs.begin();
  std::rotate(first, first + static_cast<std::ptrdiff_t>(state),
              first + static_cast<std::ptrdiff_t>(state + shared_ones));
  data.outputs.pop_back();
  return std::make_shared<const Graph>(std::move(data));
}

// The steps along the batches, of one lane: a graph from (state, shared, batches) to the state.
GraphPtr epoch_graph(const GraphPtr& step, std::size_t state, const Leaves& shared_ones,
                     const Leaves& batches) {
  std::vector<Type> types = step->input_types();
  for (std::size_t i = 0; i < batches.size(); ++i) types[state + shared_ones.size() + i] = batches[i].type();
  const GraphPtr body = body_of(step, state, shared_ones.size());
  const ScanSpec scan{body, batches[0].dim(0), std::ssize(shared_ones), static_cast<std::int64_t>(state)};
  return trace(
             [&](Leaves in) {
               std::rotate(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(state),
                           in.begin() + static_cast<std::ptrdiff_t>(state + shared_ones.size()));
               return bind_op(find_op("scan"), in, scan_attrs(scan));
             },
             types)
      .graph;
}

auto start_of(const GraphPtr& init) {
  return jit([=](const LaneRates& r, const Leaves& given) {
    const Leaves rates = leaves_of(r);
    return abreast(init, joined({&rates, &given}), given.size());
  });
}
auto epoch_of(const GraphPtr& step) {
  return jit([=](const Leaves& s, const LaneRates& r, const Leaves& given, const Leaves& x) {
    const Leaves rates = leaves_of(r);
    return abreast(epoch_graph(step, s.size(), joined({&rates, &given}), x), joined({&s, &rates, &given, &x}),
                   given.size() + x.size());
  });
}
auto epoch_in_order_of(const GraphPtr& step) {
  return jit(vmap(
      [=](const Leaves& state, const LaneRates& r, const Leaves& given, const Leaves& rows,
          const Array& order) {
        const Leaves rates = leaves_of(r);
        return scan(
                   [&](const Leaves& s, const Array& numbers) {
                     Leaves batch;
                     for (const Array& leaf : rows) batch.push_back(gather(leaf, numbers, 0));
                     Leaves after = evaluate(*step, joined({&s, &rates, &given, &batch}));
                     after.pop_back();  // the loss
                     return std::pair(after, std::tuple<>());
                   },
                   state, order)
            .first;
      },
      {Axis(-1), Axis(-1), shared, shared, Axis(-1)}, -1));
}
// Of another number of rows than were traced.
auto measure_of(const OfLane& lane) {
  return jit(vmap([=](const Leaves& s, const LaneRates& r, const Leaves& given,
                      const Leaves& x) { return lane.measure(s, r, given, x); },
                  {Axis(-1), Axis(-1), shared, shared}, -1));
}

// Types of the rates of one lane, and the rates again from what a trace gives for them.
std::vector<Type> rate_types(std::size_t traced) {
  std::vector<Type> types(traced + 1, Type{DType::f64, {}});
  types.push_back({DType::u32, {2}});
  return types;
}
LaneRates rates_in(const Leaves& leaves, std::size_t traced) {
  return {{leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(traced)},
          leaves[traced],
          leaves[traced + 1]};
}

std::vector<Type> types_of(std::vector<Type> a, const std::vector<Type>& b, const std::vector<Type>& c = {}) {
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

std::vector<Leaves> Trainable::shard_gradients(const Settings&, const Leaves&, const Leaves&, std::int64_t,
                                               std::int64_t) const {
  fail("shards cuts a step into parts, and there is no shard_gradients: override it, or let shards say 0");
}

Leaves Trainable::step_along(const Settings&, const Leaves&, const Leaves&) const {
  fail("shards cuts a step into parts, and there is no step_along: override it, or let shards say 0");
}

struct Program::Compiled {
  Compiled(const OfLane& of_lane, const Graphs& graphs)
      : lane(of_lane),
        start(start_of(graphs.init)),
        epoch(epoch_of(graphs.step)),
        epoch_in_order(epoch_in_order_of(graphs.step)),
        measure(measure_of(lane)) {}
  const OfLane lane;
  const decltype(start_of(nullptr)) start;
  const decltype(epoch_of(nullptr)) epoch;
  const decltype(epoch_in_order_of(nullptr)) epoch_in_order;
  const decltype(measure_of(std::declval<OfLane>())) measure;
};

Program::~Program() = default;

Program::Program(const Trainable& trainable, const Configuration& example, const std::vector<Type>& rows,
                 const std::vector<Type>& given, std::int64_t batch, std::int64_t steps)
    : example_(example), given_(given), batch_(batch), steps_(steps), dtype_(float_of(rows)) {
  check(trainable, rows, given);
  compiled_ = std::make_unique<const Compiled>(
      OfLane{&trainable, example_, traced_places(example_), dtype_, steps_, rows}, graphs_);
}

void Program::check(const Trainable& trainable, const std::vector<Type>& rows,
                    const std::vector<Type>& given) {
  OfLane lane{&trainable, example_, traced_places(example_), dtype_, steps_, rows};
  lane.asked = std::make_shared<Asked>(example_.values().size());
  const std::size_t traced = lane.places.size();
  const std::vector<Type> shared_types = types_of(rate_types(traced), given);
  const auto shared_at = [&](const Leaves& in, std::size_t at) {
    return std::pair(rates_in(part(in, at, traced + 2), traced), part(in, at + traced + 2, given.size()));
  };

  const auto at_start = [&](const Leaves& in) {
    const auto [rates, gift] = shared_at(in, 0);
    return lane.init(rates, gift);
  };
  const Traced init = trace(at_start, shared_types);
  state_ = init.graph->output_types();
  if (state_.empty()) fail("init makes a state of no array: there is nothing to train");
  for (const Type& type : state_) state_bytes_ += bytes_of(type);

  const std::size_t leaves = state_.size();
  const std::size_t before_rows = leaves + shared_types.size();
  bool is_scalar = true;
  Type loss;
  const auto one_step = [&](const Leaves& in) {
    const auto [rates, gift] = shared_at(in, leaves);
    auto [state, of_loss] =
        trainable.step(lane.settings(rates, gift), part(in, 0, leaves), part(in, before_rows, rows.size()));
    loss = of_loss.type();
    is_scalar = of_loss.rank() == 0 && is_float(of_loss.dtype());
    if (!trainable.manner().own_order) shards_ = trainable.shards(lane.settings(rates, gift), batch_);
    state.push_back(of_loss);
    return state;
  };
  const Traced step = trace(one_step, types_of(state_, shared_types, with_rows(rows, batch_)));
  std::vector<Type> after = step.graph->output_types();
  after.pop_back();
  expect_same_state(state_, after);
  if (!is_scalar) fail("a step returns the loss {}: it is a scalar of f32 or f64", to_string(loss));
  step_cost_ = cost_of(*step.graph);
  if (shards_ == 1) shards_ = 0;  // nothing to share out
  if (shards_ > 0) {
    const auto gradient = [&](const Leaves& in) {
      const auto [rates, gift] = shared_at(in, leaves);
      std::vector<Leaves> nodes = trainable.shard_gradients(lane.settings(rates, gift), part(in, 0, leaves),
                                                            part(in, before_rows, rows.size()), 0, shards_);
      if (nodes.size() != 1)
        fail("shard_gradients gives {} gradients of all {} parts of a step: their sum is one", nodes.size(),
             shards_);
      return std::move(nodes[0]);
    };
    gradient_ =
        trace(gradient, types_of(state_, shared_types, with_rows(rows, batch_))).graph->output_types();
    const auto along = [&](const Leaves& in) {
      const auto [rates, gift] = shared_at(in, leaves);
      return trainable.step_along(lane.settings(rates, gift), part(in, 0, leaves),
                                  part(in, before_rows, gradient_.size()));
    };
    expect_same_state(state_, trace(along, types_of(state_, shared_types, gradient_)).graph->output_types());
  }

  // Few rows show what many cost, unless they are measured as a whole.
  constexpr std::int64_t kFewRows = 16;
  const std::int64_t all = rows[0].shape[0];
  const std::int64_t few = trainable.manner().whole ? all : std::min(all, kFewRows);
  const auto measured = [&](const Leaves& in) {
    const auto [rates, gift] = shared_at(in, leaves);
    Leaves out;
    for (const Measure& m : trainable.evaluate(lane.settings(rates, gift), part(in, 0, leaves),
                                               part(in, before_rows, rows.size()))) {
      measures_.push_back({m.name, m.higher_is_better, m.root});
      out.push_back(m.rows);
    }
    return out;
  };
  const Traced evaluate = trace(measured, types_of(state_, shared_types, with_rows(rows, few)));
  check_measures(trainable.output_measures(), evaluate.graph->output_types(), few);
  row_cost_ = cost_of(*evaluate.graph);
  row_cost_.operations /= static_cast<double>(few);
  row_cost_.bytes /= static_cast<double>(few);

  graphs_ = {init.graph, step.graph, evaluate.graph};
  asks_for_steps_ = lane.asked->steps;
  asked_ = lane.asked->parameter;
}

void Program::check_measures(const OutputMeasures* of_outputs, const std::vector<Type>& said,
                             std::int64_t rows) {
  if (of_outputs != nullptr) {
    if (said.size() != 1 || said[0].shape.rank() == 0 || said[0].shape[0] != rows)
      fail(
          "evaluate returns {} of {} rows, which are measured by their outputs: it is one array, a row of "
          "each",
          said.empty() ? "nothing" : to_string(said[0]), rows);
    measures_ = of_outputs->kinds();
  }
  if (measures_.empty()) fail("evaluate returns no measure: the first one says which candidate is better");
  for (std::size_t i = 0; i < measures_.size(); ++i) {
    if (measures_[i].name.empty()) fail("measure {} has no name", i + 1);
    for (std::size_t j = 0; j < i; ++j)
      if (measures_[j].name == measures_[i].name)
        fail("evaluate returns the measure {} twice", measures_[i].name);
    if (of_outputs != nullptr) continue;
    const Type& type = said[i];
    if (!is_float(type.dtype) || (type.shape.rank() != 0 && type.shape != Shape{rows}))
      fail("the measure {} of {} rows is {}: it is a number for each row, or one for all, of f32 or f64",
           measures_[i].name, rows, to_string(type));
  }
}

void Program::drop_compiled() const {
  compiled_ = std::make_unique<const Compiled>(OfLane(compiled_->lane), graphs_);
}

void Program::trace_start(const Configuration& configuration) const {
  OfLane lane = compiled_->lane;
  lane.example = configuration;
  const std::size_t traced = lane.places.size();
  (void)trace(
      [&](const Leaves& in) {
        return lane.init(rates_in(part(in, 0, traced + 2), traced), part(in, traced + 2, given_.size()));
      },
      types_of(rate_types(traced), given_));
}

std::vector<Array> Program::start(const LaneRates& rates, const std::vector<Array>& given) const {
  return compiled_->start(rates, given);
}

std::vector<Array> Program::epoch(const std::vector<Array>& state, const LaneRates& rates,
                                  const std::vector<Array>& given, const std::vector<Array>& batches) const {
  return compiled_->epoch(state, rates, given, batches);
}

std::vector<Array> Program::epoch_in_order(const std::vector<Array>& state, const LaneRates& rates,
                                           const std::vector<Array>& given, const std::vector<Array>& rows,
                                           const Array& order) const {
  return compiled_->epoch_in_order(state, rates, given, rows, order);
}

Program::Halves Program::halves(std::int64_t first, std::int64_t last) const {
  const OfLane lane = compiled_->lane;
  return {jit(vmap(
              [=](const Leaves& s, const LaneRates& r, const Leaves& given, const Leaves& x) {
                return lane.trainable->shard_gradients(lane.settings(r, given), s, x, first, last);
              },
              {Axis(-1), Axis(-1), shared, shared}, -1)),
          jit(vmap(
              [=](const Leaves& s, const LaneRates& r, const Leaves& given, const Leaves& gradient) {
                return lane.trainable->step_along(lane.settings(r, given), s, gradient);
              },
              {Axis(-1), Axis(-1), shared, Axis(-1)}, -1))};
}

std::vector<Array> Program::measure(const std::vector<Array>& state, const LaneRates& rates,
                                    const std::vector<Array>& given, const std::vector<Array>& rows) const {
  return compiled_->measure(state, rates, given, rows);
}

}  // namespace runnel::search
