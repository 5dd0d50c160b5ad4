#include "sweep/trajectory.h"

#include <algorithm>
#include <map>
#include <string>

namespace runnel::sweep {
namespace {

// Candidates of one key are readings of one trajectory, as the search finds from the traced functions
// (search::make_trajectories): they differ in their epochs alone, and no step knows how many there will be;
// or in batches that are all of the rows.
std::string trajectory_key(Hyper hyper, std::int64_t rows) {
  if (!depends_on_total(hyper)) hyper.epochs = 1;
  hyper.batch = std::min(hyper.batch, rows);
  std::string key;
  for (const HyperField& field : hyper_fields()) key += field.get(hyper) + '\n';
  return key;
}

}  // namespace

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

}  // namespace runnel::sweep
