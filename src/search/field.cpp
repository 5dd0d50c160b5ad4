#include "search/field.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/fail.h"
#include "search/settings.h"
#include "search/stopping.h"

namespace runnel::search {

Field::Field(Programs& programs, const std::vector<Configuration>& candidates, std::int64_t first,
             const Options& options)
    : programs_(programs),
      candidates_(candidates),
      first_(first),
      scheduling_(options.scheduling),
      folds_(programs.folds().size()),
      trajectories_(make_trajectories(programs, candidates, first, options)) {
  std::int64_t most = 0;
  for (const Trajectory& t : trajectories_) most = std::max(most, t.epochs);
  brackets_ = make_brackets(scheduling_, trajectories_.size(), most, options.seed);
  std::set<std::int64_t> stops{most};
  for (const Bracket& bracket : brackets_)
    for (const RungPlan& rung : bracket.rungs) stops.insert(rung.epochs);
  stops_.assign(stops.begin(), stops.end());
  left_.resize(trajectories_.size(), 0);
  for (std::size_t t = 0; t < trajectories_.size(); ++t)
    for (std::size_t fold = 0; fold < folds_; ++fold) lanes_.push_back({static_cast<std::int64_t>(t), fold});
  known_.resize(lanes_.size());
}

Stopping Field::stopping(const LaneState& state) const {
  const Trajectory& t = trajectories_[static_cast<std::size_t>(state.trajectory)];
  return stopping_after(state, programs_.measures(), t.patience);
}

bool Field::is_over(std::size_t t, std::size_t fold) const {
  const LaneState& at = lane(t, fold);
  return at.epochs >= trajectories_[t].epochs || stopping(at).is_over;
}

void Field::restore(const LaneState& state) {
  const auto t = static_cast<std::size_t>(state.trajectory);
  const auto readings = static_cast<std::size_t>(state.epochs) * programs_.measures().size();
  if (t >= trajectories_.size() || state.fold >= folds_ || state.epochs < 0 ||
      state.epochs > trajectories_[t].epochs || state.readings.size() != readings)
    fail("a kept state, of trajectory {} on fold {} after {} epochs, is not of this search", state.trajectory,
         state.fold, state.epochs);
  if (lacks_measures(state)) return;
  lane(t, state.fold) = state;
  if (programs_.trainable().output_measures() != nullptr) find_divergence(lane(t, state.fold));
}

// Epochs at which a lane may be judged, or is read off.
std::set<std::int64_t> Field::judged(const LaneState& state) const {
  std::set<std::int64_t> out(stops_.begin(), stops_.end());
  for (const auto& [epochs, candidate] : trajectories_[static_cast<std::size_t>(state.trajectory)].readings)
    out.insert(epochs);
  out.erase(out.upper_bound(state.epochs), out.end());
  return out;
}

// Outputs have all their measures where somebody was judged. In a search that has grown that may be elsewhere
// than before: a lane that lacks some there begins anew, to the same bits.
bool Field::lacks_measures(const LaneState& state) const {
  const std::vector<MeasureKind>& kinds = programs_.measures();
  if (programs_.trainable().output_measures() == nullptr || kinds.size() < 2) return false;
  const std::set<std::int64_t> epochs = judged(state);
  return std::any_of(epochs.begin(), epochs.end(), [&](std::int64_t epoch) {
    const double* reading = reading_of(state, kinds, epoch);
    return (state.diverged_at == 0 || epoch < state.diverged_at) && std::isfinite(reading[0]) &&
           std::isnan(reading[1]);
  });
}

// Outputs that were judged have all measures, unless they were not finite.
void Field::find_divergence(LaneState& state) const {
  if (state.diverged_at > 0 || programs_.measures().size() < 2) return;
  for (const std::int64_t epoch : judged(state)) {
    if (state.diverged_at > 0) break;
    if (std::isnan(reading_of(state, programs_.measures(), epoch)[1])) state.diverged_at = epoch;
  }
}

bool Field::has_ended(const LaneState& state) const {
  const auto t = static_cast<std::size_t>(state.trajectory);
  return !is_in(t) || state.epochs >= trajectories_[t].epochs || stopping(state).is_over;
}

std::vector<Waiting> Field::waiting(std::int64_t end) {
  std::vector<Waiting> out;
  for (std::size_t fold = 0; fold < folds_; ++fold)
    for (const Trajectory& t : trajectories_) {
      LaneState& at = lane(t.number, fold);
      if (!is_in(t.number) || at.epochs >= end || is_over(t.number, fold)) continue;
      // An earlier run told how it went and did not keep its state: it goes the same way again.
      if (at.epochs > 0 && at.leaves.empty()) {
        LaneState& known = known_[t.number * folds_ + fold];
        if (known.epochs < at.epochs) known = std::move(at);
        at = {static_cast<std::int64_t>(t.number), fold};
      }
      out.push_back({&t, fold, at.epochs});
    }
  return out;
}

std::vector<LaneState> Field::take(const Block& block) {
  std::vector<LaneState> out;
  for (const Trajectory& t : block.trajectories) {
    LaneState& from = lane(t.number, block.fold);
    out.push_back(from);
    from.leaves.clear();
    from.best.clear();
  }
  return out;
}

void Field::put_back(LaneState state) {
  LaneState& to = lane(static_cast<std::size_t>(state.trajectory), state.fold);
  to = std::move(state);
}

std::vector<const LaneState*> Field::give_back_known() {
  std::vector<const LaneState*> out;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].epochs >= known_[i].epochs) continue;
    lanes_[i] = known_[i];
    out.push_back(&lanes_[i]);
  }
  return out;
}

