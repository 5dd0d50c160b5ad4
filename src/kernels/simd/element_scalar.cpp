// Programs of one element: a chain of small functions, each of which does one operation and goes on to the
// next (threaded code: J. R. Bell, Communications of the ACM 16, 1973). The result of the operation before
// stays in a register, so that a chain of dependent operations does not wait for memory.
#include "core/dispatch.h"
#include "kernels/reference/element.h"
#include "kernels/simd/element_plan.h"
#include "kernels/simd/element_tables.h"

namespace runnel::kernels {
namespace {

struct Instruction;

struct Machine {
  std::byte* const* data;
  std::byte* slots;  // eight bytes for each register
  std::byte** at;    // for operations through loops: where each register lies
};

// `f64` or `f32` is the result of the instruction before, if that is its dtype.
using Handler = void (*)(const Instruction* pc, const Machine& machine, double f64, float f32);

struct Instruction {
  Handler handler = nullptr;
  std::uint32_t out = 0;  // offsets of slots; of an array, its number
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  const ElementStep* step = nullptr;
};

template <class T>
T& slot(const Machine& machine, std::uint32_t offset) {
  return *reinterpret_cast<T*>(machine.slots + offset);
}

template <class T>
T last([[maybe_unused]] double f64, [[maybe_unused]] float f32) {
  if constexpr (std::is_same_v<T, double>)
    return f64;
  else
    return f32;
}

template <class T>
void go_on(const Instruction* pc, const Machine& machine, double f64, float f32, T result) {
  if constexpr (std::is_same_v<T, double>)
    return pc[1].handler(pc + 1, machine, result, f32);
  else if constexpr (std::is_same_v<T, float>)
    return pc[1].handler(pc + 1, machine, f64, result);
  else
    return pc[1].handler(pc + 1, machine, f64, f32);
}

template <class T>
void load(const Instruction* pc, const Machine& machine, double f64, float f32) {
  const T x = *reinterpret_cast<const T*>(machine.data[pc->a]);
  slot<T>(machine, pc->out) = x;
  return go_on(pc, machine, f64, f32, x);
}

template <class T>
void store(const Instruction* pc, const Machine& machine, double f64, float f32) {
  *reinterpret_cast<T*>(machine.data[pc->out]) = slot<T>(machine, pc->a);
  return pc[1].handler(pc + 1, machine, f64, f32);
}

void end(const Instruction*, const Machine&, double, float) {}

void through_loop(const Instruction* pc, const Machine& machine, double f64, float f32) {
  pc->step->loop(*pc->step, machine.at, 1);
  return pc[1].handler(pc + 1, machine, f64, f32);
}

struct Add {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Sub {
  template <class T>
  static T of(T a, T b) {
    return a - b;
  }
};
struct Mul {
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
struct Div {
  template <class T>
  static T of(T a, T b) {
    return a / b;
  }
};

// kA, kB: this operand is the result of the instruction before. kKept: somebody reads the slot later.
template <class T, class F, bool kA, bool kB, bool kKept>
void arithmetic(const Instruction* pc, const Machine& machine, double f64, float f32) {
  const T a = kA ? last<T>(f64, f32) : slot<T>(machine, pc->a);
  const T b = kB ? last<T>(f64, f32) : slot<T>(machine, pc->b);
  const T result = F::of(a, b);
  if constexpr (kKept) slot<T>(machine, pc->out) = result;
  return go_on(pc, machine, f64, f32, result);
}

template <class T, class F>
Handler arithmetic_for(bool a, bool b, bool kept) {
  if (kept) {
    if (a) return b ? arithmetic<T, F, true, true, true> : arithmetic<T, F, true, false, true>;
    return b ? arithmetic<T, F, false, true, true> : arithmetic<T, F, false, false, true>;
  }
  if (a) return b ? arithmetic<T, F, true, true, false> : arithmetic<T, F, true, false, false>;
  return b ? arithmetic<T, F, false, true, false> : arithmetic<T, F, false, false, false>;
}

template <class T>
Handler arithmetic_of(Binary op, bool a, bool b, bool kept) {
  switch (op) {
    case Binary::add:
      return arithmetic_for<T, Add>(a, b, kept);
    case Binary::sub:
      return arithmetic_for<T, Sub>(a, b, kept);
    case Binary::mul:
      return arithmetic_for<T, Mul>(a, b, kept);
    case Binary::div:
      return arithmetic_for<T, Div>(a, b, kept);
    default:
      return nullptr;
  }
}

class ScalarProgram final : public Prepared {
 public:
  explicit ScalarProgram(const ElementProgram& program)
      : registers_(program.inputs.size() + program.ops.size()) {
    for (std::size_t i = 0; i < program.inputs.size(); ++i) add_load(program.inputs[i], i);
    steps_.resize(program.ops.size());
    for (std::size_t k = 0; k < program.ops.size(); ++k) add_operation(program, k);
    for (std::size_t o = 0; o < program.outputs.size(); ++o) add_store(program, o);
    code_.push_back({end});
  }

