#include "search/block.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "runnel/ops.h"
#include "runnel/random.h"
#include "search/balance.h"
#include "search/lanes.h"
#include "search/settings.h"
#include "search/stopping.h"

namespace runnel::search {
namespace {

constexpr std::size_t kMostLanes = 64;
// Bytes of values that one step of a block may make on its way: what a core's caches hold.
constexpr double kStepBytes = 8 << 20;

// The rates of a block's lanes, lanes last.
LaneRates rates_of(const Block& block) {
  const Program& program = *block.program;
  const std::size_t lanes = block.trajectories.size();
  LaneRates rates;
  const auto row = [&](const auto& value_of) {
    std::vector<double> values;
    for (const Trajectory& t : block.trajectories) values.push_back(value_of(t));
    const Shape shape{static_cast<std::int64_t>(lanes)};
    if (program.dtype() == DType::f64) return Array::from(values, shape);
    return Array::from(std::vector<float>(values.begin(), values.end()), shape);
  };
  for (const std::size_t place : traced_places(block.trajectories[0].configuration))
    rates.traced.push_back(
        row([&](const Trajectory& t) { return t.configuration.values()[place].number(); }));
  rates.steps = row([&](const Trajectory& t) { return static_cast<double>(t.epochs * program.steps()); });
  std::vector<std::uint32_t> words(2 * lanes);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const std::vector<std::uint32_t> key =
        random::key(block.trajectories[lane].seed).to_vector<std::uint32_t>();
    words[lane] = key[0];
    words[lanes + lane] = key[1];
  }
  rates.key = Array::from(words, {2, static_cast<std::int64_t>(lanes)});
  return rates;
}

std::size_t lanes_that_fit(const Program& program) {
  const std::size_t whole = register_lanes(program.dtype());
  const auto fit = static_cast<std::size_t>(kStepBytes / std::max(1.0, program.step_cost().bytes));
  return std::clamp(fit / whole * whole, std::size_t{8}, kMostLanes);
}

// Cuts the lanes of one program and epoch into blocks of about one size.
void cut_into_blocks(Programs& programs, std::vector<const Trajectory*> group, std::size_t fold,
                     std::int64_t begin, std::int64_t end, std::vector<Block>& blocks) {
  const Program& program = programs.of(group[0]->configuration, fold);
  // Lanes of about equal length go together.
  std::stable_sort(group.begin(), group.end(),
                   [](const auto* a, const auto* b) { return a->epochs > b->epochs; });
  const std::size_t most = lanes_that_fit(program);
  const std::size_t pieces = (group.size() + most - 1) / most;
  const std::size_t whole = std::min(most, register_lanes(program.dtype()));
  const std::size_t size = std::min(most, ((group.size() + pieces - 1) / pieces + whole - 1) / whole * whole);
  for (std::size_t first = 0; first < group.size(); first += size) {
    Block block;
    for (std::size_t i = first; i < std::min(first + size, group.size()); ++i)
      block.trajectories.push_back(*group[i]);
    block.fold = fold;
    block.program = &program;
    block.measured = rows_of(programs.folds()[fold].validation);
    block.begin = begin;
    block.end = std::min(end, block.trajectories[0].epochs);  // of its longest lane
    blocks.push_back(std::move(block));
  }
}

bool is_finite(const std::vector<Array>& leaves) {
  return std::all_of(leaves.begin(), leaves.end(), [](const Array& leaf) {
    const std::vector<double> values = leaf.to_doubles();
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  });
}

}  // namespace

double Block::work_per_epoch() const {
  const double of_lane = program->step_cost().operations * static_cast<double>(program->steps()) +
                         program->row_cost().operations * static_cast<double>(measured);
  return of_lane * static_cast<double>(trajectories.size());
}

std::size_t Block::bytes() const {
  const double of_lane = 2.0 * static_cast<double>(program->state_bytes()) + program->step_cost().bytes;
  return static_cast<std::size_t>(of_lane * static_cast<double>(trajectories.size()));
}

