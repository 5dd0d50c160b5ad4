#include "report/trials.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace runnel::report {
namespace {

// Done ones by the metric, and those that were judged when the search was stopped, the winner first; then the
// others, the longest trained first.
std::vector<std::size_t> ranked(const Trials& trials) {
  const auto is_judged = [](const Trial& t) {
    return t.status == "done" || (t.status == "interrupted" && std::isfinite(t.metric));
  };
  std::vector<std::size_t> order(trials.all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const bool higher = trials.higher_is_better;
  const auto worth = [&](const Trial& t) {
    if (!std::isfinite(t.metric)) return -std::numeric_limits<double>::infinity();
    return higher ? t.metric : -t.metric;
  };
  const auto before = [&](std::size_t i, std::size_t j) {
    const Trial &a = trials.all[i], &b = trials.all[j];
    const bool a_best = trials.best == a.index, b_best = trials.best == b.index;
    if (a_best != b_best) return a_best;
    const bool a_judged = is_judged(a), b_judged = is_judged(b);
    if (a_judged != b_judged) return a_judged;
    if (!a_judged && a.epochs != b.epochs) return a.epochs > b.epochs;
    return worth(a) > worth(b);
  };
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

// Half of those that are shown are the best; the other half are evenly spaced among the rest.
std::vector<std::size_t> shown(const std::vector<std::size_t>& ranked) {
  if (ranked.size() <= kMostTrials) return ranked;
  const std::size_t half = kMostTrials / 2, rest = ranked.size() - half;
  std::vector<std::size_t> out(ranked.begin(), ranked.begin() + half);
  for (std::size_t i = 0; i < kMostTrials - half; ++i)
    out.push_back(ranked[half + i * rest / (kMostTrials - half)]);
  return out;
}

// The epochs after which curves are drawn: all of them, or so many that the page stays small, closer together
// at the beginning, where curves bend, and those of the rungs, where they end.
std::vector<std::int64_t> drawn_epochs(const Trials& trials, const std::vector<std::size_t>& which) {
  std::size_t points = 0, longest = 0;
  for (const std::size_t i : which) {
    points += trials.all[i].curve.size();
    longest = std::max(longest, trials.all[i].curve.size());
  }
  std::set<std::int64_t> out;
  if (points <= kMostPoints) {
    for (std::size_t e = 1; e <= longest; ++e) out.insert(static_cast<std::int64_t>(e));
    return {out.begin(), out.end()};
  }
  const auto most = std::max<std::size_t>(16, longest * kMostPoints / points);
  for (std::size_t k = 0; k <= most; ++k) {
    const double at = static_cast<double>(k) / static_cast<double>(most);
    const double epoch = 1 + static_cast<double>(longest - 1) * at * std::sqrt(at);
    out.insert(static_cast<std::int64_t>(std::lround(epoch)));
  }
  for (const search::Rung& rung : trials.rungs)
    if (rung.epochs <= static_cast<std::int64_t>(longest)) out.insert(rung.epochs);
  return {out.begin(), out.end()};
}

Json trial_json(const Trial& trial, const std::vector<std::size_t>& fields,
                const std::vector<std::int64_t>& epochs) {
  Json values = Json::array(), curve = Json::array();
  for (const std::size_t field : fields) values.push_back(trial.values[field]);
  for (const std::int64_t epoch : epochs) {
    if (epoch > static_cast<std::int64_t>(trial.curve.size())) break;
    curve.push_back(rounded(trial.curve[static_cast<std::size_t>(epoch - 1)]));
  }
  // Its end is shown where it lies, also between two of these epochs.
  const double last = trial.curve.empty() ? std::nan("") : trial.curve.back();
  return {{"i", trial.index},
          {"s", trial.status},
          {"e", trial.epochs},
          {"n", trial.curve.size()},
          {"m", exact(trial.metric)},
          {"l", rounded(trial.loss)},
          {"b", rounded(trial.best_epoch)},
          {"end", rounded(last)},
          {"v", std::move(values)},
          {"c", std::move(curve)}};
}

}  // namespace

std::vector<std::size_t> varied(const Trials& trials) {
  std::vector<std::size_t> out;
  for (std::size_t field = 0; field < trials.names.size(); ++field) {
    const bool same = std::all_of(trials.all.begin(), trials.all.end(), [&](const Trial& t) {
      return t.values[field] == trials.all[0].values[field];
    });
    if (!same) out.push_back(field);
  }
  return out;
}

Json trials_json(const Trials& trials) {
  const std::vector<std::size_t> fields = varied(trials), which = shown(ranked(trials));
  const std::vector<std::int64_t> epochs = drawn_epochs(trials, which);
  Json names = Json::array(), same = Json::array(), rungs = Json::array(), list = Json::array();
  for (const std::size_t field : fields) {
    const HyperName& n = trials.names[field];
    names.push_back({{"name", n.name}, {"meaning", n.meaning}, {"numeric", n.numeric}});
  }
  for (std::size_t field = 0; field < trials.names.size() && !trials.all.empty(); ++field)
    if (!std::binary_search(fields.begin(), fields.end(), field))
      same.push_back(Json::array({trials.names[field].name, trials.all[0].values[field]}));
  for (const search::Rung& r : trials.rungs)
    rungs.push_back({{"bracket", r.bracket}, {"epochs", r.epochs}, {"entered", r.entered}, {"kept", r.kept}});
  for (const std::size_t i : which) list.push_back(trial_json(trials.all[i], fields, epochs));
  std::size_t longest = 0;
  for (const Trial& t : trials.all) longest = std::max(longest, t.curve.size());
  Json counts = Json::object();
  for (const Trial& t : trials.all) counts[t.status] = counts.value(t.status, 0) + 1;
  return {{"metric", trials.metric},
          {"higher", trials.higher_is_better},
          {"loss", trials.loss},
          {"folds", trials.folds},
          {"total", trials.all.size()},
          {"counts", std::move(counts)},
          {"best", trials.best ? Json(*trials.best) : Json(nullptr)},
          {"names", std::move(names)},
          {"same", std::move(same)},
          {"rungs", std::move(rungs)},
          {"epochs", epochs},
          {"every_epoch", epochs.size() == longest},
          {"trials", std::move(list)}};
}

}  // namespace runnel::report
