#include "study/hyper_json.h"

#include "core/fail.h"

namespace runnel::study {

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

namespace {

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? fmt::format("{}", value.get<double>()) : dumped(value);
}

constexpr std::size_t kDigits = 15;  // that a double holds, whatever they are

}  // namespace

std::string hyper_json(const params::Configuration& configuration) {
  Json out = Json::object();
  for (std::size_t i = 0; i < configuration.values().size(); ++i) {
    const params::Value& value = configuration.values()[i];
    const std::string& name = configuration.schema().parameters()[i].name;
    if (value.is_nothing()) {
      out[name] = nullptr;
      continue;
    }
    std::string text = to_string(value);
    Json number = value.is_number() ? Json::parse(text, nullptr, false) : Json();
    const bool held = number.is_number_float() || (number.is_number_integer() && text.size() <= kDigits);
    // A text that would come back as another one ("-0") stays a text.
    out[name] = held && text_of(number) == text ? std::move(number) : Json(std::move(text));
  }
  return dumped(out);
}

std::vector<Candidate::Value> hyper_values(const std::string& json) {
  std::vector<Candidate::Value> out;
  const Json object = Json::parse(json);
  for (const auto& [name, value] : object.items())
    out.push_back({name, value.is_null() ? "" : text_of(value), value.is_number(), !value.is_null()});
  return out;
}

params::Configuration configuration_of(const Candidate& candidate) {
  params::Configuration out(models::network_schema());
  for (const Candidate::Value& value : candidate.hyper)
    if (value.active) out.set(value.name, params::read(out.schema()[value.name], value.text));
  out.settle();
  return out;
}

}  // namespace runnel::study
