#include "runnel/fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "artifact/kept_reading.h"
#include "core/fail.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "fit/answers.h"
#include "fit/baselines.h"
#include "fit/doubts.h"
#include "fit/fit_study.h"
#include "fit/prepared.h"
#include "fit/winner.h"
#include "runnel/predictor.h"
#include "runnel/version.h"

namespace runnel {
namespace {

using models::Metric;
using namespace fitting;

// Classes that the model never answers with, of these rows. Whether it answers with one for all.
bool warn_of_answers(const Work& w, const std::vector<double>& outputs, const std::vector<double>& y,
                     const std::string& rows, FitResult& result) {
  if (w.target.task() == Task::regression) return false;
  const std::vector<double> trained = targets(w.y, w.retrains ? without_test(w) : w.split.train);
  Answers answers = answers_of(outputs, y, trained, w.target.classes(), rows, w.options.class_weights.any());
  for (std::string& text : answers.warnings) result.warnings.push_back(std::move(text));
  return answers.one_for_all;
}

// A winner that a plainer model beats is no winner. Told and not acted on: test rows choose nothing.
void warn_of_baselines(Metric metric, bool learnt_nothing, FitResult& result) {
  const auto beats = [&](double baseline) {
    return std::isfinite(baseline) &&
           (models::higher_is_better(metric) ? baseline > result.test.value : baseline < result.test.value);
  };
  const bool linear_took_part =
      std::any_of(result.search.candidates.begin(), result.search.candidates.end(),
                  [](const search::Candidate& out) { return models::hidden_of(out.configuration).empty(); });
  if (beats(result.constant_baseline)) {
    if (!learnt_nothing)  // else that has been said
      result.warnings.push_back(
          "on the test rows the best constant does better than the model: it has learnt nothing");
  } else if (beats(result.linear_baseline) && !models::hidden_of(result.model.configuration).empty())
    result.warnings.push_back(
        fmt::format("on the test rows the best linear model does better{}",
                    linear_took_part ? "" : "; --grid hidden=none,64 lets linear models take part"));
}

void measure_test(const Work& w, const TestRows& test, const Linear& linear, const Scale& scale,
                  FitResult& result) {
  const std::vector<double>& y = test.y;
  if (y.empty()) {
    result.warnings.push_back(
        "there are no test rows: nothing says how good the model is on rows that did not choose it");
    return;
  }
  std::vector<double> outputs = unscaled(Predictor(result.model).outputs(test.x), scale);
  const auto score = [&](const std::vector<double>& of) {
    const train::Interval interval = train::bootstrap(w.metric, of, y, w.options.seed);
    return Score{train::measure(w.metric, of, y), interval.low, interval.high, y.size()};
  };
  result.test = score(outputs);
  if (!result.model.others.empty())
    result.single = score(unscaled(
        models::predict(result.model.network, result.model.configuration, test.x).to_doubles(), scale));
  for (Metric other : {Metric::r2, Metric::rmse, Metric::mae, Metric::accuracy, Metric::log_loss}) {
    const bool of_classes = other == Metric::accuracy || other == Metric::log_loss;
    if (other != w.metric && of_classes == (w.target.task() != Task::regression))
      result.also.emplace_back(models::metric_name(other), train::measure(other, outputs, y));
  }
  TestRead& read = result.test_read;
  read.constant = constant_outputs(w, targets(w.y, without_test(w)), y.size());
  if (!linear.model.layers.empty()) read.linear = unscaled(linear.outputs(test.x), scale);
  result.constant_baseline = train::measure(w.metric, read.constant, y);
  result.linear_baseline = read.linear.empty() ? std::nan("") : train::measure(w.metric, read.linear, y);
  read.model = std::move(outputs);
  read.y = y;
  warn_of_baselines(w.metric, warn_of_answers(w, read.model, y, "test", result), result);
}

Searching searching(const Table& table, const Table* test, const Prepared& p) {
  return {table, test, p.w.options, p.w.target, p.w.split, p.fold_rows, p.w.loss, p.w.metric, p.search};
}

}  // namespace

Forecast forecast(const Table& table, const FitOptions& options, const Table* test) {
  Prepared p = prepared(table, options, test);
  search::Plan plan = p.search.given.empty() ? models::plan(p.problem, p.search.space, p.search.draws, p.run)
                                             : models::plan(p.problem, p.search.given, p.run);
  return {std::move(plan), params::to_json(p.search.space), p.search.sampler, p.w.warnings};
}

namespace {

// Of a search: a winner that is trained again was doubted when it was chosen.
void doubt_choice(const Prepared& p, FitResult& result) {
  if (!p.w.options.candidates.empty()) return;
  result.doubts =
      doubts_of(p.problem, result.search, p.w.options.noise_seeds.value_or(p.folds > 0 ? 3 : 0), p.run);
  const std::size_t rows = p.folds > 0 ? without_test(p.w).size() : p.w.split.validation.size();
  for (std::string& text : choice_warnings(result.doubts, result.search, p.w.metric, p.folds, rows))
    result.search.warnings.push_back(std::move(text));
}

void doubt_test(const Prepared& p, FitResult& result) {
  if (p.tests.y.empty()) return;
  const Rows training = p.w.retrains ? without_test(p.w) : p.w.split.train;
  result.doubts.copies = copied_rows(p.tests.x, p.tests.y, p.all.x, targets(p.w.y, training));
  for (std::string& text : copy_warnings(result.doubts, p.tests.y.size()))
    result.warnings.push_back(std::move(text));
}

Found found_of(const Prepared& p) {
  const models::Fold* all = p.w.retrains ? &p.all : nullptr;
  if (!p.search.given.empty())
    return search_winner(p.problem, all, p.search.given, p.run, p.search.ensemble, p.search.stops);
  return search_winner(p.problem, all, p.search.space, p.search.draws, p.run, p.search.ensemble);
}

// A search that cannot be made leaves no study behind that would stand in the way of the next one.
Found searched_or_discarded(const Prepared& p, study::SearchStudy* study) {
  try {
    return found_of(p);
  } catch (const Error& e) {
    if (study != nullptr && e.kind() == ErrorKind::input) study->discard();
    throw;
  }
}

std::vector<std::string> growth_warnings(const study::SearchStudy* study) {
  if (study == nullptr || study->begun_anew() == 0) return {};
  return {fmt::format(
      "{} of more epochs {} trained from the beginning: what the schedule of the rate or the average of "
      "the weights is depends on the total of epochs",
      counted(static_cast<std::size_t>(study->begun_anew()), "candidate"),
      study->begun_anew() == 1 ? "is" : "are")};
}

SearchEnd end_of(const models::Result& search, const FitOptions& options) {
  if (!search.interrupted) return SearchEnd::whole;
  const bool stopped = options.stop != nullptr && *options.stop;
  return stopped || options.seconds <= 0 ? SearchEnd::stopped : SearchEnd::out_of_time;
}

}  // namespace

std::string_view search_end_name(SearchEnd end) {
  switch (end) {
    case SearchEnd::whole:
      return "whole";
    case SearchEnd::stopped:
      return "stopped";
    case SearchEnd::out_of_time:
      return "out of time";
  }
  return "?";
}

FitResult fit(const Table& table, const FitOptions& options, const Table* test) {
  Stopwatch watch;
  Prepared p = prepared(table, options, test);
  const Work& w = p.w;
  FitResult result;
  result.columns = p.preprocessor.decisions();
  expect_rows_of_study(searching(table, test, p));
  const std::shared_ptr<study::SearchStudy> keeper = study_of(searching(table, test, p));
  p.run.study = keeper;
  const std::vector<std::string> others = runs_of_others(options.study);
  result.timings.preparing = watch.lap();
  Found found = searched_or_discarded(p, keeper.get());
  const SearchEnd ended = end_of(found.result, options);
  result.timings.retraining = found.retraining;
  result.timings.searching = watch.lap() - found.retraining;
  if (found.members.empty()) {
    std::string also;
    // One that goes on with a study leaves it as it was where it is stopped before it begins.
    const bool is_kept = keeper && (keeper->is_open() || options.study.resume);
    const std::string kept = is_kept ? options.study.file : "";
    if (keeper)
      for (const std::string& text : finish_study(*keeper, options, found.result, nullptr))
        also += "; " + text;
    if (!found.result.best) {
      const std::string text = no_winner(found.result, ended, p.folds, kept) + also;
      if (ended == SearchEnd::stopped) throw StoppedError(text);
      fail_run("{}", text);
    }
    fail_run("the winner of the folds diverged when it was trained on all of them: try a smaller rate");
  }

  result.space = p.search.space;
  result.search = std::move(found.result);
  result.best = *result.search.best;
  result.ended = ended;
  result.metric = w.metric;
  result.members = found.chosen;
  result.model.network = std::move(found.members[0].network);
  result.model.configuration = found.members[0].configuration;
  result.model.stopped_after = found.members[0].stopped_after;
  result.model.others.assign(std::make_move_iterator(found.members.begin() + 1),
                             std::make_move_iterator(found.members.end()));
  result.model.target = w.target;
  result.model.preprocessor = std::move(p.preprocessor);
  result.model.reading = kept_reading(table, result.model.preprocessor, w.target);
  result.model.metric = w.metric;
  result.model.loss = w.loss;
  result.model.target_mean = p.scale.mean;
  result.model.target_scale = p.scale.deviation;
  result.model.seed = options.seed;
  result.model.version = RUNNEL_VERSION;
  result.split = w.split;
  result.folds = p.folds;
  if (options.searched) options.searched(result);

  doubt_choice(p, result);
  if (keeper) result.unwritten = finish_study(*keeper, options, result.search, &result.model.network);
  result.warnings = w.warnings;
  const std::vector<std::string> grown = growth_warnings(keeper.get());
  for (const auto* more :
       {&others, &grown, &std::as_const(result.search.warnings), &std::as_const(found.warnings)})
    result.warnings.insert(result.warnings.end(), more->begin(), more->end());
  result.timings.doubting = watch.lap();

  const Linear linear = best_linear(p);
  result.timings.baselines = watch.lap();
  if (linear.model.layers.empty() && options.stop != nullptr && *options.stop)
    result.warnings.push_back(
        "stopped: the best linear model was not found, so the score has none beside it");
  measure_test(w, p.tests, linear, p.scale, result);
  if (const models::Fold& only = p.problem.folds[0]; p.tests.y.empty() && !w.retrains)
    warn_of_answers(w, Predictor(result.model).outputs(only.x_validation), only.y_validation.to_doubles(),
                    "validation", result);
  doubt_test(p, result);
  result.timings.testing = watch.lap();
  result.seconds = watch.total();
  return result;
}

}  // namespace runnel
