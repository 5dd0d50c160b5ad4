#include "sweep/block.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "runnel/train.h"
#include "runnel/transforms.h"
#include "search/lanes.h"
#include "sweep/balance.h"
#include "sweep/measured.h"
#include "sweep/recipe.h"
#include "sweep/stopping.h"
#include "sweep/together.h"

namespace runnel::sweep {
namespace {

using search::lane_out;
using search::lanes_in;

// Rows that go through a network at once when nothing is learnt from them.
constexpr std::int64_t kEvaluationRows = 512;
constexpr std::size_t kMostLanes = 64;
// Floats of activations that one step of a block may touch: what a core's caches hold.
constexpr std::int64_t kStepFloats = 1 << 20;

// Candidates of one key share a program.
auto shape_key(const Hyper& h, std::int64_t batch) {
  return std::tuple(h.hidden, h.activation, h.optimizer, batch, h.dropout > 0, h.clip > 0, has_l2(h),
                    h.decay > 0, h.clip_value > 0, h.clip_example > 0, h.schedule, warms_up(h), h.averaging,
                    h.body, h.norm, h.embedding, h.embedding == nn::Embedding::linear_pieces ? h.bins : 0,
                    h.embedding == nn::Embedding::periodic ? h.frequencies : 0, h.shards);
}

// Candidates of one key are readings of one trajectory: they differ in their epochs alone, and no step knows
// how many there will be; or in batches that are all of the rows.
std::string trajectory_key(Hyper hyper, std::int64_t rows) {
  if (!depends_on_total(hyper)) hyper.epochs = 1;
  hyper.batch = std::min(hyper.batch, rows);
  std::string key;
  for (const HyperField& field : hyper_fields()) key += field.get(hyper) + '\n';
  return key;
}

std::size_t lanes_that_fit(const Problem& problem, const Fold& fold, const Hyper& hyper) {
  const nn::Architecture a = architecture_of(hyper, fold, problem.outputs);
  std::int64_t floats =
      std::max<std::int64_t>(1, 3 * batch_of(hyper, fold) * nn::counts_of(nn::layers_of(a)).made);
  // Gradients that every example has to itself, and a matrix over all parameters.
  if (hyper.shards > 0) floats += (hyper.shards + 1) * parameters_of(a);
  if (hyper.clip_example > 0) floats += 2 * batch_of(hyper, fold) * parameters_of(a);
  if (hyper.optimizer == "adagrad-full") floats += 3 * parameters_of(a) * parameters_of(a);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(kStepFloats / floats / 8 * 8, 8, kMostLanes));
}

// The batches of an epoch: views of its rows; the rows left over wait for another one.
Array batches(const Array& in_order, std::int64_t batch) {
  const std::int64_t steps = in_order.dim(0) / batch;
  Shape shape = in_order.shape();
  shape[0] = batch;
  shape.insert(0, steps);
  return reshape(slice(in_order, 0, 0, steps * batch), shape);
}

template <class Tree>
Tree lane_of(const Tree& lanes, std::int64_t lane) {
  return tree::map([&](const Array& leaf) { return squeeze(slice(leaf, -1, lane, lane + 1), -1); }, lanes);
}

bool is_finite(const std::vector<Array>& leaves) {
  return std::all_of(leaves.begin(), leaves.end(), [](const Array& leaf) {
    const std::vector<double> values = leaf.to_doubles();
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  });
}

std::vector<bool> finite_lanes(const nn::Network& models, std::size_t lanes) {
  std::vector<bool> finite(lanes, true);
  tree::for_each_leaf(models, [&](const Array& leaf) {
    const std::vector<double> values = leaf.to_doubles();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i])) finite[i % lanes] = false;
  });
  return finite;
}

// Outputs of every lane on rows of x, (n, outputs) each, row-major.
template <class Forward>
std::vector<std::vector<double>> outputs_of_lanes(const Forward& forward, const nn::Network& models,
                                                  const train::Rates& rates, const Array& x,
                                                  const std::optional<nn::Columns>& columns,
                                                  std::size_t lanes) {
  std::vector<std::vector<double>> out(lanes);
  for (auto& of_lane : out) of_lane.reserve(static_cast<std::size_t>(x.dim(0)));
  for (std::int64_t begin = 0; begin < x.dim(0); begin += kEvaluationRows) {
    const Array rows = slice(x, 0, begin, std::min(begin + kEvaluationRows, x.dim(0)));
    const std::vector<double> values = Array(forward(models, rates, rows, columns)).to_doubles();
    for (std::size_t lane = 0; lane < lanes; ++lane)
      for (std::size_t i = lane; i < values.size(); i += lanes) out[lane].push_back(values[i]);
  }
  return out;
}

}  // namespace

