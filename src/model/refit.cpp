// The winner of a study, trained again.
#include "core/fail.h"
#include "runnel/fit.h"

namespace runnel {
namespace {

const study::Candidate& winner_of(const study::Study& study) {
  if (study.best) return study.candidates.at(static_cast<std::size_t>(*study.best));
  if (study.state == study::State::running)
    fail("{}: the search has not come to its end; go on with it by `runnel fit` with --resume", study.path);
  fail("{}: no candidate came to its end, so there is no winner", study.path);
}

// All that came to an end, the best first.
std::vector<sweep::Hyper> best_of(const study::Study& study) {
  sweep::Result result;
  for (const study::Candidate& candidate : study.candidates) {
    sweep::Outcome out;
    out.index = candidate.index;
    out.status = candidate.status == study::Status::done ? sweep::Status::done : sweep::Status::retired;
    out.validation = candidate.metric;
    out.validation_loss = candidate.loss;
    result.outcomes.push_back(std::move(out));
  }
  std::vector<sweep::Hyper> hypers;
  const sweep::Metric metric = sweep::metric_from_name(study.description.metric);
  for (const std::int64_t index : sweep::ranking(result, metric, std::ssize(result.outcomes)))
    hypers.push_back(study::hyper_of(study.candidates[static_cast<std::size_t>(index)]));
  return hypers;
}

// The candidate alone comes to what it came to in company; where it does not, something else has changed.
void warn_of_other_bits(const study::Study& study, const study::Candidate& winner, FitResult& result) {
  const double now = result.search.outcomes.at(0).validation;
  if (now == winner.metric) return;
  result.warnings.push_back(
      fmt::format("on validation rows the winner's {} is {} and was {} in the study: options, version or "
                  "machine are not those that it was made with (Runnel {})",
                  study.description.metric, now, winner.metric, study.description.version));
}

}  // namespace

FitResult refit(const Table& table, const FitOptions& options, const study::Study& study,
                bool with_validation, const Table* test) {
  const study::Candidate& winner = winner_of(study);
  FitOptions alone = options;
  alone.candidates = best_of(study);
  alone.train_on_validation = with_validation;
  alone.refitted = study.description;
  alone.study = {};
  alone.scheduling = {};
  FitResult result = fit(table, alone, test);
  warn_of_other_bits(study, winner, result);
  return result;
}

}  // namespace runnel
