// The last state of each lane that was kept before a search was stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "search/archive.h"

namespace runnel::search {

// Of one generation. A search that ends with it begins with `lanes` when it is made again with it.
class KeptLanes : public Archive {
 public:
  using Place = std::pair<std::int64_t, std::size_t>;  // trajectory, fold

  // Says after so many epochs of blocks that the search is stopped; 0: never. Wants states after every
  // `every`th.
  explicit KeptLanes(int epochs = 0, int every = 1) : left_(epochs), every_(every) {}

  Earlier begin(const Beginning&) override { return {}; }
  std::vector<LaneState> begin_generation(const Generation&) override {
    std::vector<LaneState> out;
    for (const auto& [place, lane] : lanes) out.push_back(lane);
    return out;
  }
  bool wants_states() override {
    if (left_ > 0 && --left_ == 0) stop = true;
    return ++asked_ % every_ == 0;
  }
  void keep(const LaneState& lane, bool has_ended, bool) override {
    LaneState& kept = lanes[{lane.trajectory, lane.fold}] = lane;
    if (has_ended) kept.leaves.clear();
  }
  void end_generation(std::span<const Candidate>) override {}
  void finish(const Result&) override { stop = false; }

  std::map<Place, LaneState> lanes;
  std::atomic<bool> stop = false;

 private:
  int left_, every_, asked_ = 0;
};

}  // namespace runnel::search
