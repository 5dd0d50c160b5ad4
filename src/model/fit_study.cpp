#include "model/fit_study.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"
#include "model/kept_ensemble.h"
#include "model/output_file.h"
#include "runnel/version.h"

namespace runnel {
namespace {

using Json = nlohmann::ordered_json;
using Settings = std::vector<std::pair<std::string, std::string>>;

std::string yes_no(bool value) { return value ? "yes" : "no"; }

std::string names(const std::vector<std::string>& list) {
  return list.empty() ? "none" : data::joined_list(list);
}

// How features are made today where earlier versions made other ones: of dates the trend alone, and in floats
// also of networks in doubles. Studies of those have none of these settings.
Settings features_of(const Searching& fit) {
  Settings out;
  const auto& drop = fit.options.triage.drop;
  for (const Column& column : fit.table.columns)
    if (column.type == Column::Type::date && out.empty() &&
        std::find(drop.begin(), drop.end(), column.name) == drop.end())
      out.emplace_back("dates", "a trend and waves");
  if (fit.options.f64) out.emplace_back("features", "f64");
  return out;
}

// All that decides what a candidate comes to besides its own hyperparameters, the data and the split, by the
// names of the flags. An option of FitOptions that changes results belongs here.
Settings settings_of(const Searching& fit) {
  const FitOptions& o = fit.options;
  const TriageOptions& t = o.triage;
  Settings out = {{"target", fit.target.column()},
                  {"task", std::string(task_name(fit.target.task()))},
                  {"positive", o.target.positive},
                  {"loss", std::string(sweep::loss_name(fit.loss))},
                  {"metric", std::string(sweep::metric_name(fit.metric))},
                  {"seed", std::to_string(o.seed)},
                  {"dtype", o.f64 ? "f64" : "f32"},
                  {"keep", names(t.keep)},
                  {"drop", names(t.drop)},
                  {"numeric", names(t.numeric)},
                  {"categorical", names(t.categorical)},
                  {"max-levels", std::to_string(t.max_levels)},
                  {"standardize", yes_no(t.standardize)},
                  {"feature-clip", fmt::format("{}", t.clip)},
                  {"log-companions", yes_no(t.log_companions)},
                  {"scale-target", yes_no(o.scale_target)},
                  {"scheduler", std::string(sweep::scheduler_name(o.scheduling.scheduler))}};
  const sweep::Scheduler scheduler = o.scheduling.scheduler;
  if (scheduler == sweep::Scheduler::halving || scheduler == sweep::Scheduler::hyperband)
    out.emplace_back("eta", std::to_string(o.scheduling.eta));
  if (scheduler != sweep::Scheduler::full)
    out.emplace_back("min-epochs", std::to_string(o.scheduling.min_epochs));
  for (const auto& setting : features_of(fit)) out.push_back(setting);
  if (!o.weight.empty()) out.emplace_back("weight", o.weight);
  if (o.class_weights.balanced) out.emplace_back("class-weight", "balanced");
  std::vector<std::string> classes;
  for (const auto& [name, weight] : o.class_weights.of)
    classes.push_back(fmt::format("{}={}", data::in_list(name), weight));
  if (!classes.empty()) out.emplace_back("class-weight", fmt::format("{}", fmt::join(classes, ",")));
  if (o.ensemble > 0) out.emplace_back("ensemble", std::to_string(o.ensemble));
  if (o.ensemble_of_seeds) out.emplace_back("ensemble-of", "seeds");
  return out;
}

std::string configuration_of(const Searching& fit, const Settings& settings) {
  Json out = {{"settings", Json::object()}};
  for (const auto& [name, text] : settings) out["settings"][name] = text;
  out["space"] = Json::parse(params::to_json(fit.space));
  out["sampler"] = sweep::sampler_name(fit.sampler);
  out["draws"] = fit.draws;
  out["folds"] = fit.folds.size();
  out["split"] = fit.split.how;
  out["ensemble"] = fitting::kept(fit.ensemble);
  if (!fit.tried.empty()) out["tries"] = fit.tried;
  if (!fit.options.study.caller.empty()) {
    const Json caller = Json::parse(fit.options.study.caller, nullptr, false);
    if (caller.is_discarded()) fail("FitStudy::caller is no JSON: {}", fit.options.study.caller);
    out["caller"] = caller;
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Other data and another split are told by whoever opens the study, and before anything else.
void refuse_growth(const Searching& fit, const study::Description& now) {
  if (fit.refusal.empty()) return;
  const std::string& file = fit.options.study.file;
  const study::Description was = study::read(file).description;
  if (!study::difference(was.data, now.data).empty() || !study::difference(was.split, now.split).empty())
    return;
  fail(
      "{}: the study was begun with another space: {}; give what it was begun with or a wider space, or "
      "another file for another study",
      file, fit.refusal);
}

void expect_same(const study::Fingerprint& was, const study::Fingerprint& is, const std::string& what) {
  const std::string differs = study::difference(was, is);
  if (!differs.empty())
    fail("the study was made with another {}: {}; give the data and the options that it was begun with", what,
         differs);
}

}  // namespace

study::Description describe(const Searching& fit) {
  const Settings settings = settings_of(fit);
  study::Description d;
  d.source = fit.table.source;
  d.command = fit.options.study.command;
  d.configuration = configuration_of(fit, settings);
  d.seed = fit.options.seed;
  d.metric = sweep::metric_name(fit.metric);
  d.loss = sweep::loss_name(fit.loss);
  d.folds = std::max<std::int64_t>(1, std::ssize(fit.folds));
  d.threads = fit.options.threads;
  d.version = RUNNEL_VERSION;
  d.data = study::data_fingerprint(fit.table, fit.test);
  d.split = study::split_fingerprint(fit.split, fit.folds);
  d.space = study::space_fingerprint(settings, fit.candidates);
  return d;
}

std::unique_ptr<study::Keeper> keeper_of(const Searching& fit, const sweep::Problem& problem) {
  const FitStudy& wanted = fit.options.study;
  if (wanted.file.empty()) {
    if (wanted.resume || !wanted.tensorboard.empty())
      fail("there is no study to resume or to write event files of: name its file");
    return nullptr;
  }
  if (!wanted.tensorboard.empty()) check_folder(wanted.tensorboard);
  const study::Description description = describe(fit);
  if (wanted.resume) refuse_growth(fit, description);
  study::Store store = wanted.resume ? study::Store::resume(wanted.file, description, fit.candidates)
                                     : study::Store::create(wanted.file, description, fit.candidates);
  study::Keeper::Cadence cadence;
  cadence.snapshots = wanted.every;
  cadence.commits = std::min(cadence.commits, wanted.every);
  return std::make_unique<study::Keeper>(std::move(store), problem, fit.candidates, cadence);
}

std::vector<std::string> finish_study(study::Keeper& keeper, const FitOptions& options,
                                      const sweep::Result& result, const nn::Network* network) {
  std::vector<std::string> unwritten;
  try {
    keeper.finish(result, network);
    if (!options.study.tensorboard.empty())
      study::write_tensorboard(keeper.store().contents(), options.study.tensorboard);
  } catch (const Error& e) {
    unwritten.emplace_back(e.what());
  }
  return unwritten;
}

void expect_rows_of_study(const Searching& fit) {
  if (!fit.options.refitted) return;
  const study::Description& was = *fit.options.refitted;
  expect_same(was.data, study::data_fingerprint(fit.table, fit.test), fmt::format("data ({})", was.source));
  const Json configuration = Json::parse(was.configuration, nullptr, false);
  for (const auto& [name, text] : features_of(fit))
    if (!configuration.is_object() || !configuration.value("settings", Json::object()).contains(name))
      fail("the study was begun by a version whose features were others ({} are now {}): begin it anew", name,
           text);
  expect_same(was.split, study::split_fingerprint(fit.split, fit.folds), "split of the rows");
}

std::vector<std::string> runs_of_others(const FitStudy& wanted) {
  if (wanted.tensorboard.empty() || wanted.resume) return {};
  const std::size_t runs = study::tensorboard_runs(wanted.tensorboard).size();
  if (runs == 0) return {};
  return {fmt::format(
      "{} held {} already: TensorBoard shows them beside those of this study, which replace those of their "
      "names; give each study a folder of its own",
      wanted.tensorboard, counted(runs, "run"))};
}

std::string no_winner(const sweep::Result& search, SearchEnd ended, std::size_t folds,
                      const FitStudy& study) {
  if (ended != SearchEnd::whole) {
    const std::string when = fmt::format("{} before any candidate had a reading (an epoch{})",
                                         ended == SearchEnd::stopped ? "stopped" : "the time was over",
                                         folds > 0 ? " on every fold" : "");
    if (!study.file.empty()) return fmt::format("{}; {} goes on with --resume", when, study.file);
    return when + (ended == SearchEnd::stopped ? ": nothing is kept" : ": nothing is kept; give it more");
  }
  const auto retired = std::count_if(search.outcomes.begin(), search.outcomes.end(),
                                     [](const auto& o) { return o.status == sweep::Status::retired; });
  if (retired > 0)
    return fmt::format(
        "no candidate came to its end: {} were retired at rungs, and the {} others diverged; try a smaller "
        "rate, or "
        "clip the gradients (a clip of 1)",
        retired, std::ssize(search.outcomes) - retired);
  return fmt::format("all {} candidates diverged: try a smaller rate, or clip the gradients (a clip of 1)",
                     search.outcomes.size());
}

}  // namespace runnel
