#include "fit/fit_study.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifact/output_file.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"
#include "fit/fit_options.h"
#include "fit/kept_ensemble.h"
#include "runnel/version.h"

namespace runnel {
namespace {

using Json = nlohmann::ordered_json;
using Settings = std::vector<std::pair<std::string, std::string>>;

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
// names of the flags; in the order in which files hold them.
Settings settings_of(const Searching& fit) {
  auto placed = fitting::option_settings(fit);
  constexpr int kFeatures = 20;  // the places 20 and 21
  for (auto& setting : features_of(fit)) placed.emplace_back(kFeatures, std::move(setting));
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Settings out;
  for (auto& [place, setting] : placed) out.push_back(std::move(setting));
  return out;
}

std::string configuration_of(const Searching& fit, const Settings& settings) {
  Json out = {{"settings", Json::object()}};
  for (const auto& [name, text] : settings) out["settings"][name] = text;
  out["space"] = Json::parse(params::to_json(fit.search.space));
  out["sampler"] = fit.search.sampler;
  out["folds"] = fit.folds.size();
  out["split"] = fit.split.how;
  out["ensemble"] = fitting::kept(fit.search.ensemble);
  if (!fit.options.study.caller.empty()) {
    const Json caller = Json::parse(fit.options.study.caller, nullptr, false);
    if (caller.is_discarded()) fail("FitStudy::caller is no JSON: {}", fit.options.study.caller);
    out["caller"] = caller;
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
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
  d.metric = models::metric_name(fit.metric);
  d.loss = models::loss_name(fit.loss);
  d.folds = std::max<std::int64_t>(1, std::ssize(fit.folds));
  d.threads = fit.options.threads;
  d.version = RUNNEL_VERSION;
  d.data = study::data_fingerprint(fit.table, fit.test);
  d.split = study::split_fingerprint(fit.split, fit.folds);
  d.space = study::settings_fingerprint(settings);
  return d;
}

std::shared_ptr<study::SearchStudy> study_of(const Searching& fit) {
  const FitStudy& wanted = fit.options.study;
  if (wanted.file.empty()) {
    if (wanted.resume || !wanted.tensorboard.empty())
      fail("there is no study to resume or to write event files of: name its file");
    return nullptr;
  }
  if (!wanted.tensorboard.empty()) check_folder(wanted.tensorboard);
  return std::make_shared<study::SearchStudy>(
      wanted.file, study::FitStudyFacts{describe(fit), wanted.resume, wanted.every});
}

std::vector<std::string> finish_study(study::SearchStudy& study, const FitOptions& options,
                                      const models::Result& result, const nn::Network* network) {
  std::vector<std::string> unwritten;
  if (!study.is_open()) return unwritten;  // another process keeps it
  try {
    study.conclude(result, network);
    if (!options.study.tensorboard.empty())
      study::write_tensorboard(study.contents(), options.study.tensorboard);
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

std::string no_winner(const models::Result& search, SearchEnd ended, std::size_t folds,
                      const std::string& study) {
  if (ended != SearchEnd::whole) {
    const std::string when = fmt::format("{} before any candidate had a reading (an epoch{})",
                                         ended == SearchEnd::stopped ? "stopped" : "the time was over",
                                         folds > 0 ? " on every fold" : "");
    if (!study.empty()) return fmt::format("{}; {} goes on with --resume", when, study);
    return when + (ended == SearchEnd::stopped ? ": nothing is kept" : ": nothing is kept; give it more");
  }
  const auto retired = std::count_if(search.candidates.begin(), search.candidates.end(),
                                     [](const auto& o) { return o.status == search::Status::retired; });
  if (retired > 0)
    return fmt::format(
        "no candidate came to its end: {} were retired at rungs, and the {} others diverged; try a smaller "
        "rate, or "
        "clip the gradients (a clip of 1)",
        retired, std::ssize(search.candidates) - retired);
  return fmt::format("all {} candidates diverged: try a smaller rate, or clip the gradients (a clip of 1)",
                     search.candidates.size());
}

}  // namespace runnel
