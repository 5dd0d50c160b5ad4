// Who trains the blocks of a search. The coordinator decides what is trained and keeps what comes of it; an
// executor trains: the threads of this process, or those of several.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "search/block.h"

namespace runnel::search {

// The search as its executor sees it. May be called from several threads at a time.
class Coordinator {
 public:
  virtual ~Coordinator() = default;
  // The states that a block begins with, in the order of its trajectories; they are back with `give_back`.
  virtual std::vector<LaneState> take(const Block& block) = 0;
  virtual void give_back(std::vector<LaneState> states) = 0;
  // As BlockHooks.
  virtual void read(const Reading& reading, const std::function<std::vector<Array>()>& state) = 0;
  virtual void note(const LaneState& lane) = 0;
  virtual void advance(double work) = 0;  // as Block::work
  // Whether all that is in training is to be kept now (asked after each epoch), and what is: block by block,
  // and in the end nothing.
  virtual bool wants_states() = 0;
  virtual void keep(std::span<const LaneState> states) = 0;
  // Some blocks have ended: states of those who cannot go on are dropped.
  virtual void thin_out() = 0;
  virtual bool is_stopped() = 0;
  // Of several processes: what a rank is about to train, in place of what it had; none: all are back.
  virtual void note_handed(int rank, std::span<const Block> blocks) = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Threads that work for the search, of all processes together.
  virtual int threads() const = 0;
  // Trains the blocks, costly ones first, to their ends. It returns when everything that was taken has been
  // given back.
  virtual void train(const Programs& programs, const BlockManner& manner, std::size_t memory,
                     std::span<const Block> blocks, Coordinator& coordinator) = 0;
};

// So many threads of this process. With an exchange (which outlives it) blocks whose programs can be shared
// are trained together with its other parties, who must train the same ones.
std::unique_ptr<Executor> threads_executor(int threads, Exchange* exchange = nullptr);

// The public functions of these names, with an executor of the caller's, and so many threads of all processes
// together. (The public ones stand in src/ranks: they have all ranks that there are.)
Result run_with(Executor& executor, const Trainable& trainable, const std::vector<Fold>& folds,
                const Space& space, const SamplerPtr& sampler, const Options& options);
Plan plan_with(int threads, const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
               const SamplerPtr& sampler, const Options& options);

}  // namespace runnel::search
