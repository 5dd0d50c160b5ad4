#include "study/search_growth.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::study {
namespace {

using params::Parameter;
using params::Value;
using search::Configuration;

std::string text_of(double number) { return to_string(Value(number)); }

// What cannot change while a study grows.
std::string nature_of(const Parameter& p) {
  std::string out = fmt::format("{} {}", kind_name(p.kind), role_name(p.role));
  if (p.step > 0) out += fmt::format(" step {}", p.step);
  for (const params::Condition& when : p.when) {
    out += (when.is_not ? " unless " : " when ") + when.name + '=';
    for (std::size_t i = 0; i < when.values.size(); ++i)
      out += (i > 0 ? "," : "") + to_string(when.values[i]);
  }
  return out;
}

Json range_of(double low, double high) { return {{"low", text_of(low)}, {"high", text_of(high)}}; }

Json schema_of(const params::Schema& schema) {
  Json out = Json::object();
  for (const Parameter& p : schema.parameters()) {
    Json one = range_of(p.limits.low, p.limits.high);
    if (p.kind == params::Kind::choice) one = {{"values", p.words}};
    one["nature"] = nature_of(p);
    out[p.name] = std::move(one);
  }
  return out;
}

Json varied_of(const search::Space& space) {
  Json out = Json::object();
  for (const params::Varied& v : space.varied()) {
    Json one = Json::object();
    if (v.values.empty()) {
      one = range_of(v.range.low, v.range.high);
      one["nature"] = "a range";
      one["scale"] = v.logarithmic ? "log" : "linear";
      if (v.points > 0) one["points"] = v.points;
    } else {
      one["nature"] = "values";
      one["values"] = Json::array();
      for (const Value& value : v.values) one["values"].push_back(to_string(value));
    }
    if (v.when) {
      one["on"] = v.when->name;
      for (const Value& value : v.when->values) one["when"].push_back(to_string(value));
    }
    out[v.name] = std::move(one);
  }
  return out;
}

Json fixed_of(const search::Space& space) {
  Json out = Json::object();
  const std::vector<Parameter>& parameters = space.schema().parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const bool is_varied = std::any_of(space.varied().begin(), space.varied().end(),
                                       [&](const params::Varied& v) { return v.place == i; });
    if (!is_varied) out[parameters[i].name] = to_string(space.base().values()[i]);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> settings_of(const search::Beginning& b) {
  const search::Scheduling& s = b.options.scheduling;
  std::vector<std::pair<std::string, std::string>> out{
      {"sampler", b.sampler.name()},
      {"generation", std::to_string(b.options.generation)},
      {"patience", std::to_string(b.options.patience)},
      {"scheduler", std::string(scheduler_name(s.scheduler))}};
  // What a scheduler does not read may be anything.
  const bool halves =
      s.scheduler == search::Scheduler::halving || s.scheduler == search::Scheduler::hyperband;
  if (halves) out.emplace_back("eta", std::to_string(s.eta));
  if (s.scheduler != search::Scheduler::full) out.emplace_back("min_epochs", std::to_string(s.min_epochs));
  return out;
}

// ---- as wide -------------------------------------------------------------------------------------------

double number_in(const Json& text) { return to_number(text.get<std::string>()).value_or(std::nan("")); }

// "0..1", "plain,falling"
std::string told(const Json& one) {
  if (one.contains("values"))
    return fmt::format("{}", fmt::join(one["values"].get<std::vector<std::string>>(), ","));
  return one.at("low").get<std::string>() + ".." + one.at("high").get<std::string>() +
         (one.contains("points") ? fmt::format(":{}", one["points"].get<std::int64_t>()) : "");
}

// Whether all that a parameter could be it can be still.
bool holds(const Json& is, const Json& was) {
  if (was.contains("values") != is.contains("values")) return false;
  if (was.contains("values"))
    return std::all_of(was["values"].begin(), was["values"].end(), [&](const Json& value) {
      return std::find(is["values"].begin(), is["values"].end(), value) != is["values"].end();
    });
  return number_in(is.at("low")) <= number_in(was.at("low")) &&
         number_in(is.at("high")) >= number_in(was.at("high"));
}

// How parameters, or what is varied of them, are no more all that they were; empty where they are.
std::string not_as_wide(const Json& was, const Json& is, const char* gone) {
  for (const auto& [name, before] : was.items()) {
    if (!is.contains(name)) return fmt::format("{} {}", name, gone);
    const Json& now = is[name];
    if (before.at("nature") != now.at("nature"))
      return fmt::format("{} is {} -> {}", name, before["nature"].get<std::string>(),
                         now["nature"].get<std::string>());
    if (!holds(now, before))
      return fmt::format("{} {} -> {}, which does not hold all of it", name, told(before), told(now));
  }
  return "";
}

[[noreturn]] void refuse(const std::string& path, std::string_view what, const std::string& differs) {
  const bool may_widen = what == "space" || what == "schema";
  fail("{}: the study was begun with another {}: {}; give what it was begun with{}, or another file", path,
       what, differs, may_widen ? " or a wider one" : "");
}

class Growth {
 public:
  Growth(const Study& study, const search::Beginning& beginning, const Json& was)
      : study_(study), beginning_(beginning), was_(was), is_(plan_of(beginning)) {}

  search::Earlier earlier() {
    check_schema();
    check_settings();
    check_fixed();
    const bool is_wider = check_varied();
    search::Earlier out{study_.path};
    for (const Candidate& c : study_.candidates) out.candidates.push_back(configuration_of(c));
    const std::int64_t known = std::ssize(out.candidates);
    for (const std::int64_t number : was_.at("tried").get<std::vector<std::int64_t>>())
      if (number < known) out.tried.push_back(number);
    out.settled = std::min(known, was_.at("settled").get<std::int64_t>());
    const bool draws_on = is_wider && beginning_.sampler.widening() == search::Sampler::Widening::behind;
    const std::int64_t drawn = known - std::ssize(out.tried);
    if (draws_on && beginning_.sampler.size(beginning_.space) <= drawn)
      refuse(study_.path, "space",
             fmt::format("{} is wider, and the sampler's {} candidates were chosen already: ask for more",
                         wider_, drawn));
    if (draws_on || (has_more_epochs_ && beginning_.sampler.reads_results())) out.settled = known;
    return out;
  }

 private:
  void check_schema() const {
    const Json &was = was_.at("schema"), &is = is_["schema"];
    for (const auto& [name, now] : is.items())
      if (!was.contains(name)) refuse(study_.path, "schema", name + " is new");
    if (const std::string differs = not_as_wide(was, is, "is gone"); !differs.empty())
      refuse(study_.path, "schema", differs);
  }

  void check_settings() const {
    if (study_.description.seed != beginning_.options.seed)
      refuse(study_.path, "seed", fmt::format("{} -> {}", study_.description.seed, beginning_.options.seed));
    for (const auto& [name, value] : was_.at("settings").items())
      if (const Json& now = is_["settings"][name]; now != value)
        refuse(study_.path, name,
               fmt::format("{} -> {}", value.get<std::string>(),
                           now.is_null() ? "none" : now.get<std::string>()));
  }

  void check_fixed() {
    const params::Schema& schema = beginning_.space.schema();
    const auto budget = schema.place_of(params::Role::budget);
    for (const auto& [name, value] : was_.at("fixed").items()) {
      if (!is_["fixed"].contains(name)) {
        check_held(name, value.get<std::string>());  // varied now
        continue;
      }
      const Json& now = is_["fixed"][name];
      if (now == value) continue;
      const bool is_longer =
          budget && schema.parameters()[*budget].name == name && number_in(now) > number_in(value);
      if (!is_longer)
        refuse(study_.path, "space",
               fmt::format("{} {} -> {}", name, value.get<std::string>(), now.get<std::string>()));
      has_more_epochs_ = true;
    }
  }

  // A value that all candidates had, of what is varied now.
  void check_held(const std::string& name, const std::string& text) const {
    const search::Space& space = beginning_.space;
    if (text == "-") return;
    const Parameter& p = space.schema()[name];
    Configuration old = space.base();
    old.set(name, params::read(p, text));
    for (const params::Varied& v : space.varied()) {
      if (space.schema().parameters()[v.place].name != name) continue;
      const Value value = space.value_of(old, v);
      const bool by_number = value.is_off() && p.off_at && v.contains(*p.off_at);
      if (value.is_nothing() || by_number || v.contains(value)) continue;
      refuse(study_.path, "space",
             fmt::format("{} {} -> {}, which does not hold it", name, text, told(is_["varied"].at(v.name))));
    }
  }

  // A condition that leaves candidates out which it took in, or spreads a grid's points anew, is no growth.
  void check_manner(const std::string& name, const Json& was, const Json& is) const {
    const auto when = [](const Json& one) {
      return one.contains("on") ? fmt::format("{} is {}", one["on"].get<std::string>(),
                                              fmt::join(one["when"].get<std::vector<std::string>>(), " or "))
                                : std::string("always");
    };
    bool holds_all = !is.contains("on");
    if (!holds_all && was.contains("on") && was["on"] == is["on"])
      holds_all = std::all_of(was["when"].begin(), was["when"].end(), [&](const Json& value) {
        return std::find(is["when"].begin(), is["when"].end(), value) != is["when"].end();
      });
    if (!holds_all) refuse(study_.path, "space", fmt::format("{} where {} -> {}", name, when(was), when(is)));
    if (is.contains("points") && was.value("scale", "") != is.value("scale", ""))
      refuse(study_.path, "space",
             fmt::format("the points of {} on a {} scale -> {}", name, was.value("scale", ""),
                         is.value("scale", "")));
  }

  // Whether the space is wider than it was.
  bool check_varied() {
    const Json &was = was_.at("varied"), &is = is_["varied"];
    if (const std::string differs = not_as_wide(was, is, "was varied and is not any more"); !differs.empty())
      refuse(study_.path, "space", differs);
    for (const auto& [name, now] : is.items()) {
      if (was.contains(name)) check_manner(name, was[name], now);
      if (was.contains(name) && was[name] == now) continue;
      if (wider_.empty())
        wider_ =
            fmt::format("{} {} -> {}", name,
                        was.contains(name) ? told(was[name]) : was_.at("fixed").value(name, "-"), told(now));
    }
    return !wider_.empty();
  }

  Configuration configuration_of(const Candidate& candidate) const {
    const Configuration& like = beginning_.space.base();
    std::vector<Value> values(like.values().size());
    for (const Candidate::Value& v : candidate.hyper) {
      if (!v.active) continue;
      const std::size_t place = like.schema().place(v.name);
      values[place] = params::read(like.schema().parameters()[place], v.text);
    }
    return {schema_, std::move(values)};
  }

  const Study& study_;
  const search::Beginning& beginning_;
  const Json& was_;
  Json is_;
  const std::shared_ptr<const params::Schema> schema_ =
      std::make_shared<const params::Schema>(beginning_.space.schema());
  bool has_more_epochs_ = false;
  std::string wider_;
};

}  // namespace

Json plan_of(const search::Beginning& b) {
  Json settings = Json::object();
  for (const auto& [name, text] : settings_of(b)) settings[name] = text;
  return {{"settings", std::move(settings)},
          {"schema", schema_of(b.space.schema())},
          {"varied", varied_of(b.space)},
          {"fixed", fixed_of(b.space)},
          {"candidates", b.sampler.size(b.space)}};
}

Fingerprint schema_fingerprint(const params::Schema& schema) {
  std::vector<std::pair<std::string, std::string>> parts;
  const Json json = schema_of(schema);
  for (const auto& [name, one] : json.items())
    parts.emplace_back(name, one["nature"].get<std::string>() + ' ' + told(one));
  return settings_fingerprint(parts);
}

Fingerprint search_fingerprint(const search::Beginning& b) {
  std::vector<std::pair<std::string, std::string>> parts = settings_of(b);
  const Json varied = varied_of(b.space), fixed = fixed_of(b.space);
  for (const auto& [name, one] : varied.items())
    parts.emplace_back(name, told(one) + (one.value("scale", "") == "log" ? " log" : ""));
  for (const auto& [name, value] : fixed.items()) parts.emplace_back("the value of " + name, value);
  return settings_fingerprint(parts);
}

search::Earlier grown_from(const Study& study, const search::Beginning& beginning) {
  const Json configuration = Json::parse(study.description.configuration, nullptr, false);
  if (!configuration.is_object() || !configuration.contains("search"))
    fail(
        "{}: the study does not say what was searched (it is of another program or an earlier Runnel); give "
        "another file",
        study.path);
  try {
    return Growth(study, beginning, configuration["search"]).earlier();
  } catch (const Json::exception& e) {
    fail("{}: the study is damaged ({}); restore a copy of it, or begin another one", study.path, e.what());
  }
}

}  // namespace runnel::study
