// A compiled graph: steps over buffers whose places are fixed before the first run.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "core/buffer.h"
#include "graph/op.h"
#include "ops/control.h"

namespace runnel {

// Where a view of a step begins.
struct Slot {
  enum class Base : std::uint8_t { arena, constant, argument };
  Base base = Base::arena;
  std::size_t index = 0;    // of the constant; of the argument (inputs first, then outputs)
  std::int64_t offset = 0;  // bytes
  View view;                // its data pointer is filled in when a frame is made or an argument bound
};

struct Loop;

struct Step {
  Kernel kernel = nullptr;  // null for a loop
  Attrs attrs;
  std::size_t first = 0;  // of its slots: inputs, then outputs
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::int64_t scratch = 0;  // arena offset
  std::shared_ptr<const Loop> loop;
};

struct Program {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<Array> constants;
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::size_t arena_bytes = 0;
};

// A scan. The body's arguments are its inputs (constants, carries, slices) and outputs (carries, slices), all
// dense.
struct Loop {
  std::shared_ptr<const Program> body;
  std::int64_t length = 0;
  std::size_t constants = 0;
  std::size_t carries = 0;
  bool reverse = false;
  std::int64_t arena = 0;  // where the body's arena lies in the surrounding one
  std::vector<std::int64_t>
      spare;  // of each carry: a second buffer, so that a step can read one and write the other
};

// The state of one run at a time: an arena and the views with their pointers.
class Frame {
 public:
  explicit Frame(const Program& program);  // with an arena of its own
  Frame(const Program& program, std::byte* arena);

  // Runs the program; `arguments` are the data of inputs and outputs, dense. Allocates nothing (but the
  // kernels of sort and of the decompositions take workspaces of their own).
  void run(std::span<std::byte* const> arguments);

 private:
  struct Patch {
    std::size_t view;
    std::size_t argument;
    std::int64_t offset;
  };
  void place_views();
  void run_loop(const Step& step, std::size_t loop);

  const Program* program_;
  std::shared_ptr<std::byte> owned_;
  std::byte* arena_;
  std::vector<View> views_;
  std::vector<Patch> patches_;
  std::vector<std::unique_ptr<Frame>> bodies_;  // of the loops, in order
  std::vector<std::vector<std::byte*>> body_arguments_;
};

}  // namespace runnel
