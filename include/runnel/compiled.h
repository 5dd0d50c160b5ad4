// A compiled function on memory of the caller's: for the innermost loops of other programs, where making
// arrays would cost more than the work.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runnel/graph.h"

namespace runnel {

// f, traced and compiled for arguments of the given types. A run reads and writes buffers that the caller
// owns and allocates nothing. One object runs on one thread at a time; a copy shares the program but has
// working memory of its own, so that every thread can have a copy.
//
//   Compiled c([](const std::vector<Array>& x) { return std::vector<Array>{sin(x[0])}; }, {{DType::f64,
//   {}}}); c.run(in, out);  // const void* in[] = {&a}; void* out[] = {&b};
class Compiled {
 public:
  // Throws Error(input) as tracing and compiling do, and if f uses a traced value of a surrounding transform.
  Compiled(const ArrayFn& f, const std::vector<Type>& inputs);
  Compiled(const Compiled& other);
  Compiled(Compiled&& other) noexcept;
  Compiled& operator=(Compiled other) noexcept;
  ~Compiled();

  const std::vector<Type>& input_types() const;
  const std::vector<Type>& output_types() const;
  std::size_t working_bytes() const;  // beside the buffers of the caller's

  // Buffers of dense, row-major elements, aligned as their dtype needs, one for each input and output; no
  // output overlaps another buffer. Throws Error(input) for a wrong number of buffers.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What this process has compiled so far, by jit or as a Compiled: passes and plans, without the tracing
// before them. Threads that compile at the same time add up, so `seconds` may exceed what went by.
struct CompileStatistics {
  std::int64_t programs = 0;
  double seconds = 0;
  double longest = 0;  // seconds that the slowest program took
};
CompileStatistics compile_statistics();

}  // namespace runnel
