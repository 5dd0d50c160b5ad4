// Spaces: parameters from texts, and what makes a set of them sound.
#include "runnel/space.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/fail.h"
#include "core/text.h"
#include "sweep/parameter.h"

namespace runnel::sweep {
namespace {

constexpr std::int64_t kMostLayers = 16;

struct Named {
  std::string name, values;
};

Named cut(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    fail("\"{}\" is not of the form name=value,value,… or name=low..high", text);
  return {parameter_name(text.substr(0, equals)), text.substr(equals + 1)};
}

bool is_number(const std::string& name) { return builds_hidden(name) || hyper_field(name).numeric; }

bool is_whole(const std::string& name) {
  return builds_hidden(name) || name == "batch" || name == "epochs" || name == "seed" || name == "bins" ||
         name == "frequencies" || name == "patience" || name == "shards";
}

std::int64_t whole(const std::string& name, const std::string& text, std::int64_t low, std::int64_t high) {
  const double value = number(name, text);
  if (value != std::floor(value) || value < static_cast<double>(low) || value > static_cast<double>(high))
    fail("{}: \"{}\" is not a whole number from {} to {}", name, text, low, high);
  return static_cast<std::int64_t>(value);
}

std::string prefix(const Parameter& p) { return p.where.empty() ? "" : p.where + ": "; }

// The width of each layer, of which the k-th takes part where there are k layers or more.
std::vector<Parameter> widths_of(const Parameter& width, const Parameter& layers) {
  std::vector<std::string> counts = layers.values;
  if (counts.empty())
    for (double k = layers.low; k <= layers.high; ++k) counts.push_back(fmt::format("{}", k));
  std::int64_t most = 0;
  for (const std::string& count : counts) most = std::max(most, whole("layers", count, 0, kMostLayers));
  std::vector<Parameter> out;
  for (std::int64_t k = 1; k <= most; ++k) {
    Parameter p = width;
    p.name = fmt::format("{}{}", kWidth, k);
    p.when = Condition{std::string(kLayers), {}};
    for (const std::string& count : counts)
      if (whole("layers", count, 0, kMostLayers) >= k) p.when->values.push_back(canonical("layers", count));
    out.push_back(std::move(p));
  }
  return out;
}

const Parameter* find(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto at =
      std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.name == name; });
  return at == parameters.end() ? nullptr : &*at;
}

void check_names(const std::vector<Parameter>& parameters) {
  std::set<std::string_view> seen;
  for (const Parameter& p : parameters)
    if (!seen.insert(p.name).second) fail("{}the space names {} twice", prefix(p), p.name);
  const Parameter* layers = find(parameters, kLayers);
  const Parameter* width = find(parameters, kWidth);
  if ((layers == nullptr) != (width == nullptr)) {
    const Parameter& one = layers != nullptr ? *layers : *width;
    fail("{}layers and width go together: {} is missing (as in layers=1..3 and width=8..64)", prefix(one),
         layers == nullptr ? kLayers : kWidth);
  }
  if (layers != nullptr && find(parameters, "hidden") != nullptr)
    fail("{}layers and width build `hidden`, which the space gives as well: leave one out", prefix(*layers));
  if (width != nullptr && width->when)
    fail("{}a width takes part where its layer does: leave its `when` out, or give it to layers",
         prefix(*width));
}

// What a parameter can be: its values as they are shown; a range, any between its ends.
class Possible {
 public:
  explicit Possible(const Parameter& p) : p_(p) {
    for (const std::string& value : p.values) values_.insert(canonical(p.name, value));
  }
  bool contains(const std::string& value) const {
    if (!values_.empty()) return values_.contains(value);
    const double x = number(p_.name, value);
    return x >= p_.low && x <= p_.high;
  }

 private:
  const Parameter& p_;
  std::set<std::string> values_;
};

void check_condition(const Hyper& base, const std::vector<Parameter>& parameters, Parameter& p) {
  Condition& when = *p.when;
  if (when.name == p.name) fail("{}{} cannot depend on itself", prefix(p), p.name);
  const Parameter* on = find(parameters, when.name);
  if (on == nullptr && builds_hidden(when.name))
    fail("{}{} depends on {}, which the space does not give", prefix(p), p.name, when.name);
  std::optional<Possible> can_be;
  if (on != nullptr) can_be.emplace(*on);
  bool any = false;
  for (std::string& value : when.values) {
    value = canonical(when.name, value);
    const bool possible =
        can_be ? can_be->contains(value) : canonical(when.name, hyper_field(when.name).get(base)) == value;
    any = any || possible;
    if (on == nullptr || possible) continue;
    fail("{}{} depends on {} = {}, a value that {} never has", prefix(p), p.name, when.name, value,
         when.name);
  }
  if (any) return;
  fail("{}{} depends on {} = {}, but {} is {} for all candidates", prefix(p), p.name, when.name,
       fmt::join(when.values, " or "), when.name, hyper_field(when.name).get(base));
}

// Conditions must not lead back to where they began.
void check_circles(const std::vector<Parameter>& parameters) {
  for (const Parameter& p : parameters) {
    const Parameter* at = &p;
    for (std::size_t steps = 0; at != nullptr && at->when; at = find(parameters, at->when->name))
      if (++steps > parameters.size()) fail("{}{} depends on itself, in a circle", prefix(p), p.name);
  }
}

