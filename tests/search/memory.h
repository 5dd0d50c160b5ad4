// A study in memory, of a search that is killed again and again.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "search/archive.h"

namespace runnel::search {

// Keeps a part of what it is given, at the whim of `random`, and says after so many lanes that the search was
// killed.
class Memory : public Archive {
 public:
  using Place = std::pair<std::int64_t, std::size_t>;  // trajectory, fold

  Memory(std::uint32_t seed, int lanes) : random_(seed), left_(lanes) {}

  Earlier begin(const Beginning&) override { return {}; }
  std::vector<LaneState> begin_generation(const Generation& generation) override {
    first_ = generation.first;
    std::vector<LaneState> out;
    for (const auto& [place, lane] : lanes_[first_]) out.push_back(lane);
    return out;
  }
  bool wants_states() override { return random_() % 2 == 0; }
  void keep(const LaneState& lane, bool has_ended, bool) override {
    if (--left_ <= 0) stop = true;
    if (random_() % 8 == 0) return;
    LaneState kept = lane;
    if (has_ended) kept.leaves.clear();
    if (random_() % 4 == 0) {  // a study that was too late with the states
      kept.leaves.clear();
      kept.best.clear();
    }
    lanes_[first_][{lane.trajectory, lane.fold}] = std::move(kept);
  }
  void end_generation(std::span<const Candidate>) override {}
  void finish(const Result&) override {}

  std::atomic<bool> stop = false;

 private:
  std::minstd_rand random_;
  int left_;
  std::int64_t first_ = 0;
  std::map<std::int64_t, std::map<Place, LaneState>> lanes_;  // of each generation
};

}  // namespace runnel::search