double lane_work(const Hyper& hyper, const Fold& fold) {
  return multiplications_of(architecture_of(hyper, fold, 1)) * static_cast<double>(fold.x.dim(0));
}

double Block::work_per_epoch() const {
  return lane_work(trajectories[0].hyper, *data) * static_cast<double>(trajectories.size());
}

double epoch_flops(const Problem& problem, const Fold& fold, const Hyper& hyper) {
  const nn::Architecture a = architecture_of(hyper, fold, problem.outputs);
  const double forward = 2 * multiplications_of(a);
  const double first = 2 * static_cast<double>(a.sizes[0]) * static_cast<double>(a.sizes[1]);
  const std::int64_t batch = batch_of(hyper, fold);
  const auto rows = static_cast<double>(fold.x.dim(0) / batch * batch);
  return rows * (3 * forward - first) + static_cast<double>(fold.x_validation.dim(0)) * forward;
}

double Block::work() const { return work_per_epoch() * static_cast<double>(end - begin); }

std::int64_t Block::steps_per_epoch() const {
  return data->x.dim(0) / batch_of(trajectories[0].hyper, *data);
}

std::vector<Trajectory> make_trajectories(const Problem& problem, const std::vector<Hyper>& candidates) {
  std::int64_t rows = 0;
  for (const Fold& fold : problem.folds) rows = std::max(rows, fold.x.dim(0));
  std::vector<Trajectory> trajectories;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Hyper& hyper = candidates[i];
    const auto [at, is_new] = known.try_emplace(trajectory_key(hyper, rows), trajectories.size());
    if (is_new) trajectories.push_back({hyper, {}, trajectories.size()});
    Trajectory& t = trajectories[at->second];
    t.hyper.epochs = std::max(t.hyper.epochs, hyper.epochs);
    t.readings.emplace_back(hyper.epochs, static_cast<std::int64_t>(i));
  }
  for (Trajectory& t : trajectories) std::stable_sort(t.readings.begin(), t.readings.end());
  return trajectories;
}

namespace {

// Cuts the lanes of one shape and epoch into blocks of one size.
void cut_into_blocks(const Problem& problem, std::vector<const Trajectory*> group, std::size_t fold,
                     std::int64_t begin_epochs, std::int64_t end_epochs, std::vector<Block>& blocks) {
  const Fold& data = problem.folds[fold];
  // Lanes of about equal length go together.
  std::stable_sort(group.begin(), group.end(),
                   [](const auto* a, const auto* b) { return a->hyper.epochs > b->hyper.epochs; });
  const std::size_t most = lanes_that_fit(problem, data, group[0]->hyper);
  const std::size_t pieces = (group.size() + most - 1) / most;
  const std::size_t size = (group.size() + pieces - 1) / pieces;
  for (std::size_t begin = 0; begin < group.size(); begin += size) {
    Block block;
    for (std::size_t i = begin; i < std::min(begin + size, group.size()); ++i)
      block.trajectories.push_back(*group[i]);
    block.fold = fold;
    block.data = &data;
    block.begin = begin_epochs;
    block.end = std::min(end_epochs, block.trajectories[0].hyper.epochs);  // of its longest lane
    blocks.push_back(std::move(block));
  }
}

}  // namespace

std::vector<Block> make_blocks(const Problem& problem, const std::vector<Waiting>& lanes, std::int64_t end,
                               int threads) {
  using Key = std::tuple<std::size_t, decltype(shape_key(Hyper(), 0)), std::int64_t>;
  std::map<Key, std::vector<const Trajectory*>> groups;
  for (const Waiting& lane : lanes) {
    const Hyper& hyper = lane.trajectory->hyper;
    groups[Key(lane.fold, shape_key(hyper, batch_of(hyper, problem.folds[lane.fold])), lane.epochs)]
        .push_back(lane.trajectory);
  }
  std::vector<Block> blocks;
  for (const auto& [key, group] : groups)
    cut_into_blocks(problem, group, std::get<0>(key), std::get<2>(key), end, blocks);
  balance(blocks, threads);
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.work() > b.work(); });
  return blocks;
}

// Whatever fold they are of: its rows are nearly as many.
bool same_shape(const Block& a, const Block& b) {
  const Hyper& x = a.trajectories[0].hyper;
  const Hyper& y = b.trajectories[0].hyper;
  return shape_key(x, batch_of(x, *a.data)) == shape_key(y, batch_of(y, *b.data));
}

