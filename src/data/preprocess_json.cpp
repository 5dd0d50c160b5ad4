// The Preprocessor as JSON, as a saved model holds it. Doubles survive to the last bit.
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "data/date_features.h"
#include "runnel/data.h"

namespace runnel {
namespace {

using Kind = Encoding::Kind;
constexpr std::array<std::pair<Kind, const char*>, 5> kinds = {{{Kind::number, "number"},
                                                                {Kind::date, "date"},
                                                                {Kind::boolean_text, "boolean"},
                                                                {Kind::levels, "levels"},
                                                                {Kind::block, "block"}}};
constexpr std::array roles = {Role::numeric, Role::categorical, Role::boolean, Role::date,  Role::dropped,
                              Role::target,  Role::group,       Role::time,    Role::weight};

const char* kind_name(Kind kind) {
  for (const auto& [k, name] : kinds) {
    if (k == kind) return name;
  }
  return "";
}

Kind kind_from_name(const std::string& name) {
  for (const auto& [kind, known] : kinds) {
    if (name == known) return kind;
  }
  fail("the stored preprocessing has an encoding '{}', which this version does not know", name);
}

Role role_from_name(const std::string& name) {
  for (const Role role : roles) {
    if (name == role_name(role)) return role;
  }
  fail("the stored preprocessing has a role '{}', which this version does not know", name);
}

nlohmann::json encoding_json(const Encoding& e) {
  nlohmann::json out = {
      {"column", e.column},       {"kind", kind_name(e.kind)}, {"fill", e.fill},
      {"log_scale", e.log_scale}, {"indicator", e.indicator},  {"only_indicator", e.only_indicator},
      {"levels", e.levels},       {"other", e.other},          {"mean", e.mean},
      {"deviation", e.deviation}, {"width", e.width},          {"training_missing", e.training_missing}};
  if (!std::isnan(e.low)) out["range"] = {e.low, e.high};
  if (!e.twins.empty()) out["twins"] = e.twins;
  if (e.clock) out["clock"] = true;
  if (e.waves.features() > 0) out["waves"] = {e.waves.year, e.waves.week, e.waves.day};
  return out;
}

// What older files do not have. Of these it is not known whether training rows lacked values.
void read_newer(const nlohmann::json& json, Encoding& e) {
  e.training_missing = json.value("training_missing", std::size_t{1});
  if (json.contains("range")) {
    json["range"].at(0).get_to(e.low);
    json["range"].at(1).get_to(e.high);
  }
  if (json.contains("twins")) json["twins"].get_to(e.twins);
  e.clock = json.value("clock", false);
  if (!json.contains("waves")) return;
  for (const auto& [place, to] : {std::pair(0, &e.waves.year), {1, &e.waves.week}, {2, &e.waves.day}}) {
    json["waves"].at(static_cast<std::size_t>(place)).get_to(*to);
    if (*to > data::most_waves) fail("the stored preprocessing of column '{}' is damaged", e.column);
  }
}

// What the writer of features relies on; a damaged or edited file must not make it read past an end.
void check(const Encoding& e) {
  std::size_t scales = 0;
  if (!e.only_indicator) {
    if (e.kind == Kind::number || e.kind == Kind::date) scales = e.log_scale > 0 ? 2 : 1;
    if (e.kind == Kind::block) scales = e.mean.size() == 1 ? 1 : e.width;
  }
  const bool levels_fit = e.only_indicator || e.kind != Kind::boolean_text || e.levels.size() == 2;
  if (e.mean.size() != scales || e.deviation.size() != scales || !levels_fit) {
    fail("the stored preprocessing of column '{}' is damaged", e.column);
  }
}

// JSON's numbers may be of any kind and size; a number of features is none below 0, and no fraction.
std::size_t count_at(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = json.at(key);
  if (!value.is_number_unsigned()) fail("the stored preprocessing is damaged: '{}' is no count", key);
  return value.get<std::size_t>();
}

Encoding encoding_from(const nlohmann::json& json) {
  Encoding e;
  json.at("column").get_to(e.column);
  e.kind = kind_from_name(json.at("kind").get<std::string>());
  json.at("fill").get_to(e.fill);
  json.at("log_scale").get_to(e.log_scale);
  json.at("indicator").get_to(e.indicator);
  json.at("only_indicator").get_to(e.only_indicator);
  json.at("levels").get_to(e.levels);
  json.at("other").get_to(e.other);
  json.at("mean").get_to(e.mean);
  json.at("deviation").get_to(e.deviation);
  e.width = count_at(json, "width");
  read_newer(json, e);
  check(e);
  return e;
}

}  // namespace

std::string Preprocessor::to_json() const {
  nlohmann::json encodings = nlohmann::json::array(), decisions = nlohmann::json::array();
  for (const Encoding& e : encodings_) encodings.push_back(encoding_json(e));
  for (const ColumnDecision& d : decisions_) {
    decisions.push_back({{"name", d.name},
                         {"role", role_name(d.role)},
                         {"why", d.why},
                         {"read", d.read},
                         {"features", d.features}});
  }
  // Column names and levels come from files in any encoding; what is no UTF-8 is replaced, not an error.
  return nlohmann::json{
      {"standardize", standardize_}, {"clip", clip_}, {"encodings", encodings}, {"decisions", decisions}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Preprocessor Preprocessor::from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    Preprocessor out;
    json.at("standardize").get_to(out.standardize_);
    json.at("clip").get_to(out.clip_);
    if (out.clip_ < 0) fail("the stored preprocessing is damaged: it clips at {}", out.clip_);
    for (const auto& e : json.at("encodings")) out.encodings_.push_back(encoding_from(e));
    for (const auto& d : json.at("decisions")) {
      out.decisions_.push_back({.name = d.at("name").get<std::string>(),
                                .role = role_from_name(d.at("role").get<std::string>()),
                                .why = d.at("why").get<std::string>(),
                                .read = d.value("read", ""),
                                .features = count_at(d, "features")});
    }
    out.name_features();
    return out;
  } catch (const nlohmann::json::exception& e) {
    fail("the stored preprocessing cannot be read: {}", e.what());
  }
}

}  // namespace runnel
