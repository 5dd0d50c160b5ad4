#include "search/kept.h"

#include <algorithm>
#include <utility>

namespace runnel::search {

Score Kept::Entry::score() const {
  Score out;
  for (const Score& of_fold : scores) {  // in the order of the folds
    out.value += of_fold.value / static_cast<double>(scores.size());
    out.tie += of_fold.tie / static_cast<double>(scores.size());
  }
  return out;
}

bool Kept::Entry::before(const Entry& other) const {
  const Score a = score();
  const Score b = other.score();
  return a < b || (!(b < a) && candidate < other.candidate);
}

void Kept::read(const Reading& reading, const std::function<std::vector<Array>()>& state) {
  if (most_ == 0) return;
  Entry& entry = pending_[reading.candidate];
  if (entry.seen == 0) entry = {reading.candidate, std::vector<Score>(folds_), States(folds_)};
  entry.finite = entry.finite && reading.finite;
  entry.scores[reading.fold] = reading.score;
  ++entry.seen;
  const bool is_last = entry.seen == folds_;
  if (entry.finite && (!is_last || wants(entry))) {
    entry.states[reading.fold] = state();
    // A lane that was resumed without the state of its best epoch has none to give.
    if (entry.states[reading.fold].empty()) entry.finite = false;
  }
  if (!entry.finite) entry.states.assign(folds_, {});
  if (!is_last) return;
  if (entry.finite && wants(entry)) {
    const auto at =
        std::find_if(all_.begin(), all_.end(), [&](const Entry& other) { return entry.before(other); });
    all_.insert(at, std::move(entry));
    if (all_.size() > most_) all_.pop_back();
  }
  pending_.erase(reading.candidate);
}

const Kept::States* Kept::find(std::int64_t candidate) const {
  for (const Entry& entry : all_)
    if (entry.candidate == candidate) return &entry.states;
  return nullptr;
}

}  // namespace runnel::search
