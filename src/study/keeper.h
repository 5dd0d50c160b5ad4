// What ties a search to its study: the states that a search hands out are kept in the store, and those that
// the store has are where a search begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/stopwatch.h"
#include "runnel/study.h"
#include "runnel/sweep.h"
#include "sweep/stopping.h"
#include "sweep/trajectory.h"

namespace runnel::study {

// States go into the store as the search hands them out. One that ended or was retired has no arrays and
// always does; those that stand at a rung with some way to go do when the last ones were long enough ago
// (Store::due), for a search that lost them trains from earlier ones to the same bits.
class Keeper {
 public:
  struct Cadence {
    double snapshots = 2;  // seconds between states of all that is in training, at least
    double share = 0.02;   // of the time, which writing these may take
    double commits = 0.5;  // seconds between commits: what a kill may cost of candidates that had ended
  };
  // The search's problem and candidates, in its order; both must outlive it.
  Keeper(Store store, const sweep::Problem& problem, const std::vector<params::Configuration>& candidates);
  Keeper(Store store, const sweep::Problem& problem, const std::vector<params::Configuration>& candidates,
         const Cadence& cadence);
  Keeper(const Keeper&) = delete;  // the search's options point to it
  Keeper& operator=(const Keeper&) = delete;

  // Sets `keep`, `keep_now` and `resume`. `stop`, where there is one, must be set already.
  void attach(sweep::Options& options);
  // Writes what the search came to; fails where that cannot be written. `network` is kept as the best
  // candidate's in place of the search's own: a winner of folds, say, trained on all of them.
  void finish(const sweep::Result& result, const nn::Network* network = nullptr);

  Store& store() { return store_; }

 private:
  struct Lane {
    std::int64_t epochs = 0;
    std::vector<double> curve, losses;
  };
  using Place = std::pair<std::int64_t, std::int64_t>;  // trajectory, fold

  sweep::Patience patience(std::int64_t trajectory, const Lane& lane, std::int64_t epochs) const;
  // The search goes on when its study cannot be written (a full disk): finish() tries all of it again.
  void guarded(const std::function<void()>& write);
  void keep(const sweep::LaneState& state);
  bool keep_now();
  bool is_written(const sweep::LaneState& state) const;
  void note_ends(const sweep::LaneState& state);
  void note_under_way(const sweep::LaneState& state);
  // What a candidate came to after so many epochs of its trajectory, on the folds that have come that far or
  // whose patience is over; of one that is on its way, on all folds as far as they have come.
  std::vector<Reading> readings(std::int64_t candidate, std::int64_t trajectory, std::int64_t epochs,
                                bool on_its_way = false) const;
  Reading reading_of(std::int64_t candidate, std::int64_t trajectory, std::int64_t fold, const Lane& lane,
                     std::int64_t epochs) const;
  bool has_all_losses(const sweep::LaneState& state, const std::set<std::int64_t>& rungs) const;

  Store store_;
  const Cadence cadence_;
  const sweep::Problem& problem_;
  const std::vector<sweep::Trajectory> trajectories_;
  std::map<Place, Lane> lanes_;
  bool all_ = false;  // the search hands out all that it trains, since it was told so
  const std::atomic<bool>* stop_ = nullptr;
  Stopwatch since_commit_;
  bool broken_ = false;  // something could not be written
};

}  // namespace runnel::study
