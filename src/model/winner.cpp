#include "model/winner.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "sweep/warnings.h"

namespace runnel {
namespace {

using sweep::Hyper;

// Trains these on a fold; those that diverge are left out and said, but not the first, without which there is
// no model.
void train_members(const sweep::Problem& problem, const sweep::Fold& fold, const std::vector<Hyper>& hypers,
                   const sweep::Options& of_search, Found& s) {
  if (hypers.empty()) return;
  sweep::Options options;  // nothing stops it: what the search has earned is not thrown away half-way
  options.seed = of_search.seed;
  options.threads = of_search.threads;
  options.networks = static_cast<std::int64_t>(hypers.size());
  sweep::Result result = sweep::run({{fold}, problem.loss, problem.metric, problem.outputs}, hypers, options);
  for (sweep::Outcome& outcome : result.outcomes) {
    if (outcome.model)
      s.members.push_back({std::move(*outcome.model), outcome.hyper});
    else if (s.members.empty())
      return;
    else  // networks that are the same are found once (a linear model does not depend on its seed)
      s.warnings.push_back(fmt::format(
          "a member of the ensemble {} and is left out",
          outcome.status == sweep::Status::diverged ? "diverged" : "came out the same as another one"));
  }
}

// The networks that are kept are trained on all rows: what their batches leave out of these counts.
void tell_of_final_batches(const std::vector<Hyper>& hypers, std::int64_t rows, Found& s) {
  const std::vector<std::string> of_all = sweep::batch_warnings(hypers, rows);
  if (of_all.empty()) return;
  std::erase_if(s.result.warnings, [](const std::string& text) { return text.starts_with("a batch of "); });
  s.warnings.insert(s.warnings.end(), of_all.begin(), of_all.end());
}

// What a candidate is when it is trained on all rows, those of all folds, say: there are no rows left
// to stop by, so it makes as many epochs as its best one on each fold on average.
Hyper for_all_rows(const sweep::Outcome& outcome) {
  Hyper hyper = outcome.hyper;
  if (hyper.patience > 0)
    hyper.epochs = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::lround(outcome.best_epoch)));
  hyper.patience = 0;
  return hyper;
}

std::vector<Hyper> under_further_seeds(const Hyper& hyper, std::int64_t count) {
  std::vector<Hyper> out;
  for (std::int64_t i = 1; i < count; ++i) {
    out.push_back(hyper);
    out.back().seed += static_cast<std::uint64_t>(i);
  }
  return out;
}

}  // namespace

Found search_winner(const sweep::Problem& problem, const sweep::Fold* all,
                    const std::vector<Hyper>& candidates, sweep::Options options, const Ensemble& ensemble) {
  const bool seeds = ensemble.of_seeds;
  const std::int64_t wanted = seeds ? 1 : ensemble.size;
  options.networks = std::max(wanted, options.networks);
  Found s{sweep::run(problem, candidates, options), {}, {}, {}, 0};
  if (!s.result.best) return s;
  s.chosen = sweep::ranking(s.result, problem.metric, wanted);
  if (ensemble.near) {
    const auto loss = [&](std::int64_t i) {
      return s.result.outcomes[static_cast<std::size_t>(i)].validation_loss;
    };
    const double most = 1.25 * loss(s.chosen[0]);
    std::erase_if(s.chosen, [&](std::int64_t i) { return i != s.chosen[0] && loss(i) > most; });
  }
  const Stopwatch watch;
  const bool retrain = all != nullptr;
  std::vector<Hyper> hypers;
  for (const std::int64_t index : s.chosen) {
    const sweep::Outcome& outcome = s.result.outcomes[static_cast<std::size_t>(index)];
    if (retrain)
      hypers.push_back(for_all_rows(outcome));
    else
      s.members.push_back({*outcome.model, outcome.hyper});
  }
  if (seeds) {
    const Hyper first = retrain ? hypers[0] : s.members[0].hyper;
    for (Hyper& hyper : under_further_seeds(first, ensemble.size)) hypers.push_back(std::move(hyper));
  }
  train_members(problem, retrain ? *all : problem.folds[0], hypers, options, s);
  if (retrain) tell_of_final_batches(hypers, all->x.dim(0), s);
  if (!seeds && !ensemble.near && std::ssize(s.chosen) < ensemble.size)
    s.warnings.push_back(
        fmt::format("an ensemble of {} was asked for, but only {} different candidates came to "
                    "an end: it has as many members",
                    ensemble.size, s.chosen.size()));
  s.retraining = watch.total();
  return s;
}

}  // namespace runnel
