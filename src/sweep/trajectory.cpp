#include "sweep/trajectory.h"

#include "search/trajectory.h"
#include "sweep/networks.h"
#include "sweep/schema.h"

namespace runnel::sweep {

std::vector<Trajectory> make_trajectories(const Problem& problem, const std::vector<Hyper>& candidates) {
  const Networks networks(problem);
  search::Programs programs(networks, networks.folds());
  std::vector<params::Configuration> all;
  for (const Hyper& hyper : candidates) all.push_back(configuration_of(hyper));
  std::vector<Trajectory> out;
  for (const search::Trajectory& t : search::make_trajectories(programs, all, 0, {}))
    out.push_back({hyper_of(t.configuration), t.readings, t.number});
  return out;
}

}  // namespace runnel::sweep