bool Field::has_come_to(std::size_t t, std::int64_t epochs) const {
  for (std::size_t fold = 0; fold < folds_; ++fold)
    if (lane(t, fold).epochs < epochs && !is_over(t, fold)) return false;
  return true;
}

// After `epochs` or at the end before; with patience, after the best so far.
Field::Reached Field::reached(std::size_t t, std::int64_t epochs) const {
  const std::vector<MeasureKind>& kinds = programs_.measures();
  Reached out{true, {}, {}, 0};
  std::vector<std::vector<double>> measures(kinds.size());  // of each fold
  double epoch_sum = 0;
  for (std::size_t fold = 0; fold < folds_; ++fold) {  // in the order of the folds
    const LaneState& at = lane(t, fold);
    std::int64_t epoch = std::min(epochs, at.epochs);
    if (epoch > 0 && trajectories_[t].patience > 0)
      epoch = stopping_after(at, kinds, trajectories_[t].patience, epoch).best;
    if (epoch == 0) {  // no reading, or none that is finite
      out.finite = false;
      continue;
    }
    if (at.diverged_at > 0 && at.diverged_at <= epoch) out.finite = false;
    const double* reading = reading_of(at, kinds, epoch);
    for (std::size_t m = 0; m < kinds.size(); ++m) measures[m].push_back(reading[m]);
    epoch_sum += static_cast<double>(epoch);
  }
  for (std::size_t m = 0; m < kinds.size(); ++m)
    out.measures.push_back(measures[m].size() == folds_ ? programs_.over_folds(m, measures[m])
                                                        : std::nan(""));
  out.by_fold = std::move(measures[0]);
  out.epoch = epoch_sum / static_cast<double>(folds_);
  out.finite = out.finite && std::isfinite(out.measures[0]);
  return out;
}

Standing Field::standing(std::size_t t, std::int64_t epochs) const {
  const Reached at = reached(t, epochs);
  Standing s{t, trajectories_[t].first_candidate(), at.finite, 0, 0, at.epoch};
  const Score score = score_of(programs_.measures(), at.measures.data());
  s.metric = score.value;
  s.loss = score.tie;
  return s;
}

