#include "study/conditions.h"

#include <nlohmann/json.hpp>

#include "runnel/error.h"
#include "runnel/space.h"
#include "study/hyper_json.h"
#include "sweep/parameter.h"

namespace runnel::study {
namespace {

// The names of a space's parameters and their conditions; what values they have does not matter here.
sweep::Space conditions_of(const nlohmann::json& space) {
  sweep::Space out;
  for (const nlohmann::json& one : space.at("parameters")) {
    sweep::Parameter parameter;
    parameter.name = one.at("name").get<std::string>();
    if (one.contains("when")) {
      const auto condition = one.at("when").begin();
      const std::string& name = condition.key();
      sweep::Condition when{name, {}};
      for (const nlohmann::json& value : condition.value())
        when.values.push_back(
            sweep::canonical(name, value.is_string() ? value.get<std::string>() : value.dump()));
      parameter.when = std::move(when);
    }
    out.parameters.push_back(std::move(parameter));
  }
  return out;
}

}  // namespace

void mark_active(const std::string& configuration, std::vector<Candidate>& candidates) {
  const nlohmann::json json = nlohmann::json::parse(configuration, nullptr, false);
  if (!json.is_object() || !json.contains("space")) return;
  try {
    const sweep::Space space = conditions_of(json.at("space"));
    for (Candidate& candidate : candidates) {
      const sweep::Hyper hyper = hyper_of(candidate);
      for (Candidate::Value& value : candidate.hyper)
        value.active = sweep::takes_part(space, value.name, hyper);
    }
  } catch (const nlohmann::json::exception&) {
  } catch (const Error&) {  // a hyperparameter that this version does not know
  }
}

}  // namespace runnel::study
