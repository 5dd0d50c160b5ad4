// The public search: of this process alone, or of all ranks where it was started as one of several. Every
// search of a program comes through here, so whoever links one has the ranks too.
#include "core/threads.h"
#include "ranks/process.h"
#include "search/executor.h"

namespace runnel::search {

// Joins the ranks as well, so that one that ends its program after this is missed by those in a search. Where
// it cannot, the search says why, and this is what the launcher told.
bool is_root() {
  try {
    if (ranks::Process* process = ranks::Process::current()) return process->transport().rank() == 0;
  } catch (const Error&) {
  }
  return ranks::is_root();
}

Result run(const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
           const SamplerPtr& sampler, const Options& options) {
  if (ranks::Process* process = ranks::Process::current())
    return process->rank().run(process->threads(options.threads), trainable, folds, space, sampler, options);
  const std::unique_ptr<Executor> own = threads_executor(thread_count(options.threads));
  return run_with(*own, trainable, folds, space, sampler, options);
}

Plan plan(const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
          const SamplerPtr& sampler, const Options& options) {
  if (ranks::Process* process = ranks::Process::current())
    return process->rank().plan(process->threads(options.threads), trainable, folds, space, sampler, options);
  return plan_with(thread_count(options.threads), trainable, folds, space, sampler, options);
}

}  // namespace runnel::search
