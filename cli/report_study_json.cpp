// What a study has to tell, for programs.
#include <cmath>

#include "cli/report_study.h"

namespace runnel::cli {
namespace {

using study::Candidate;
using study::Study;

const Candidate& at(const Study& study, std::int64_t index) {
  return study.candidates[static_cast<std::size_t>(index)];
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(number(value));
  return out;
}

Json hyper_json(const Candidate& candidate) {
  Json out = Json::object();
  for (const Candidate::Value& value : candidate.hyper)
    out[value.name] = !value.active   ? Json(nullptr)
                      : value.numeric ? Json::parse(value.text)
                                      : Json(value.text);
  return out;
}

Json rungs_json(const Study& study) {
  Json out = Json::array();
  for (const study::Rung& rung : study.rungs)
    out.push_back(
        {{"bracket", rung.bracket}, {"epochs", rung.epochs}, {"entered", rung.entered}, {"kept", rung.kept}});
  return out;
}

Json summary_json(const StudyReport& report) {
  const Study& study = report.study;
  const auto ranked = study.ranked();
  Json out = {{"path", report.path}, {"state", report.state}};
  out["data"] = study.description.source;
  out["metric"] = study.description.metric;
  out["candidates"] = study.candidates.size();
  out["statuses"] = Json::object();
  for (const auto& [status, n] : statuses_of(study))
    if (n > 0 || status != "under way") out["statuses"][status] = n;
  out["best"] = ranked.empty() ? Json(nullptr) : Json(study.best.value_or(ranked[0]));
  out["validation"] = ranked.empty() ? Json(nullptr) : number(at(study, ranked[0]).metric);
  out["began"] = study.runs.empty() ? Json(nullptr) : Json(study.runs[0].began);
  out["seconds"] = seconds_of(study);
  out["trained_epochs"] = study.trained;
  return out;
}

Json fingerprint_json(const study::Fingerprint& fingerprint) {
  return {{"digest", fingerprint.digest}, {"parts", Json::parse(fingerprint.parts, nullptr, false)}};
}

}  // namespace

Json studies_json(const std::vector<StudyReport>& reports) {
  Json out = {{"schema", json_schema}, {"studies", Json::array()}};
  for (const StudyReport& report : reports) out["studies"].push_back(summary_json(report));
  return out;
}

Json study_json(const StudyReport& report) {
  const Study& study = report.study;
  const study::Description& d = study.description;
  Json out = {{"schema", json_schema}};
  out.update(summary_json(report));
  out["version"] = d.version;
  out["command"] = d.command;
  out["configuration"] = Json::parse(d.configuration, nullptr, false);
  out["seed"] = d.seed;
  out["loss"] = d.loss;
  out["folds"] = d.folds;
  out["fingerprints"] = {{"data", fingerprint_json(d.data)},
                         {"split", fingerprint_json(d.split)},
                         {"space", fingerprint_json(d.space)}};
  for (Json& print : out["fingerprints"])
    if (print["parts"].is_discarded()) print["parts"] = nullptr;
  if (out["configuration"].is_discarded()) out["configuration"] = d.configuration;
  out["candidates"] = Json::array();
  for (const Candidate& c : study.candidates) out["candidates"].push_back(candidate_json(study, c.index));
  out["rungs"] = rungs_json(study);
  if (!study.under_way.empty()) {
    out["under_way"] = Json::array();
    for (const auto& [rank, candidates] : study.under_way)
      out["under_way"].push_back({{"rank", rank}, {"candidates", candidates}});
  }
  out["timings"] = Json::object();
  for (const auto& [name, seconds] : study.timings) out["timings"][name] = number(seconds);
  out["warnings"] = study.warnings;
  out["runs"] = Json::array();
  for (const study::Run& run : study.runs)
    out["runs"].push_back({{"began", run.began},
                           {"seconds", run.seconds},
                           {"command", run.command},
                           {"version", run.version},
                           {"threads", run.threads}});
  return out;
}

Json candidate_json(const Study& study, std::int64_t index) {
  const Candidate& c = at(study, index);
  Json out = {{"index", c.index}, {"hyper", hyper_json(c)}, {"status", status_text(c)}};
  out["validation"] = number(c.metric);
  out["validation_loss"] = number(c.loss);
  out["epochs"] = c.epochs;
  out["readings"] = Json::array();
  for (const study::Reading& reading : c.readings)
    out["readings"].push_back({{"fold", reading.fold},
                               {"epochs", reading.epochs},
                               {"validation", number(reading.metric)},
                               {"validation_loss", number(reading.loss)},
                               {"finite", reading.finite},
                               {"curve", numbers(reading.curve)}});
  return out;
}

}  // namespace runnel::cli
