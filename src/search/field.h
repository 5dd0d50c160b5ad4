// The field: where every trajectory of a generation stands, and who is still in the running.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "search/block.h"
#include "search/schedule.h"
#include "search/stopping.h"
#include "search/trajectory.h"

namespace runnel::search {

class Field {
 public:
  // `programs` outlives it. The candidates have the numbers first, first + 1, ….
  Field(Programs& programs, const std::vector<Configuration>& candidates, std::int64_t first,
        const Options& options);

  const std::vector<Trajectory>& trajectories() const { return trajectories_; }
  const std::vector<LaneState>& lanes() const { return lanes_; }  // by trajectory, then fold
  const std::vector<Bracket>& brackets() const { return brackets_; }
  // Epochs at which somebody is judged, and the last one.
  const std::vector<std::int64_t>& stops() const { return stops_; }

  // A lane of an earlier run of the same search; throws Error(input) for one that cannot be.
  void restore(const LaneState& state);
  // Whether a lane has no more epochs to train, or is out of the running.
  bool has_ended(const LaneState& state) const;

  // Lanes that have some way to go to epoch `end`, and are in the running.
  std::vector<Waiting> waiting(std::int64_t end);
  // The states of a block's lanes, to be put back.
  std::vector<LaneState> take(const Block& block);
  void put_back(LaneState state);
  // For a search that ends before its time: lanes that were made again and have not come to where an earlier
  // run knew them are again what was known of them, without their states. Returns these.
  std::vector<const LaneState*> give_back_known();

  // At the rungs after `epochs` the best go on. Returns all lanes that were judged.
  std::vector<const LaneState*> judge(std::int64_t epochs);
  // Whether a candidate of so many epochs, which is read off a training run, is out of the running.
  bool is_retired(std::int64_t trajectory, std::int64_t epochs, std::int64_t candidate) const {
    return outcome(static_cast<std::size_t>(trajectory), epochs, candidate).status == Status::retired;
  }
  // Frees the states of those who stand, among those who have come to the rung so far, behind as many as will
  // go on: what is still to come can only add to these.
  void drop_hopeless(std::int64_t epochs);

  double remaining_work() const;  // as Block::work, if nobody is retired early
  std::int64_t retired_candidates() const { return retired_candidates_; }

  // What the candidates came to, in their order. Of one that was interrupted its latest reading is told,
  // where every fold has one.
  std::vector<Candidate> outcomes() const;
  // The states of a candidate that was interrupted, on each fold; empty where a fold has none.
  std::vector<std::vector<Array>> states_of(std::int64_t candidate) const;
  // Lanes, epochs and rungs.
  void count_work(Result& result) const;

 private:
  // What a trajectory has come to: means over folds.
  struct Reached {
    bool finite = false;
    std::vector<double> measures, by_fold;  // by_fold: the first measure
    double epoch = 0;
  };

  const LaneState& lane(std::size_t trajectory, std::size_t fold) const {
    return lanes_[trajectory * folds_ + fold];
  }
  LaneState& lane(std::size_t trajectory, std::size_t fold) { return lanes_[trajectory * folds_ + fold]; }
  bool is_in(std::size_t trajectory) const { return left_[trajectory] == 0; }
  std::set<std::int64_t> judged(const LaneState& state) const;
  bool lacks_measures(const LaneState& state) const;
  void find_divergence(LaneState& state) const;
  Stopping stopping(const LaneState& state) const;
  bool is_over(std::size_t trajectory, std::size_t fold) const;
  bool has_come_to(std::size_t trajectory, std::int64_t epochs) const;
  Reached reached(std::size_t trajectory, std::int64_t epochs) const;
  Standing standing(std::size_t trajectory, std::int64_t epochs) const;
  std::vector<double> mean_curve(std::size_t trajectory) const;
  std::vector<std::size_t> who_goes_on(const Bracket& bracket, const RungPlan& rung,
                                       const std::vector<Standing>& standings) const;
  void leave(std::size_t trajectory, std::int64_t epochs);
  Candidate outcome(std::size_t trajectory, std::int64_t epochs, std::int64_t number) const;

  Programs& programs_;
  const std::vector<Configuration> candidates_;
  const std::int64_t first_;
  const Scheduling scheduling_;
  const std::size_t folds_;
  std::vector<Trajectory> trajectories_;
  std::vector<Bracket> brackets_;
  std::vector<std::int64_t> stops_;
  std::vector<LaneState> lanes_;  // by trajectory, then fold
  std::vector<LaneState> known_;  // of lanes that are made again: what an earlier run told of them
  std::vector<std::int64_t>
      left_;  // of each trajectory: the rung at which it left the running; 0: it has not
  std::vector<Rung> rungs_;
  std::int64_t retired_candidates_ = 0;
};

}  // namespace runnel::search
