// A compiled graph: steps over buffers whose places are fixed before the first run.
#pragma once

#include <memory>
#include <vector>

#include "core/buffer.h"
#include "graph/op.h"
#include "kernels/prepared.h"
#include "ops/compiled.h"
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
struct Chunks;

// One of: a prepared kernel, an op's own kernel, a scan, a strip.
struct Step {
  const char* name = "";  // of the op, for those who read plans
  kernels::PreparedPtr prepared;
  Kernel kernel = nullptr;
  Attrs attrs;
  std::size_t first = 0;  // of its slots: inputs, then outputs
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::int64_t scratch = 0;  // arena offset
  std::shared_ptr<const Loop> loop;
  std::shared_ptr<const Chunks> chunks;
};

struct Program {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<Array> constants;
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::size_t arena_bytes = 0;
  std::vector<bool> shares;  // of each pair that might share memory (plan.h): whether it may indeed
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
  // Of each carry: a second buffer, so that a step can read one and write the other; -1 where a step may
  // write over what it reads.
  std::vector<std::int64_t> spare;
};

// A strip: the body runs for one range of an axis after another, the last of them shorter.
struct Chunks {
  std::shared_ptr<const Program> body;
  std::shared_ptr<const Program> tail;  // null where the ranges come out even
  StripSpec spec;
  std::int64_t arena = 0;  // of body and tail
  int workers = 1;         // threads that may run ranges at a time
};

// The state of one run at a time: an arena and the views with their pointers.
class Frame {
 public:
  explicit Frame(const Program& program);  // with an arena of its own
  Frame(const Program& program, std::byte* arena);

  // Runs the program; `arguments` are the data of inputs and outputs, dense unless it was planned otherwise.
  // Allocates nothing (but the kernels of sort and of the decompositions take workspaces of their own).
  void run(std::span<std::byte* const> arguments);

 private:
  struct Patch {
    std::size_t slot;
    std::size_t argument;
    std::int64_t offset;
  };
  // Frames of a step with a body: one for a loop; for a strip one of each worker, with its tail.
  struct Body {
    std::unique_ptr<Frame> frame;
    std::unique_ptr<Frame> tail;
    std::vector<std::byte*> arguments;
  };
  void place_slots();
  void make_bodies();
  void run_kernel(const Step& step);
  void run_loop(const Step& step, Body& body);
  void run_strip(const Step& step, std::span<Body> workers);

  const Program* program_;
  std::shared_ptr<std::byte> owned_;
  std::byte* arena_;
  std::vector<std::byte*> data_;  // of each slot
  std::vector<View> views_;       // for kernels that were not prepared
  std::vector<Patch> patches_;
  std::vector<std::vector<Body>> bodies_;  // of the steps that have one, in order
};

}  // namespace runnel
