// States of all that is in training, gathered from every rank before any of them is kept: were they kept as
// they come, the first to come would put the others off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace runnel::ranks {

template <class LaneState>
class Gathering {
 public:
  bool is_on() const { return on_; }
  void begin(std::set<int> ranks) {
    on_ = true;
    awaited_ = std::move(ranks);
  }
  void add(std::vector<LaneState> states) {
    for (LaneState& state : states) states_[{state.trajectory, state.fold}] = std::move(state);
  }
  // It has come to its end: an earlier state of it is out of date.
  void drop(const LaneState& state) { states_.erase({state.trajectory, state.fold}); }
  // Nothing more is awaited of it.
  void forget(int rank) { awaited_.erase(rank); }
  bool is_whole() const { return on_ && awaited_.empty(); }
  std::vector<LaneState> take() {
    on_ = false;
    std::vector<LaneState> out;
    for (auto& [place, state] : states_) out.push_back(std::move(state));
    states_.clear();
    return out;
  }

 private:
  bool on_ = false;
  std::set<int> awaited_;
  std::map<std::pair<std::int64_t, std::size_t>, LaneState> states_;
};

}  // namespace runnel::ranks