nlohmann::ordered_json value_json(const std::string& name, const std::string& text) {
  if (is_number(name)) return nlohmann::ordered_json::parse(canonical(name, text));
  return text;
}

}  // namespace

double number(std::string_view whole, const std::string& text) {
  double value = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    fail("\"{}\": \"{}\" is not a number", whole, text);
  return value;
}

bool builds_hidden(std::string_view name) { return name == kLayers || name.starts_with(kWidth); }

std::string parameter_name(std::string_view name) {
  if (name == kLayers || name == kWidth) return std::string(name);
  try {
    return hyper_field(name).name;  // knows aliases
  } catch (const Error&) {
    std::vector<std::string> names{std::string(kLayers), std::string(kWidth)};
    for (const HyperField& field : hyper_fields()) names.emplace_back(field.name);
    fail("there is no hyperparameter \"{}\"{}", name, suggestion(name, names));
  }
}

std::string canonical(const std::string& name, const std::string& text) {
  if (name == kLayers) return fmt::format("{}", whole(name, text, 0, kMostLayers));
  if (builds_hidden(name)) return fmt::format("{}", whole(name, text, 1, 1'000'000));
  const HyperField& field = hyper_field(name);
  Hyper probe;
  field.set(probe, text);
  return field.get(probe);
}

bool is_range(const std::string& text) { return text.find("..") != std::string::npos; }

Parameter parse_parameter(const std::string& text) {
  const Named named = cut(text);
  Parameter p{named.name};
  const std::size_t dots = named.values.find("..");
  if (dots == std::string::npos) {
    std::size_t begin = 0;
    while (begin <= named.values.size()) {
      const std::size_t end = std::min(named.values.find(',', begin), named.values.size());
      p.values.push_back(named.values.substr(begin, end - begin));
      canonical(p.name, p.values.back());
      begin = end + 1;
    }
    return p;
  }
  if (!is_number(p.name)) fail("\"{}\": {} takes values, not a range", text, p.name);
  p.low = number(text, named.values.substr(0, dots));
  p.high = number(text, named.values.substr(dots + 2));
  if (p.low >= p.high) fail("\"{}\": the range is empty", text);
  p.integer = is_whole(p.name);
  p.logarithmic = p.low > 0 && p.high / p.low >= 20;
  for (double end : {p.low, p.high}) canonical(p.name, fmt::format("{}", end));
  return p;
}

Choice parse_choice(const std::string& text) {
  const Named named = cut(text);
  if (is_range(named.values)) fail("\"{}\": values are wanted here, not a range", text);
  Parameter p = parse_parameter(text);
  return {std::move(p.name), std::move(p.values)};
}

Range parse_range(const std::string& text) {
  const Named named = cut(text);
  if (!is_range(named.values)) fail("\"{}\": {} takes a range here, as low..high", text, named.name);
  const Parameter p = parse_parameter(text);
  return {p.name, p.low, p.high, p.logarithmic, p.integer};
}

Hyper parse_point(const Hyper& base, const std::string& text) {
  Hyper point = base;
  std::set<std::string> seen;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size())
      fail("\"{}\" is not of the form name=value", part);
    const std::string name = parameter_name(part.substr(0, equals)), value = part.substr(equals + 1);
    if (builds_hidden(name))
      fail("{} makes networks to draw from; a point has its widths: hidden=64x64", name);
    if (is_range(value)) fail("\"{}\": a point has one value, not a range", part);
    if (!seen.insert(name).second) fail("{} is given twice", name);
    hyper_field(name).set(point, value);
    begin = end + 1;
  }
  check(point);
  return point;
}

Space make_space(const Hyper& base, const std::vector<Parameter>& parameters) {
  check_names(parameters);
  Space space{base, {}};
  for (const Parameter& p : parameters) {
    std::vector<Parameter> axes{p};
    if (p.name == kWidth) axes = widths_of(p, *find(parameters, kLayers));
    space.parameters.insert(space.parameters.end(), axes.begin(), axes.end());
  }
  for (Parameter& p : space.parameters)
    if (p.when) check_condition(base, space.parameters, p);
  check_circles(space.parameters);
  return space;
}

std::string to_json(const Space& space) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Parameter& p : space.parameters) {
    nlohmann::ordered_json one = {{"name", p.name}};
    if (p.values.empty()) {
      one["low"] = p.low;
      one["high"] = p.high;
      one["scale"] = p.logarithmic ? "log" : "linear";
      one["integer"] = p.integer;
      if (p.points > 0) one["points"] = p.points;
    } else {
      for (const std::string& value : p.values) one["values"].push_back(value_json(p.name, value));
    }
    if (p.when)
      for (const std::string& value : p.when->values)
        one["when"][p.when->name].push_back(value_json(p.when->name, value));
    list.push_back(std::move(one));
  }
  nlohmann::ordered_json base = nlohmann::ordered_json::object();
  for (const HyperField& field : hyper_fields()) {
    const bool varied =
        find(space.parameters, field.name) != nullptr ||
        (std::string_view(field.name) == "hidden" && find(space.parameters, kLayers) != nullptr);
    if (!varied) base[field.name] = value_json(field.name, field.get(space.base));
  }
  return nlohmann::ordered_json{{"parameters", std::move(list)}, {"base", std::move(base)}}.dump();
}

}  // namespace runnel::sweep
