// How far the candidates of a generation have come, for whoever looks at the study of a search meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "runnel/study.h"
#include "search/archive.h"

namespace runnel::study {

class Standings {
 public:
  // Both outlive it.
  Standings(const search::Beginning& beginning, std::span<const search::Trajectory> trajectories)
      : beginning_(beginning), trajectories_(trajectories) {}

  void note(const search::LaneState& lane);
  // Every lane that was noted, as it was last.
  template <class F>
  void each(const F& f) const {
    for (const auto& [place, lane] : lanes_) f(lane);
  }

  std::int64_t owner(const search::LaneState& lane) const { return of(lane).first_candidate(); }
  // What the candidates that are read off a lane have come to on its fold, each up to its own end.
  std::vector<Reading> readings(const search::LaneState& lane) const;
  // Of those that have come to their ends on all folds; `has_ended`: nobody goes on from this lane, be it
  // that its training run was retired.
  std::vector<Verdict> verdicts(const search::LaneState& lane, bool has_ended) const;

 private:
  const search::Trajectory& of(const search::LaneState& lane) const {
    return trajectories_[static_cast<std::size_t>(lane.trajectory)];
  }
  // The epoch that a candidate of so many epochs is judged by on a lane; 0: none.
  std::int64_t judged_by(const search::LaneState& lane, std::int64_t epochs) const;
  bool is_over(const search::LaneState& lane, std::int64_t epochs) const;

  const search::Beginning& beginning_;
  const std::span<const search::Trajectory> trajectories_;
  std::map<std::pair<std::int64_t, std::size_t>, search::LaneState> lanes_;  // without arrays
};

}  // namespace runnel::study
