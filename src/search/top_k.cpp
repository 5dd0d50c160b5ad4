#include "search/top_k.h"

#include <algorithm>
#include <utility>

namespace runnel::search {

bool TopK::Entry::before(const Entry& other) const {
  return score < other.score || (!(other.score < score) && candidate < other.candidate);
}

bool TopK::Entry::is_twin(const Entry& other) const {
  for (std::size_t fold = 0; fold < readings.size(); ++fold) {
    if (readings[fold].first != other.readings[fold].first ||
        readings[fold].epoch != other.readings[fold].epoch)
      return false;
  }
  return true;
}

bool TopK::wants(const Entry& entry) const {
  const auto twin = std::find_if(all_.begin(), all_.end(), [&](const Entry& e) { return e.is_twin(entry); });
  if (twin != all_.end()) return entry.before(*twin);
  return all_.size() < most_ || entry.before(all_.back());
}

void TopK::take(Entry entry) {
  std::erase_if(all_, [&](const Entry& e) { return e.is_twin(entry); });
  const auto at = std::find_if(all_.begin(), all_.end(), [&](const Entry& e) { return entry.before(e); });
  all_.insert(at, std::move(entry));
  if (all_.size() > most_) all_.pop_back();
}

void TopK::read(const Reading& reading, const std::function<std::vector<Array>()>& state) {
  if (most_ == 0) return;
  Entry& entry = pending_[reading.candidate];
  if (entry.seen == 0) entry = {reading.candidate, std::vector<Reading>(folds_), States(folds_)};
  entry.finite = entry.finite && reading.finite;
  entry.readings[reading.fold] = reading;
  ++entry.seen;
  const bool is_last = entry.seen == folds_;
  if (is_last && entry.finite) entry.score = score_of_all(entry);
  if (entry.finite && (!is_last || wants(entry))) {
    entry.states[reading.fold] = state();
    // A lane that was resumed without the state of its best epoch has none to give.
    if (entry.states[reading.fold].empty()) entry.finite = false;
  }
  if (!entry.finite) entry.states.assign(folds_, {});
  if (!is_last) return;
  if (entry.finite && wants(entry)) take(std::move(entry));
  pending_.erase(reading.candidate);
}

// As Field reaches it.
Score TopK::score_of_all(const Entry& entry) const {
  std::vector<double> measures;
  for (std::size_t m = 0; m < programs_.measures().size(); ++m) {
    std::vector<double> of_folds;
    for (const Reading& reading : entry.readings) of_folds.push_back(reading.measures[m]);
    measures.push_back(programs_.over_folds(m, of_folds));
  }
  return score_of(programs_.measures(), measures.data());
}

const TopK::States* TopK::find(std::int64_t candidate) const {
  for (const Entry& entry : all_)
    if (entry.candidate == candidate) return &entry.states;
  return nullptr;
}

}  // namespace runnel::search
