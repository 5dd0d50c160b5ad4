#include "study/keeper.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/fail.h"
#include "search/schedule.h"
#include "study/tensors.h"
#include "sweep/measured.h"

namespace runnel::study {
namespace {

Snapshot snapshot_of(const sweep::LaneState& state) {
  Snapshot s{Snapshot::Kind::state,
             state.trajectory,
             static_cast<std::int64_t>(state.fold),
             state.epochs,
             state.curve,
             state.losses,
             {}};
  for (std::size_t i = 0; i < state.leaves.size(); ++i)
    s.tensors.push_back(tensor_of(state.leaves[i], fmt::format("leaf {}", i)));
  return s;
}

sweep::LaneState state_of(const Snapshot& s) {
  sweep::LaneState state{s.owner, static_cast<std::size_t>(s.fold), s.epochs, {}, s.curve, s.losses};
  for (const Tensor& tensor : s.tensors) state.leaves.push_back(array_of(tensor));
  return state;
}

Snapshot model_snapshot(std::int64_t candidate, std::int64_t epochs, const nn::Network& model) {
  Snapshot s{Snapshot::Kind::model, candidate, 0, epochs, {}, {}, {}};
  for (const auto& [name, part] : nn::named_parts(model)) s.tensors.push_back(tensor_of(part, name));
  return s;
}

Status status_of(sweep::Status status) {
  switch (status) {
    case sweep::Status::done:
      return Status::done;
    case sweep::Status::diverged:
      return Status::diverged;
    case sweep::Status::interrupted:
      return Status::interrupted;
    case sweep::Status::retired:
      return Status::retired;
  }
  return Status::interrupted;
}

// Over the folds, in their order.
Verdict verdict_of(const sweep::Problem& problem, const std::vector<Reading>& readings) {
  Verdict v{readings[0].candidate, Status::done, 0, 0, readings[0].epochs};
  std::vector<double> metrics;
  for (const Reading& r : readings) {
    v.epochs = std::max(v.epochs, r.epochs);
    metrics.push_back(r.metric);
    v.loss += r.loss;
  }
  v.metric = sweep::over_folds(problem, metrics);
  v.loss /= static_cast<double>(readings.size());
  if (!std::isfinite(v.metric) || !std::isfinite(v.loss)) {
    v.status = Status::diverged;
    v.metric = v.loss = std::nan("");
  }
  return v;
}

}  // namespace

Keeper::Keeper(Store store, const sweep::Problem& problem,
               const std::vector<params::Configuration>& candidates)
    : Keeper(std::move(store), problem, candidates, Cadence()) {}

Keeper::Keeper(Store store, const sweep::Problem& problem,
               const std::vector<params::Configuration>& candidates, const Cadence& cadence)
    : store_(std::move(store)),
      cadence_(cadence),
      problem_(problem),
      trajectories_(sweep::make_trajectories(problem, candidates)) {}

void Keeper::attach(sweep::Options& options) {
  stop_ = options.stop;
  options.keep = [this](const sweep::LaneState& state) { keep(state); };
  options.keep_now = [this] { return keep_now(); };
  options.handed = [this](int rank, const std::vector<std::int64_t>& candidates) {
    guarded([&] { store_.under_way(rank, candidates); });
  };
  const std::vector<Snapshot> kept = store_.snapshots(Snapshot::Kind::state);
  if (kept.empty()) return;
  std::int64_t most = 0;
  for (const sweep::Trajectory& t : trajectories_) most = std::max(most, sweep::epochs_of(t.candidate));
  std::set<std::int64_t> rungs;
  for (const search::Bracket& bracket :
       search::make_brackets(options.scheduling, trajectories_.size(), most, options.seed))
    for (const search::RungPlan& rung : bracket.rungs) rungs.insert(rung.epochs);
  for (const Snapshot& snapshot : kept) {
    sweep::LaneState state = state_of(snapshot);
    if (!has_all_losses(state, rungs)) continue;
    lanes_[{snapshot.owner, snapshot.fold}] = {state.epochs, state.curve, state.losses};
    options.resume.push_back(std::move(state));
  }
}

// Losses are measured where somebody is judged. In a study that has grown that may be at other epochs than
// before: a lane that lacks one there begins anew, to the same bits.
bool Keeper::has_all_losses(const sweep::LaneState& state, const std::set<std::int64_t>& rungs) const {
  if (state.trajectory < 0 || state.trajectory >= std::ssize(trajectories_)) return true;  // the search fails
  std::set<std::int64_t> judged = rungs;
  for (const auto& [epochs, candidate] : trajectories_[static_cast<std::size_t>(state.trajectory)].readings)
    judged.insert(epochs);
  const std::int64_t known = std::min({state.epochs, std::ssize(state.losses), std::ssize(state.curve)});
  return std::all_of(judged.begin(), judged.upper_bound(known), [&](std::int64_t epoch) {
    const auto at = static_cast<std::size_t>(epoch - 1);
    return !std::isnan(state.losses[at]) || !std::isfinite(state.curve[at]);
  });
}

bool Keeper::is_written(const sweep::LaneState& state) const {
  const bool stopped = stop_ != nullptr && *stop_;
  return state.leaves.empty() || all_ || stopped || state.is_last ||
         store_.due(cadence_.snapshots, cadence_.share);
}

void Keeper::guarded(const std::function<void()>& write) {
  if (broken_) return;
  try {
    write();
  } catch (const Error&) {
    broken_ = true;
  }
}

void Keeper::keep(const sweep::LaneState& state) {
  lanes_[{state.trajectory, static_cast<std::int64_t>(state.fold)}] = {state.epochs, state.curve,
                                                                       state.losses};
  guarded([&] {
    if (is_written(state)) {
      store_.snapshot(snapshot_of(state));
      if (!state.leaves.empty()) note_under_way(state);
    }
    note_ends(state);
  });
}

// Asked after each epoch: what was kept since the last commit is a whole, so it may be committed now.
bool Keeper::keep_now() {
  if (all_ || since_commit_.total() >= cadence_.commits) {
    guarded([&] { store_.commit(); });
    since_commit_ = Stopwatch();
  }
  all_ = !broken_ && store_.due(cadence_.snapshots, cadence_.share);
  return all_;
}

// Candidates that end where their trajectory now stands are told of before the search is over.
void Keeper::note_ends(const sweep::LaneState& state) {
  for (const auto& [epochs, candidate] : trajectories_[static_cast<std::size_t>(state.trajectory)].readings) {
    if (epochs > state.epochs &&
        !patience(state.trajectory, {state.epochs, state.curve, state.losses}, epochs).is_over())
      continue;
    const std::vector<Reading> all = readings(candidate, state.trajectory, epochs);
    for (const Reading& reading : all)
      if (reading.fold == static_cast<std::int64_t>(state.fold)) store_.reading(reading);
    if (all.size() == problem_.folds.size()) store_.verdict(verdict_of(problem_, all));
  }
}

// How far candidates have come that go on from here, for whoever looks at the study meanwhile.
void Keeper::note_under_way(const sweep::LaneState& state) {
  if (state.curve.empty()) return;
  const Lane lane{state.epochs, state.curve, state.losses};
  for (const auto& [epochs, candidate] : trajectories_[static_cast<std::size_t>(state.trajectory)].readings)
    if (epochs > state.epochs)
      store_.reading(
          reading_of(candidate, state.trajectory, static_cast<std::int64_t>(state.fold), lane, epochs));
}

sweep::Patience Keeper::patience(std::int64_t trajectory, const Lane& lane, std::int64_t epochs) const {
  const sweep::LaneState state{trajectory, 0, lane.epochs, {}, lane.curve, lane.losses};
  return sweep::patience_after(trajectories_[static_cast<std::size_t>(trajectory)].candidate, problem_.metric,
                               state, epochs);
}

std::vector<Reading> Keeper::readings(std::int64_t candidate, std::int64_t trajectory, std::int64_t epochs,
                                      bool on_its_way) const {
  std::vector<Reading> out;
  for (std::int64_t fold = 0; fold < std::ssize(problem_.folds); ++fold) {
    const auto at = lanes_.find({trajectory, fold});
    if (at == lanes_.end() || at->second.epochs < 1 || epochs < 1) continue;
    const Lane& lane = at->second;
    if (lane.epochs < epochs && !on_its_way && !patience(trajectory, lane, epochs).is_over()) continue;
    out.push_back(reading_of(candidate, trajectory, fold, lane, epochs));
  }
  return out;
}

// Of a lane that has made an epoch.
Reading Keeper::reading_of(std::int64_t candidate, std::int64_t trajectory, std::int64_t fold,
                           const Lane& lane, std::int64_t epochs) const {
  const sweep::Patience best = patience(trajectory, lane, epochs);
  const std::int64_t n = std::min(epochs, lane.epochs);
  const auto last = static_cast<std::size_t>(n - 1);
  Reading r{candidate,
            fold,
            n,
            best.best() > 0 ? best.validation() : lane.curve[last],
            best.best() > 0 ? best.loss() : lane.losses[last],
            true,
            {lane.curve.begin(), lane.curve.begin() + n}};
  r.finite = std::isfinite(r.metric) && std::isfinite(r.loss);
  return r;
}

void Keeper::finish(const sweep::Result& result, const nn::Network* network) {
  for (const sweep::Trajectory& t : trajectories_)
    for (const auto& [epochs, candidate] : t.readings) {
      const sweep::Outcome& outcome = result.outcomes[static_cast<std::size_t>(candidate)];
      for (const Reading& r : readings(candidate, static_cast<std::int64_t>(t.number), outcome.epochs,
                                       outcome.status == sweep::Status::interrupted))
        store_.reading(r);
      store_.verdict({candidate, status_of(outcome.status), outcome.validation, outcome.validation_loss,
                      outcome.epochs});
    }
  for (const sweep::Rung& rung : result.rungs)
    store_.rung({rung.bracket, rung.epochs, rung.entered, rung.kept});
  // What is to be warned of is known when all has been trained.
  if (!result.interrupted)
    for (const std::string& warning : result.warnings) store_.warning(warning);
  if (result.best) {
    const sweep::Outcome& best = result.outcomes[static_cast<std::size_t>(*result.best)];
    if (network == nullptr && best.model) network = &*best.model;
    for (const Snapshot& earlier : store_.snapshots(Snapshot::Kind::model))
      if (earlier.owner != best.index) store_.drop_snapshot(earlier.kind, earlier.owner, earlier.fold);
    if (network != nullptr) store_.snapshot(model_snapshot(best.index, best.epochs, *network));
  }
  store_.timing("searching", result.seconds);
  store_.finish(result.interrupted ? State::interrupted : State::finished, result.best);
}

}  // namespace runnel::study
