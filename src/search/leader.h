// The best that a search would come to if it ended now.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "search/field.h"

namespace runnel::search {

// The candidates of one generation, and the best of those before.
class Leader {
 public:
  // Programs and trajectories outlive it.
  Leader(const Programs& programs, const std::vector<Trajectory>& trajectories, std::optional<double> earlier)
      : programs_(programs), trajectories_(trajectories), earlier_(earlier) {}

  // Where a lane stands: its candidates are judged by that reading, up to their own ends; with patience by
  // the best so far. One that has diverged, or stands on other folds nowhere yet, is not in it.
  void note(const LaneState& lane);
  // After a rung: those of a lane that are out of the running are left out.
  void judged(const LaneState& lane, const Field& field);

  // The first measure.
  std::optional<double> best() const;

 private:
  const Programs& programs_;
  const std::vector<Trajectory>& trajectories_;
  const std::optional<double> earlier_;
  std::map<std::int64_t, std::vector<double>> of_folds_;  // of each candidate
  std::map<std::int64_t, double> values_;                 // of all folds; less is better
  std::set<std::pair<double, std::int64_t>> order_;       // these and their candidates
  void set(std::int64_t candidate, std::optional<double> value);
};

}  // namespace runnel::search
