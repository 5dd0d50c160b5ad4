// Spaces in TOML, and the candidates that come of them.
#include <nlohmann/json.hpp>

#include "runnel/models.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  params::Space space(models::network_schema());
  std::vector<std::string> names;
  if (!accepted([&] { names = params::read_space(space, "input", bytes); })) return;
  expect(!names.empty(), "a space has parameters");
  if (!accepted([&] { space.expect_sound(); })) return;
  expect(nlohmann::json::accept(params::to_json(space)), "a space is told as JSON");
  for (const search::SamplerPtr& sampler : {search::random(3), search::sobol(3)})
    accepted([&] {
      sampler->size(space);
      const auto all = sampler->ask(space, 0, 0, 3, {});
      expect(all.size() == 3, "as many as were asked for");
      for (const params::Configuration& candidate : all) space.check(candidate);
    });
  // A grid grows as the product of its axes: only where it is small.
  double size = 1;
  for (const params::Varied& v : space.varied())
    size *=
        static_cast<double>(v.values.empty() ? std::max<std::int64_t>(v.points, 100) : std::ssize(v.values));
  if (size <= 1000) accepted([&] { expect(!space.grid().empty(), "a grid has candidates"); });
}

const Target target("space", run);

}  // namespace
}  // namespace runnel::fuzz
