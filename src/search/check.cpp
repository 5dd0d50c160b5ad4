#include "search/check.h"

#include "core/fail.h"
#include "search/rows.h"

namespace runnel::search {

void check_search(const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
                  const SamplerPtr& sampler, const Options& options) {
  check_rows(folds);
  if (!sampler) fail("a search needs a sampler");
  params::expect_same_schema(space.schema(), trainable.schema(), "the space");
  if (options.generation < 1) fail("a generation of {} candidates: it has at least 1", options.generation);
  if (options.patience < 0) fail("a patience of {} epochs: it is 0, for none, or more", options.patience);
  if (const auto place = trainable.schema().place_of(params::Role::patience); place && options.patience > 0)
    fail("a patience of {} epochs in the options, where each candidate has its own: set {}", options.patience,
         trainable.schema().parameters()[*place].name);
  if (options.until < 0) fail("a search until epoch {}: it is 0, for no end, or more", options.until);
  if (options.threads < 0)
    fail("{} threads: it is 0, for as many as there are cores, or more", options.threads);
  if (options.states < 0) fail("the states of {} candidates: it is 0 or more", options.states);
  if (!(options.seconds >= 0)) fail("a search of {} seconds: it is 0, for no end, or more", options.seconds);
}

}  // namespace runnel::search
