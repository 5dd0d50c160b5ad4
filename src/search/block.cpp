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
    return Array::from(values, {static_cast<std::int64_t>(lanes)});
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

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

bool is_finite(const std::vector<Array>& leaves) {
  return std::all_of(leaves.begin(), leaves.end(),
                     [](const Array& leaf) { return all_finite(leaf.to_doubles()); });
}

bool same_arrays(const std::vector<Array>& a, const std::vector<Array>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Array& x, const Array& y) { return same_bits(x, y); });
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
  using Key = std::tuple<std::size_t, std::size_t, std::int64_t>;  // fold, what is shared, epochs
  struct Shared {
    const Program* program = nullptr;
    std::vector<Array> given;
  };
  std::vector<Shared> known;  // in the order of their first lanes
  std::map<Key, std::vector<const Trajectory*>> groups;
  for (const Waiting& lane : lanes) {
    const Configuration& c = lane.trajectory->configuration;
    Shared shared{&programs.of(c, lane.fold), programs.given(c, lane.fold)};
    const auto at = std::find_if(known.begin(), known.end(), [&](const Shared& other) {
      return other.program == shared.program && same_arrays(other.given, shared.given);
    });
    const auto place = static_cast<std::size_t>(at - known.begin());
    if (at == known.end()) known.push_back(std::move(shared));
    groups[{lane.fold, place, lane.epochs}].push_back(lane.trajectory);
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
      program_(*block.program),
      of_outputs_(programs.trainable().output_measures()),
      given_(programs.given(block.trajectories[0].configuration, block.fold)),
      rates_(rates_of(block)),
      lanes_(std::move(lanes)) {
  if (exchange != nullptr && program_.shards() > 0) data_parallel_.emplace(program_, *exchange);
}

bool BlockRun::is_over(std::size_t lane) const {
  const LaneState& state = lanes_[lane];
  return state.epochs >= block_.trajectories[lane].epochs ||
         stopping_after(state, program_.measures(), block_.trajectories[lane].patience).is_over;
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
    orders.push_back(row_numbers(key_of_fold(t.seed, static_cast<std::int64_t>(block_.fold)), epoch, rows));
  return batches({stack(orders, 1)}, program_.batch())[0];
}

// The state of all lanes: of fresh ones, or put together from where they stood.
void BlockRun::begin() {
  if (block_.begin == 0) {
    state_ = program_.start(rates_, given_);
    return;
  }
  std::vector<const std::vector<Array>*> leaves;
  for (const LaneState& lane : lanes_) leaves.push_back(&lane.leaves);
  state_ = lanes_in(leaves);
  for (LaneState& lane : lanes_) lane.leaves.clear();
}

void BlockRun::train(const std::vector<Array>& rows, std::int64_t epoch) {
  if (data_parallel_) {
    state_ = data_parallel_->epoch(*state_, rates_, given_, batches(rows, program_.batch()));
    return;
  }
  state_ = manner_.rows.own_order ? program_.epoch_in_order(*state_, rates_, given_, rows, own_orders(epoch))
                                  : program_.epoch(*state_, rates_, given_, batches(rows, program_.batch()));
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
    (void)(of_outputs_ != nullptr ? outputs() : means());
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

// What evaluate says of rows of validation, of all lanes.
std::vector<Array> BlockRun::said_of(std::int64_t begin, std::int64_t end) const {
  std::vector<Array> rows;
  for (const Array& leaf : programs_.folds()[block_.fold].validation)
    rows.push_back(slice(leaf, 0, begin, end));
  return program_.measure(*state_, rates_, given_, rows);
}

// Every measure of every lane: means over the rows of validation, or their roots.
std::vector<std::vector<double>> BlockRun::means() const {
  const std::int64_t n = block_.measured;
  const std::size_t lanes = lanes_.size();
  const std::vector<MeasureKind>& kinds = program_.measures();
  std::vector<std::vector<double>> sums(lanes, std::vector<double>(kinds.size(), 0.0));
  const std::int64_t piece = measured_at_once();
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    const std::int64_t end = std::min(begin + piece, n);
    const std::vector<Array> said = said_of(begin, end);
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

// The outputs of every lane, row after row.
std::vector<std::vector<double>> BlockRun::outputs() const {
  const std::size_t lanes = lanes_.size();
  std::vector<std::vector<double>> out(lanes);
  const std::int64_t piece = measured_at_once();
  for (std::int64_t begin = 0; begin < block_.measured; begin += piece) {
    const std::vector<double> values =
        said_of(begin, std::min(begin + piece, block_.measured))[0].to_doubles();
    const std::size_t each = values.size() / lanes;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::size_t before = out[lane].size();
      if (before == 0)
        out[lane].reserve(each * static_cast<std::size_t>((block_.measured + piece - 1) / piece));
      out[lane].resize(before + each);
      double* const to = out[lane].data() + before;
      for (std::size_t i = 0; i < each; ++i) to[i] = values[i * lanes + lane];
    }
  }
  return out;
}

std::int64_t BlockRun::measured_at_once() const {
  return manner_.rows.whole ? block_.measured : std::max<std::int64_t>(1, manner_.rows.measured_rows);
}

void BlockRun::read(std::int64_t epoch, const BlockHooks& hooks) {
  const std::vector<std::vector<double>> said = of_outputs_ != nullptr ? outputs() : means();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (is_over(i)) continue;  // it goes along with others
    note(i, epoch, said[i]);
    if (hooks.read) read_lane(i, epoch, hooks);
    if (hooks.note) hooks.note(lanes_[i]);
  }
}

// Whether somebody is read off a lane after an epoch, or it may be judged by it.
bool BlockRun::is_judged(std::size_t lane, std::int64_t epoch) const {
  const Trajectory& t = block_.trajectories[lane];
  return t.patience > 0 || epoch == block_.end ||
         std::any_of(t.readings.begin(), t.readings.end(), [&](const auto& r) { return r.first == epoch; });
}

// A lane after an epoch: `of_lane` are its measures, or its outputs.
void BlockRun::note(std::size_t number, std::int64_t epoch, const std::vector<double>& of_lane) {
  LaneState& lane = lanes_[number];
  const bool judged = is_judged(number, epoch);
  const std::vector<double> values =
      of_outputs_ != nullptr ? of_outputs_->measure(block_.fold, of_lane, judged) : of_lane;
  lane.epochs = epoch;
  lane.readings.insert(lane.readings.end(), values.begin(), values.end());
  if (judged) look_at(number);
}

// Whether what a lane learnt up to its last reading is finite is seen where somebody is judged by it.
void BlockRun::look_at(std::size_t number) {
  LaneState& lane = lanes_[number];
  if (lane.diverged_at > 0) return;
  const std::vector<MeasureKind>& kinds = program_.measures();
  const std::int64_t patience = block_.trajectories[number].patience;
  const double* reading = reading_of(lane, kinds, lane.epochs);
  const bool improved = stopping_after(lane, kinds, patience).best == lane.epochs;
  std::vector<Array> learnt;
  if (improved || patience == 0 || lane.epochs == block_.end) learnt = learnt_by(number);
  if (!is_finite(learnt) || (of_outputs_ != nullptr && !all_finite({reading, reading + kinds.size()})))
    lane.diverged_at = lane.epochs;
  else if (improved)
    lane.best = std::move(learnt);
}

void BlockRun::judge() {
  std::optional<std::vector<std::vector<double>>> outputs_of;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    LaneState& lane = lanes_[i];
    if (lane.epochs == 0 || is_over(i) || lane.diverged_at > 0 || is_judged(i, lane.epochs)) continue;
    if (!state_) begin();
    if (of_outputs_ != nullptr) {
      if (!outputs_of) outputs_of = outputs();
      const std::vector<double> values = of_outputs_->measure(block_.fold, (*outputs_of)[i], true);
      std::copy(values.begin(), values.end(), lane.readings.end() - std::ssize(values));
    }
    look_at(i);
  }
}