// Signed, so that less is better.
std::vector<double> Field::mean_curve(std::size_t t) const {
  std::int64_t most = 0;  // folds whose patience is over are shorter
  for (std::size_t fold = 0; fold < folds_; ++fold) most = std::max(most, lane(t, fold).epochs);
  if (!is_in(t)) most = std::min(most, left_[t]);  // what a smaller search knew of it beyond does not count
  std::vector<double> mean;
  for (std::int64_t epoch = 1; epoch <= most; ++epoch) {
    double sum = 0;
    for (std::size_t fold = 0; fold < folds_; ++fold) {
      const LaneState& at = lane(t, fold);
      sum += score_of(programs_.measures(), reading_of(at, programs_.measures(), std::min(epoch, at.epochs)))
                 .value;
    }
    mean.push_back(sum / static_cast<double>(folds_));
  }
  return mean;
}

std::vector<std::size_t> Field::who_goes_on(const Bracket& bracket, const RungPlan& rung,
                                            const std::vector<Standing>& standings) const {
  if (scheduling_.scheduler != Scheduler::median)
    return best_of(standings, rung.keep, /*higher_is_better=*/false);
  std::vector<std::vector<double>> curves;
  for (const std::size_t t : bracket.members) curves.push_back(mean_curve(t));
  const auto median = median_of_averages(curves, rung.epochs);
  std::vector<std::size_t> on;
  for (const Standing& s : standings) {
    if (!s.finite) continue;
    if (!median || best_so_far(mean_curve(s.trajectory), rung.epochs, false) <= *median)
      on.push_back(s.trajectory);
  }
  return on;
}

void Field::leave(std::size_t t, std::int64_t epochs) {
  left_[t] = epochs;
  for (std::size_t fold = 0; fold < folds_; ++fold) {
    lane(t, fold).leaves.clear();
    lane(t, fold).best.clear();
  }
  bool over = true;  // its patience ended it: it has its reading
  for (std::size_t fold = 0; fold < folds_; ++fold) over = over && is_over(t, fold);
  for (const auto& [end, candidate] : trajectories_[t].readings) retired_candidates_ += end > epochs && !over;
}

std::vector<const LaneState*> Field::judge(std::int64_t epochs) {
  std::vector<const LaneState*> judged;
  for (std::size_t b = 0; b < brackets_.size(); ++b)
    for (const RungPlan& rung : brackets_[b].rungs) {
      if (rung.epochs != epochs) continue;
      std::vector<Standing> standings;
      for (const std::size_t t : brackets_[b].members)
        if (is_in(t)) standings.push_back(standing(t, epochs));
      std::vector<std::size_t> on = who_goes_on(brackets_[b], rung, standings);
      std::sort(on.begin(), on.end());
      for (const Standing& s : standings)
        if (!std::binary_search(on.begin(), on.end(), s.trajectory)) leave(s.trajectory, epochs);
      for (const Standing& s : standings)
        for (std::size_t fold = 0; fold < folds_; ++fold) judged.push_back(&lane(s.trajectory, fold));
      rungs_.push_back({static_cast<std::int64_t>(b), epochs, std::ssize(standings), std::ssize(on)});
    }
  return judged;
}

void Field::drop_hopeless(std::int64_t epochs) {
  if (scheduling_.scheduler == Scheduler::median) return;
  for (const Bracket& bracket : brackets_)
    for (const RungPlan& rung : bracket.rungs) {
      if (rung.epochs != epochs) continue;
      std::vector<Standing> standings;
      for (const std::size_t t : bracket.members)
        if (is_in(t) && has_come_to(t, epochs)) standings.push_back(standing(t, epochs));
      std::vector<std::size_t> best = best_of(standings, rung.keep, /*higher_is_better=*/false);
      std::sort(best.begin(), best.end());
      for (const Standing& s : standings)
        if (!std::binary_search(best.begin(), best.end(), s.trajectory))
          for (std::size_t fold = 0; fold < folds_; ++fold) lane(s.trajectory, fold).leaves.clear();
    }
}

