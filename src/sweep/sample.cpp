// Candidates from a space, all at once.
#include "core/fail.h"
#include "core/text.h"
#include "runnel/search.h"
#include "runnel/sweep.h"

namespace runnel::sweep {

std::string_view sampler_name(Sampler sampler) {
  return sampler == Sampler::grid ? "grid" : sampler == Sampler::random ? "random" : "sobol";
}

Sampler sampler_from_name(std::string_view name) {
  for (Sampler sampler : {Sampler::grid, Sampler::random, Sampler::sobol})
    if (sampler_name(sampler) == name) return sampler;
  fail("there is no sampler \"{}\"{}", name, suggestion(name, {"grid", "random", "sobol"}));
}

std::vector<Configuration> sample(const Space& space, Sampler sampler, std::int64_t n, std::uint64_t seed) {
  space.expect_sound();
  const search::SamplerPtr by = sampler == Sampler::grid     ? search::grid()
                                : sampler == Sampler::random ? search::random(n)
                                                             : search::sobol(n);
  return by->ask(space, seed, 0, by->size(space), {});
}

}  // namespace runnel::sweep
