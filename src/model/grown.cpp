#include "model/grown.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::fitting {
namespace {

using params::Configuration;
using sweep::Sampler;
using Json = nlohmann::ordered_json;

// What was searched, as the study's configuration tells it.
struct Earlier {
  Json space;
  std::string sampler;
  std::int64_t draws = 0;
  std::vector<std::int64_t> tried = {};
};

// None of a study that tells nothing of it.
std::optional<Earlier> earlier_of(const study::Study& study) {
  const Json json = Json::parse(study.description.configuration, nullptr, false);
  try {
    Earlier out{json.at("space"), json.at("sampler").get<std::string>(),
                json.at("draws").get<std::int64_t>()};
    if (json.contains("tries")) out.tried = json["tries"].get<std::vector<std::int64_t>>();
    return out;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string key_of(const Configuration& candidate) {
  std::string key;
  for (const params::Value& value : candidate.values()) key += to_string(value) + '\n';
  return key;
}

// A value as it is told today: earlier versions told 0 for what was off.
Json told(const params::Space& space, const std::string& name, const Json& value) {
  if (value.is_null()) return value;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const params::Value read = params::read(space.axis(name), text);
  if (read.is_integer()) return read.integer();
  return read.is_number() ? Json(read.number()) : Json(to_string(read));
}

std::string shown(const Json& value) {
  if (value.is_number_float()) return from_number(value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// An earlier space likewise. The elements of a list are told alike whatever their number.
Json told(const params::Space& space, Json json) {
  for (Json& axis : json.at("parameters")) {
    const std::string name = axis.at("name");
    const bool is_element = name.starts_with("width");
    if (is_element) axis.erase("when");
    if (axis.contains("values"))
      for (Json& value : axis["values"]) value = told(space, is_element ? "width" : name, value);
    if (axis.contains("when"))
      for (auto& [on, values] : axis["when"].items())
        for (Json& value : values) value = told(space, on, value);
  }
  for (auto& [name, value] : json.at("base").items()) value = told(space, name, value);
  return json;
}

// Whether one parameter can be all that it could be.
bool is_as_wide(const Json& was, const Json& is) {
  if (was.value("when", Json()) != is.value("when", Json())) return false;
  if (was.contains("values") != is.contains("values")) return false;
  if (was.contains("values"))
    return std::all_of(was["values"].begin(), was["values"].end(), [&](const Json& value) {
      return std::find(is["values"].begin(), is["values"].end(), value) != is["values"].end();
    });
  return is.at("low") <= was.at("low") && is.at("high") >= was.at("high") &&
         is.at("integer") == was.at("integer");
}

std::string text_of(const Json& parameter) {
  if (!parameter.contains("values"))
    return fmt::format("{}..{}", parameter.at("low").get<double>(), parameter.at("high").get<double>());
  std::string out;
  for (const Json& value : parameter["values"]) out += (out.empty() ? "" : ",") + shown(value);
  return out;
}

const Json* named(const Json& parameters, const Json& name) {
  for (const Json& p : parameters)
    if (p.at("name") == name) return &p;
  return nullptr;
}

// How the space fails to hold all that the earlier one did; empty where it does.
std::string not_wider(const Json& was, const Json& is) {
  for (const Json& before : was.at("parameters")) {
    const std::string name = before.at("name");
    const Json* now = named(is.at("parameters"), before["name"]);
    if (now == nullptr) return fmt::format("{} was searched and is not any more", name);
    if (!is_as_wide(before, *now))
      return fmt::format("{} {} -> {}, which does not hold all of it", name, text_of(before), text_of(*now));
  }
  for (const auto& [name, value] : was.at("base").items()) {
    if (!is.at("base").contains(name)) continue;  // searched now
    const Json& now = is["base"][name];
    if (now == value || (name == "epochs" && now > value)) continue;
    return fmt::format("{} {} -> {}", name, shown(value), shown(now));
  }
  return "";
}

// The epochs of all candidates, where these are to be more than they were; else 0.
std::int64_t more_epochs(const Json& was, const Json& is) {
  if (!was.at("base").contains("epochs") || !is.at("base").contains("epochs")) return 0;
  return is["base"]["epochs"] > was["base"]["epochs"] ? is["base"]["epochs"].get<std::int64_t>() : 0;
}

class Growing {
 public:
  Growing(Searched& search, const std::vector<Configuration>& known, const Earlier& earlier,
          const FitOptions& options)
      : search_(search), known_(known), earlier_(earlier), options_(options), all_(known) {
    for (const Configuration& candidate : known) keys_.insert(key_of(candidate));
  }

  // Why it cannot be; empty where it was done.
  std::string grow() {
    const Json space = told(search_.space, Json::parse(params::to_json(search_.space)));
    earlier_.space = told(search_.space, earlier_.space);
    const std::string refusal = refusal_of(space);
    if (!refusal.empty()) return refusal;
    std::vector<std::int64_t> tried = earlier_.tried;
    for (const Configuration& point : search_.tries)
      if (add(point)) tried.push_back(std::ssize(all_) - 1);
    if (search_.sampler == Sampler::grid)
      for (const Configuration& candidate : sweep::sample(search_.space, search_.sampler, 0, options_.seed))
        add(candidate);
    else
      add_draws(tried, more_epochs(earlier_.space, space));
    search_.candidates = std::move(all_);
    search_.tried = std::move(tried);
    search_.known = std::ssize(known_);
    return "";
  }

 private:
  std::string refusal_of(const Json& space) const {
    if (earlier_.sampler != sweep::sampler_name(search_.sampler))
      return fmt::format("sampler {} -> {}; give --sampler {}", earlier_.sampler,
                         sweep::sampler_name(search_.sampler), earlier_.sampler);
    const std::string differs = not_wider(earlier_.space, space);
    if (!differs.empty()) return differs;
    if (search_.sampler == Sampler::grid) return "";
    if (search_.draws < earlier_.draws)
      return fmt::format("--random {}, and {} were drawn already; give as many or more", search_.draws,
                         earlier_.draws);
    const bool is_wider = earlier_.space.at("parameters") != space.at("parameters");
    if (is_wider && search_.draws == earlier_.draws)
      return fmt::format("it is wider, and --random {} draws nothing of it that was not drawn; give more",
                         search_.draws);
    return "";
  }

  void add_draws(const std::vector<std::int64_t>& tried, std::int64_t epochs) {
    if (epochs > 0)
      for (std::size_t i = 0; i < known_.size(); ++i) {
        if (std::find(tried.begin(), tried.end(), static_cast<std::int64_t>(i)) != tried.end()) continue;
        Configuration longer = known_[i];
        longer.set("epochs", epochs);
        add(longer);
      }
    if (search_.draws == earlier_.draws) return;
    const std::vector<Configuration> drawn =
        sweep::sample(search_.space, search_.sampler, search_.draws, options_.seed);
    for (auto i = static_cast<std::size_t>(earlier_.draws); i < drawn.size(); ++i) add(drawn[i]);
  }

  // Whether it was not there.
  bool add(const Configuration& candidate) {
    if (!keys_.insert(key_of(candidate)).second) return false;
    all_.push_back(candidate);
    return true;
  }

  Searched& search_;
  const std::vector<Configuration>& known_;
  Earlier earlier_;
  const FitOptions& options_;
  std::vector<Configuration> all_;
  std::set<std::string> keys_;
};

}  // namespace

void grow(Searched& search, const study::Study& study, const FitOptions& options) {
  const std::optional<Earlier> earlier = earlier_of(study);
  if (!earlier) return;
  std::vector<Configuration> known;
  for (const study::Candidate& candidate : study.candidates)
    known.push_back(study::configuration_of(candidate));
  if (search.candidates == known) {
    search.known = std::ssize(known);
    return;
  }
  search.refusal = Growing(search, known, *earlier, options).grow();
}

}  // namespace runnel::fitting