std::vector<Block> make_blocks(const Problem& problem, const std::vector<Hyper>& candidates, int threads) {
  const std::vector<Trajectory> trajectories = make_trajectories(problem, candidates);
  std::vector<Waiting> lanes;
  std::int64_t end = 0;
  for (const Trajectory& t : trajectories) {
    end = std::max(end, t.hyper.epochs);
    for (std::size_t fold = 0; fold < problem.folds.size(); ++fold) lanes.push_back({&t, fold, 0});
  }
  return make_blocks(problem, lanes, end, threads);
}

std::size_t Block::state_bytes() const {
  const auto width = static_cast<double>(size_of(data->x.dtype()));
  const double weights = work_per_epoch() / static_cast<double>(data->x.dim(0));
  return static_cast<std::size_t>(weights * width * 6);  // weights and two slots, before and after a step
}

namespace {

auto start_of(const train::Recipe& recipe) {
  return jit(vmap([=](const train::Rates& r) { return train::start(recipe, r); }, {Axis(-1)}, -1));
}

auto epoch_of(const train::Recipe& recipe) {
  return jit(vmap(
      [=](const train::State& s, const train::Rates& r, const Array& x, const Array& y, const Array& rows,
          const train::Further& further) {
        return train::steps_in_order(recipe, s, r, x, y, rows, further).first;
      },
      {Axis(-1), Axis(-1), shared, shared, shared, shared}, -1));
}

auto forward_of(const train::Recipe& recipe) {
  return jit(vmap(
      [=](const nn::Network& m, const train::Rates& r, const Array& x,
          const std::optional<nn::Columns>& columns) {
        const nn::Network network = nn::with_columns(m, columns);
        return recipe.scaled ? nn::forward(network, x, recipe.activation, r.scale)
                             : nn::forward(network, x, recipe.activation);
      },
      {Axis(-1), Axis(-1), shared, shared}, -1));
}

}  // namespace

struct BlockPrograms::OfRecipe {
  explicit OfRecipe(const train::Recipe& r)
      : recipe(r), start(start_of(r)), epoch(epoch_of(r)), forward(forward_of(r)) {}

  const train::Recipe recipe;
  const decltype(start_of(std::declval<train::Recipe>())) start;
  const decltype(epoch_of(std::declval<train::Recipe>())) epoch;
  const decltype(forward_of(std::declval<train::Recipe>())) forward;
};

BlockPrograms::BlockPrograms() = default;
BlockPrograms::~BlockPrograms() = default;

std::shared_ptr<const BlockPrograms::OfRecipe> BlockPrograms::of(const train::Recipe& recipe) {
  for (const auto& programs : all_)
    if (programs->recipe == recipe) return programs;
  return all_.emplace_back(std::make_shared<const OfRecipe>(recipe));
}

void BlockPrograms::drop_unused() {
  std::erase_if(all_, [](const auto& programs) { return programs.use_count() == 1; });
}

struct BlockRun::Impl {
  Impl(const Problem& p, const Block& b, BlockPrograms& compiled, std::vector<LaneState> states)
      : problem(p),
        block(b),
        shape(b.trajectories[0].hyper),
        columns(compiled.columns.of(*b.data, shape)),
        recipe(recipe_of(p, b, columns)),
        batch(batch_of(shape, *b.data)),
        rates(rates_of(b.trajectories, recipe, b.data->x.dim(0) / batch)),
        y_validation(b.data->y_validation.to_doubles()),
        programs(compiled.of(recipe)),
        exchange(compiled.exchange),
        lanes(std::move(states)) {
    for (std::size_t i = 0; i < lanes.size(); ++i)
      patience.push_back(patience_after(b.trajectories[i].hyper, p.metric, lanes[i]));
  }

  train::State begun();
  void train(const OrderedRows& rows);
  void read(std::int64_t epochs, const BlockHooks& hooks);
  bool is_reading(std::size_t lane, std::int64_t epochs) const;
  std::vector<Array> weights_of(std::size_t lane) const {
    return lane_out(tree::flatten(state->weights()), static_cast<std::int64_t>(lane));
  }
  bool note_epoch(std::size_t number, double loss);
  void give(std::size_t number, const Reading& reading, const BlockHooks& hooks) const;

