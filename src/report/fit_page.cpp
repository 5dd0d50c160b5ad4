#include "report/fit_page.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/fail.h"
#include "core/text.h"
#include "core/threads.h"
#include "report/test_rows.h"
#include "report/trials.h"
#include "runnel/version.h"

namespace runnel::report {
namespace {

constexpr std::size_t kMostColumns = 2000;

// Those that some candidate has, and that few ask for only where they are not as usual in one.
bool worth_telling(const params::Parameter& p, const std::vector<search::Candidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [&](const search::Candidate& o) {
    return params::is_worth_telling(p, o.configuration[p.name]);
  });
}

Trials trials_of(const FitResult& result) {
  const models::Result& search = result.search;
  Trials out{std::string(models::metric_name(result.metric)),
             models::higher_is_better(result.metric),
             std::string(models::loss_name(result.model.loss)),
             result.folds,
             {},
             {},
             search.rungs,
             result.best};
  std::vector<std::string> names;
  for (const params::Parameter& p : models::network_schema()->parameters()) {
    if (!worth_telling(p, search.candidates)) continue;
    names.push_back(p.name);
    const bool numeric = std::all_of(search.candidates.begin(), search.candidates.end(), [&](const auto& o) {
      const params::Value& value = o.configuration[p.name];
      return value.is_number() || value.is_nothing();
    });
    out.names.push_back({p.name, p.meaning, numeric});
  }
  for (const search::Candidate& outcome : search.candidates) {
    const bool read = outcome.epochs > 0;
    Trial trial{outcome.number,
                std::string(search::status_name(outcome.status)),
                outcome.epochs,
                read ? models::metric_of(outcome) : std::nan(""),
                read ? models::loss_of(outcome) : std::nan(""),
                models::patience_of(outcome.configuration) > 0 ? outcome.best_epoch : 0,
                {},
                outcome.curve};
    for (const std::string& name : names) {
      const params::Value& value = outcome.configuration[name];
      trial.values.push_back(value.is_nothing() ? "" : to_string(value));
    }
    out.all.push_back(std::move(trial));
  }
  return out;
}

Json columns_json(const FitResult& result) {
  Json list = Json::array();
  for (const ColumnDecision& column : result.columns) {
    if (list.size() == kMostColumns) break;
    list.push_back({{"name", shortened(column.name, 200)},
                    {"role", role_name(column.role)},
                    {"why", column.why},
                    {"features", column.features}});
  }
  return {{"total", result.columns.size()},
          {"features", result.model.preprocessor.features().size()},
          {"list", std::move(list)}};
}

// Which rows were used for what, in the order of time.
Json rows_json(const Fit& fit) {
  const FitResult& result = fit.result;
  const Split& split = result.split;
  const std::size_t train = split.train.size(), validation = split.validation.size();
  const std::size_t test = result.test.rows;
  const bool stops =
      std::any_of(result.search.candidates.begin(), result.search.candidates.end(),
                  [](const search::Candidate& o) { return models::patience_of(o.configuration) > 0; });
  Json list = Json::array();
  const auto add = [&](const char* role, std::size_t rows, std::string when) {
    if (rows > 0) list.push_back({{"role", role}, {"rows", rows}, {"used", std::move(when)}});
  };
  if (result.folds > 0) {
    add("folds", train + validation,
        fmt::format("cut into {} folds. Each candidate is trained once for every fold, on the other {}, and "
                    "measured on it; their mean chooses{}. Then the winner is trained on all of them.",
                    result.folds, result.folds - 1, stops ? ", and says when to stop" : ""));
  } else if (fit.options.train_on_validation) {
    add("train", train, "train the candidate, and with the validation rows the final model");
    add("validation", validation, "measure the candidate, and then train the final model");
  } else {
    add("train", train,
        "give the columns' medians, means and deviations, and train every candidate and the linear baseline");
    add("validation", validation,
        stops ? "measure the candidates, say when each stops, and choose the winner"
              : "measure the candidates and choose the winner");
  }
  add("test", test,
      fit.test != nullptr
          ? fmt::format("come from {}. Read once, when the winner stood: they chose nothing",
                        fit.test->source)
          : std::string("read once, when the winner stood: they trained nothing and chose nothing"));
  const std::size_t used = train + validation + split.test.size();
  if (fit.table.rows > used)
    add("unused", fit.table.rows - used,
        fit.test != nullptr ? "take no part: they have no target, or are the table's own test rows"
                            : "take no part: they have no target");
  return {{"list", std::move(list)}, {"how", split.how}, {"table", fit.table.rows}};
}

Json run_json(const Fit& fit) {
  const FitResult& result = fit.result;
  const FitOptions& options = fit.options;
  Json facts = Json::array();
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) facts.push_back(Json::array({name, std::move(value)}));
  };
  add("Runnel", RUNNEL_VERSION);
  add("data", fit.table.source);
  if (fit.test != nullptr) add("test data", fit.test->source);
  add("model", fit.model_path.empty() ? "not saved: it could not be written" : fit.model_path);
  add("study", options.study.file);
  add("seed", std::to_string(options.seed));
  add("threads", std::to_string(options.threads > 0 ? options.threads : thread_count(0)));
  add("numbers", options.f64 ? "f64" : "f32");
  add("scheduler", std::string(search::scheduler_name(options.scheduling.scheduler)));
  add("loss", std::string(models::loss_name(result.model.loss)));
  if (!options.weight.empty()) add("rows weigh", "column " + options.weight);
  if (options.class_weights.balanced) add("classes weigh", "balanced");
  for (const auto& [name, weight] : options.class_weights.of)
    add("class weighs", fmt::format("{}: {}", name, weight));
  Json timings = Json::array();
  for (const auto& [name, seconds] : fit.timings) timings.push_back(Json::array({name, rounded(seconds)}));
  return {{"command", fit.command}, {"facts", std::move(facts)}, {"timings", std::move(timings)}};
}

}  // namespace

Json fit_page(const Fit& fit) {
  const FitResult& result = fit.result;
  const Trials trials = trials_of(result);
  Json warnings = result.warnings;
  if (result.ended != SearchEnd::whole)
    warnings.push_back(
        fmt::format("{} before all candidates had ended; the others are judged by their latest readings, and "
                    "the model is "
                    "the best of all",
                    result.ended == SearchEnd::stopped ? "the search was stopped" : "the time was over"));
  Json out = {{"page", 1}, {"kind", "fit"}, {"version", RUNNEL_VERSION}};
  out["title"] = fmt::format("{} of {}", result.model.target.column(), fit.table.source);
  out["source"] = fit.table.source;
  out["answer"] = answer_json(result);
  out["search"] = trials_json(trials);
  out["search"]["seconds"] = rounded(result.search.seconds);
  out["importance"] = importances_json(importances(trials));
  out["errors"] = errors_json(result);
  out["columns"] = columns_json(result);
  out["warnings"] = std::move(warnings);
  out["notes"] = fit.notes;
  out["rows"] = rows_json(fit);
  out["run"] = run_json(fit);
  return out;
}

}  // namespace runnel::report
