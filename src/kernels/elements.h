// Programs of elementwise operations, run tile by tile so that what lies between two operations stays in the
// first cache. The compiler's fusion makes them; a single elementwise op is a program of one operation.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/prepared.h"
#include "kernels/reference/elementwise.h"
#include "kernels/view.h"

namespace runnel::kernels {

// Which elementwise function: `code` is a Unary, Binary or Compare where the kind has several.
struct ElementCode {
  enum class Kind : std::uint8_t { unary, binary, compare, select, convert };
  Kind kind = Kind::unary;
  std::uint8_t code = 0;
};

// One operation. Registers are numbered: the inputs of the program first, then each operation's result.
struct ElementOp {
  ElementCode what;
  DType from = DType::f32;  // of its operands (of a select: of the two chosen from; the condition is bool)
  DType to = DType::f32;    // of its result
  std::array<std::uint16_t, 3> in{};
};

struct ElementProgram {
  std::vector<DType> inputs;
  std::vector<ElementOp> ops;
  std::vector<std::uint16_t> outputs;  // registers
};

// `in` are views of the program's inputs, all of one shape, with any strides (0 repeats an element); `out`
// are dense views of that shape. Where `alias[o]` is an input number, output o may be given that input's
// memory (then it is dense and of the same dtype); -1: it never is. No other outputs overlap inputs. Data
// pointers of the views are not looked at. The bits are those of the reference kernels, run one operation at
// a time.
PreparedPtr prepare_elements(const ElementProgram& program, std::span<const View> in,
                             std::span<const View> out, std::span<const int> alias = {});

}  // namespace runnel::kernels
