#include "model/grown.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/fail.h"

namespace runnel::fitting {
namespace {

using sweep::Hyper;
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

std::string key_of(const Hyper& hyper) {
  std::string key;
  for (const sweep::HyperField& field : sweep::hyper_fields()) key += field.get(hyper) + '\n';
  return key;
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
  for (const Json& value : parameter["values"])
    out += (out.empty() ? "" : ",") + (value.is_string() ? value.get<std::string>() : value.dump());
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
    return fmt::format("{} {} -> {}", name, value.is_string() ? value.get<std::string>() : value.dump(),
                       now.is_string() ? now.get<std::string>() : now.dump());
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
  Growing(Searched& search, const std::vector<Hyper>& known, const Earlier& earlier,
          const FitOptions& options)
      : search_(search), known_(known), earlier_(earlier), options_(options), all_(known) {
    for (const Hyper& hyper : known) keys_.insert(key_of(hyper));
  }

  // Why it cannot be; empty where it was done.
  std::string grow() {
    const Json space = Json::parse(sweep::to_json(search_.space));
    const std::string refusal = refusal_of(space);
    if (!refusal.empty()) return refusal;
    std::vector<std::int64_t> tried = earlier_.tried;
    for (const Hyper& point : search_.tries)
      if (add(point)) tried.push_back(std::ssize(all_) - 1);
    if (search_.sampler == Sampler::grid)
      for (const Hyper& hyper : sweep::sample(search_.space, search_.sampler, 0, options_.seed)) add(hyper);
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
        Hyper longer = known_[i];
        longer.epochs = epochs;
        add(longer);
      }
    if (search_.draws == earlier_.draws) return;
    const std::vector<Hyper> drawn =
        sweep::sample(search_.space, search_.sampler, search_.draws, options_.seed);
    for (auto i = static_cast<std::size_t>(earlier_.draws); i < drawn.size(); ++i) add(drawn[i]);
  }

  // Whether it was not there.
  bool add(const Hyper& hyper) {
    if (!keys_.insert(key_of(hyper)).second) return false;
    all_.push_back(hyper);
    return true;
  }

  Searched& search_;
  const std::vector<Hyper>& known_;
  const Earlier& earlier_;
  const FitOptions& options_;
  std::vector<Hyper> all_;
  std::set<std::string> keys_;
};

}  // namespace

void grow(Searched& search, const study::Study& study, const FitOptions& options) {
  const std::optional<Earlier> earlier = earlier_of(study);
  if (!earlier) return;
  std::vector<Hyper> known;
  for (const study::Candidate& candidate : study.candidates) known.push_back(study::hyper_of(candidate));
  if (search.candidates == known) {
    search.known = std::ssize(known);
    return;
  }
  search.refusal = Growing(search, known, *earlier, options).grow();
}

}  // namespace runnel::fitting
