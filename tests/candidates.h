// Candidates of networks, shortly.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runnel/models.h"

namespace runnel::models {

// Values by name, of which candidates are made.
using Values = std::vector<std::pair<std::string, params::Value>>;

inline Values with(Values base, const Values& more) {
  base.insert(base.end(), more.begin(), more.end());  // the later of two counts
  return base;
}

// A space with these values for all, and axes as texts: "rate=0.1,0.2", "rate=1e-4..1e-1".
inline Space space_of(const std::vector<std::string>& axes, const Values& base = {}) {
  Space space(network_schema());
  for (const auto& [name, value] : base) space.set(name, params::as_word(space.schema()[name], value));
  for (const std::string& axis : axes) space.vary(axis);
  return space;
}

inline std::vector<Configuration> grid(const Values& base, const std::vector<std::string>& axes) {
  return space_of(axes, base).grid();
}

// All that a sampler chooses.
inline std::vector<Configuration> sample(const Space& space, const search::SamplerPtr& sampler,
                                         std::uint64_t seed) {
  return sampler->ask(space, seed, 0, sampler->size(space), {});
}

// A candidate with other values. Parameters that take part by them alone are as usual.
inline Configuration changed(const Configuration& candidate, const Values& values) {
  Configuration out(network_schema());
  for (std::size_t i = 0; i < candidate.values().size(); ++i)
    if (!candidate.values()[i].is_nothing())
      out.set(candidate.schema().parameters()[i].name, candidate.values()[i]);
  for (const auto& [name, value] : values) out.set(name, params::as_word(out.schema()[name], value));
  out.settle();
  return out;
}

}  // namespace runnel::models