double Field::remaining_work() const {
  double work = 0;
  for (const Bracket& bracket : brackets_) {
    // What each trajectory has to do up to a rung, and from there on the share of those who go on.
    double share = 1;
    double in = 0;
    for (const std::size_t t : bracket.members) in += is_in(t);
    std::int64_t begin = 0;
    std::vector<RungPlan> rungs = bracket.rungs;
    rungs.push_back({stops_.back(), 0});
    for (const RungPlan& rung : rungs) {
      double lanes = 0;
      for (const std::size_t t : bracket.members) {
        if (!is_in(t)) continue;
        for (std::size_t fold = 0; fold < folds_; ++fold) {
          const Block one{{trajectories_[t]},
                          fold,
                          0,
                          1,
                          &programs_.of(trajectories_[t].configuration, fold),
                          rows_of(programs_.folds()[fold].validation)};
          const std::int64_t from = std::max(begin, lane(t, fold).epochs);
          const std::int64_t to = std::min(rung.epochs, trajectories_[t].epochs);
          if (to > from) lanes += one.work_per_epoch() * static_cast<double>(to - from);
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
Candidate Field::outcome(std::size_t t, std::int64_t epochs, std::int64_t number) const {
  Candidate out{number, candidates_[static_cast<std::size_t>(number - first_)]};
  const std::vector<MeasureKind>& kinds = programs_.measures();
  bool is_done = true;
  for (std::size_t fold = 0; fold < folds_; ++fold) {
    out.epochs = std::max(out.epochs, std::min(epochs, lane(t, fold).epochs));
    is_done = is_done && (lane(t, fold).epochs >= epochs || is_over(t, fold));
  }
  const Reached at = reached(t, out.epochs);
  // Candidates of an earlier search, of fewer, had come to their ends before there was this rung: they stay.
  bool had_ended = is_done;
  for (std::size_t fold = 0; fold < folds_; ++fold) had_ended = had_ended && lane(t, fold).epochs > left_[t];
  const bool left = left_[t] != 0 && epochs > left_[t] && !had_ended;
  const bool has_begun = at.by_fold.size() == folds_;
  out.status = left        ? Status::retired
               : !is_done  ? Status::interrupted
               : at.finite ? Status::done
                           : Status::diverged;
  if (left && !at.finite) out.status = Status::diverged;
  const auto curve = std::min(out.epochs, lane(t, 0).epochs);
  for (std::int64_t epoch = 1; epoch <= curve; ++epoch)
    out.curve.push_back(reading_of(lane(t, 0), kinds, epoch)[0]);
  out.measures.assign(kinds.size(), std::nan(""));
  if (!at.finite || !has_begun) return out;
  out.measures = at.measures;
  out.by_fold = at.by_fold;
  out.best_epoch = at.epoch;
  return out;
}

std::vector<Candidate> Field::outcomes() const {
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < candidates_.size(); ++i)
    out.push_back({first_ + static_cast<std::int64_t>(i), candidates_[i]});
  for (const Trajectory& t : trajectories_)
    for (const auto& [epochs, candidate] : t.readings)
      out[static_cast<std::size_t>(candidate - first_)] = outcome(t.number, epochs, candidate);
  return out;
}

std::vector<std::vector<Array>> Field::states_of(std::int64_t candidate) const {
  std::vector<std::vector<Array>> out;
  for (const Trajectory& t : trajectories_)
    for (const auto& [epochs, number] : t.readings) {
      if (number != candidate) continue;
      for (std::size_t fold = 0; fold < folds_; ++fold) {
        const LaneState& at = lane(t.number, fold);
        if (at.epochs > epochs || (t.patience > 0 ? at.best : at.leaves).empty()) return {};
        const auto h = typed::settings_of(t.configuration);
        out.push_back(t.patience > 0 ? at.best : programs_.trainable().learnt(h, at.leaves));
      }
    }
  return out;
}

void Field::count_work(Result& result) const {
  result.trajectories += std::ssize(trajectories_);
  for (const LaneState& l : lanes_) result.epochs += l.epochs;
  std::int64_t brackets = 0;  // of earlier generations
  for (const Rung& rung : result.rungs) brackets = std::max(brackets, rung.bracket + 1);
  for (Rung rung : rungs_) {
    rung.bracket += brackets;
    result.rungs.push_back(rung);
  }
}

}  // namespace runnel::search
