#include "fit/kept_ensemble.h"

#include <nlohmann/json.hpp>

namespace runnel::fitting {

using Json = nlohmann::ordered_json;

Json kept(const Ensemble& ensemble) {
  return {{"size", ensemble.size}, {"of_seeds", ensemble.of_seeds}, {"near", ensemble.near}};
}

std::optional<Ensemble> kept_ensemble(const study::Description& study) {
  const Json configuration = Json::parse(study.configuration, nullptr, false);
  if (!configuration.is_object() || !configuration.contains("ensemble")) return std::nullopt;
  try {
    const Json& json = configuration["ensemble"];
    const Ensemble out{json.at("size").get<std::int64_t>(), json.at("of_seeds").get<bool>(),
                       json.at("near").get<bool>()};
    if (out.size >= 1) return out;
  } catch (const nlohmann::json::exception&) {
  }
  return std::nullopt;
}

}  // namespace runnel::fitting
