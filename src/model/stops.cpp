#include "model/stops.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "sweep/measured.h"
#include "sweep/stopping.h"
#include "sweep/trajectory.h"

namespace runnel {
namespace {

using params::Configuration;
using sweep::Outcome;
using sweep::Problem;
using sweep::Result;
using sweep::Status;

bool are_alike(const std::vector<std::int64_t>& epochs) {
  return std::all_of(epochs.begin(), epochs.end(), [&](std::int64_t e) { return e == epochs[0]; });
}

// What a candidate comes to on the folds together, each as far as it had come.
Outcome joined(const Problem& problem, Outcome out, const std::vector<sweep::LaneState>& lanes) {
  out.status = Status::interrupted;
  out.model.reset();
  out.by_fold.clear();
  out.epochs = 0;
  double loss = 0, epoch = 0;
  for (const sweep::LaneState& lane : lanes) {
    if (lane.curve.empty()) return out;  // it has no reading there
    const sweep::Patience best = sweep::patience_after(out.configuration, problem.metric, lane);
    const bool keeps_best = sweep::patience_of(out.configuration) > 0 && best.best() > 0;
    out.by_fold.push_back(keeps_best ? best.validation() : lane.curve.back());
    loss += keeps_best ? best.loss() : lane.losses.back();
    epoch += static_cast<double>(keeps_best ? best.best() : lane.epochs);
    out.epochs = std::max(out.epochs, lane.epochs);
  }
  const auto folds = static_cast<double>(lanes.size());
  out.curve = lanes[0].curve;
  out.validation = sweep::over_folds(problem, out.by_fold);
  out.validation_loss = loss / folds;
  out.best_epoch = epoch / folds;
  return out;
}

// Candidates that were stopped after the same epochs on each fold.
class Group {
 public:
  Group(const Problem& problem, const std::vector<std::int64_t>& stops, const sweep::Options& options)
      : problem_(problem), stops_(stops), options_(options) {}

  Result run(const std::vector<Configuration>& hypers) {
    if (stops_.empty() || are_alike(stops_)) {
      options_.until = stops_.empty() ? 0 : stops_[0];
      return sweep::run(problem_, hypers, options_);
    }
    // A fold's order of rows depends on its place, so that all are trained to where some were stopped.
    std::map<std::pair<std::int64_t, std::size_t>, sweep::LaneState> lanes;
    options_.keep = [&](const sweep::LaneState& lane) {
      if (stops_[lane.fold] == options_.until) lanes[{lane.trajectory, lane.fold}] = lane;
    };
    Result result;
    for (const std::int64_t until : std::set<std::int64_t>(stops_.begin(), stops_.end())) {
      options_.until = until;
      Result part = sweep::run(problem_, hypers, options_);
      result.outcomes = std::move(part.outcomes);
      result.warnings = std::move(part.warnings);
      result.blocks += part.blocks;
      result.lanes += part.lanes;
      result.epochs += part.epochs;
      result.seconds += part.seconds;
    }
    for (const sweep::Trajectory& t : sweep::make_trajectories(problem_, hypers))
      for (const auto& [epochs, candidate] : t.readings) {
        std::vector<sweep::LaneState> of_folds;
        for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
          of_folds.push_back(lanes[{static_cast<std::int64_t>(t.number), fold}]);
        Outcome& out = result.outcomes[static_cast<std::size_t>(candidate)];
        out = joined(problem_, std::move(out), of_folds);
      }
    return result;
  }

 private:
  const Problem& problem_;
  const std::vector<std::int64_t>& stops_;
  sweep::Options options_;
};

}  // namespace

Result run_to_stops(const Problem& problem, const std::vector<Configuration>& candidates, const Stops& stops,
                    const sweep::Options& options) {
  if (stops.empty()) return sweep::run(problem, candidates, options);
  std::map<std::vector<std::int64_t>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < candidates.size(); ++i) groups[stops[i]].push_back(i);
  Result result;
  result.outcomes.resize(candidates.size());
  for (const auto& [epochs, members] : groups) {
    std::vector<Configuration> hypers;
    for (const std::size_t i : members) hypers.push_back(candidates[i]);
    Result part = Group(problem, epochs, options).run(hypers);
    for (std::size_t k = 0; k < members.size(); ++k) {
      result.outcomes[members[k]] = std::move(part.outcomes[k]);
      result.outcomes[members[k]].index = static_cast<std::int64_t>(members[k]);
    }
    result.warnings.insert(result.warnings.end(), part.warnings.begin(), part.warnings.end());
    result.blocks += part.blocks;
    result.lanes += part.lanes;
    result.epochs += part.epochs;
    result.seconds += part.seconds;
  }
  result.interrupted = options.stop != nullptr && *options.stop;
  if (const auto best = sweep::ranking(result, problem.metric, 1); !best.empty()) result.best = best[0];
  return result;
}

}  // namespace runnel
