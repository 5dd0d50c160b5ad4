// A search: many candidates, trained abreast. Candidates of one shape (architecture, optimiser, batch size)
// make blocks whose lanes train as one program; candidates that differ only in their epochs are readings of
// one trajectory. What a candidate comes to does not depend on the company it is trained in, nor on threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runnel/array.h"
#include "runnel/error.h"
#include "runnel/nn.h"
#include "runnel/params.h"
#include "runnel/search.h"
#include "runnel/train.h"

namespace runnel::sweep {

using search::hyperband_size;
using search::Rung;
using search::Scheduler;
using search::scheduler_from_name;
using search::scheduler_name;
using search::Scheduling;
using train::higher_is_better;
using train::Loss;
using train::loss_from_name;
using train::loss_name;
using train::Metric;
using train::metric_from_name;
using train::metric_name;

// ---- hyperparameters -----------------------------------------------------------------------------------

using params::Configuration;
using params::Space;

// The hyperparameters of networks of tables.
const std::shared_ptr<const params::Schema>& network_schema();
// A candidate: these values, and defaults for all else, settled. A number that stands for a word (a dropout
// of 0) is that word. Throws Error(input) as Configuration::set does.
Configuration network(const std::vector<std::pair<std::string, params::Value>>& values = {});

std::vector<std::int64_t> hidden_of(const Configuration& configuration);
nn::Activation activation_of(const Configuration& configuration);  // relu where there are no hidden layers
std::int64_t epochs_of(const Configuration& configuration);
// The same under its seed + i.
Configuration with_further_seed(const Configuration& configuration, std::int64_t i);
std::int64_t patience_of(const Configuration& configuration);  // 0: off

// Whether what a candidate comes to after n epochs depends on how many it will make: schedules and tail
// averages that are laid out over all steps. Candidates that differ in epochs alone are readings of one
// trajectory where not.
bool depends_on_total(const Configuration& configuration);
// Fails for values that do not go together (a one-cycle schedule without a rise), saying what would.
void check(const Configuration& configuration);

enum class Sampler { grid, random, sobol };
std::string_view sampler_name(Sampler sampler);
Sampler sampler_from_name(std::string_view name);  // throws Error(input) naming the nearest
// `n` candidates by `sampler`; a longer list begins with the shorter one. The grid takes no number.
std::vector<Configuration> sample(const Space& space, Sampler sampler, std::int64_t n, std::uint64_t seed);

// ---- the work ------------------------------------------------------------------------------------------

// Training and validation rows of one fold. x: (n, d) f32 or f64; y: (n,) of x's dtype for regression
// (standardised by the caller if wanted) and binary targets (0 or 1), (n,) i32 class numbers for softmax.
struct Fold {
  Array x, y;
  Array x_validation, y_validation;
  double unit = 1;                         // one of y in the unit that rmse and mae are to be told in
  std::optional<Array> weights = {};       // (n,) of x's dtype, see train::Further; of training alone
  std::vector<std::int64_t> numeric = {};  // the columns that embeddings take; others pass as they are
};

struct Problem {
  std::vector<Fold> folds;  // one: a plain validation split
  Loss loss = Loss::squared;
  Metric metric = Metric::r2;
  std::int64_t outputs = 1;  // of the network: classes for softmax, else 1
  // Where folds have so few rows that each alone says little: the variance of the targets of all validation
  // rows, in the unit of rmse. The metric is then that of the rows of all folds together, and r2 on a fold
  // compares with this variance. Else the metric is the mean of the folds'.
  std::optional<double> spread = {};
};

// retired: at a rung, for others did better. Diverged lanes go first. interrupted: the search ended before
// the candidate did; it has the numbers of its latest reading on all folds, or none.
enum class Status { done, diverged, interrupted, retired };
std::string_view status_name(Status status);

// Where one trajectory stands on one fold between two epochs: all it takes to go on, in any block, and to
// judge it. A trajectory is a training run; candidates that differ in their epochs alone share one. They are
// numbered in the order of their first candidates.
struct LaneState {
  std::int64_t trajectory = 0;
  std::size_t fold = 0;
  std::int64_t epochs = 0;    // done
  std::vector<Array> leaves;  // of train::State; empty before the first epoch and when all are done
  std::vector<double> curve;  // the metric on validation rows after each epoch
  std::vector<double>
      losses;  // likewise the loss; nan where nobody is judged, and where weights are not finite
  // With patience: the weights after the best epoch so far. A search that is resumed without them trains its
  // winners again to have them.
  std::vector<Array> best = {};
  bool is_last = false;  // the search stops, and hands out nothing of the lane after this
};

struct Outcome {
  std::int64_t index = 0;
  Configuration configuration{network_schema()};
  Status status = Status::interrupted;
  std::int64_t epochs = 0;     // that it was trained for
  double validation = 0;       // the metric on validation rows after these, or with patience after the best
                               // of them; averaged over folds
  double validation_loss = 0;  // likewise the loss, without the L2 term
  double best_epoch = 0;       // after which it was read, averaged over folds; 0: nowhere
  std::vector<double> curve;   // the metric after each epoch (of fold 0)
  std::vector<double>
      by_fold;  // the metric on each fold, which make `validation`; of candidates that are done
  std::optional<nn::Network> model;  // of the best candidates of a search with one fold: their networks
};

struct Progress {
  std::int64_t done = 0, total = 0;  // candidates
  double fraction = 0;               // of the work
  std::optional<double> best;        // validation metric so far
  double seconds = 0, seconds_left = 0;
};

struct Options {
  std::uint64_t seed = 0;                              // of the order of rows
  int threads = 0;                                     // 0: RUNNEL_THREADS, else as many as there are cores
  std::function<void(const Progress&)> progress = {};  // called from one thread at a time
  // Set to end early, as `seconds` (0: no end) does: everybody is judged by the latest reading. `until` (0:
  // no end) is an epoch after which nobody goes on, and makes a candidate of such a search again.
  const std::atomic<bool>* stop = nullptr;
  double seconds = 0;
  std::int64_t until = 0;
  std::int64_t networks = 1;  // how many of the best candidates keep theirs
  Scheduling scheduling = {};
  // What the user lets vary: only a winner at an edge of that is told. None: all that differs.
  const Space* space = nullptr;
  std::size_t memory = std::size_t{512}
                       << 20;  // bytes of weights, their companions and rows in order at a time

