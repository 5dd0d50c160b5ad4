// Early stopping: which epoch of a training run is kept, and when there is nothing to wait for any more.
#pragma once

#include <cstdint>
#include <limits>

#include "runnel/sweep.h"

namespace runnel::sweep {

// Prechelt, "Early stopping - but when?" (Neural networks: tricks of the trade, 1998), with the validation
// metric in place of the error: a run stops when `patience` epochs one after another did not improve on its
// best one. A function of the numbers it is told, in order.
class Patience {
 public:
  // A patience of 0 never ends.
  Patience(std::int64_t patience, Metric metric) : patience_(patience), metric_(metric) {}

  // Whether the next epoch would be the best so far. Of epochs of one metric that of the lower loss is
  // better, of equal ones the earlier; one that is not finite never is.
  bool would_improve(double validation, double loss) const;
  // Epochs 1, 2, …
  void add(double validation, double loss);

  bool is_over() const { return patience_ > 0 && epochs_ - best_ >= patience_; }
  std::int64_t best() const { return best_; }  // 0: none was finite
  double validation() const { return validation_; }
  double loss() const { return loss_; }

 private:
  std::int64_t patience_;
  Metric metric_;
  std::int64_t epochs_ = 0, best_ = 0;
  double validation_ = 0, loss_ = 0;
};

// What a lane of this candidate has come to, with what it was told of its first `most` epochs; of a candidate
// without patience, as if there had been none.
Patience patience_after(const Configuration& candidate, Metric metric, const LaneState& lane,
                        std::int64_t most = std::numeric_limits<std::int64_t>::max());

}  // namespace runnel::sweep