  const Problem& problem;
  const Block& block;
  const Hyper& shape;
  const std::optional<nn::Columns> columns;
  const train::Recipe recipe;
  const std::int64_t batch;
  const train::Rates rates;
  const std::vector<double> y_validation;
  const std::shared_ptr<const BlockPrograms::OfRecipe> programs;
  Exchange* const exchange;
  std::optional<Together> together;
  std::optional<train::State> state;
  std::vector<LaneState> lanes;  // their leaves are in `state` while the block trains
  std::vector<Patience> patience;
};

BlockRun::BlockRun(const Problem& problem, const Block& block, BlockPrograms& programs,
                   std::vector<LaneState> lanes)
    : impl_(std::make_unique<Impl>(problem, block, programs, std::move(lanes))) {}
BlockRun::BlockRun(BlockRun&&) noexcept = default;
BlockRun::~BlockRun() = default;

const Block& BlockRun::block() const { return impl_->block; }

// The state of all lanes before the block's first epoch: of fresh ones, or put together from where they
// stood.
train::State BlockRun::Impl::begun() {
  if (block.begin == 0) return programs->start(rates);
  std::vector<const std::vector<Array>*> leaves;
  for (const LaneState& lane : lanes) leaves.push_back(&lane.leaves);
  // The structure of a state, which any lane's start has.
  const train::State like = train::start(recipe, lane_of(rates, 0));
  train::State resumed = tree::unflatten(like, lanes_in(leaves));
  for (LaneState& lane : lanes) lane.leaves.clear();
  return resumed;
}

void BlockRun::train_epoch(std::int64_t number, const OrderedRows& rows, const BlockHooks& hooks) {
  Impl& run = *impl_;
  if (!run.state) run.state = run.begun();
  run.train(rows);
  run.read(number, hooks);
}

void BlockRun::Impl::train(const OrderedRows& rows) {
  train::Further further{{}, columns};
  if (rows.weights) further.weights = batches(*rows.weights, batch);
  if (recipe.shards > 0 && exchange != nullptr) {
    if (!together) together.emplace(recipe, *exchange, batch);
    state = together->epoch(*state, rates, batches(rows.x, batch), batches(rows.y, batch),
                            batches(rows.rows, batch), further);
    return;
  }
  state = programs->epoch(*state, rates, batches(rows.x, batch), batches(rows.y, batch),
                          batches(rows.rows, batch), further);
}

bool BlockRun::has_stopped() const {
  for (std::size_t i = 0; i < impl_->lanes.size(); ++i)
    if (!impl_->patience[i].is_over() && impl_->lanes[i].epochs < impl_->block.trajectories[i].hyper.epochs)
      return false;
  return true;
}

bool BlockRun::Impl::is_reading(std::size_t lane, std::int64_t epochs) const {
  const auto& readings = block.trajectories[lane].readings;
  return std::any_of(readings.begin(), readings.end(), [&](const auto& r) { return r.first == epochs; });
}

// The metric of every lane that is still in training, and the readings of candidates that end here: with this
// epoch, or because their patience does.
void BlockRun::Impl::read(std::int64_t epochs, const BlockHooks& hooks) {
  const auto outputs = outputs_of_lanes(programs->forward, state->weights(), rates, block.data->x_validation,
                                        columns, lanes.size());
  std::vector<bool> finite;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    LaneState& lane = lanes[i];
    const Trajectory& trajectory = block.trajectories[i];
    if (epochs > trajectory.hyper.epochs || patience[i].is_over()) continue;  // it goes along with others
    lane.epochs = epochs;
    lane.curve.push_back(measured(problem, block.data->unit, outputs[i], y_validation));
    lane.losses.push_back(std::nan(""));
    const bool patient = trajectory.hyper.patience > 0;
    if (!patient && epochs != block.end && !is_reading(i, epochs)) continue;
    const double loss = train::mean_loss(problem.loss, outputs[i], y_validation);
    Reading now{0, lane.curve.back(), loss, false, epochs};
    if (patient) {
      now.finite = note_epoch(i, loss);
    } else {
      if (finite.empty()) finite = finite_lanes(state->weights(), lanes.size());
      now.finite = finite[i] && std::isfinite(loss) && std::isfinite(now.validation);
      if (finite[i]) lane.losses.back() = loss;
    }
    for (const auto& [wanted, candidate] : trajectory.readings) {
      if (wanted < epochs || (wanted > epochs && !patience[i].is_over())) continue;
      Reading reading = now;
      if (patience[i].best() > 0)
        reading = {0, patience[i].validation(), patience[i].loss(), true, patience[i].best()};
      reading.candidate = candidate;
      give(i, reading, hooks);
    }
  }
}

