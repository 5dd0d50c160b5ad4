// Early stopping: which epoch of a lane is kept, and when there is nothing to wait for any more.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "search/trajectory.h"

namespace runnel::search {

// Prechelt, "Early stopping - but when?" (Neural networks: tricks of the trade, 1998), with the measures on
// validation rows in place of the error: a lane stops when `patience` epochs one after another did not
// improve on its best one. Of equal epochs the earlier is better, and one that is not finite never is.
struct Stopping {
  std::int64_t best = 0;  // epoch; 0: none was finite
  bool is_over = false;
};

// Of a lane's first `most` epochs. A patience of 0 never ends, and has no best epoch.
Stopping stopping_after(const LaneState& lane, const std::vector<MeasureKind>& measures,
                        std::int64_t patience, std::int64_t most = std::numeric_limits<std::int64_t>::max());

// The readings of a lane after an epoch.
const double* reading_of(const LaneState& lane, const std::vector<MeasureKind>& measures, std::int64_t epoch);

}  // namespace runnel::search
