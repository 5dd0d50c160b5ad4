// The winner of a study, trained again.
#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "runnel/fit.h"

namespace runnel {
namespace {

const study::Candidate& winner_of(const study::Study& study) {
  if (study.best) return study.candidates.at(static_cast<std::size_t>(*study.best));
  if (study.state == study::State::running)
    fail("{}: the search has not come to its end; go on with it by `runnel fit` with --resume", study.path);
  fail("{}: no candidate has a reading, so there is no winner{}", study.path,
       study.state == study::State::interrupted ? "; `runnel fit` with --resume goes on with it" : "");
}

search::Status status_of(study::Status status) {
  switch (status) {
    case study::Status::done:
      return search::Status::done;
    case study::Status::interrupted:
      return search::Status::interrupted;
    default:
      return search::Status::retired;
  }
}

// The epoch whose metric it is that a reading tells: with patience the first one that had it.
double best_epoch(const study::Reading& reading, const params::Configuration& candidate) {
  if (models::patience_of(candidate) == 0) return static_cast<double>(reading.epochs);
  const auto at = std::find(reading.curve.begin(), reading.curve.end(), reading.metric);
  return static_cast<double>(at - reading.curve.begin() + 1);
}

// All that have a reading and were not retired, the best first.
std::vector<std::int64_t> best_of(const study::Study& study) {
  search::Result result;
  const bool higher = study::higher_is_better(study.description);
  result.measures = {{study.description.metric, higher}, {study.description.loss}};
  for (const study::Candidate& candidate : study.candidates) {
    search::Candidate out{candidate.index, study::configuration_of(candidate), status_of(candidate.status)};
    out.measures = {candidate.metric, candidate.loss};
    out.by_fold = {candidate.metric};
    if (std::isfinite(candidate.metric))
      for (const study::Reading& reading : candidate.readings)
        out.best_epoch +=
            best_epoch(reading, out.configuration) / static_cast<double>(candidate.readings.size());
    result.candidates.push_back(std::move(out));
  }
  return result.ranking(std::ssize(result.candidates));
}

// What it had come to on each fold, where it was on its way; none else.
std::vector<std::int64_t> stops_of(const study::Candidate& candidate) {
  std::vector<std::int64_t> epochs;
  if (candidate.status != study::Status::interrupted) return epochs;
  for (const study::Reading& reading : candidate.readings) epochs.push_back(reading.epochs);
  return epochs;
}

// The candidate alone comes to what it came to in company; where it does not, something else has changed.
void warn_of_other_bits(const study::Study& study, const study::Candidate& winner, FitResult& result) {
  const double now = models::metric_of(result.search.candidates.at(0));
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
  for (const std::int64_t index : best_of(study)) {
    const study::Candidate& candidate = study.candidates[static_cast<std::size_t>(index)];
    alone.candidates.push_back(study::configuration_of(candidate));
    alone.stops.push_back(stops_of(candidate));
  }
  alone.seconds = 0;
  alone.train_on_validation = with_validation;
  alone.refitted = study.description;
  alone.study = {};
  alone.scheduling = {};
  FitResult result = fit(table, alone, test);
  warn_of_other_bits(study, winner, result);
  return result;
}

}  // namespace runnel
