#include "study/standings.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/stopping.h"

namespace runnel::study {

using search::LaneState;

void Standings::note(const LaneState& lane) {
  LaneState& kept = lanes_[{lane.trajectory, lane.fold}];
  kept = {lane.trajectory, lane.fold, lane.epochs, lane.diverged_at, {}, lane.readings, {}};
}

std::int64_t Standings::judged_by(const LaneState& lane, std::int64_t epochs) const {
  const std::int64_t last = std::min(epochs, lane.epochs);
  const std::int64_t patience = of(lane).patience;
  return patience == 0 ? last
                       : search::stopping_after(lane, beginning_.programs.measures(), patience, last).best;
}

bool Standings::is_over(const LaneState& lane, std::int64_t epochs) const {
  return lane.epochs >= epochs ||
         search::stopping_after(lane, beginning_.programs.measures(), of(lane).patience, epochs).is_over;
}

std::vector<Reading> Standings::readings(const LaneState& lane) const {
  const std::vector<search::MeasureKind>& kinds = beginning_.programs.measures();
  std::vector<Reading> out;
  if (lane.epochs == 0) return out;
  for (const auto& [epochs, candidate] : of(lane).readings) {
    const std::int64_t last = std::min(epochs, lane.epochs);
    Reading r;
    r.candidate = candidate;
    r.fold = static_cast<std::int64_t>(lane.fold);
    r.epochs = last;
    for (std::int64_t epoch = 1; epoch <= last; ++epoch)
      r.curve.push_back(search::reading_of(lane, kinds, epoch)[0]);
    const std::int64_t at = judged_by(lane, epochs);
    const double* reading = search::reading_of(lane, kinds, at > 0 ? at : last);
    r.metric = reading[0];
    if (kinds.size() > 1) r.loss = reading[1];
    r.finite = at > 0 && std::isfinite(r.metric) && (lane.diverged_at == 0 || lane.diverged_at > at);
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<Verdict> Standings::verdicts(const LaneState& lane, bool has_ended) const {
  const search::Programs& programs = beginning_.programs;
  const bool is_retired = has_ended && !is_over(lane, of(lane).epochs);
  std::vector<Verdict> out;
  for (const auto& [epochs, candidate] : of(lane).readings) {
    std::vector<std::vector<double>> measures(programs.measures().size());
    Verdict v;
    v.candidate = candidate;
    v.status = Status::done;
    bool finite = true;
    bool all = true;
    for (std::size_t fold = 0; fold < programs.folds().size(); ++fold) {
      const auto at = lanes_.find({lane.trajectory, fold});
      const LaneState* here = at == lanes_.end() || at->second.epochs == 0 ? nullptr : &at->second;
      if (here == nullptr || (!is_retired && !is_over(*here, epochs))) all = false;
      if (!all) break;
      if (!is_over(*here, epochs)) v.status = Status::retired;
      v.epochs = std::max(v.epochs, std::min(epochs, here->epochs));
      const std::int64_t epoch = judged_by(*here, epochs);
      finite = finite && epoch > 0 && (here->diverged_at == 0 || here->diverged_at > epoch);
      for (std::size_t m = 0; m < measures.size() && epoch > 0; ++m)
        measures[m].push_back(search::reading_of(*here, programs.measures(), epoch)[m]);
    }
    if (!all) continue;
    if (finite) v.metric = programs.over_folds(0, measures[0]);
    if (finite && measures.size() > 1) v.loss = programs.over_folds(1, measures[1]);
    if (!std::isfinite(v.metric)) {
      v.status = Status::diverged;
      v.metric = v.loss = std::nan("");
    }
    out.push_back(v);
  }
  return out;
}

}  // namespace runnel::study