std::vector<Block> make_blocks(Programs& programs, const std::vector<Waiting>& lanes, std::int64_t end,
                               int threads) {
  using Key = std::tuple<std::size_t, std::string, std::int64_t>;
  std::map<Key, std::vector<const Trajectory*>> groups;
  for (const Waiting& lane : lanes) {
    const Configuration& c = lane.trajectory->configuration;
    groups[Key(lane.fold, fmt::format("{}\n{}", programs.of(c, lane.fold).batch(), fixed_key(c)),
               lane.epochs)]
        .push_back(lane.trajectory);
  }
  std::vector<Block> blocks;
  for (const auto& [key, group] : groups)
    cut_into_blocks(programs, group, std::get<0>(key), std::get<2>(key), end, blocks);
  balance(blocks, threads);
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.work() > b.work(); });
  return blocks;
}

BlockRun::BlockRun(const Programs& programs, const Block& block, const BlockManner& manner,
                   std::vector<LaneState> lanes, Exchange* exchange)
    : programs_(programs),
      block_(block),
      manner_(manner),
      exchange_(exchange),
      program_(*block.program),
      rates_(rates_of(block)),
      lanes_(std::move(lanes)) {}

bool BlockRun::is_over(std::size_t lane) const {
  const LaneState& state = lanes_[lane];
  return state.epochs >= block_.trajectories[lane].epochs ||
         stopping_after(state, program_.measures(), manner_.patience).is_over;
}

bool BlockRun::has_stopped() const {
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (!is_over(i)) return false;
  return true;
}

// The rows of each lane's own order, (steps, batch, lanes).
Array BlockRun::own_orders(std::int64_t epoch) const {
  const std::int64_t rows = rows_of(programs_.folds()[block_.fold].train);
  std::vector<Array> orders;
  for (const Trajectory& t : block_.trajectories)
    orders.push_back(row_numbers(t.seed, static_cast<std::int64_t>(block_.fold), epoch, rows));
  return batches({stack(orders, 1)}, program_.batch())[0];
}

// The state of all lanes: of fresh ones, or put together from where they stood.
void BlockRun::begin() {
  if (block_.begin == 0) {
    state_ = program_.start(rates_);
    return;
  }
  std::vector<const std::vector<Array>*> leaves;
  for (const LaneState& lane : lanes_) leaves.push_back(&lane.leaves);
  state_ = lanes_in(leaves);
  for (LaneState& lane : lanes_) lane.leaves.clear();
}

void BlockRun::train(const std::vector<Array>& rows, std::int64_t epoch) {
  if (exchange_ != nullptr && program_.shards() > 0) {
    state_ = program_.epoch_together(std::move(*state_), rates_, batches(rows, program_.batch()), *exchange_);
    return;
  }
  state_ = manner_.rows.own_order ? program_.epoch_in_order(*state_, rates_, rows, own_orders(epoch))
                                  : program_.epoch(*state_, rates_, batches(rows, program_.batch()));
}

void BlockRun::train_epoch(std::int64_t number, const std::vector<Array>& rows, const BlockHooks& hooks) {
  if (!state_) begin();
  train(rows, number - 1);
  read(number, hooks);
}

