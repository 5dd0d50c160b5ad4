#include "fit/stops.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "models/measured.h"
#include "search/archive.h"
#include "search/stopping.h"

namespace runnel {
namespace {

using models::Problem;
using models::Result;
using params::Configuration;
using search::Candidate;
using search::LaneState;

bool are_alike(const std::vector<std::int64_t>& epochs) {
  return std::all_of(epochs.begin(), epochs.end(), [&](std::int64_t e) { return e == epochs[0]; });
}

// What a candidate comes to on the folds together, each as far as it had come.
Candidate joined(const Problem& problem, const std::vector<search::MeasureKind>& measures, Candidate out,
                 const std::vector<LaneState>& lanes) {
  out.status = search::Status::interrupted;
  out.states.clear();
  out.by_fold.clear();
  out.measures = {std::nan(""), std::nan("")};
  out.best_epoch = 0;
  out.epochs = 0;
  double loss = 0, epoch = 0;
  for (const LaneState& lane : lanes) {
    if (lane.epochs == 0) return out;  // it has no reading there
    const std::int64_t best =
        search::stopping_after(lane, measures, models::patience_of(out.configuration)).best;
    const std::int64_t judged = best > 0 ? best : lane.epochs;
    const double* reading = search::reading_of(lane, measures, judged);
    out.by_fold.push_back(reading[0]);
    loss += reading[1];
    epoch += static_cast<double>(judged);
    out.epochs = std::max(out.epochs, lane.epochs);
  }
  const auto folds = static_cast<double>(lanes.size());
  out.curve.clear();
  for (std::int64_t e = 1; e <= lanes[0].epochs; ++e)
    out.curve.push_back(search::reading_of(lanes[0], measures, e)[0]);
  out.measures = {models::over_folds(problem, out.by_fold), loss / folds};
  out.best_epoch = epoch / folds;
  return out;
}

// Keeps where the lanes of some folds stand when the search ends, for each candidate.
class Ends : public search::Archive {
 public:
  using Place = std::pair<std::int64_t, std::size_t>;  // candidate, fold

  explicit Ends(const std::vector<std::int64_t>& stops) : stops_(stops) {}

  search::Earlier begin(const search::Beginning&) override { return {}; }
  std::vector<LaneState> begin_generation(const search::Generation& generation) override {
    trajectories_.assign(generation.trajectories.begin(), generation.trajectories.end());
    return {};
  }
  bool wants_states() override { return false; }
  void keep(const LaneState& lane, bool, bool) override {
    if (stops_[lane.fold] != until) return;
    for (const auto& [epochs, candidate] : trajectories_[static_cast<std::size_t>(lane.trajectory)].readings)
      lanes[{candidate, lane.fold}] = lane;
  }
  void end_generation(std::span<const Candidate>) override {}
  void finish(const search::Result&) override {}

  std::int64_t until = 0;  // the folds that end then are looked at
  std::map<Place, LaneState> lanes;

 private:
  const std::vector<std::int64_t>& stops_;
  std::vector<search::Trajectory> trajectories_;
};

void add_work(const Result& part, Result& result) {
  result.measures = part.measures;
  result.blocks += part.blocks;
  result.trajectories += part.trajectories;
  result.epochs += part.epochs;
  result.seconds += part.seconds;
}

// Candidates that were stopped after the same epochs on each fold.
class Group {
 public:
  Group(const Problem& problem, const std::vector<std::int64_t>& stops, const search::Options& options)
      : problem_(problem), stops_(stops), options_(options) {}

  Result run(const std::vector<Configuration>& candidates) {
    if (stops_.empty() || are_alike(stops_)) {
      options_.until = stops_.empty() ? 0 : stops_[0];
      return models::run(problem_, candidates, options_);
    }
    // A fold's order of rows depends on its place, so that all are trained to where some were stopped.
    const auto ends = std::make_shared<Ends>(stops_);
    options_.study = ends;
    Result result;
    for (const std::int64_t until : std::set<std::int64_t>(stops_.begin(), stops_.end())) {
      options_.until = ends->until = until;
      Result part = models::run(problem_, candidates, options_);
      add_work(part, result);
      result.candidates = std::move(part.candidates);
      result.warnings = std::move(part.warnings);
    }
    for (Candidate& candidate : result.candidates) {
      std::vector<LaneState> of_folds;
      for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
        of_folds.push_back(ends->lanes[{candidate.number, fold}]);
      candidate = joined(problem_, result.measures, std::move(candidate), of_folds);
    }
    return result;
  }

 private:
  const Problem& problem_;
  const std::vector<std::int64_t>& stops_;
  search::Options options_;
};

}  // namespace

Result run_to_stops(const Problem& problem, const std::vector<Configuration>& candidates, const Stops& stops,
                    const search::Options& options) {
  if (stops.empty()) return models::run(problem, candidates, options);
  std::map<std::vector<std::int64_t>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < candidates.size(); ++i) groups[stops[i]].push_back(i);
  Result result;
  for (const Configuration& c : candidates) result.candidates.push_back({std::ssize(result.candidates), c});
  for (const auto& [epochs, members] : groups) {
    std::vector<Configuration> together;
    for (const std::size_t i : members) together.push_back(candidates[i]);
    Result part = Group(problem, epochs, options).run(together);
    add_work(part, result);
    for (std::size_t k = 0; k < members.size(); ++k) {
      const auto number = static_cast<std::int64_t>(members[k]);
      Candidate& candidate = result.candidates[members[k]];
      candidate = std::move(part.candidates.at(k));
      candidate.number = number;
      if (const auto network = part.networks.find(static_cast<std::int64_t>(k));
          network != part.networks.end())
        result.networks.emplace(number, std::move(network->second));
    }
    result.warnings.insert(result.warnings.end(), part.warnings.begin(), part.warnings.end());
  }
  result.interrupted = options.stop != nullptr && *options.stop;
  if (const auto best = result.ranking(1); !best.empty()) result.best = best[0];
  return result;
}

}  // namespace runnel
