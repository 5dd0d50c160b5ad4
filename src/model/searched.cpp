#include "model/searched.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/fail.h"
#include "model/kept_ensemble.h"

namespace runnel::fitting {
namespace {

using sweep::Hyper;

// A value that the user fixed and lets be searched as well.
void refuse_both(const std::vector<sweep::Parameter>& parameters, const std::vector<std::string>& fixed) {
  for (const sweep::Parameter& p : parameters) {
    const bool builds_hidden = p.name == "layers" || p.name == "width";
    for (const std::string& name : fixed) {
      if (name != p.name && !(builds_hidden && name == "hidden")) continue;
      std::string flag = "--" + name;
      std::replace(flag.begin(), flag.end(), '_', '-');
      fail("{} fixes what the search tries values of ({}): leave one of them out", flag, p.name);
    }
  }
}

// The space that the options describe; the table is that of the default space.
sweep::Space space_of(const FitOptions& o, const TableSize& table) {
  if (!o.grid.empty() && (o.random > 0 || !o.space.empty() || !o.space_file.empty()))
    fail("a search is a grid or draws from a space, not both");
  std::vector<sweep::Parameter> parameters;
  for (const std::string& text : o.grid) parameters.push_back(sweep::parse_parameter(text));
  for (const bool ranges : {false, true})  // choices are drawn before ranges, whatever their order
    for (const std::string& text : o.space)
      if (sweep::is_range(text) == ranges) parameters.push_back(sweep::parse_parameter(text));
  if (!o.space_file.empty())
    for (sweep::Parameter& p : sweep::read_space_file(o.space_file)) parameters.push_back(std::move(p));
  refuse_both(parameters, o.fixed);
  if (parameters.empty())
    for (const sweep::Choice& c : default_space(table, o.fixed)) parameters.push_back({c.name, c.values});
  Hyper base = o.base;
  base.seed = o.seed;
  return sweep::make_space(base, parameters);
}

sweep::Sampler sampler_of(const FitOptions& o) {
  if (o.sampler) return *o.sampler;
  return o.random > 0 || !o.space.empty() ? sweep::Sampler::random : sweep::Sampler::grid;
}

std::int64_t most_epochs(const sweep::Space& space) {
  for (const sweep::Parameter& p : space.parameters)
    if (p.name == "epochs") {
      double most = p.high;
      for (const std::string& value : p.values) most = std::max(most, std::stod(value));
      return static_cast<std::int64_t>(most);
    }
  return space.base.epochs;
}

// How many candidates are drawn: as many as was said, or as Hyperband asks for.
std::int64_t draws_of(const FitOptions& o, const sweep::Space& space, sweep::Sampler sampler) {
  if (sampler == sweep::Sampler::grid) {
    if (o.random > 0) fail("a grid has as many candidates as it has, not {} draws", o.random);
    return 0;
  }
  if (o.random > 0) return o.random;
  if (o.scheduling.scheduler == sweep::Scheduler::hyperband)
    return sweep::hyperband_size(o.scheduling, most_epochs(space));
  fail("a space needs a number of draws");
}

// Whether the whole default space is searched: nothing of it is fixed or drawn.
bool searches_default(const FitOptions& o, const TableSize& table) {
  return o.grid.empty() && o.space.empty() && o.space_file.empty() && o.random == 0 &&
         default_space(table, o.fixed).size() == default_space(table, {}).size();
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

// Known points first; what the sampler finds of them again is not added.
void add_tries(const FitOptions& options, Searched& s) {
  for (const std::string& text : options.tries) {
    const Hyper point = sweep::parse_point(s.space.base, text);
    if (std::find(s.tries.begin(), s.tries.end(), point) == s.tries.end()) s.tries.push_back(point);
  }
  if (s.tries.empty()) return;
  std::erase_if(s.candidates, [&](const Hyper& hyper) {
    return std::find(s.tries.begin(), s.tries.end(), hyper) != s.tries.end();
  });
  s.candidates.insert(s.candidates.begin(), s.tries.begin(), s.tries.end());
  for (std::int64_t i = 0; i < std::ssize(s.tries); ++i) s.tried.push_back(i);
}

}  // namespace

Searched searched(const FitOptions& options, const TableSize& table) {
  Searched s;
  s.ensemble = ensemble_of(options, table);
  if (const std::vector<Hyper>& given = options.candidates; !given.empty()) {
    const std::int64_t members = s.ensemble.of_seeds ? 1 : std::min(s.ensemble.size, std::ssize(given));
    s.candidates.assign(given.begin(), given.begin() + members);
    if (!options.stops.empty()) s.stops.assign(options.stops.begin(), options.stops.begin() + members);
    return s;
  }
  s.space = space_of(options, table);
  const bool own = !options.grid.empty() || !options.space.empty() || !options.space_file.empty();
  if (own) s.told = s.space;
  s.sampler = sampler_of(options);
  s.draws = draws_of(options, s.space, s.sampler);
  s.candidates = sweep::sample(s.space, s.sampler, s.draws, options.seed);
  add_tries(options, s);
  return s;
}

}  // namespace runnel::fitting