// Tells the readings of candidates that end here: with this epoch, or because their patience does.
void BlockRun::read_lane(std::size_t number, std::int64_t epoch, const BlockHooks& hooks) const {
  const LaneState& lane = lanes_[number];
  const Trajectory& trajectory = block_.trajectories[number];
  const std::vector<MeasureKind>& kinds = program_.measures();
  const Stopping stopping = stopping_after(lane, kinds, trajectory.patience);
  for (const auto& [wanted, candidate] : trajectory.readings) {
    if (wanted < epoch || (wanted > epoch && !stopping.is_over)) continue;
    Reading reading{candidate, trajectory.first_candidate(), block_.fold, epoch};
    if (trajectory.patience > 0) {
      reading.epoch = stopping.best;
      reading.finite = stopping.best > 0;
    }
    if (reading.epoch > 0) {
      const double* at = reading_of(lane, kinds, reading.epoch);
      reading.measures.assign(at, at + kinds.size());
      reading.score = score_of(kinds, at);
      if (trajectory.patience == 0)
        reading.finite = lane.diverged_at == 0 && std::isfinite(reading.score.value);
    }
    hooks.read(reading, [&] { return trajectory.patience > 0 ? lane.best : learnt_by(number); });
  }
}

std::vector<Array> BlockRun::leaves_of(std::size_t lane) const {
  return lane_out(*state_, static_cast<std::int64_t>(lane));
}

std::vector<Array> BlockRun::learnt_by(std::size_t lane) const {
  return programs_.trainable().learnt(typed::settings_of(block_.trajectories[lane].configuration),
                                      leaves_of(lane));
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
