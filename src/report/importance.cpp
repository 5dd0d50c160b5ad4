#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/text.h"
#include "report/trials.h"

namespace runnel::report {
namespace {

constexpr std::size_t kFewest = 8, kMostGroups = 8;

// Trials that are compared, and what by.
struct Compared {
  std::vector<const Trial*> trials;
  std::vector<double> values;
  std::int64_t epochs = 0;
};

Compared compared(const Trials& trials) {
  Compared out;
  std::vector<const Trial*> able;
  bool retired = false;
  for (const Trial& trial : trials.all) {
    if (trial.status != "done" && trial.status != "retired") continue;
    if (trial.curve.empty() || !std::isfinite(trial.metric)) continue;
    able.push_back(&trial);
    retired = retired || trial.status == "retired";
  }
  if (retired) {
    std::size_t fewest = able[0]->curve.size();
    for (const Trial* trial : able) fewest = std::min(fewest, trial->curve.size());
    out.epochs = static_cast<std::int64_t>(fewest);
  }
  for (const Trial* trial : able) {
    const double value = retired ? trial->curve[static_cast<std::size_t>(out.epochs - 1)] : trial->metric;
    if (!std::isfinite(value)) continue;
    out.trials.push_back(trial);
    out.values.push_back(value);
  }
  return out;
}

// Ranks, the mean rank where values are equal: one trial that went astray is not to be all the variance.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) out[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return out;
}

// Those in which a hyperparameter takes part.
Compared with_part(const Compared& all, std::size_t field) {
  Compared out{{}, {}, all.epochs};
  for (std::size_t i = 0; i < all.trials.size(); ++i) {
    if (all.trials[i]->values[field].empty()) continue;
    out.trials.push_back(all.trials[i]);
    out.values.push_back(all.values[i]);
  }
  return out;
}

struct Groups {
  std::vector<std::size_t> of;  // each trial's group
  std::size_t count = 0;
  bool ranges = false;
};

// Trials of one value make a group; where there are many values, those between two quantiles do.
Groups grouped(const Compared& compared, std::size_t field, bool numeric) {
  Groups groups;
  std::map<std::string, std::size_t> numbers;
  for (const Trial* trial : compared.trials)
    groups.of.push_back(numbers.emplace(trial->values[field], numbers.size()).first->second);
  groups.count = numbers.size();
  if (!numeric || groups.count <= kMostGroups) return groups;
  std::vector<double> values;
  for (const Trial* trial : compared.trials) values.push_back(to_number(trial->values[field]).value_or(0));
  const std::vector<double> rank = ranks(values);
  for (std::size_t i = 0; i < rank.size(); ++i)
    groups.of[i] = std::min(
        kMostGroups - 1, static_cast<std::size_t>(rank[i] * kMostGroups / static_cast<double>(rank.size())));
  // Where many are equal a range may be empty.
  std::map<std::size_t, std::size_t> used;
  for (std::size_t& group : groups.of) group = used.emplace(group, used.size()).first->second;
  groups.count = used.size();
  groups.ranges = true;
  return groups;
}

double share(const std::vector<double>& y, const Groups& groups) {
  const auto n = static_cast<double>(y.size()), k = static_cast<double>(groups.count);
  if (groups.count < 2 || groups.count >= y.size()) return 0;
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / n;
  std::vector<double> sum(groups.count, 0.0), count(groups.count, 0.0);
  double total = 0, between = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    sum[groups.of[i]] += y[i] - mean;
    count[groups.of[i]] += 1;
    total += (y[i] - mean) * (y[i] - mean);
  }
  for (std::size_t g = 0; g < groups.count; ++g) between += sum[g] * sum[g] / count[g];
  const double within = (total - between) / (n - k);
  return std::clamp((between - (k - 1) * within) / total, 0.0, 1.0);
}

}  // namespace

Importances importances(const Trials& trials) {
  const Compared of = compared(trials);
  Importances out{{}, of.trials.size(), of.epochs};
  if (of.trials.size() < kFewest) return out;
  const auto [low, high] = std::minmax_element(of.values.begin(), of.values.end());
  if (*low == *high) return out;
  for (const std::size_t field : varied(trials)) {
    const Compared part = with_part(of, field);
    if (part.trials.size() < kFewest) continue;
    const Groups groups = grouped(part, field, trials.names[field].numeric);
    // Where hardly any value stands twice, nothing says what would differ by chance.
    if (groups.count < 2 || 2 * groups.count > part.trials.size()) continue;
    out.of.push_back({trials.names[field].name, share(ranks(part.values), groups), groups.count,
                      groups.ranges, part.trials.size()});
  }
  std::stable_sort(out.of.begin(), out.of.end(),
                   [](const Importance& a, const Importance& b) { return a.share > b.share; });
  return out;
}

Json importances_json(const Importances& importances) {
  Json rows = Json::array();
  for (const Importance& i : importances.of)
    rows.push_back({{"name", i.name},
                    {"share", rounded(i.share)},
                    {"groups", i.groups},
                    {"ranges", i.ranges},
                    {"trials", i.trials}});
  return {{"trials", importances.trials}, {"epochs", importances.epochs}, {"of", std::move(rows)}};
}

}  // namespace runnel::report
