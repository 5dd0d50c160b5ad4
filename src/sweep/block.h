// A block: candidates of one shape, trained abreast on one fold.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runnel/sweep.h"
#include "sweep/columns.h"
#include "sweep/order.h"

namespace runnel::sweep {

// What a candidate came to on one fold after its epochs.
struct Reading {
  std::int64_t candidate = 0;
  double validation = 0;
  double loss = 0;
  bool finite = false;     // weights, loss and metric
  std::int64_t epoch = 0;  // after which it was read
};

// One training run, and the candidates that are read off it.
struct Trajectory {
  Hyper hyper;  // its epochs are those of the longest candidate
  std::vector<std::pair<std::int64_t, std::int64_t>> readings = {};  // (epochs, candidate), ascending
  std::size_t number = 0;                                            // its place among the search's
};

// The training runs of candidates, in the order of their first ones.
std::vector<Trajectory> make_trajectories(const Problem& problem, const std::vector<Hyper>& candidates);

// Multiplications of one pass over a fold's training rows, about.
double lane_work(const Hyper& hyper, const Fold& fold);

struct Block {
  std::vector<Trajectory> trajectories;  // the lanes
  std::size_t fold = 0;
  const Fold* data = nullptr;
  std::int64_t begin = 0, end = 0;  // epochs that its lanes have behind them, and those after it

  double work() const;  // multiplications, about
  double work_per_epoch() const;
  std::int64_t steps_per_epoch() const;
  std::size_t state_bytes() const;  // of weights and the optimiser's state, about
};

// A lane that is to be trained: a trajectory on a fold, after so many epochs.
struct Waiting {
  const Trajectory* trajectory = nullptr;
  std::size_t fold = 0;
  std::int64_t epochs = 0;
};

// Puts lanes of one shape that stand at the same epoch into blocks, which train them up to epoch `end` or
// their own ends, as many lanes in each as caches and the number of threads suggest; costly blocks first.
std::vector<Block> make_blocks(const Problem& problem, const std::vector<Waiting>& lanes, std::int64_t end,
                               int threads);
// Whether two blocks' lanes could share a block.
bool same_shape(const Block& a, const Block& b);
// The blocks of a search whose candidates are all trained to their ends.
std::vector<Block> make_blocks(const Problem& problem, const std::vector<Hyper>& candidates, int threads);

// Multiplications and additions of the products of an epoch of one lane: forwards, and backwards to the
// weights and to all inputs but the first layer's; and forwards on the validation rows.
double epoch_flops(const Problem& problem, const Fold& fold, const Hyper& hyper);

struct BlockHooks {
  // Called with each reading; returns whether the network is wanted, which take_model then receives.
  std::function<bool(const Reading&)> read;
  std::function<void(const Reading&, nn::Network)> take_model;
};

// Processes that find the gradients of a batch together (Hyper::shards), all in step with each other.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual std::int64_t parties() const = 0;
  virtual std::int64_t place() const = 0;  // of this one among them
  // What every party gives, in their order.
  virtual std::vector<std::vector<std::byte>> all_gather(const std::vector<std::byte>& mine) = 0;
};

// What blocks run, compiled. Blocks of one recipe share it: a search over folds, or in several blocks of one
// shape, compiles each program once.
class BlockPrograms {
 public:
  BlockPrograms();
  ~BlockPrograms();

  struct OfRecipe;
  std::shared_ptr<const OfRecipe> of(const train::Recipe& recipe);
  // Lets go, with the memory they run in, those that no block has now.
  void drop_unused();

  FoldColumns columns;
  Exchange* exchange = nullptr;  // none: this process computes all parts of a batch

 private:
  std::vector<std::shared_ptr<const OfRecipe>> all_;
};

// What a block takes, by its first steps, in seconds.
struct BlockCost {
  double step = 0, measuring = 0;  // a step; the metric on the validation rows, after each epoch
  double compiling = 0;
};
BlockCost measure_cost(const Problem& problem, const Block& block, BlockPrograms& programs);

// Throws Error(input) for candidates or data that cannot be trained.
void check_search(const Problem& problem, const std::vector<Hyper>& candidates);

// A block in training, epoch by epoch, so that blocks can share the rows of an epoch.
class BlockRun {
 public:
  // Problem, block and programs must outlive it. `lanes` are the states of the block's trajectories, in
  // their order.
  BlockRun(const Problem& problem, const Block& block, BlockPrograms& programs, std::vector<LaneState> lanes);
  BlockRun(BlockRun&&) noexcept;
  ~BlockRun();

  const Block& block() const;
  // Epoch `number` (begin + 1, … up to the block's end), on the rows of this epoch. After the last one every
  // lane is judged.
  void train_epoch(std::int64_t number, const OrderedRows& rows, const BlockHooks& hooks);

  // Whether every lane is at its end, or its patience is: there is nothing more to train for.
  bool has_stopped() const;

  // The lanes as they stand, in the order of the block's trajectories.
  std::vector<LaneState> states() const;
  // The same, and the block's arrays are given back: it has come to its end.
  std::vector<LaneState> take();
  bool is_taken() const;

  // Times a few steps on rows that make `steps` batches.
  BlockCost measure(const OrderedRows& rows, std::int64_t steps);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::sweep
