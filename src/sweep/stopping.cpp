#include "sweep/stopping.h"

#include <algorithm>
#include <cmath>

namespace runnel::sweep {

bool Patience::would_improve(double validation, double loss) const {
  if (!std::isfinite(validation) || !std::isfinite(loss)) return false;
  if (best_ == 0) return true;
  const bool ahead = higher_is_better(metric_) ? validation > validation_ : validation < validation_;
  return ahead || (validation == validation_ && loss < loss_);
}

void Patience::add(double validation, double loss) {
  ++epochs_;
  if (!would_improve(validation, loss)) return;
  best_ = epochs_;
  validation_ = validation;
  loss_ = loss;
}

Patience patience_after(const Configuration& candidate, Metric metric, const LaneState& lane,
                        std::int64_t most) {
  Patience out(patience_of(candidate), metric);
  if (patience_of(candidate) == 0) return out;
  const auto n = std::min(lane.curve.size(), static_cast<std::size_t>(most));
  for (std::size_t i = 0; i < n; ++i) out.add(lane.curve[i], lane.losses[i]);
  return out;
}

}  // namespace runnel::sweep
