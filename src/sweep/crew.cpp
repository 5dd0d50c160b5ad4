#include "sweep/crew.h"

#include <algorithm>
#include <optional>

#include "core/threads.h"
#include "sweep/recipe.h"

namespace runnel::sweep {
namespace {

// Blocks side by side, epoch by epoch, in waves that share the rows of each epoch and fit into the memory.
class Threads : public Crew {
 public:
  Threads(int threads, Exchange* exchange) : threads_(threads) { programs_.exchange = exchange; }

  int threads() const override { return threads_; }
  void agree(const std::vector<Fact>&) override {}
  void serve(const Problem&, const std::vector<Hyper>&, const Options&) override {}

  void train(const Problem& problem, const Options& options, std::span<const Block> blocks,
             Desk& desk) override {
    for (std::size_t begin = 0; begin < blocks.size() && !desk.is_stopped();) {
      const std::size_t end = end_of_wave(problem, options.memory, blocks, begin);
      train_wave(problem, options.seed, blocks.subspan(begin, end - begin), desk);
      desk.thin_out();
      begin = end;
    }
  }

 private:
  // Blocks that train together share the rows of each epoch; all their states are in memory at a time.
  std::size_t end_of_wave(const Problem& problem, std::size_t memory, std::span<const Block> blocks,
                          std::size_t begin) const {
    std::size_t bytes = 0;
    std::vector<bool> has_rows(problem.folds.size(), false);
    std::size_t end = begin;
    for (; end < blocks.size(); ++end) {
      const Block& block = blocks[end];
      bytes += block.state_bytes();
      if (!has_rows[block.fold]) bytes += bytes_of_rows(*block.data);
      has_rows[block.fold] = true;
      if (bytes > memory && end >= begin + static_cast<std::size_t>(threads_)) break;
    }
    return end;
  }

  void train_wave(const Problem& problem, std::uint64_t seed, std::span<const Block> blocks, Desk& desk) {
    std::vector<BlockRun> runs;
    std::int64_t begin = blocks[0].begin;
    std::int64_t end = 0;
    for (const Block& block : blocks) {
      runs.emplace_back(problem, block, programs_, desk.take(block));
      begin = std::min(begin, block.begin);
      end = std::max(end, block.end);
    }
    programs_.drop_unused();
    const BlockHooks hooks{
        [&](const Reading& r) { return desk.read(r); },
        [&](const Reading& r, nn::Network network) { desk.take_model(r, std::move(network)); }};
    std::vector<std::optional<RowOrder>> orders(problem.folds.size());
    for (std::int64_t epoch = begin + 1; epoch <= end && !desk.is_stopped(); ++epoch) {
      std::vector<BlockRun*> active;
      std::vector<std::optional<OrderedRows>> rows(problem.folds.size());
      for (BlockRun& run : runs) {
        if (run.block().begin >= epoch || run.block().end < epoch || run.is_taken()) continue;
        active.push_back(&run);
        const std::size_t fold = run.block().fold;
        if (!orders[fold]) orders[fold].emplace(*run.block().data, seed, fold, threads_);
        if (!rows[fold]) rows[fold] = orders[fold]->epoch(epoch - 1);
      }
      run_jobs(active.size(), threads_, [&](std::size_t i) {
        if (desk.is_stopped()) return;
        BlockRun& run = *active[i];
        run.train_epoch(epoch, *rows[run.block().fold], hooks);
        if (epoch == run.block().end || run.has_stopped()) desk.give_back(run.take(), /*stopped=*/false);
        desk.advance(run.block().work_per_epoch());
      });
      if (desk.wants_states()) keep(runs, desk);
    }
    for (BlockRun& run : runs)  // those that were stopped on their way
      if (!run.is_taken()) desk.give_back(run.take(), /*stopped=*/true);
  }

  static void keep(const std::vector<BlockRun>& runs, Desk& desk) {
    std::vector<LaneState> states;
    for (const BlockRun& run : runs)
      for (LaneState& state : run.states()) states.push_back(std::move(state));
    desk.keep(states);
  }

  const int threads_;
  BlockPrograms programs_;
};

}  // namespace

std::unique_ptr<Crew> crew_of_threads(int threads, Exchange* exchange) {
  return std::make_unique<Threads>(threads, exchange);
}

nn::Network like_of(const Problem& problem, const Block& block, BlockPrograms& programs) {
  const std::optional<nn::Columns> columns = programs.columns.of(*block.data, block.trajectories[0].hyper);
  const train::Recipe recipe = recipe_of(problem, block, columns);
  const train::Rates rates = rates_of(block.trajectories, recipe, block.steps_per_epoch());
  const auto first = tree::map([](const Array& leaf) { return squeeze(slice(leaf, -1, 0, 1), -1); }, rates);
  return nn::with_columns(train::start(recipe, first).model, columns);
}

}  // namespace runnel::sweep
