#include "fit/winner.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "search/warnings.h"

namespace runnel {
namespace {

using params::Configuration;

// What is trained, and the epoch after which it ends, if before its last (0: it does not).
struct Training {
  Configuration configuration;
  std::int64_t until = 0;
};

// Trains these on a fold; those that diverge are left out and said, but not the first, without which there is
// no model.
void train_members(const models::Problem& problem, const models::Fold& fold,
                   const std::vector<Training>& trainings, const search::Options& of_search, Found& s) {
  if (trainings.empty()) return;
  search::Options options;  // nothing stops it: what the search has earned is not thrown away half-way
  options.seed = of_search.seed;
  options.threads = of_search.threads;
  options.states = static_cast<std::int64_t>(trainings.size());
  std::vector<Configuration> candidates;
  Stops stops;
  for (const Training& t : trainings) {
    candidates.push_back(t.configuration);
    stops.emplace_back();
    if (t.until > 0) stops.back().push_back(t.until);
  }
  models::Result result =
      run_to_stops({{fold}, problem.loss, problem.metric, problem.outputs}, candidates, stops, options);
  for (const search::Candidate& candidate : result.candidates) {
    if (const auto network = result.networks.find(candidate.number); network != result.networks.end())
      s.members.push_back({std::move(network->second), candidate.configuration,
                           trainings[static_cast<std::size_t>(candidate.number)].until});
    else if (s.members.empty())
      return;
    else  // networks that are the same are found once (a linear model does not depend on its seed)
      s.warnings.push_back(fmt::format(
          "a member of the ensemble {} and is left out",
          candidate.status == search::Status::diverged ? "diverged" : "came out the same as another one"));
  }
}

// The networks that are kept are trained on all rows: what their batches leave out of these counts.
void tell_of_final_batches(const std::vector<Training>& trainings, std::int64_t rows, Found& s) {
  std::vector<Configuration> all;
  for (const Training& t : trainings) all.push_back(t.configuration);
  const std::vector<std::string> of_all = search::batch_warnings(all, rows);
  if (of_all.empty()) return;
  std::erase_if(s.result.warnings, [](const std::string& text) { return text.starts_with("a batch of "); });
  s.warnings.insert(s.warnings.end(), of_all.begin(), of_all.end());
}

bool is_on_its_way(const search::Candidate& c) { return c.status == search::Status::interrupted; }

// What a candidate is when it is trained on all rows, those of all folds, say: there are no rows left
// to stop by, so it makes as many epochs as its best one on each fold on average. One that was on its way
// keeps its total of epochs, which its schedule may depend on, and ends before.
Training for_all_rows(const search::Candidate& candidate) {
  Training t{candidate.configuration};
  const auto epochs = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::lround(candidate.best_epoch)));
  if (is_on_its_way(candidate))
    t.until = epochs < models::epochs_of(t.configuration) ? epochs : 0;
  else if (models::patience_of(t.configuration) > 0)
    t.configuration.set("epochs", epochs);
  t.configuration.set("patience", params::Value::off());
  return t;
}

// Of the search's candidates, that are members.
std::int64_t networks_of(const Ensemble& ensemble) { return ensemble.of_seeds ? 1 : ensemble.size; }

std::vector<Training> under_further_seeds(const Training& training, std::int64_t count) {
  std::vector<Training> out;
  for (std::int64_t i = 1; i < count; ++i) {
    out.push_back(training);
    out.back().configuration = models::with_further_seed(training.configuration, i);
  }
  return out;
}

}  // namespace

namespace {

// From what was searched to the members of a model.
Found with_members(const models::Problem& problem, const models::Fold* all, models::Result found,
                   const search::Options& options, const Ensemble& ensemble) {
  const bool seeds = ensemble.of_seeds;
  Found s{std::move(found), {}, {}, {}, 0};
  if (!s.result.best) return s;
  s.chosen = s.result.ranking(networks_of(ensemble));
  if (ensemble.near) {
    const auto loss = [&](std::int64_t i) {
      return models::loss_of(s.result.candidates[static_cast<std::size_t>(i)]);
    };
    const double most = 1.25 * loss(s.chosen[0]);
    std::erase_if(s.chosen, [&](std::int64_t i) { return i != s.chosen[0] && loss(i) > most; });
  }
  const Stopwatch watch;
  const bool retrain = all != nullptr;
  std::vector<Training> trainings;
  for (const std::int64_t index : s.chosen) {
    const search::Candidate& candidate = s.result.candidates[static_cast<std::size_t>(index)];
    if (retrain)
      trainings.push_back(for_all_rows(candidate));
    else
      s.members.push_back({s.result.networks.at(index), candidate.configuration,
                           is_on_its_way(candidate) ? candidate.epochs : 0});
  }
  if (seeds) {
    const Training first =
        retrain ? trainings[0] : Training{s.members[0].configuration, s.members[0].stopped_after};
    for (Training& training : under_further_seeds(first, ensemble.size))
      trainings.push_back(std::move(training));
  }
  train_members(problem, retrain ? *all : problem.folds[0], trainings, options, s);
  if (retrain) tell_of_final_batches(trainings, all->x.dim(0), s);
  if (!seeds && !ensemble.near && std::ssize(s.chosen) < ensemble.size)
    s.warnings.push_back(fmt::format(
        "an ensemble of {} was asked for, but only {} different candidates {}: it has as many members",
        ensemble.size, s.chosen.size(), s.result.interrupted ? "had a reading" : "came to an end"));
  s.retraining = watch.total();
  return s;
}

}  // namespace

Found search_winner(const models::Problem& problem, const models::Fold* all, const params::Space& space,
                    const search::SamplerPtr& sampler, search::Options options, const Ensemble& ensemble) {
  options.states = std::max(networks_of(ensemble), options.states);
  return with_members(problem, all, models::run(problem, space, sampler, options), options, ensemble);
}

Found search_winner(const models::Problem& problem, const models::Fold* all,
                    const std::vector<Configuration>& candidates, search::Options options,
                    const Ensemble& ensemble, const Stops& stops) {
  options.states = std::max(networks_of(ensemble), options.states);
  return with_members(problem, all, run_to_stops(problem, candidates, stops, options), options, ensemble);
}

}  // namespace runnel
