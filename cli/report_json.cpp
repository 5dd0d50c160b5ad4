#include <cmath>

#include "cli/report.h"
#include "runnel/version.h"

namespace runnel::cli {
namespace {

// JSON has no nan and no infinity.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(number(value));
  return out;
}

Json named(const std::vector<std::pair<std::string, double>>& values) {
  Json out = Json::object();
  for (const auto& [name, value] : values) out[name] = number(value);
  return out;
}

// null for what takes no part.
Json hyper_json(const params::Configuration& configuration) {
  Json out = Json::object();
  for (std::size_t i = 0; i < configuration.values().size(); ++i) {
    const params::Value& value = configuration.values()[i];
    Json& one = out[configuration.schema().parameters()[i].name];
    if (value.is_nothing()) continue;
    one = value.is_number() ? Json::parse(to_string(value)) : Json(to_string(value));
  }
  return out;
}

Json candidates_json(const FitResult& result) {
  Json out = Json::array();
  for (const search::Candidate& outcome : result.search.candidates) {
    out.push_back({{"index", outcome.number},
                   {"hyper", hyper_json(outcome.configuration)},
                   {"status", search::status_name(outcome.status)},
                   {"epochs", outcome.epochs},
                   {"best_epoch", number(outcome.best_epoch)},
                   {"validation", number(models::metric_of(outcome))},
                   {"validation_loss", number(models::loss_of(outcome))}});
  }
  return out;
}

Json scheduling_json(const search::Scheduling& s) {
  Json out = {{"scheduler", search::scheduler_name(s.scheduler)}};
  if (s.scheduler == search::Scheduler::halving || s.scheduler == search::Scheduler::hyperband)
    out["eta"] = s.eta;
  if (s.scheduler != search::Scheduler::full) out["min_epochs"] = s.min_epochs;
  return out;
}

Json rungs_json(const std::vector<search::Rung>& rungs) {
  Json out = Json::array();
  for (const search::Rung& rung : rungs)
    out.push_back(
        {{"bracket", rung.bracket}, {"epochs", rung.epochs}, {"entered", rung.entered}, {"kept", rung.kept}});
  return out;
}

Json decisions_json(const std::vector<ColumnDecision>& columns) {
  Json out = Json::array();
  for (const ColumnDecision& column : columns) {
    out.push_back({{"name", column.name},
                   {"role", role_name(column.role)},
                   {"why", column.why},
                   {"read", column.read},
                   {"features", column.features}});
  }
  return out;
}

Json score_values(const Score& score) {
  const bool any = score.rows > 0;
  const auto value = [&](double x) { return any ? number(x) : Json(nullptr); };
  return {{"value", value(score.value)},
          {"low", value(score.low)},
          {"high", value(score.high)},
          {"rows", score.rows}};
}

Json baselines_json(const FitResult& result) {
  const bool any = result.test.rows > 0;
  return {{"constant", any ? number(result.constant_baseline) : Json(nullptr)},
          {"linear", any ? number(result.linear_baseline) : Json(nullptr)}};
}

const search::Candidate& winner(const FitResult& result) {
  return result.search.candidates.at(static_cast<std::size_t>(result.best));
}

Json target_json(const Target& target) {
  return {{"column", target.column()}, {"why", target.why()}, {"classes", target.classes()}};
}

Json rows_json(const FitReport& report) {
  const Split& split = report.result.split;
  const bool folds = report.result.folds > 0;
  return {{"table", report.data.table.rows},
          // Folds take turns at choosing, and the winner is trained on all of them.
          {"train", folds ? split.train.size() + split.validation.size() : split.train.size()},
          {"validation", folds ? 0 : split.validation.size()},
          {"test", report.result.test.rows}};
}

Json best_json(const FitResult& result) {
  Json out = {{"index", result.best}, {"hyper", hyper_json(winner(result).configuration)}};
  out["epochs"] = winner(result).epochs;
  out["curve"] = numbers(winner(result).curve);
  out["best_epoch"] = number(winner(result).best_epoch);
  return out;
}

// null where the model is one network.
Json ensemble_json(const FitReport& report) {
  const FitResult& result = report.result;
  if (result.model.others.empty()) return nullptr;
  Json seeds = Json::array({result.model.configuration["seed"].integer()});
  for (const Member& member : result.model.others) seeds.push_back(member.configuration["seed"].integer());
  const bool of_seeds = report.options.ensemble_of_seeds;
  return {{"networks", 1 + result.model.others.size()},
          {"of", of_seeds ? "seeds" : "candidates"},
          {of_seeds ? "seeds" : "candidates", of_seeds ? seeds : Json(result.members)},
          {"single", score_values(result.single)}};
}

// numbers that could not be had are null
Json doubts_json(const Doubts& doubts) {
  return {{"under_seeds", numbers(doubts.under_seeds)},
          {"seed_noise", number(doubts.seed_noise)},
          {"rivals", doubts.rivals},
          {"optimism", number(doubts.optimism)},
          {"gain", number(doubts.gain)},
          {"copied_test_rows", doubts.copies}};
}

Json weights_json(const FitOptions& options) {
  Json of_classes = Json::object();
  for (const auto& [name, weight] : options.class_weights.of) of_classes[name] = weight;
  if (options.class_weights.balanced) of_classes = "balanced";
  return {{"column", options.weight.empty() ? Json(nullptr) : Json(options.weight)},
          {"classes", options.class_weights.any() ? of_classes : Json(nullptr)}};
}

// Seconds, as all times.
Json timings_json(const Timings& timings) {
  const CompileStatistics& compiling = timings.compiling;
  Json out = named(phases_of(timings));
  out["compiling"] = {
      {"programs", compiling.programs}, {"seconds", compiling.seconds}, {"longest", compiling.longest}};
  return out;
}

Json provenance_of(const Model& model) {
  const Json parsed = Json::parse(model.provenance, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? Json(model.provenance) : parsed;
}

}  // namespace

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json fit_json(const FitReport& report) {
  const FitResult& result = report.result;
  const models::Result& search = result.search;
  Json out = {{"schema", json_schema}, {"version", RUNNEL_VERSION}};
  out["data"] = report.data.table.source;
  out["test_data"] = report.data.test != nullptr ? Json(report.data.test->source) : Json(nullptr);
  out["task"] = task_name(result.model.target.task());
  out["target"] = target_json(result.model.target);
  out["metric"] = models::metric_name(result.metric);
  out["loss"] = models::loss_name(result.model.loss);
  out["test"] = score_values(result.test);
  out["also"] = named(result.also);
  out["validation"] = number(models::metric_of(winner(result)));
  out["baselines"] = baselines_json(result);
  out["best"] = best_json(result);
  out["ensemble"] = ensemble_json(report);
  out["doubts"] = doubts_json(result.doubts);
  out["weights"] = weights_json(report.options);
  out["candidates"] = candidates_json(result);
  out["columns"] = decisions_json(result.columns);
  out["features"] = result.model.preprocessor.features().size();
  out["rows"] = rows_json(report);
  out["split"] = result.split.how;
  out["folds"] = report.result.folds;
  out["search"] = {
      {"candidates", search.candidates.size()},
      {"blocks", search.blocks},
      {"lanes", search.trajectories * static_cast<std::int64_t>(std::max<std::size_t>(1, result.folds))},
      {"epochs", search.epochs},
      {"seconds", number(search.seconds)}};
  out["search"].update(scheduling_json(report.options.scheduling));
  out["search"]["rungs"] = rungs_json(search.rungs);
  out["interrupted"] = search.interrupted;
  out["ended"] = search_end_name(result.ended);
  out["tried"] = search.tried;
  out["seed"] = report.options.seed;
  out["threads"] = report.options.threads;
  out["dtype"] = report.options.f64 ? "f64" : "f32";
  out["warnings"] = result.warnings;
  if (result.ended != SearchEnd::whole) out["warnings"].push_back(stopped_text(result));
  out["notes"] = report.data.notes;
  out["seconds"] = number(result.seconds);
  if (report.timings) out["timings"] = timings_json(*report.timings);
  if (!report.options.study.file.empty()) out["study"] = report.options.study.file;
  out["model"] = report.model_path.empty() ? Json(nullptr) : Json(report.model_path);
  out["report"] = report.page.empty() ? Json(nullptr) : Json(report.page);
  return out;
}

Json forecast_json(const Forecast& forecast, const FitData& data, const FitOptions& options) {
  const search::Plan& plan = forecast.plan;
  Json out = {{"schema", json_schema}, {"version", RUNNEL_VERSION}, {"kind", "plan"}};
  out["data"] = data.table.source;
  out["configuration"] = {{"seed", options.seed},
                          {"dtype", options.f64 ? "f64" : "f32"},
                          {"sampler", forecast.sampler},
                          {"draws", forecast.sampler == "grid" ? 0 : plan.candidates},
                          {"scheduling", scheduling_json(options.scheduling)},
                          {"space", Json::parse(forecast.space)}};
  out["candidates"] = plan.candidates;
  out["trajectories"] = plan.trajectories;
  out["folds"] = plan.folds;
  out["threads"] = plan.threads;
  out["shapes"] = Json::array();
  for (const search::PlannedProgram& s : shapes_of(plan))
    out["shapes"].push_back({{"example", hyper_json(s.example)},
                             {"lanes", s.lanes / plan.folds},
                             {"blocks", s.blocks},
                             {"steps", s.steps},
                             {"flops", s.operations},
                             {"seconds", number(s.seconds)}});
  out["rungs"] = rungs_json(plan.rungs);
  const search::Rung* first = first_rung(plan.rungs);
  out["first_rung"] = first == nullptr ? Json() : rungs_json({*first}).at(0);
  out["stretches"] = Json::array();
  for (const search::PlannedStretch& s : plan.stretches)
    out["stretches"].push_back({{"begin", s.begin},
                                {"end", s.end},
                                {"lanes", s.lanes},
                                {"blocks", s.blocks},
                                {"steps", s.steps},
                                {"flops", s.operations},
                                {"seconds", number(s.seconds)}});
  out["epochs"] = plan.epochs;
  out["flops"] = plan.operations;
  out["seconds"] = number(plan.seconds);
  out["compiling"] = number(plan.compiling);
  out["timed_shapes"] = plan.timed;
  out["warnings"] = forecast.warnings;
  return out;
}

Json provenance_json(const FitReport& report, const std::string& command, const ReadOptions& read) {
  const FitResult& result = report.result;
  Json out = {{"command", command}, {"data", report.data.table.source}};
  if (report.data.test != nullptr) out["test_data"] = report.data.test->source;
  out["rows"] = rows_json(report);
  out["split"] = result.split.how;
  out["folds"] = report.result.folds;
  out["candidates"] = result.search.candidates.size();
  out["best"] = result.best;
  out["validation"] = number(models::metric_of(winner(result)));
  if (models::patience_of(winner(result).configuration) > 0)
    out["best_epoch"] = number(winner(result).best_epoch);
  if (!result.model.others.empty()) out["ensemble"] = ensemble_json(report);
  if (!report.options.weight.empty() || report.options.class_weights.any())
    out["weights"] = weights_json(report.options);
  out["test"] = score_values(result.test);
  out["also"] = named(result.also);
  out["baselines"] = baselines_json(result);
  out["interrupted"] = result.search.interrupted;
  if (result.ended != SearchEnd::whole) out["ended"] = search_end_name(result.ended);
  if (winner(result).status == search::Status::interrupted) out["winner_epochs"] = winner(result).epochs;
  out["warnings"] = result.warnings;
  out["read"] = {{"header", read.header ? Json(*read.header) : Json(nullptr)}, {"missing", read.missing}};
  return out;
}

Json score_json(const ScoreReport& report) {
  return {{"schema", json_schema},
          {"model", report.model_path},
          {"data", report.data},
          {"task", task_name(report.model.target.task())},
          {"target", target_json(report.model.target)},
          {"metric", models::metric_name(report.model.metric)},
          {"score", score_values(report.score)},
          {"also", named(report.also)},
          {"notes", report.notes}};
}

Json predictions_json(const Model& model, const Predictions& predictions) {
  Json out = {
      {"schema", json_schema}, {"task", task_name(model.target.task())}, {"target", model.target.column()}};
  Json values = Json::array();
  if (model.target.task() == Task::regression) {
    out["rows"] = predictions.values.size();
    out["predictions"] = numbers(predictions.values);
    return out;
  }
  Json probabilities = Json::array();
  const Matrix<double>& p = predictions.probabilities;
  for (std::size_t i = 0; i < predictions.labels.size(); ++i) {
    values.push_back(model.target.classes().at(predictions.labels[i]));
    const auto row = p.row(i);
    probabilities.push_back(numbers({row.begin(), row.end()}));
  }
  out["rows"] = predictions.labels.size();
  out["classes"] = model.target.classes();
  out["predictions"] = std::move(values);
  out["probabilities"] = std::move(probabilities);
  return out;
}

Json table_json(const Table& table, const std::vector<ColumnSummary>& columns) {
  Json out = {{"schema", json_schema}, {"kind", "data"},       {"data", table.source},
              {"rows", table.rows},    {"notes", table.notes}, {"warnings", table.warnings}};
  out["target"] = table.usual_target.empty() ? Json(nullptr) : Json(table.usual_target);
  Json list = Json::array();
  for (const ColumnSummary& column : columns) {
    Json top = Json::array();
    for (const auto& [value, count] : column.top) top.push_back({{"value", value}, {"count", count}});
    list.push_back({{"name", column.name},
                    {"type", column.type},
                    {"read", column.read},
                    {"unread", column.unread},
                    {"first", column.first.empty() ? Json(nullptr) : Json(column.first)},
                    {"last", column.last.empty() ? Json(nullptr) : Json(column.last)},
                    {"missing", column.missing},
                    {"distinct", column.distinct},
                    {"min", number(column.min)},
                    {"mean", number(column.mean)},
                    {"deviation", number(column.deviation)},
                    {"max", number(column.max)},
                    {"top", std::move(top)},
                    {"suspicions", column.suspicions}});
  }
  out["columns"] = std::move(list);
  return out;
}

Json model_json(const Model& model, const std::string& path) {
  Json layers = Json::array();
  for (const nn::Dense& layer : nn::dense_layers(model.network)) {
    layers.push_back({{"inputs", layer.w.dim(0)}, {"outputs", layer.w.dim(1)}});
  }
  std::int64_t parameters = nn::parameter_count(model.network);
  Json others = Json::array();
  for (const Member& member : model.others) {
    others.push_back(hyper_json(member.configuration));
    parameters += nn::parameter_count(member.network);
  }
  return {{"schema", json_schema},
          {"kind", "model"},
          {"model", path},
          {"task", task_name(model.target.task())},
          {"target", target_json(model.target)},
          {"metric", models::metric_name(model.metric)},
          {"loss", models::loss_name(model.loss)},
          {"hyper", hyper_json(model.configuration)},
          {"layers", std::move(layers)},
          {"dtype", name_of(nn::dtype_of(model.network))},
          {"parameters", parameters},
          {"networks", 1 + model.others.size()},
          {"others", std::move(others)},
          {"target_mean", number(model.target_mean)},
          {"target_scale", number(model.target_scale)},
          {"columns", decisions_json(model.preprocessor.decisions())},
          {"features", model.preprocessor.features()},
          {"seed", model.seed},
          {"version", model.version},
          {"provenance", provenance_of(model)}};
}

}  // namespace runnel::cli