BlockCost BlockRun::measure() {
  // The first run compiles; of a few others the quickest counts, for whatever else the machine does adds
  // time.
  constexpr int kRuns = 6;
  constexpr double kSeconds = 0.05;    // no more runs after these
  constexpr double kOperations = 2e7;  // of one run: milliseconds at a moderate rate
  const double of_step = program_.step_cost().operations * static_cast<double>(lanes_.size());
  const std::int64_t steps =
      manner_.rows.own_order  // the orders are those of a whole epoch
          ? program_.steps()
          : std::clamp<std::int64_t>(static_cast<std::int64_t>(kOperations / std::max(1.0, of_step)), 1,
                                     program_.steps());
  std::vector<Array> rows = programs_.folds()[block_.fold].train;
  if (!manner_.rows.own_order)
    for (Array& leaf : rows) leaf = slice(leaf, 0, 0, steps * program_.batch());
  double first[2] = {};
  double least[2] = {};
  double spent = 0;
  begin();
  for (int i = 0; i < 2 || (i < kRuns && spent < kSeconds); ++i) {
    Stopwatch watch;
    train(rows, i);
    const double trained = watch.lap();
    (void)measured();
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

// Every measure of every lane: means over the rows of validation, or their roots.
std::vector<std::vector<double>> BlockRun::measured() const {
  const std::vector<Array>& rows = programs_.folds()[block_.fold].validation;
  const std::int64_t n = rows_of(rows);
  const std::size_t lanes = lanes_.size();
  const std::vector<MeasureKind>& kinds = program_.measures();
  std::vector<std::vector<double>> sums(lanes, std::vector<double>(kinds.size(), 0.0));
  const std::int64_t piece = manner_.rows.whole ? n : std::max<std::int64_t>(1, manner_.rows.measured_rows);
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    const std::int64_t end = std::min(begin + piece, n);
    std::vector<Array> some;
    for (const Array& leaf : rows) some.push_back(slice(leaf, 0, begin, end));
    const std::vector<Array> said = program_.measure(*state_, rates_, some);
    for (std::size_t m = 0; m < kinds.size(); ++m) {
      const std::vector<double> values = said[m].to_doubles();
      const double weight = said[m].rank() == 1 ? static_cast<double>(end - begin) : 1;
      for (std::size_t i = 0; i < values.size(); ++i) sums[i % lanes][m] += weight * values[i];
    }
  }
  for (std::vector<double>& of_lane : sums)
    for (std::size_t m = 0; m < kinds.size(); ++m) {
      of_lane[m] /= static_cast<double>(n);
      if (kinds[m].root) of_lane[m] = std::sqrt(of_lane[m]);
    }
  return sums;
}

void BlockRun::read(std::int64_t epoch, const BlockHooks& hooks) {
  const std::vector<std::vector<double>> values = measured();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (is_over(i)) continue;  // it goes along with others
    lanes_[i].epochs = epoch;
    lanes_[i].readings.insert(lanes_[i].readings.end(), values[i].begin(), values[i].end());
    read_lane(i, epoch, hooks);
    if (hooks.note) hooks.note(lanes_[i]);
  }
}

// Whether the state of a lane is finite is seen where somebody is read off it, or judged by it.
void BlockRun::read_lane(std::size_t number, std::int64_t epoch, const BlockHooks& hooks) {
  LaneState& lane = lanes_[number];
  const Trajectory& trajectory = block_.trajectories[number];
  const std::vector<MeasureKind>& kinds = program_.measures();
  const bool improved = stopping_after(lane, kinds, manner_.patience).best == epoch;
  const bool is_read = std::any_of(trajectory.readings.begin(), trajectory.readings.end(),
                                   [&](const auto& r) { return r.first == epoch; });
  if (lane.diverged_at == 0 && (improved || is_read || epoch == block_.end)) {
    std::vector<Array> leaves = leaves_of(number);
    if (!is_finite(leaves))
      lane.diverged_at = epoch;
    else if (improved)
      lane.best = std::move(leaves);
  }
  if (!hooks.read) return;
  const Stopping stopping = stopping_after(lane, kinds, manner_.patience);
  for (const auto& [wanted, candidate] : trajectory.readings) {
    if (wanted < epoch || (wanted > epoch && !stopping.is_over)) continue;
    Reading reading{candidate, block_.fold, epoch};
    if (manner_.patience > 0) {
      reading.epoch = stopping.best;
      reading.finite = stopping.best > 0;
    }
    if (reading.epoch > 0) {
      reading.score = score_of(kinds, reading_of(lane, kinds, reading.epoch));
      if (manner_.patience == 0) reading.finite = lane.diverged_at == 0 && std::isfinite(reading.score.value);
    }
    hooks.read(reading, [&] { return manner_.patience > 0 ? lane.best : leaves_of(number); });
  }
}

std::vector<Array> BlockRun::leaves_of(std::size_t lane) const {
  return lane_out(*state_, static_cast<std::int64_t>(lane));
}

std::vector<LaneState> BlockRun::states() const {
  std::vector<LaneState> out = lanes_;
  if (!state_) return out;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!is_over(i)) out[i].leaves = leaves_of(i);  // somebody may want to go on
  return out;
}

std::vector<LaneState> BlockRun::take() {
  std::vector<LaneState> out = states();
  state_.reset();
  lanes_.clear();
  return out;
}

}  // namespace runnel::search
