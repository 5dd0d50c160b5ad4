// A block: candidates of one shape, trained abreast on one fold.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "runnel/sweep.h"
#include "sweep/order.h"

namespace runnel::sweep {

// What a candidate came to on one fold after its epochs.
struct Reading {
  std::int64_t candidate = 0;
  std::size_t fold = 0;
  double validation = 0;
  double loss = 0;
  bool finite = false;        // weights, loss and metric
  std::vector<double> curve;  // the metric after each epoch so far
};

// One training run, and the candidates that are read off it.
struct Trajectory {
  Hyper hyper;  // its epochs are those of the longest candidate
  std::vector<std::pair<std::int64_t, std::int64_t>> readings;  // (epochs, candidate), ascending
};

struct Block {
  std::vector<Trajectory> trajectories;  // the lanes
  std::size_t fold = 0;

  std::int64_t epochs() const;  // of its longest lane
  double work() const;          // multiplications, about
  double work_per_epoch() const;
  std::size_t state_bytes() const;  // of weights and the optimiser's state, about
  const Fold* data = nullptr;
};

// Splits the candidates into blocks, as many lanes in each as caches and the number of threads suggest;
// costly blocks first.
std::vector<Block> make_blocks(const Problem& problem, const std::vector<Hyper>& candidates, int threads);

struct BlockHooks {
  // Called with each reading; returns whether the network is wanted, which take_model then receives.
  std::function<bool(const Reading&)> read;
  std::function<void(const Reading&, nn::Mlp)> take_model;
};

// What blocks run, compiled. Blocks of one recipe share it: a search over folds, or in several blocks of one
// shape, compiles each program once.
class BlockPrograms {
 public:
  BlockPrograms();
  ~BlockPrograms();

  struct OfRecipe;
  std::shared_ptr<const OfRecipe> of(const train::Recipe& recipe);

 private:
  std::vector<std::shared_ptr<const OfRecipe>> all_;
};

// A block in training, epoch by epoch, so that blocks can share the rows of an epoch.
class BlockRun {
 public:
  // Problem and block must outlive it.
  BlockRun(const Problem& problem, const Block& block, BlockPrograms& programs);
  BlockRun(BlockRun&&) noexcept;
  ~BlockRun();

  const Block& block() const;
  // Epoch `number` (1, 2, … up to the block's epochs), on the rows of this epoch.
  void train_epoch(std::int64_t number, const OrderedRows& rows, const BlockHooks& hooks);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::sweep
