// The field: where every trajectory of a search stands, and who is still in the running.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runnel/sweep.h"
#include "search/schedule.h"
#include "sweep/block.h"

namespace runnel::sweep {

using search::best_of;
using search::best_so_far;
using search::Bracket;
using search::make_brackets;
using search::median_of_averages;
using search::RungPlan;
using search::Standing;

class Field {
 public:
  Field(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options);

  const std::vector<Trajectory>& trajectories() const { return trajectories_; }
  const std::vector<Bracket>& brackets() const { return brackets_; }
  // Epochs at which somebody is judged, and the last one.
  const std::vector<std::int64_t>& stops() const { return stops_; }

  // A state of an earlier run of the same search; throws Error(input) for one that cannot be.
  void restore(const LaneState& state);

  // Lanes that have some way to go to epoch `end`, and are in the running.
  std::vector<Waiting> waiting(std::int64_t end) const;
  // The states of a block's lanes, to be put back.
  std::vector<LaneState> take(const Block& block);
  void put_back(LaneState state);
  bool has_ended(const LaneState& state) const;    // there are no epochs left, or its patience is over
  bool has_stopped(const LaneState& state) const;  // the latter

  // At the rungs after `epochs` the best go on. Returns all lanes that were judged.
  std::vector<const LaneState*> judge(std::int64_t epochs);
  // Frees the states of those who stand, among those who have come to the rung so far, behind as many as will
  // go on: what is still to come can only add to these.
  void drop_hopeless(std::int64_t epochs);

  double remaining_work() const;  // as Block::work, if nobody is retired early
  std::int64_t retired_candidates() const { return retired_candidates_; }

  std::vector<Outcome> outcomes(const std::vector<Hyper>& candidates) const;
  // Lanes, epochs and rungs.
  void count_work(Result& result) const;

 private:
  LaneState& lane(std::size_t trajectory, std::size_t fold) {
    return lanes_[trajectory * problem_.folds.size() + fold];
  }
  const LaneState& lane(std::size_t trajectory, std::size_t fold) const {
    return lanes_[trajectory * problem_.folds.size() + fold];
  }
  bool has_come_to(std::size_t trajectory, std::int64_t epochs) const;
  bool is_in(std::size_t trajectory) const { return left_[trajectory] == 0; }
  Standing standing(std::size_t trajectory, std::int64_t epochs) const;
  std::array<double, 3> reached(std::size_t trajectory, std::size_t fold, std::int64_t epochs) const;
  std::vector<double> mean_curve(std::size_t trajectory) const;
  std::vector<std::size_t> who_goes_on(const Bracket& bracket, const RungPlan& rung,
                                       const std::vector<Standing>& standings) const;
  void leave(std::size_t trajectory, std::int64_t epochs);
  Outcome outcome(std::size_t trajectory, std::int64_t epochs) const;

  const Problem& problem_;
  const Scheduling scheduling_;
  std::vector<Trajectory> trajectories_;
  std::vector<Bracket> brackets_;
  std::vector<std::int64_t> stops_;
  std::vector<LaneState> lanes_;  // by trajectory, then fold
  std::vector<std::int64_t>
      left_;  // of each trajectory: the rung at which it left the running; 0: it has not
  std::vector<Rung> rungs_;
  std::int64_t retired_candidates_ = 0;
};

}  // namespace runnel::sweep
