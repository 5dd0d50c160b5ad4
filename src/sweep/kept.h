// The networks of the best candidates so far: as many as are asked for, whatever order they come in.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sweep/block.h"

namespace runnel::sweep {

class Kept {
 public:
  Kept(std::int64_t most, Metric metric) : most_(static_cast<std::size_t>(most)), metric_(metric) {}

  // Whether a beats b. Ties in the metric go to the lower loss, then to the earlier candidate.
  bool better(const Reading& a, const Reading& b) const {
    if (a.validation != b.validation) return higher_is_better(metric_) == (a.validation > b.validation);
    if (a.loss != b.loss) return a.loss < b.loss;
    return a.candidate < b.candidate;
  }

  // Whether they are readings of one network: candidates that differ in their epochs alone and stopped early.
  static bool same(const Reading& a, const Reading& b) {
    return a.validation == b.validation && a.loss == b.loss && a.epoch == b.epoch;
  }

  // Whether the network of this reading would be among them.
  bool wants(const Reading& reading) const {
    if (!reading.finite || most_ == 0) return false;
    const auto twin =
        std::find_if(all_.begin(), all_.end(), [&](const auto& other) { return same(other.first, reading); });
    if (twin != all_.end()) return better(reading, twin->first);
    return all_.size() < most_ || better(reading, all_.back().first);
  }
  void take(const Reading& reading, nn::Network network) {
    if (!wants(reading)) return;  // another thread found better ones meanwhile
    std::erase_if(all_, [&](const auto& other) { return same(other.first, reading); });
    const auto at = std::find_if(all_.begin(), all_.end(),
                                 [&](const auto& other) { return better(reading, other.first); });
    all_.emplace(at, reading, std::move(network));
    if (all_.size() > most_) all_.pop_back();
  }

  std::optional<double> best() const {
    return all_.empty() ? std::nullopt : std::optional(all_.front().first.validation);
  }
  // In order, the best first.
  const std::vector<std::pair<Reading, nn::Network>>& all() const { return all_; }

 private:
  std::size_t most_;
  Metric metric_;
  std::vector<std::pair<Reading, nn::Network>> all_;
};

}  // namespace runnel::sweep
