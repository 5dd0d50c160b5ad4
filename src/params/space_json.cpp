// A space as JSON.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runnel/params.h"

namespace runnel::params {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Value& value) {
  if (value.is_nothing()) return nullptr;
  if (value.is_integer()) return value.integer();
  if (value.is_number()) return value.number();
  return to_string(value);
}

// Whole numbers without a point.
Json json_of(double x) {
  return x == std::floor(x) && std::abs(x) < 1e15 ? Json(static_cast<std::int64_t>(x)) : Json(x);
}

Json axis_json(const Varied& v) {
  Json out = {{"name", v.name}};
  if (v.values.empty()) {
    out["low"] = json_of(v.range.low);
    out["high"] = json_of(v.range.high);
    out["scale"] = v.logarithmic ? "log" : "linear";
    out["integer"] = v.integer;
    if (v.points > 0) out["points"] = v.points;
  } else {
    for (const Value& value : v.values) out["values"].push_back(json_of(value));
  }
  if (v.when)
    for (const Value& value : v.when->values)
      out[v.when->is_not ? "unless" : "when"][v.when->name].push_back(json_of(value));
  return out;
}

}  // namespace

std::string to_json(const Space& space) {
  Json axes = Json::array();
  for (const Varied& v : space.varied()) axes.push_back(axis_json(v));
  Json base = Json::object();
  const std::vector<Parameter>& all = space.schema().parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool varied = std::any_of(space.varied().begin(), space.varied().end(),
                                    [&](const Varied& v) { return v.place == i; });
    if (!varied) base[all[i].name] = json_of(space.base().values()[i]);
  }
  return Json{{"parameters", std::move(axes)}, {"base", std::move(base)}}.dump();
}

}  // namespace runnel::params
