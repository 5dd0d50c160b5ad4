// Where a search keeps what it comes to, so that it can go on after a stop or a kill: a study (src/study).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "search/trajectory.h"

namespace runnel::search {

// What a search begins with. Its candidates follow from it, and what they come to. All of it outlives the
// search.
struct Beginning {
  Programs& programs;  // and the trainable and the folds
  const Space& space;
  const Sampler& sampler;
  const Options& options;
};

// The candidates of an earlier run of the search, or of the smaller one that it has grown from. They keep
// their numbers.
struct Earlier {
  std::string name = {};  // of where they are kept, for messages
  std::vector<Configuration> candidates = {};
  std::vector<std::int64_t> tried = {};  // numbers of those that the sampler did not choose
  // The first so many are what they are, whatever the sampler would choose now: they were drawn from a
  // narrower space, or from what shorter trainings had come to.
  std::int64_t settled = 0;
};

// What is trained next; it stays where it is until the next one.
struct Generation {
  std::int64_t first = 0;
  std::span<const Configuration> candidates;  // first, first + 1, …
  std::span<const Trajectory> trajectories;   // their training runs
  std::span<const std::int64_t> tried;        // of all candidates: those that the sampler did not choose
};

// Called by one thread at a time. A search that begins with lanes of an earlier run, whichever of them had
// been kept, comes to the same result to the last bit.
class Archive {
 public:
  virtual ~Archive() = default;

  // Throws Error(input) where it holds a search that this one has not grown from, naming what differs.
  virtual Earlier begin(const Beginning& beginning) = 0;
  // These are trained next. Returns the lanes that an earlier run kept of them. Throws Error(input) where it
  // holds other data or functions, naming what differs.
  virtual std::vector<LaneState> begin_generation(const Generation& generation) = 0;

  // Whether all that is in training is to be kept now; asked after each epoch.
  virtual bool wants_states() = 0;
  // A lane between two epochs. The leaves of one that has ended, or was retired, are not needed any more.
  // `is_stopping`: the search stops, and nothing comes after it.
  virtual void keep(const LaneState& lane, bool has_ended, bool is_stopping) = 0;
  // Of several processes: the candidates that a rank is about to train, in place of those before; none: all
  // are back.
  virtual void under_way(int /*rank*/, const std::vector<std::int64_t>& /*candidates*/) {}
  // What the candidates of the generation came to.
  virtual void end_generation(std::span<const Candidate> candidates) = 0;
  virtual void finish(const Result& result) = 0;
};

}  // namespace runnel::search
