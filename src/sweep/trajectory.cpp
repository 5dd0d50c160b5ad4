#include "sweep/trajectory.h"

#include <algorithm>
#include <map>
#include <string>

namespace runnel::sweep {
namespace {

// Candidates of one key are readings of one trajectory, as the search finds from the traced functions
// (search::make_trajectories): they differ in their epochs alone, and no step knows how many there will be;
// or in batches that are all of the rows.
std::string trajectory_key(const Configuration& candidate, std::int64_t rows) {
  std::string key;
  for (std::size_t i = 0; i < candidate.values().size(); ++i) {
    const params::Parameter& p = candidate.schema().parameters()[i];
    if (p.role == params::Role::budget && !depends_on_total(candidate)) continue;
    const params::Value& value = candidate.values()[i];
    key += (p.is_batch ? std::to_string(std::min(value.integer(), rows)) : to_string(value)) + '\n';
  }
  return key;
}

}  // namespace

std::vector<Trajectory> make_trajectories(const Problem& problem,
                                          const std::vector<Configuration>& candidates) {
  std::int64_t rows = 0;
  for (const Fold& fold : problem.folds) rows = std::max(rows, fold.x.dim(0));
  std::vector<Trajectory> trajectories;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Configuration& candidate = candidates[i];
    const std::int64_t epochs = epochs_of(candidate);
    const auto [at, is_new] = known.try_emplace(trajectory_key(candidate, rows), trajectories.size());
    if (is_new) trajectories.push_back({candidate, {}, trajectories.size()});
    Trajectory& t = trajectories[at->second];
    if (epochs_of(t.candidate) < epochs) t.candidate.set("epochs", epochs);
    t.readings.emplace_back(epochs, static_cast<std::int64_t>(i));
  }
  for (Trajectory& t : trajectories) std::stable_sort(t.readings.begin(), t.readings.end());
  return trajectories;
}

}  // namespace runnel::sweep
