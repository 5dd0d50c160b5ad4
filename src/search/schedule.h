// When candidates are judged and who goes on: successive halving, Hyperband, median stopping, as functions of
// curves. Nothing here trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "runnel/search.h"

namespace runnel::search {

// A rung of a bracket: after `epochs` of training the best `keep` go on.
struct RungPlan {
  std::int64_t epochs = 0;
  std::size_t keep = 0;
  friend bool operator==(const RungPlan&, const RungPlan&) = default;
};

// Trajectories that compete with one another, and the rungs at which they do.
struct Bracket {
  std::vector<std::size_t> members;  // numbers of trajectories
  std::vector<RungPlan> rungs;       // before the last epoch; ascending
};

// How many trajectories Hyperband's own brackets begin with, the widest bracket first, and the epochs of
// their rungs, the last being the end: Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband", JMLR
// 18 (2018), algorithm 1, with the smallest budget not 1 but `min_epochs`.
struct HyperbandBracket {
  std::size_t members = 0;
  std::vector<std::int64_t> epochs;
};
std::vector<HyperbandBracket> hyperband_brackets(const Scheduling& scheduling, std::int64_t most_epochs);

// The brackets of a search of `trajectories` of up to `most_epochs`. Full: one without rungs. Halving: one
// (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
// 2016, figure 1, with budgets that grow by eta). Hyperband: its brackets, with shares of the trajectories
// in the proportion of the paper's, so that all take part whatever their number; which go where is drawn
// from the seed, for a grid's order means something. Median: one whose rungs, every min_epochs, say when to
// judge and keep everybody who is not below the median.
std::vector<Bracket> make_brackets(const Scheduling& scheduling, std::size_t trajectories,
                                   std::int64_t most_epochs, std::uint64_t seed);

// What a rung knows of a trajectory: means over folds.
struct Standing {
  std::size_t trajectory = 0;
  std::int64_t candidate = 0;  // its first
  bool finite = true;
  double metric = 0, loss = 0;
  double epoch = 0;  // that these are of, where patience keeps the best
};
// Whether a stands before b: those that diverged last, then by metric, loss and candidate.
bool stands_before(const Standing& a, const Standing& b, bool higher_is_better);

// Those of `standings` that go on, in order of rank; none that diverged.
std::vector<std::size_t> best_of(std::vector<Standing> standings, std::size_t keep, bool higher_is_better);

// Median stopping: Golovin, Solnik, Moitra, Kochanski, Karro and Sculley, "Google Vizier: a service for
// black-box optimization", KDD 2017, section 3.2.1. A trajectory is retired when its best value so far is
// strictly worse than the median of all trajectories' running averages. These run abreast, so that "all" are
// those of the search: one retired earlier counts with the average of the epochs it got, one that diverged
// does not count.
//
// The median, over curves, of the mean of their first `epochs` values; none for no finite curve.
std::optional<double> median_of_averages(const std::vector<std::vector<double>>& curves, std::int64_t epochs);
// The best of the first `epochs` values of a finite curve.
double best_so_far(const std::vector<double>& curve, std::int64_t epochs, bool higher_is_better);

}  // namespace runnel::search
