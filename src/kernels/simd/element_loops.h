// The loops that programs of elementwise operations are made of: each runs one operation over one tile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/elements.h"

namespace runnel::kernels {

struct ElementStep;

// Runs the operation for elements 0 to n - 1; `at` holds the place of each register.
using ElementLoop = void (*)(const ElementStep& step, std::byte* const* at, std::size_t n);

// Element i of operand k is element i & mask[k] of its register: an operand that repeats every 16, 32, 64,
// ... elements (a number is made to repeat every 16) need not be written out. Bools are bytes 0 and 1.
struct ElementStep {
  ElementLoop loop = nullptr;
  std::uint16_t out = 0;
  std::array<std::uint16_t, 4> in{};
  std::array<std::size_t, 4> mask{};
};

// An operation, or two that are one loop: `then` takes the result of `first` as its operand number `place`.
// Both are rounded; only the walk through memory between them is spared.
struct ElementPair {
  ElementCode first;
  ElementCode then;
  int place = 0;
};

// The loop of an operation for isa(); with `repeats`, any operand may repeat. Null for what no program can
// hold.
ElementLoop element_loop(const ElementOp& op, bool repeats);
// The loop of a pair whose operands are all of one dtype, or null: operands of `first`, then the others of
// `then`.
ElementLoop element_pair_loop(const ElementPair& pair, DType dtype, bool repeats);

}  // namespace runnel::kernels
