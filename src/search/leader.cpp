#include "search/leader.h"

#include <algorithm>
#include <cmath>

#include "search/stopping.h"

namespace runnel::search {

void Leader::set(std::int64_t candidate, std::optional<double> value) {
  if (const auto at = values_.find(candidate); at != values_.end()) {
    order_.erase({at->second, candidate});
    values_.erase(at);
  }
  if (!value) return;
  values_[candidate] = *value;
  order_.insert({*value, candidate});
}

void Leader::note(const LaneState& lane) {
  if (lane.epochs == 0) return;
  const std::vector<MeasureKind>& kinds = programs_.measures();
  const Trajectory& t = trajectories_[static_cast<std::size_t>(lane.trajectory)];
  for (const auto& [epochs, candidate] : t.readings) {
    std::vector<double>& folds = of_folds_[candidate];
    folds.resize(programs_.folds().size(), std::nan(""));
    std::int64_t epoch = std::min(epochs, lane.epochs);
    if (t.patience > 0) epoch = stopping_after(lane, kinds, t.patience, epoch).best;
    const bool finite = epoch > 0 && (lane.diverged_at == 0 || epoch < lane.diverged_at);
    folds[lane.fold] = finite ? reading_of(lane, kinds, epoch)[0] : std::nan("");
    const bool all = std::none_of(folds.begin(), folds.end(), [](double x) { return std::isnan(x); });
    const double value = all ? programs_.over_folds(0, folds) : std::nan("");
    set(candidate, std::isfinite(value) ? std::optional(signed_value(kinds[0], value)) : std::nullopt);
  }
}

void Leader::judged(const LaneState& lane, const Field& field) {
  for (const auto& [epochs, candidate] : trajectories_[static_cast<std::size_t>(lane.trajectory)].readings)
    if (field.is_retired(lane.trajectory, epochs, candidate)) set(candidate, std::nullopt);
}

std::optional<double> Leader::best() const {
  std::optional<double> value = earlier_;
  if (order_.empty()) return value;
  const double here = signed_value(programs_.measures()[0], order_.begin()->first);
  const bool higher = programs_.measures()[0].higher_is_better;
  if (!value || (higher ? here > *value : here < *value)) value = here;
  return value;
}

}  // namespace runnel::search