  std::size_t scratch_bytes() const override { return registers_ * (uses_loops_ ? 16 : 8); }

  void run(std::byte* const* data, std::byte* scratch) const override {
    std::byte** at = reinterpret_cast<std::byte**>(scratch + registers_ * 8);
    if (uses_loops_)
      for (std::size_t r = 0; r < registers_; ++r) at[r] = scratch + r * 8;
    const Machine machine{data, scratch, at};
    code_[0].handler(code_.data(), machine, 0.0, 0.0F);
  }

 private:
  void add_load(DType dtype, std::size_t input) {
    Instruction next;
    dispatch(dtype, [&](auto tag) { next.handler = load<typename decltype(tag)::type>; });
    next.a = static_cast<std::uint32_t>(input);
    next.out = static_cast<std::uint32_t>(8 * input);
    code_.push_back(next);
  }

  void add_operation(const ElementProgram& program, std::size_t k) {
    const ElementOp& op = program.ops[k];
    const auto result = static_cast<std::uint16_t>(program.inputs.size() + k);
    Instruction next;
    next.out = 8u * result;
    next.a = 8u * op.in[0];
    next.b = 8u * op.in[1];
    const std::uint32_t before = 8u * (result - 1u);  // ops come last: the instruction before made this slot
    if (op.what.kind == ElementCode::Kind::binary && is_float(op.from)) {
      const auto which = static_cast<Binary>(op.what.code);
      const bool handed_on = k == 0 || is_arithmetic(program.ops[k - 1]);
      const bool a = handed_on && next.a == before;
      const bool b = handed_on && next.b == before;
      const bool kept = is_read_later(program, result, k + 2);
      next.handler = op.from == DType::f64 ? arithmetic_of<double>(which, a, b, kept)
                                           : arithmetic_of<float>(which, a, b, kept);
      // A slot is also read by what goes through a loop.
      if (next.handler != nullptr && !kept && k + 1 < program.ops.size() &&
          !is_arithmetic(program.ops[k + 1]))
        next.handler = op.from == DType::f64 ? arithmetic_of<double>(which, a, b, true)
                                             : arithmetic_of<float>(which, a, b, true);
    }
    if (next.handler == nullptr) {
      ElementStep& step = steps_[k];
      step.loop = plain_loop(op);
      step.in = {op.in[0], op.in[1], op.in[2], 0};
      step.out = result;
      next.step = &step;
      next.handler = through_loop;
      uses_loops_ = true;
    }
    code_.push_back(next);
  }

  void add_store(const ElementProgram& program, std::size_t o) {
    const std::size_t reg = program.outputs[o];
    const DType dtype =
        reg < program.inputs.size() ? program.inputs[reg] : program.ops[reg - program.inputs.size()].to;
    Instruction next;
    dispatch(dtype, [&](auto tag) { next.handler = store<typename decltype(tag)::type>; });
    next.a = static_cast<std::uint32_t>(8 * reg);
    next.out = static_cast<std::uint32_t>(program.inputs.size() + o);
    code_.push_back(next);
  }

  static bool is_arithmetic(const ElementOp& op) {
    return op.what.kind == ElementCode::Kind::binary && is_float(op.from) &&
           arithmetic_of<float>(static_cast<Binary>(op.what.code), false, false, false) != nullptr;
  }

  // By an operation from number `from` on, or as an output.
  static bool is_read_later(const ElementProgram& program, std::uint16_t reg, std::size_t from) {
    for (std::size_t k = from; k < program.ops.size(); ++k)
      for (std::uint16_t in : program.ops[k].in)
        if (in == reg) return true;
    for (std::uint16_t out : program.outputs)
      if (out == reg) return true;
    return false;
  }

  std::size_t registers_;
  bool uses_loops_ = false;
  std::vector<Instruction> code_;
  std::vector<ElementStep> steps_;
};

}  // namespace

PreparedPtr prepare_scalar(const ElementProgram& program) {
  return std::make_shared<const ScalarProgram>(program);
}

}  // namespace runnel::kernels
