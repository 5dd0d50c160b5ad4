#include "search/stopping.h"

#include <algorithm>
#include <cmath>

namespace runnel::search {

const double* reading_of(const LaneState& lane, const std::vector<MeasureKind>& measures,
                         std::int64_t epoch) {
  return lane.readings.data() + static_cast<std::size_t>(epoch - 1) * measures.size();
}

Stopping stopping_after(const LaneState& lane, const std::vector<MeasureKind>& measures,
                        std::int64_t patience, std::int64_t most) {
  Stopping out;
  if (patience == 0) return out;
  Score best;
  const std::int64_t n = std::min(lane.epochs, most);
  for (std::int64_t epoch = 1; epoch <= n && !out.is_over; ++epoch) {
    const Score now = score_of(measures, reading_of(lane, measures, epoch));
    const bool finite = std::isfinite(now.value) && (lane.diverged_at == 0 || epoch < lane.diverged_at);
    if (finite && (out.best == 0 || now < best)) {
      best = now;
      out.best = epoch;
    }
    out.is_over = epoch - out.best >= patience;
  }
  return out;
}

}  // namespace runnel::search
