// A block: trajectories of one program, trained abreast on one fold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "search/data_parallel.h"
#include "search/rows.h"
#include "search/trajectory.h"

namespace runnel::search {

struct Block {
  std::vector<Trajectory> trajectories;  // the lanes
  std::size_t fold = 0;
  std::int64_t begin = 0, end = 0;  // epochs that its lanes have behind them, and those after it
  const Program* program = nullptr;
  std::int64_t measured = 0;  // rows of validation

  double work_per_epoch() const;  // operations, about
  double work() const { return work_per_epoch() * static_cast<double>(end - begin); }
  std::size_t bytes() const;  // of states, before and after an epoch, and of what a step makes on its way
};

// A lane that is to be trained: a trajectory on a fold, after so many epochs.
struct Waiting {
  const Trajectory* trajectory = nullptr;
  std::size_t fold = 0;
  std::int64_t epochs = 0;
};

// Puts lanes of one program that stand at the same epoch into blocks, which train them up to epoch `end` or
// their own ends, as many lanes in each as registers, caches and the number of threads suggest; costly blocks
// first.
std::vector<Block> make_blocks(Programs& programs, const std::vector<Waiting>& lanes, std::int64_t end,
                               int threads);

// What a candidate came to on one fold.
struct Reading {
  std::int64_t candidate = 0;
  std::int64_t first = 0;  // candidate of its trajectory
  std::size_t fold = 0;
  std::int64_t epoch = 0;  // after which it was read
  bool finite = false;     // what was learnt, and the first measure
  std::vector<double> measures = {};
  Score score = {};  // that decides, of these
};

struct BlockHooks {
  // Called with each reading and with what gives the state it is of.
  std::function<void(const Reading&, const std::function<std::vector<Array>()>& state)> read;
  // Called after each epoch with what each lane has come to so far.
  std::function<void(const LaneState&)> note;
};

// What all blocks of a search have alike.
struct BlockManner {
  std::uint64_t seed = 0;
  Manner rows = {};
  // How many of the best candidates keep their states, of how many there will be.
  std::int64_t states = 0, candidates = 0;
};

// What a block takes, by its first steps, in seconds.
struct BlockCost {
  double step = 0, measuring = 0;  // a step; the measures of all lanes, after each epoch
  double compiling = 0;
};

// A block in training, epoch by epoch, so that blocks can share the rows of an epoch.
class BlockRun {
 public:
  // Programs, block and manner outlive it. `lanes` are the states of the block's trajectories, in their
  // order. With an exchange, gradients of programs with shards are found together with other processes.
  BlockRun(const Programs& programs, const Block& block, const BlockManner& manner,
           std::vector<LaneState> lanes, Exchange* exchange = nullptr);

  const Block& block() const { return block_; }
  // Epoch `number` (begin + 1, … up to the block's end), on the rows of this epoch: in its order; in the
  // order of the data where each lane has its own.
  void train_epoch(std::int64_t number, const std::vector<Array>& rows, const BlockHooks& hooks);
  // Whether every lane is at its end, or its patience is: there is nothing more to train for.
  bool has_stopped() const;

  // Lanes that were stopped on their way are judged by their latest reading.
  void judge();

  // The lanes as they stand, in the order of the block's trajectories.
  std::vector<LaneState> states() const;
  // The same, and the block's arrays are given back: it has come to its end.
  std::vector<LaneState> take();
  bool is_taken() const { return lanes_.empty(); }

  // Times a few steps of a block at its beginning, and says nothing of what they come to.
  BlockCost measure();

 private:
  bool is_over(std::size_t lane) const;
  void begin();
  void train(const std::vector<Array>& rows, std::int64_t epoch);
  Array own_orders(std::int64_t epoch) const;
  std::vector<Array> said_of(std::int64_t begin, std::int64_t end) const;
  std::vector<std::vector<double>> means() const;
  std::vector<std::vector<double>> outputs() const;
  void note(std::size_t lane, std::int64_t epoch, const std::vector<double>& of_lane);
  void read(std::int64_t epoch, const BlockHooks& hooks);
  void read_lane(std::size_t lane, std::int64_t epoch, const BlockHooks& hooks) const;
  std::int64_t measured_at_once() const;
  std::vector<Array> leaves_of(std::size_t lane) const;
  std::vector<Array> learnt_by(std::size_t lane) const;
  void look_at(std::size_t lane);
  bool is_judged(std::size_t lane, std::int64_t epoch) const;

  const Programs& programs_;
  const Block& block_;
  const BlockManner& manner_;
  const Program& program_;
  const OutputMeasures* const of_outputs_;
  const std::vector<Array> given_;
  std::optional<DataParallel> data_parallel_;
  LaneRates rates_;
  std::optional<std::vector<Array>> state_;
  std::vector<LaneState> lanes_;  // their leaves are in `state_` while the block trains
};

}  // namespace runnel::search
