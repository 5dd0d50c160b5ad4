// Blocks side by side, epoch by epoch, in waves that share the rows of each epoch and fit into the memory.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/threads.h"
#include "search/executor.h"

namespace runnel::search {
namespace {

class Threads : public Executor {
 public:
  Threads(int threads, Exchange* exchange) : threads_(threads), exchange_(exchange) {}

  int threads() const override { return threads_; }

  void train(const Programs& programs, const BlockManner& manner, std::size_t memory,
             std::span<const Block> blocks, Coordinator& coordinator) override {
    for (std::size_t begin = 0; begin < blocks.size() && !coordinator.is_stopped();) {
      const std::size_t end = end_of_wave(programs, memory, blocks, begin);
      train_wave(programs, manner, blocks.subspan(begin, end - begin), coordinator);
      coordinator.thin_out();
      begin = end;
    }
  }

 private:
  // Blocks that train together share the rows of each epoch; all their states are in memory at a time.
  std::size_t end_of_wave(const Programs& programs, std::size_t memory, std::span<const Block> blocks,
                          std::size_t begin) const {
    std::size_t bytes = 0;
    std::vector<bool> has_rows(programs.folds().size(), false);
    std::size_t end = begin;
    for (; end < blocks.size(); ++end) {
      bytes += blocks[end].bytes();
      if (!has_rows[blocks[end].fold]) bytes += bytes_of_rows(programs.folds()[blocks[end].fold].train);
      has_rows[blocks[end].fold] = true;
      if (bytes > memory && end >= begin + static_cast<std::size_t>(threads_)) break;
    }
    return end;
  }

  void train_wave(const Programs& programs, const BlockManner& manner, std::span<const Block> blocks,
                  Coordinator& coordinator) {
    let_go_of_others(programs, blocks);
    std::vector<BlockRun> runs;
    runs.reserve(blocks.size());
    std::int64_t begin = blocks[0].begin;
    std::int64_t end = 0;
    for (const Block& block : blocks) {
      runs.emplace_back(programs, block, manner, coordinator.take(block), exchange_);
      begin = std::min(begin, block.begin);
      end = std::max(end, block.end);
    }
    const BlockHooks hooks{[&](const Reading& r, const std::function<std::vector<Array>()>& state) {
                             coordinator.read(r, state);
                           },
                           [&](const LaneState& lane) { coordinator.note(lane); }};
    std::vector<std::optional<RowOrder>> orders(programs.folds().size());
    for (std::int64_t epoch = begin + 1; epoch <= end && !coordinator.is_stopped(); ++epoch) {
      std::vector<BlockRun*> active;
      std::vector<std::optional<std::vector<Array>>> rows(programs.folds().size());
      for (BlockRun& run : runs) {
        if (run.block().begin >= epoch || run.block().end < epoch || run.is_taken()) continue;
        active.push_back(&run);
        const std::size_t fold = run.block().fold;
        if (!rows[fold]) rows[fold] = rows_of_epoch(programs, manner, fold, epoch, orders[fold]);
      }
      run_jobs(active.size(), threads_, [&](std::size_t i) {
        if (coordinator.is_stopped()) return;
        BlockRun& run = *active[i];
        run.train_epoch(epoch, *rows[run.block().fold], hooks);
        if (epoch == run.block().end || run.has_stopped()) coordinator.give_back(run.take());
        coordinator.advance(run.block().work_per_epoch());
      });
      if (!coordinator.wants_states()) continue;
      for (const BlockRun& run : runs)
        if (!run.is_taken()) coordinator.keep(run.states());
      coordinator.keep({});
    }
    for (BlockRun& run : runs) {  // those that were stopped on their way
      if (run.is_taken()) continue;
      run.judge();
      coordinator.give_back(run.take());
    }
  }

  // Programs of the wave before that this one does not run would hold their memory.
  void let_go_of_others(const Programs& programs, std::span<const Block> blocks) {
    if (std::exchange(programs_, programs.number()) != programs.number()) compiled_.clear();
    std::set<const Program*> now;
    for (const Block& block : blocks) now.insert(block.program);
    for (const Program* program : compiled_)
      if (!now.contains(program)) program->drop_compiled();
    compiled_ = std::move(now);
  }

  // In the order of the epoch; as they are where each lane has its own order, or sees all of them at once.
  std::vector<Array> rows_of_epoch(const Programs& programs, const BlockManner& manner, std::size_t fold,
                                   std::int64_t epoch, std::optional<RowOrder>& order) const {
    const std::vector<Array>& rows = programs.folds()[fold].train;
    if (manner.rows.own_order || manner.rows.whole) return rows;
    if (!order) order.emplace(rows, manner.seed, fold, threads_);
    return order->epoch(epoch - 1);
  }

  const int threads_;
  Exchange* const exchange_;
  std::set<const Program*> compiled_;  // of the wave before
  std::int64_t programs_ = 0;          // that these are of
};

}  // namespace

std::unique_ptr<Executor> threads_executor(int threads, Exchange* exchange) {
  return std::make_unique<Threads>(threads, exchange);
}

}  // namespace runnel::search