// An epoch of a lane with patience, whose weights are kept where it is the best one; an epoch whose weights
// are not finite is none. Returns whether the lane has a finite epoch.
bool BlockRun::Impl::note_epoch(std::size_t number, double loss) {
  LaneState& lane = lanes[number];
  if (patience[number].would_improve(lane.curve.back(), loss)) {
    std::vector<Array> weights = weights_of(number);
    if (is_finite(weights))
      lane.best = std::move(weights);
    else
      loss = std::nan("");
  }
  lane.losses.back() = loss;
  patience[number].add(lane.curve.back(), loss);
  return patience[number].best() > 0;
}

// Tells the reading of a lane, with its network if it is wanted. A lane that was resumed without the weights
// of its best epoch has none to give.
void BlockRun::Impl::give(std::size_t number, const Reading& reading, const BlockHooks& hooks) const {
  if (!hooks.read(reading)) return;
  const bool stopped = patience[number].best() > 0;
  const std::vector<Array> leaves = stopped ? lanes[number].best : weights_of(number);
  if (leaves.empty()) return;
  hooks.take_model(reading, nn::with_columns(tree::unflatten(state->weights(), leaves), columns));
}

std::vector<LaneState> BlockRun::states() const {
  std::vector<LaneState> out = impl_->lanes;
  if (!impl_->state) return out;
  const std::vector<Array> leaves = tree::flatten(*impl_->state);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].epochs < impl_->block.trajectories[i].hyper.epochs &&
        !impl_->patience[i].is_over())  // somebody may want to go on
      out[i].leaves = lane_out(leaves, static_cast<std::int64_t>(i));
  return out;
}

std::vector<LaneState> BlockRun::take() {
  std::vector<LaneState> out = states();
  impl_->state.reset();
  impl_->lanes.clear();
  return out;
}

bool BlockRun::is_taken() const { return impl_->lanes.empty(); }

BlockCost measure_cost(const Problem& problem, const Block& block, BlockPrograms& programs) {
  const Fold& data = *block.data;
  const std::int64_t batch = batch_of(block.trajectories[0].hyper, data);
  // A few milliseconds of work at a moderate rate; scans of one length, as in an epoch.
  constexpr double kFlops = 2e7;
  const double flops = epoch_flops(problem, data, block.trajectories[0].hyper) *
                       static_cast<double>(block.trajectories.size());
  const std::int64_t in_epoch = block.steps_per_epoch();
  const std::int64_t steps = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(kFlops / flops * static_cast<double>(in_epoch)), 1, in_epoch);
  Block few = block;
  few.begin = 0;
  few.end = 1'000'000;  // never reached: measured, but not judged
  std::vector<LaneState> lanes(block.trajectories.size());
  for (Trajectory& t : few.trajectories) {
    t.readings.clear();
    t.hyper.epochs = few.end;
  }
  BlockRun run(problem, few, programs, std::move(lanes));
  const std::int64_t n = steps * batch;
  OrderedRows rows{slice(data.x, 0, 0, n), slice(data.y, 0, 0, n), arange(n)};
  if (data.weights) rows.weights = slice(*data.weights, 0, 0, n);
  return run.measure(rows, steps);
}

BlockCost BlockRun::measure(const OrderedRows& rows, std::int64_t steps) {
  // The first run compiles; of a few others the quickest counts, for whatever else the machine does adds
  // time.
  constexpr int kRuns = 6;
  constexpr double kSeconds = 0.05;  // no more runs after these
  Impl& run = *impl_;
  double first[2] = {};
  double least[2] = {};
  double spent = 0;
  run.state = run.begun();
  for (int i = 0; i < 2 || (i < kRuns && spent < kSeconds); ++i) {
    Stopwatch watch;
    run.train(rows);
    const double trained = watch.lap();
    run.read(i + 1, {});
    const double taken[2] = {trained, watch.lap()};
    for (int k = 0; k < 2; ++k) {
      if (i == 0) first[k] = taken[k];
      if (i == 1 || (i > 1 && taken[k] < least[k])) least[k] = taken[k];
    }
    if (i > 0) spent += taken[0] + taken[1];
  }
  BlockCost cost;
  cost.step = least[0] / static_cast<double>(steps);
  cost.measuring = least[1];
  cost.compiling = std::max(0.0, first[0] - least[0]) + std::max(0.0, first[1] - least[1]);
  return cost;
}

}  // namespace runnel::sweep
