// Spaces in TOML, and the candidates that come of them.
#include "runnel/space.h"

#include <nlohmann/json.hpp>

#include "sweep/parameter.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  std::vector<sweep::Parameter> parameters;
  if (!accepted([&] { parameters = sweep::parse_space("input", bytes); })) return;
  expect(!parameters.empty(), "a space has parameters");
  sweep::Space space;
  if (!accepted([&] { space = sweep::make_space({}, parameters); })) return;
  expect(nlohmann::json::accept(sweep::to_json(space)), "a space is told as JSON");
  for (const sweep::Sampler sampler : {sweep::Sampler::random, sweep::Sampler::sobol})
    accepted([&] { expect(sweep::sample(space, sampler, 3, 0).size() == 3, "as many as were asked for"); });
  // A grid grows as the product of its axes: only where it is small.
  double size = 1;
  for (const sweep::Parameter& p : space.parameters) {
    accepted([&] { size *= static_cast<double>(sweep::grid_values(p).size()); });
  }
  if (size <= 1000) accepted([&] { expect(!sweep::grid(space).empty(), "a grid has candidates"); });
}

const Target target("space", run);

}  // namespace
}  // namespace runnel::fuzz
