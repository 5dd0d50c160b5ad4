// Who trains the blocks of a search. The search (run.cpp) decides what is trained and keeps what comes of it;
// a crew trains: the threads of this process (here), or those of several processes (src/ranks).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runnel/sweep.h"
#include "sweep/block.h"

namespace runnel::sweep {

// The search as its crew sees it. May be called from several threads at a time.
class Desk {
 public:
  virtual ~Desk() = default;
  // The states that a block begins with, in the order of its trajectories; they are back with `give_back`.
  virtual std::vector<LaneState> take(const Block& block) = 0;
  // Lanes that have come to their block's end, or were stopped on their way.
  virtual void give_back(std::vector<LaneState> states, bool stopped) = 0;
  // As BlockHooks.
  virtual bool read(const Reading& reading) = 0;
  virtual void take_model(const Reading& reading, nn::Network network) = 0;
  // Whether all that is in training is to be kept now (asked after each epoch), and what is.
  virtual bool wants_states() = 0;
  virtual void keep(std::span<const LaneState> states) = 0;
  virtual void advance(double work) = 0;  // as Block::work
  // Some blocks have ended: states of those who cannot go on are dropped.
  virtual void thin_out() = 0;
  virtual bool is_stopped() const = 0;
  // Which rank the candidates of these blocks are handed to; none: they are all back.
  virtual void note_handed(int rank, std::span<const Block> blocks) = 0;
};

// What all processes of a crew must have alike: a name ("data"), a digest, and a JSON object of what it is
// made of, so that a difference can be named.
struct Fact {
  std::string name, digest, parts;
};

class Crew {
 public:
  virtual ~Crew() = default;
  // Threads that work for the search, of all processes together.
  virtual int threads() const = 0;
  // Trains the blocks, costly ones first, to their ends. Blocks outlive the call; it returns when everything
  // that was taken has been given back.
  virtual void train(const Problem& problem, const Options& options, std::span<const Block> blocks,
                     Desk& desk) = 0;

  // Before the first block: throws Error(input) naming the process whose facts are others.
  virtual void agree(const std::vector<Fact>& facts) = 0;
  // In a process that does not lead: trains what it is handed, until the search is over.
  virtual void serve(const Problem& problem, const std::vector<Hyper>& candidates,
                     const Options& options) = 0;
};

// So many threads of this process, for one problem: programs that were compiled are kept. `exchange`, where
// there is one, has the gradients of networks with shards found together with other processes.
std::unique_ptr<Crew> crew_of_threads(int threads, Exchange* exchange = nullptr);

// The search with a crew of the options.
Result run_with_crew(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options);

// A network of the structure that the block's candidates have, its columns among it: the arrays are those of
// its start.
nn::Network like_of(const Problem& problem, const Block& block, BlockPrograms& programs);

}  // namespace runnel::sweep
