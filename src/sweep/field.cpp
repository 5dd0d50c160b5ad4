#include "sweep/field.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/fail.h"
#include "sweep/measured.h"
#include "sweep/stopping.h"

namespace runnel::sweep {

Field::Field(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options)
    : problem_(problem),
      scheduling_(options.scheduling),
      trajectories_(make_trajectories(problem, candidates)) {
  std::int64_t most = 0;
  for (const Trajectory& t : trajectories_) most = std::max(most, t.hyper.epochs);
  brackets_ = make_brackets(scheduling_, trajectories_.size(), most, options.seed);
  std::set<std::int64_t> stops{most};
  for (const Bracket& bracket : brackets_)
    for (const RungPlan& rung : bracket.rungs) stops.insert(rung.epochs);
  stops_.assign(stops.begin(), stops.end());
  left_.resize(trajectories_.size(), 0);
  for (std::size_t t = 0; t < trajectories_.size(); ++t)
    for (std::size_t fold = 0; fold < problem.folds.size(); ++fold)
      lanes_.push_back({static_cast<std::int64_t>(t), fold, 0, {}, {}, {}, {}});
}

void Field::restore(const LaneState& state) {
  const auto t = static_cast<std::size_t>(state.trajectory);
  const auto epochs = static_cast<std::size_t>(state.epochs);
  if (t >= trajectories_.size() || state.fold >= problem_.folds.size() || state.epochs < 0 ||
      state.epochs > trajectories_[t].hyper.epochs || state.curve.size() != epochs ||
      state.losses.size() != epochs)
    fail("a kept state, of trajectory {} on fold {} after {} epochs, is not of this search", state.trajectory,
         state.fold, state.epochs);
  lane(t, state.fold) = state;
}

std::vector<Waiting> Field::waiting(std::int64_t end) const {
  std::vector<Waiting> out;
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
    for (const Trajectory& t : trajectories_) {
      const std::int64_t epochs = lane(t.number, fold).epochs;
      if (is_in(t.number) && epochs < std::min(end, t.hyper.epochs) && !has_stopped(lane(t.number, fold)))
        out.push_back({&t, fold, epochs});
    }
  return out;
}

std::vector<LaneState> Field::take(const Block& block) {
  std::vector<LaneState> out;
  for (const Trajectory& t : block.trajectories) {
    LaneState& from = lane(t.number, block.fold);
    out.push_back(std::move(from));
    from.leaves.clear();
  }
  return out;
}

void Field::put_back(LaneState state) {
  LaneState& to = lane(static_cast<std::size_t>(state.trajectory), state.fold);
  to = std::move(state);
}

bool Field::has_ended(const LaneState& state) const {
  return state.epochs >= trajectories_[static_cast<std::size_t>(state.trajectory)].hyper.epochs ||
         has_stopped(state);
}

bool Field::has_stopped(const LaneState& state) const {
  const Hyper& hyper = trajectories_[static_cast<std::size_t>(state.trajectory)].hyper;
  return patience_after(hyper, problem_.metric, state).is_over();
}

bool Field::has_come_to(std::size_t t, std::int64_t epochs) const {
  const std::int64_t wanted = std::min(epochs, trajectories_[t].hyper.epochs);
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
    if (lane(t, fold).epochs < wanted && !has_stopped(lane(t, fold))) return false;
  return true;
}

// Metric, loss and epoch of a lane after `epochs` or at the end before; with patience, of the best so far.
std::array<double, 3> Field::reached(std::size_t t, std::size_t fold, std::int64_t epochs) const {
  const LaneState& at = lane(t, fold);
  const std::int64_t end = std::min({epochs, trajectories_[t].hyper.epochs, std::ssize(at.curve)});
  const Patience patience = patience_after(trajectories_[t].hyper, problem_.metric, at, end);
  if (patience.best() > 0)
    return {patience.validation(), patience.loss(), static_cast<double>(patience.best())};
  const auto last = static_cast<std::size_t>(end - 1);
  return {at.curve[last], at.losses[last], static_cast<double>(end)};
}

// Of all folds.
Standing Field::standing(std::size_t t, std::int64_t epochs) const {
  Standing s{t, trajectories_[t].readings[0].second, true, 0, 0};
  for (const auto& [end, candidate] : trajectories_[t].readings)
    s.candidate = std::min(s.candidate, candidate);
  const auto folds = static_cast<double>(problem_.folds.size());
  std::vector<double> metrics;
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold) {  // in the order of the folds
    const auto [metric, loss, epoch] = reached(t, fold, epochs);
    metrics.push_back(metric);
    s.loss += loss;
    s.epoch += epoch;
  }
  s.metric = over_folds(problem_, metrics);
  s.finite = std::isfinite(s.metric) && std::isfinite(s.loss);
  s.loss /= folds;
  s.epoch /= folds;
  return s;
}

std::vector<double> Field::mean_curve(std::size_t t) const {
  std::size_t most = 0;  // folds whose patience is over are shorter
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
    most = std::max(most, lane(t, fold).curve.size());
  std::vector<double> mean(most, 0.0);
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const std::vector<double>& curve = lane(t, fold).curve;
      const double value = i < curve.size() ? curve[i] : reached(t, fold, std::ssize(mean))[0];
      mean[i] += value / static_cast<double>(problem_.folds.size());
    }
  return mean;
}