  // For a search that is to outlive its process. `keep` is called, by one thread at a time, with every lane
  // that has come to a rung or its end, and, whenever `keep_now` (asked after each epoch) says so, with all
  // that are in training. A search that begins with `resume`, states of the same problem, candidates and
  // options, comes to the same result to the last bit, whatever of it had been kept.
  std::function<void(const LaneState&)> keep = {};
  std::function<bool()> keep_now = {};
  std::vector<LaneState> resume = {};

  // Of several processes: called with the candidates of what a rank is about to train, and with none when it
  // has brought everything back.
  std::function<void(int rank, const std::vector<std::int64_t>& candidates)> handed = {};
};

struct Result {
  std::vector<Outcome> outcomes;      // in the order of the candidates
  std::optional<std::int64_t> best;   // none when every candidate diverged or nothing finished
  std::vector<std::string> warnings;  // divergence, a winner at the edge of its range
  std::int64_t blocks = 0;            // programs that were run
  std::int64_t lanes = 0;             // trajectories that were trained, on each fold
  std::int64_t epochs = 0;            // of all lanes together
  std::vector<Rung> rungs;            // by epochs, then bracket
  double seconds = 0;
  bool interrupted = false;
};

// Throws Error(input) for candidates or data that cannot be trained (a batch larger than a fold is cut to it,
// and said).
Result run(const Problem& problem, const std::vector<Configuration>& candidates, const Options& options);

// ---- what a run would be -------------------------------------------------------------------------------

// Candidates that make one program.
struct PlannedShape {
  Configuration example{network_schema()};  // one of them
  std::int64_t lanes = 0;                   // trajectories on each fold
  std::int64_t blocks = 0;                  // at the beginning
  std::int64_t steps = 0;                   // in an epoch
  double flops = 0;    // of the products of an epoch of one lane, with its measuring on validation rows
  double seconds = 0;  // of an epoch of one lane, about
};

// What is trained between two rungs.
struct PlannedStretch {
  std::int64_t begin = 0, end = 0;  // epochs
  std::int64_t lanes = 0, blocks = 0;
  std::int64_t steps = 0;  // of all lanes
  double flops = 0;
  double seconds = 0;
};

// What `run` would do. Which shapes the survivors of a rung have is not known before: here they go on in
// proportion, and with the median rule everybody does.
struct Plan {
  std::int64_t candidates = 0, trajectories = 0, folds = 0;
  std::int64_t epochs = 0;  // of all lanes together
  int threads = 1;
  std::vector<PlannedShape> shapes;  // costly ones first
  std::vector<Rung> rungs;           // by epochs, then bracket; none for the median rule
  std::vector<PlannedStretch> stretches;
  double flops = 0;        // of the products
  double seconds = 0;      // about, compiling among them
  double compiling = 0;    // seconds
  std::int64_t timed = 0;  // shapes whose first steps were timed to predict; others: by flops, at their rate
};

// Trains nothing but a few steps of the costliest shapes, to time them. Throws as `run` does.
Plan plan(const Problem& problem, const std::vector<Configuration>& candidates, const Options& options);

// The network's outputs (n, outputs) for rows of x, computed in pieces.
Array predict(const nn::Network& network, const Configuration& configuration, const Array& x);

// The best `most` of the candidates that have a reading and were not retired, the best first, as the winner
// is found.
std::vector<std::int64_t> ranking(const Result& result, Metric metric, std::int64_t most);

}  // namespace runnel::sweep
