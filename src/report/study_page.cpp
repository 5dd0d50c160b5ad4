#include "report/study_page.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "report/trials.h"
#include "runnel/version.h"

namespace runnel::report {
namespace {

const params::Parameter* known(const std::string& name) {
  for (const params::Parameter& p : models::network_schema()->parameters())
    if (p.name == name) return &p;
  return nullptr;
}

// As fits tell it: options that few ask for where they are not as usual in every candidate.
bool worth_telling(const study::Study& study, std::size_t field) {
  const params::Parameter* p = known(study.candidates[0].hyper[field].name);
  return std::any_of(study.candidates.begin(), study.candidates.end(), [&](const study::Candidate& c) {
    const study::Candidate::Value& value = c.hyper[field];
    if (!value.active) return false;
    return p == nullptr || !p->is_rare || value.text != to_string(*p->standard);
  });
}

Trial trial_of(const study::Candidate& candidate, const std::vector<std::size_t>& fields) {
  Trial trial{candidate.index,
              std::string(study::status_name(candidate.status)),
              candidate.epochs,
              candidate.metric,
              candidate.loss,
              0,
              {},
              {}};
  for (const std::size_t field : fields)
    trial.values.push_back(candidate.hyper[field].active ? candidate.hyper[field].text : "");
  for (const study::Reading& reading : candidate.readings) {
    if (reading.fold != 0) continue;
    trial.curve = reading.curve;
    // One that has no verdict yet stands where it was last read.
    trial.epochs = std::max(trial.epochs, reading.epochs);
    if (!std::isfinite(trial.metric) && reading.finite) trial.metric = reading.metric;
    if (!std::isfinite(trial.loss) && reading.finite) trial.loss = reading.loss;
  }
  return trial;
}

Trials trials_of(const study::Study& study) {
  Trials out;
  const study::Description& d = study.description;
  out.metric = d.metric;
  out.higher_is_better = study::higher_is_better(d);
  out.loss = d.loss;
  out.folds = d.folds > 1 ? static_cast<std::size_t>(d.folds) : 0;
  for (const study::Rung& r : study.rungs) out.rungs.push_back({r.bracket, r.epochs, r.entered, r.kept});
  out.best = study.best;
  if (study.candidates.empty()) return out;
  if (const auto ranked = study.ranked(); !out.best && !ranked.empty()) out.best = ranked[0];
  std::vector<std::size_t> fields;
  for (std::size_t field = 0; field < study.candidates[0].hyper.size(); ++field) {
    if (!worth_telling(study, field)) continue;
    const study::Candidate::Value& value = study.candidates[0].hyper[field];
    const params::Parameter* p = known(value.name);
    fields.push_back(field);
    const bool numeric = std::all_of(study.candidates.begin(), study.candidates.end(), [&](const auto& c) {
      return c.hyper[field].numeric || !c.hyper[field].active;
    });
    out.names.push_back({value.name, p != nullptr ? p->meaning : "", numeric});
  }
  for (const study::Candidate& candidate : study.candidates) out.all.push_back(trial_of(candidate, fields));
  return out;
}

Json run_json(const study::Study& study) {
  const study::Description& d = study.description;
  Json facts = Json::array(), timings = Json::array(), runs = Json::array();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.push_back(Json::array({name, value}));
  };
  add("Runnel", d.version);
  add("data", d.source);
  add("study", study.path);
  add("seed", std::to_string(d.seed));
  if (d.threads > 0) add("threads", std::to_string(d.threads));
  add("loss", d.loss);
  add("fingerprint of the data", d.data.digest);
  add("of the split", d.split.digest);
  add("of the space", d.space.digest);
  for (const auto& [name, seconds] : study.timings) timings.push_back(Json::array({name, rounded(seconds)}));
  for (const study::Run& r : study.runs)
    runs.push_back({{"began", exact(r.began)},
                    {"seconds", rounded(r.seconds)},
                    {"command", r.command},
                    {"version", r.version},
                    {"threads", r.threads}});
  return {{"command", d.command},
          {"facts", std::move(facts)},
          {"timings", std::move(timings)},
          {"runs", std::move(runs)}};
}

}  // namespace

Json study_page(const study::Study& study, const std::string& state) {
  const Trials trials = trials_of(study);
  Json out = {{"page", 1}, {"kind", "study"}, {"version", RUNNEL_VERSION}};
  out["title"] = fmt::format("Study of {}", study.description.source);
  out["source"] = study.description.source;
  out["state"] = state;
  out["search"] = trials_json(trials);
  out["importance"] = importances_json(importances(trials));
  out["warnings"] = study.warnings;
  out["notes"] = Json::array();
  out["run"] = run_json(study);
  return out;
}

}  // namespace runnel::report
