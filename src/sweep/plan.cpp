// What a search over networks would be: the plan of the search of any training in the words of networks.
#include <algorithm>

#include "search/settings.h"
#include "sweep/networks.h"
#include "sweep/schema.h"
#include "sweep/trajectory.h"

namespace runnel::sweep {
namespace {

// Folds of other numbers of rows have programs of their own, and are told as one.
std::vector<PlannedShape> shapes_of(const search::Plan& plan) {
  std::vector<PlannedShape> shapes;
  for (const search::PlannedProgram& p : plan.programs) {
    const auto same = std::find_if(shapes.begin(), shapes.end(), [&](const PlannedShape& s) {
      return search::fixed_key(s.example) == search::fixed_key(p.example);
    });
    PlannedShape& shape = same == shapes.end() ? shapes.emplace_back(PlannedShape{p.example}) : *same;
    shape.lanes += p.lanes;
    shape.blocks += p.blocks;
    shape.steps = std::max(shape.steps, p.steps);
    shape.flops = std::max(shape.flops, p.operations);
    shape.seconds = std::max(shape.seconds, p.seconds);
  }
  for (PlannedShape& shape : shapes) shape.lanes /= plan.folds;
  return shapes;
}

}  // namespace

Plan plan(const Problem& problem, const std::vector<Configuration>& candidates, const Options& options) {
  check_search(problem, candidates);
  const Networks networks(problem);
  search::Options how;
  how.seed = options.seed;
  how.threads = options.threads;
  how.scheduling = options.scheduling;
  how.memory = options.memory;
  const search::Plan found =
      search::plan(networks, networks.folds(), Space(network_schema()), search::these(candidates), how);
  Plan out;
  out.candidates = found.candidates;
  out.trajectories = found.trajectories;
  out.folds = found.folds;
  out.epochs = found.epochs;
  out.threads = found.threads;
  out.shapes = shapes_of(found);
  out.rungs = found.rungs;
  for (const search::PlannedStretch& s : found.stretches)
    out.stretches.push_back({s.begin, s.end, s.lanes, s.blocks, s.steps, s.operations, s.seconds});
  out.flops = found.operations;
  out.seconds = found.seconds;
  out.compiling = found.compiling;
  out.timed = std::min<std::int64_t>(found.timed, std::ssize(out.shapes));
  return out;
}

}  // namespace runnel::sweep
