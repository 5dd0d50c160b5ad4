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

std::string hyper_json(const sweep::Hyper& hyper) {
  Json out = Json::object();
  for (const sweep::HyperField& field : sweep::hyper_fields()) {
    std::string text = field.get(hyper);
    Json number = field.numeric ? Json::parse(text, nullptr, false) : Json();
    const bool held = number.is_number_float() || (number.is_number_integer() && text.size() <= kDigits);
    // A text that would come back as another one ("-0") stays a text.
    out[field.name] = held && text_of(number) == text ? std::move(number) : Json(std::move(text));
  }
  return dumped(out);
}

std::vector<Candidate::Value> hyper_values(const std::string& json) {
  std::vector<Candidate::Value> out;
  const Json object = Json::parse(json);
  for (const auto& [name, value] : object.items()) out.push_back({name, text_of(value), value.is_number()});
  return out;
}

sweep::Hyper hyper_of(const Candidate& candidate) {
  sweep::Hyper hyper;
  for (const Candidate::Value& value : candidate.hyper) sweep::hyper_field(value.name).set(hyper, value.text);
  return hyper;
}

}  // namespace runnel::study
