// Where a search keeps what it comes to, so that it can go on after a stop or a kill: a study (src/study).
#pragma once

#include <cstdint>
#include <span>
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

// Called by one thread at a time. A search that begins with lanes of an earlier run, whichever of them had
// been kept, comes to the same result to the last bit.
class Archive {
 public:
  virtual ~Archive() = default;

  virtual void begin(const Beginning& beginning) = 0;
  // The candidates first, first + 1, … are trained next. Returns the lanes that an earlier run kept of them.
  // Throws Error(input) where it holds another search, naming what differs.
  virtual std::vector<LaneState> begin_generation(std::int64_t first,
                                                  std::span<const Configuration> candidates) = 0;

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
