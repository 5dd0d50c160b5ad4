#include "fit/searched.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/fail.h"
#include "data/readers.h"
#include "fit/kept_ensemble.h"

namespace runnel::fitting {
namespace {

using params::Configuration;
using params::Space;

std::string flag_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

// The axis by which a parameter is varied; null for none.
const params::Varied* axis_of(const Space& space, const std::string& name) {
  const std::size_t place = space.schema().place(name);
  for (const params::Varied& v : space.varied())
    if (v.place == place) return &v;
  return nullptr;
}

// A value that is set for all candidates, and searched as well.
void refuse_both(const Space& space, const std::map<std::string, params::Value>& set) {
  for (const auto& [name, value] : set)
    if (const params::Varied* axis = axis_of(space, name))
      fail("{} fixes what the search tries values of ({}): leave one of them out", flag_of(name),
           axis->part == params::Varied::Part::element ? space.schema()[name].parts.element : axis->name);
}

// Whether a parameter takes part in some candidate, as far as single conditions tell.
bool may_take_part(const Space& space, const params::Parameter& p) {
  return std::all_of(p.when.begin(), p.when.end(), [&](const params::Condition& when) {
    if (axis_of(space, when.name) != nullptr) return true;
    const auto at = std::find(when.values.begin(), when.values.end(), space.base()[when.name]);
    return (at != when.values.end()) != when.is_not;
  });
}

// What is asked for and does nothing in any candidate.
void refuse_idle(const Space& space, const std::map<std::string, params::Value>& set) {
  const auto prefix = [](const params::Varied& v) { return v.where.empty() ? "" : v.where + ": "; };
  const auto check = [&](const params::Parameter& p, const std::string& given) {
    if (may_take_part(space, p)) return;
    std::string is;
    for (const params::Condition& when : p.when)
      is += fmt::format("{}{} is {}", is.empty() ? "" : ", ", when.name, to_string(space.base()[when.name]));
    fail("{} does nothing here: {}, and {} for all candidates", given, params::when_it_takes_part(p), is);
  };
  for (const auto& [name, value] : set) check(space.schema()[name], flag_of(space.schema()[name].name));
  for (const params::Varied& v : space.varied())
    check(space.schema().parameters()[v.place], prefix(v) + v.name);
}

// A schedule of steps whose first would come after the last epoch.
void refuse_late_steps(const Space& space, const std::map<std::string, params::Value>& set) {
  if (axis_of(space, "schedule") != nullptr || axis_of(space, "every") != nullptr) return;
  if (to_string(space.base()["schedule"]) != "step") return;
  const double every = space.base()["every"].number();
  const std::int64_t epochs = most_epochs(space);
  if (every < static_cast<double>(epochs)) return;
  fail(
      "{} does nothing here: the rate would fall after {} epochs, and training takes {}; give a smaller "
      "--every",
      set.contains("every") ? "--every" : "--schedule step", to_string(space.base()["every"]), epochs);
}

// The space that the options describe, as far as the user described it.
Space own_space(const FitOptions& o) {
  if (!o.grid.empty() && (o.random > 0 || !o.space.empty() || !o.space_file.empty()))
    fail("a search is a grid or draws from a space, not both");
  Space space(models::network_schema());
  for (const auto& [name, value] : o.set) space.set(name, params::as_word(space.schema()[name], value));
  space.set("seed", static_cast<std::int64_t>(o.seed));
  for (const std::string& text : o.grid) space.vary(text);
  for (const bool ranges : {false, true})  // choices are drawn before ranges, whatever their order
    for (const std::string& text : o.space)
      if ((text.find("..") != std::string::npos) == ranges) space.vary(text);
  if (!o.space_file.empty()) params::read_space(space, o.space_file, data::read_bytes(o.space_file));
  space.expect_sound();
  refuse_both(space, o.set);
  return space;
}

std::string sampler_of(const FitOptions& o) {
  if (!o.sampler.empty()) return o.sampler;
  return o.random > 0 || !o.space.empty() ? "random" : "grid";
}

// How many candidates are drawn: as many as was said, or as Hyperband asks for.
std::int64_t draws_of(const FitOptions& o, const Space& space, const std::string& sampler) {
  if (sampler == "grid") {
    if (o.random > 0) fail("a grid has as many candidates as it has, not {} draws", o.random);
    return 0;
  }
  if (o.random > 0) return o.random;
  if (o.scheduling.scheduler == search::Scheduler::hyperband)
    return search::hyperband_size(o.scheduling, most_epochs(space));
  fail("a space needs a number of draws");
}

// Whether the whole default space is searched: nothing of it is fixed or drawn.
bool searches_default(const FitOptions& o, const TableSize& table) {
  return o.grid.empty() && o.space.empty() && o.space_file.empty() && o.random == 0 &&
         default_space(table, o.set).size() == default_space(table, {}).size();
}

// Of a winner that is trained again: that of the search that found it, which its study tells. Studies of
// earlier versions do not; there it is what these options would have come to.
Ensemble ensemble_of(const FitOptions& o, const TableSize& table) {
  if (o.refitted)
    if (const auto kept = kept_ensemble(*o.refitted)) return *kept;
  if (o.ensemble > 0) return {.size = o.ensemble, .of_seeds = o.ensemble_of_seeds};
  return {.size = searches_default(o, table) ? FitOptions::kUsualEnsemble : 1,
          .of_seeds = o.ensemble_of_seeds,
          .near = true};
}

}  // namespace

namespace {

std::vector<search::Try> tries_of(const FitOptions& options, const Space& space) {
  std::vector<search::Try> out;
  for (const std::string& text : options.tries) {
    Configuration point = params::read_point(space.base(), text);
    models::check(point);
    out.emplace_back(std::move(point));
  }
  return out;
}

}  // namespace

std::int64_t most_epochs(const Space& space) {
  for (const params::Varied& v : space.varied())
    if (v.name == "epochs") {
      double most = v.values.empty() ? v.range.high : 0;
      for (const params::Value& value : v.values) most = std::max(most, value.number());
      return static_cast<std::int64_t>(most);
    }
  return models::epochs_of(space.base());
}

std::optional<std::int64_t> most_epochs(const FitOptions& options) {
  const bool own = !options.grid.empty() || !options.space.empty() || !options.space_file.empty();
  if (!own && !options.set.contains("epochs")) return std::nullopt;
  const Space space = own_space(options);
  std::int64_t most = most_epochs(space);
  for (const std::string& text : options.tries)
    most = std::max(most, models::epochs_of(params::read_point(space.base(), text)));
  return most;
}

Searched searched(const FitOptions& options, const TableSize& table) {
  Searched s;
  s.ensemble = ensemble_of(options, table);
  if (const std::vector<Configuration>& given = options.candidates; !given.empty()) {
    const std::int64_t members = s.ensemble.of_seeds ? 1 : std::min(s.ensemble.size, std::ssize(given));
    s.given.assign(given.begin(), given.begin() + members);
    if (!options.stops.empty()) s.stops.assign(options.stops.begin(), options.stops.begin() + members);
    return s;
  }
  s.space = own_space(options);
  s.is_own = !options.grid.empty() || !options.space.empty() || !options.space_file.empty();
  if (!s.is_own)
    for (auto& [name, values] : default_space(table, options.set))
      if (may_take_part(s.space, s.space.schema()[name])) s.space.vary(name, std::move(values));
  refuse_idle(s.space, options.set);
  refuse_late_steps(s.space, options.set);
  s.sampler = sampler_of(options);
  s.draws = models::sampler_from_name(s.sampler, draws_of(options, s.space, s.sampler));
  s.draws->size(s.space);  // fails where it cannot sample the space
  s.tries = tries_of(options, s.space);
  return s;
}

}  // namespace runnel::fitting
