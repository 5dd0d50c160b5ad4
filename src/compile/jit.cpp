// Compiled calls: programs are made once per graph and kept, frames are handed from run to run.
#include <algorithm>
#include <unordered_map>

#include "compile/statistics.h"
#include "core/fail.h"
#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

// A program, compiled by the first who runs it, with the frames that no run uses at the moment.
class Executable {
 public:
  void run(const GraphPtr& graph, std::span<std::byte* const> arguments) {
    std::call_once(compiled_, [&] { program_ = compile_counted(graph); });
    std::unique_ptr<Frame> frame = take();
    frame->run(arguments);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(frame));
  }

 private:
  std::unique_ptr<Frame> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto frame = std::move(idle_.back());
        idle_.pop_back();
        return frame;
      }
    }
    return std::make_unique<Frame>(*program_);
  }

  std::once_flag compiled_;
  std::shared_ptr<const Program> program_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Frame>> idle_;
};

// Programs by graph. A program does not outlive the graph it was made of: when a compiled function goes, so
// do its buffers; and as long as it lives it is not compiled again.
class ProgramCache {
 public:
  std::shared_ptr<Executable> get(const GraphPtr& graph) {
    const std::lock_guard lock(mutex_);
    // An address may have come to mean another graph.
    if (const auto at = entries_.find(graph.get()); at != entries_.end() && !at->second.graph.expired())
      return at->second.executable;
    if (entries_.size() >= sweep_at_) {
      std::erase_if(entries_, [](const auto& e) { return e.second.graph.expired(); });
      sweep_at_ = std::max(kSweepAt, 2 * entries_.size());
    }
    const auto made = std::make_shared<Executable>();
    entries_.insert_or_assign(graph.get(), Entry{graph, made});
    return made;
  }

 private:
  static constexpr std::size_t kSweepAt = 64;
  struct Entry {
    std::weak_ptr<const Graph> graph;
    std::shared_ptr<Executable> executable;
  };
  std::mutex mutex_;
  std::unordered_map<const Graph*, Entry> entries_;
  std::size_t sweep_at_ = kSweepAt;  // entries at which those of dead graphs are looked for
};

void run_compiled(const GraphPtr& graph, std::span<const View> in, std::span<const View> out) {
  static ProgramCache cache;
  std::vector<std::shared_ptr<std::byte>> copies;
  std::vector<std::byte*> arguments;
  for (const View& view : in) {
    if (is_dense(view)) {
      arguments.push_back(view.data);
      continue;
    }
    copies.push_back(allocate_buffer(static_cast<std::size_t>(view.size()) * size_of(view.dtype)));
    const View dense = dense_view(copies.back().get(), view.dtype, view.shape);
    find_op("stop_gradient").kernel({{&view, 1}, {&dense, 1}, {}, nullptr});
    arguments.push_back(dense.data);
  }
  for (const View& view : out) arguments.push_back(view.data);
  cache.get(graph)->run(graph, arguments);
}

// flat::call() below is what makes call equations, so whoever has one has linked this file and its runner.
const bool installed = [] {
  set_call_runner(run_compiled);
  return true;
}();

}  // namespace

std::vector<Array> flat::call(const GraphPtr& graph, const std::vector<Array>& arguments) {
  if (!installed) fail("the compiler is not installed");
  return bind_op(find_op("call"), arguments, {{"graph", graph}});
}

}  // namespace runnel
