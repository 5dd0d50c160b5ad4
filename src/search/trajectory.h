// The training runs of a generation of candidates, and the programs that they run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runnel/search.h"
#include "search/program.h"

namespace runnel::search {

// The programs of a search: one for each choice of what is fixed, as far as its functions ask for it, and
// each number of rows, made when first asked for. Folds and generations share them.
class Programs {
 public:
  // Trainable and folds outlive them.
  Programs(const Trainable& trainable, const std::vector<Fold>& folds);
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  std::int64_t number() const { return number_; }  // that no others of this process have

  const Trainable& trainable() const { return trainable_; }
  const std::vector<Fold>& folds() const { return folds_; }
  const Program& of(const Configuration& configuration, std::size_t fold);
  // What the trainable gives for a candidate on a fold. May be called from several threads at a time.
  std::vector<Array> given(const Configuration& configuration, std::size_t fold) const {
    return trainable_.given(configuration, folds_[fold]);
  }
  // Whether each searched parameter was asked for by some program.
  std::vector<bool> asked() const;

  // What all programs measure alike; throws Error(input) for one that measures something else.
  const std::vector<MeasureKind>& measures() const { return measures_; }
  // A measure of all folds, from those of each.
  double over_folds(std::size_t measure, std::span<const double> by_fold) const;

 private:
  const Trainable& trainable_;
  const std::vector<Fold>& folds_;
  const std::int64_t number_;
  std::map<std::string, const Program*> known_;  // by all that is fixed
  struct Made {
    std::int64_t batch = 0;
    std::vector<Type> rows, given;
    std::unique_ptr<const Program> program;
  };
  std::vector<Made> all_;
  std::vector<MeasureKind> measures_;
};

// One training run, and the candidates that are read off it.
struct Trajectory {
  Configuration configuration;  // its epochs are those of the longest candidate
  std::int64_t epochs = 0;
  std::uint64_t seed = 0;
  std::int64_t patience = 0;                                         // 0: none
  std::vector<std::pair<std::int64_t, std::int64_t>> readings = {};  // (epochs, candidate), ascending
  std::size_t number = 0;                                            // its place among the generation's

  std::int64_t first_candidate() const;  // the one of the least number
};

// The training runs of candidates, in the order of their first ones. The i-th candidate has the number first
// + i.
std::vector<Trajectory> make_trajectories(Programs& programs, const std::vector<Configuration>& candidates,
                                          std::int64_t first, const Options& options);

// Where one trajectory stands on one fold between two epochs: all it takes to go on, in any block, and to
// judge it.
struct LaneState {
  std::int64_t trajectory = 0;
  std::size_t fold = 0;
  std::int64_t epochs = 0;            // done
  std::int64_t diverged_at = 0;       // the first epoch at which its state was seen not to be finite; 0: none
  std::vector<Array> leaves = {};     // of the state; empty before the first epoch and when all are done
  std::vector<double> readings = {};  // every measure after each epoch, epoch by epoch
  std::vector<Array> best = {};       // with patience: what had been learnt after the best epoch so far
};

// Less is better, whatever the measure.
inline double signed_value(const MeasureKind& kind, double value) {
  return kind.higher_is_better ? -value : value;
}

// What decides between two readings: the first measure, and where it is the same the second.
struct Score {
  double value = 0, tie = 0;  // less is better
  friend bool operator<(const Score& a, const Score& b) {
    return a.value != b.value ? a.value < b.value : a.tie < b.tie;
  }
};
Score score_of(const std::vector<MeasureKind>& measures, const double* reading);

}  // namespace runnel::search
