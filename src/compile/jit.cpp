// Compiled calls: programs are made once per graph and kept with it, frames are handed from run to run.
#include <algorithm>
#include <thread>

#include "compile/statistics.h"
#include "graph/notes.h"
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
    // Many threads that called it once are no reason to keep as many working memories.
    static const std::size_t most = std::max(1u, std::thread::hardware_concurrency());
    const std::lock_guard lock(mutex_);
    if (idle_.size() < most) idle_.push_back(std::move(frame));
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

// The graph's executable: it goes with the graph, and while a run lasts the graph is held.
Executable& executable_of(const Graph& graph) {
  GraphNotes& notes = graph.notes();
  const std::lock_guard lock(notes.mutex);
  if (!notes.executable) notes.executable = std::make_shared<Executable>();
  return *static_cast<Executable*>(notes.executable.get());
}

void run_compiled(const GraphPtr& graph, std::span<const View> in, std::span<const View> out) {
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
  executable_of(*graph).run(graph, arguments);
}

}  // namespace

std::vector<Array> flat::call(const GraphPtr& graph, const std::vector<Array>& arguments) {
  // Every call equation is made here, so its runner stands before the first one runs: also where a function
  // is compiled and run before main().
  [[maybe_unused]] static const bool installed = (set_call_runner(run_compiled), true);
  return bind_op(find_op("call"), arguments, {{"graph", graph}});
}

}  // namespace runnel