std::vector<std::size_t> Field::who_goes_on(const Bracket& bracket, const RungPlan& rung,
                                            const std::vector<Standing>& standings) const {
  const bool higher = higher_is_better(problem_.metric);
  if (scheduling_.scheduler != Scheduler::median) return best_of(standings, rung.keep, higher);
  std::vector<std::vector<double>> curves;
  for (std::size_t t : bracket.members) curves.push_back(mean_curve(t));
  const auto median = median_of_averages(curves, rung.epochs);
  std::vector<std::size_t> on;
  for (const Standing& s : standings) {
    if (!s.finite) continue;
    const double best = best_so_far(mean_curve(s.trajectory), rung.epochs, higher);
    if (!median || best == *median || higher == (best > *median)) on.push_back(s.trajectory);
  }
  return on;
}

void Field::leave(std::size_t t, std::int64_t epochs) {
  left_[t] = epochs;
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold) lane(t, fold).leaves.clear();
  for (const auto& [end, candidate] : trajectories_[t].readings) retired_candidates_ += end > epochs;
}

std::vector<const LaneState*> Field::judge(std::int64_t epochs) {
  std::vector<const LaneState*> judged;
  for (std::size_t b = 0; b < brackets_.size(); ++b) {
    const Bracket& bracket = brackets_[b];
    for (const RungPlan& rung : bracket.rungs) {
      if (rung.epochs != epochs) continue;
      std::vector<Standing> standings;
      for (std::size_t t : bracket.members)
        if (is_in(t)) standings.push_back(standing(t, epochs));
      std::vector<std::size_t> on = who_goes_on(bracket, rung, standings);
      std::sort(on.begin(), on.end());
      for (const Standing& s : standings) {
        if (!std::binary_search(on.begin(), on.end(), s.trajectory)) leave(s.trajectory, epochs);
        for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
          judged.push_back(&lane(s.trajectory, fold));
      }
      rungs_.push_back({static_cast<std::int64_t>(b), epochs, std::ssize(standings), std::ssize(on)});
    }
  }
  return judged;
}

void Field::drop_hopeless(std::int64_t epochs) {
  if (scheduling_.scheduler == Scheduler::median) return;
  for (const Bracket& bracket : brackets_)
    for (const RungPlan& rung : bracket.rungs) {
      if (rung.epochs != epochs) continue;
      std::vector<Standing> standings;
      for (std::size_t t : bracket.members)
        if (is_in(t) && has_come_to(t, epochs)) standings.push_back(standing(t, epochs));
      std::vector<std::size_t> best = best_of(standings, rung.keep, higher_is_better(problem_.metric));
      std::sort(best.begin(), best.end());
      for (const Standing& s : standings)
        if (!std::binary_search(best.begin(), best.end(), s.trajectory))
          for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
            lane(s.trajectory, fold).leaves.clear();
    }
}

double Field::remaining_work() const {
  double work = 0;
  for (const Bracket& bracket : brackets_) {
    // What each trajectory has to do up to a rung, and from there on the share of those who go on.
    double share = 1;
    double in = 0;
    for (std::size_t t : bracket.members) in += is_in(t);
    std::int64_t begin = 0;
    std::vector<RungPlan> rungs = bracket.rungs;
    rungs.push_back({stops_.back(), 0});
    for (const RungPlan& rung : rungs) {
      double lanes = 0;
      for (std::size_t t : bracket.members) {
        if (!is_in(t)) continue;
        const double per_epoch = lane_work(trajectories_[t].hyper, problem_.folds[0]);
        for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold) {
          const std::int64_t from = std::max(begin, lane(t, fold).epochs);
          const std::int64_t to = std::min(rung.epochs, trajectories_[t].hyper.epochs);
          if (to > from) lanes += per_epoch * static_cast<double>(to - from);
        }
      }
      work += share * lanes;
      if (in > 0) share = std::min(share, static_cast<double>(rung.keep) / in);
      begin = rung.epochs;
    }
  }
  return work;
}

// What a candidate of so many epochs of a trajectory came to.
Outcome Field::outcome(std::size_t t, std::int64_t epochs) const {
  Outcome out;
  out.validation = out.validation_loss = std::nan("");
  out.epochs = 0;
  bool interrupted = false;
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold) {
    const std::int64_t got = std::min(epochs, lane(t, fold).epochs);
    out.epochs = std::max(out.epochs, got);
    interrupted = interrupted || (got < epochs && !has_stopped(lane(t, fold)));
  }
  const bool left = left_[t] != 0 && epochs > left_[t];
  if (interrupted && !left) {
    for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
      out.epochs = std::min(out.epochs, lane(t, fold).epochs);
    return out;
  }
  const auto got = std::min(static_cast<std::ptrdiff_t>(out.epochs), std::ssize(lane(t, 0).curve));
  out.curve.assign(lane(t, 0).curve.begin(), lane(t, 0).curve.begin() + got);
  const Standing s = standing(t, out.epochs);
  out.status = !s.finite ? Status::diverged : left ? Status::retired : Status::done;
  if (!s.finite) return out;
  for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
    out.by_fold.push_back(reached(t, fold, out.epochs)[0]);
  out.validation = s.metric;
  out.validation_loss = s.loss;
  out.best_epoch = s.epoch;
  return out;
}

std::vector<Outcome> Field::outcomes(const std::vector<Hyper>& candidates) const {
  std::vector<Outcome> out(candidates.size());
  for (const Trajectory& t : trajectories_)
    for (const auto& [epochs, candidate] : t.readings) {
      const auto i = static_cast<std::size_t>(candidate);
      out[i] = outcome(t.number, epochs);
      out[i].index = candidate;
      out[i].hyper = candidates[i];
    }
  return out;
}

void Field::count_work(Result& result) const {
  result.lanes = std::ssize(lanes_);
  for (const LaneState& l : lanes_) result.epochs += l.epochs;
  result.rungs = rungs_;
}

}  // namespace runnel::sweep
