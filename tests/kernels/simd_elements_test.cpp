// Programs of elementwise operations give the bits of the reference kernels run one operation at a time:
// random programs over random views, every operation of every dtype, and the places where tiles and registers
// end.
#include "kernels/elements.h"
#include "kernels/reference/elementwise.h"
#include "kernels/simd_support.h"

namespace runnel::testing {
namespace {

using kernels::Binary;
using kernels::Compare;
using kernels::ElementCode;
using kernels::ElementOp;
using kernels::ElementProgram;
using kernels::Isa;
using kernels::Unary;
using Kind = ElementCode::Kind;

int operands(Kind kind) {
  return kind == Kind::select ? 3 : (kind == Kind::binary || kind == Kind::compare ? 2 : 1);
}

void run_reference(const ElementOp& op, const std::vector<View>& in, const View& out) {
  switch (op.what.kind) {
    case Kind::unary:
      return kernels::unary(static_cast<Unary>(op.what.code), in[0], out);
    case Kind::binary:
      return kernels::binary(static_cast<Binary>(op.what.code), in[0], in[1], out);
    case Kind::compare:
      return kernels::compare(static_cast<Compare>(op.what.code), in[0], in[1], out);
    case Kind::select:
      return kernels::select(in[0], in[1], in[2], out);
    case Kind::convert:
      return kernels::convert(in[0], out);
  }
}

// Every operation that the reference kernels take.
std::vector<ElementOp> all_operations() {
  std::vector<ElementOp> all;
  const auto add = [&](Kind kind, int code, DType from, DType to) {
    all.push_back({{kind, static_cast<std::uint8_t>(code)}, from, to, {}});
  };
  for (DType d : kAll) {
    if (is_float(d))
      for (int u = 0; u <= static_cast<int>(Unary::floor); ++u) add(Kind::unary, u, d, d);
    if (d == DType::i32)
      for (Unary u : {Unary::neg, Unary::abs, Unary::sign}) add(Kind::unary, static_cast<int>(u), d, d);
    if (d == DType::boolean) {
      add(Kind::unary, static_cast<int>(Unary::logical_not), d, d);
      for (Binary b : {Binary::logical_and, Binary::logical_or, Binary::logical_xor})
        add(Kind::binary, static_cast<int>(b), d, d);
    } else {
      for (int b = 0; b <= static_cast<int>(Binary::min); ++b) add(Kind::binary, b, d, d);
    }
    for (int c = 0; c <= static_cast<int>(Compare::ge); ++c) add(Kind::compare, c, d, DType::boolean);
    add(Kind::select, 0, d, d);
    for (DType to : kAll) add(Kind::convert, 0, d, to);
  }
  return all;
}

struct Case {
  ElementProgram program;
  Shape shape;
  std::vector<Held> in;
};

DType dtype_of_operand(const ElementOp& op, int k) {
  return op.what.kind == Kind::select && k == 0 ? DType::boolean : op.from;
}

// The results of the reference kernels, of every register.
std::vector<Held> by_reference(const Case& c) {
  std::vector<Held> registers = c.in;
  for (const ElementOp& op : c.program.ops) {
    Held out = dense(op.to, c.shape);
    std::vector<View> in;
    for (int k = 0; k < operands(op.what.kind); ++k)
      in.push_back(registers[op.in[static_cast<std::size_t>(k)]]);
    run_reference(op, in, out);
    registers.push_back(std::move(out));
  }
  return registers;
}

// Runs the program; outputs with an alias are given a copy of that input, of which the program reads.
void check(const Case& c, const std::vector<int>& alias, const std::string& what) {
  const std::vector<Held> want = by_reference(c);
  std::vector<Held> in = c.in;
  std::vector<Held> out;
  std::vector<View> in_views;
  std::vector<View> out_views;
  for (std::size_t o = 0; o < c.program.outputs.size(); ++o) {
    out.push_back(dense(want[c.program.outputs[o]].view.dtype, c.shape));
    if (alias[o] < 0) continue;
    std::memcpy(out[o].view.data, in[static_cast<std::size_t>(alias[o])].view.data,
                static_cast<std::size_t>(c.shape.product()) * size_of(out[o].view.dtype));
    in[static_cast<std::size_t>(alias[o])] = out[o];
  }
  std::vector<std::byte*> data;
  for (const Held& held : in) {
    in_views.push_back(held.view);
    data.push_back(held.view.data);
  }
  for (const Held& held : out) {
    out_views.push_back(held.view);
    data.push_back(held.view.data);
  }
  for (View& view : in_views) view.data = nullptr;  // preparation looks at no data
  for (View& view : out_views) view.data = nullptr;
  const auto prepared = kernels::prepare_elements(c.program, in_views, out_views, alias);
  ASSERT_NE(prepared, nullptr) << what;
  run_prepared(*prepared, data, {}, what);
  for (std::size_t o = 0; o < out.size(); ++o) expect_same_view(out[o], want[c.program.outputs[o]], what);
}

// A view that broadcasts: some axes repeat, the others lie densely, as the compiler makes them.
Held broadcast(DType dtype, const Shape& shape, Random& random) {
  Shape kept = shape;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (uniform(random, 0, 2) == 0) kept[i] = 1;
  Held held = dense(dtype, kept);
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (kept[i] == 1) held.view.strides[i] = 0;
  fill_wild(held.view, random);
  held.view.shape = shape;
  return held;
}

Held some_view(DType dtype, const Shape& shape, Random& random) {
  Held held;
  switch (uniform(random, 0, 3)) {
    case 0:
      return broadcast(dtype, shape, random);
    case 1:
      held = strided(dtype, shape, random, true);
      break;
    default:
      held = dense(dtype, shape);
  }
  fill_wild(held.view, random);
  return held;
}

TEST(SimdElements, EveryOperationOfEveryDtype) {
  on_every_isa([] {
    Random random(1);
    for (const ElementOp& op : all_operations()) {
      for (std::int64_t n : {1, 2, 5, 8, 15, 16, 17, 31, 33, 64, 67, 130, 1023, 1025, 3000}) {
        for (int how = 0; how < 3; ++how) {
          Case c;
          c.shape = how == 2 ? Shape{3, n} : Shape{n};
          ElementOp one = op;
          for (int k = 0; k < operands(op.what.kind); ++k) {
            const DType d = dtype_of_operand(op, k);
            Held held = how == 0 ? dense(d, c.shape) : some_view(d, c.shape, random);
            fill_wild(held.view, random);
            one.in[static_cast<std::size_t>(k)] = static_cast<std::uint16_t>(k);
            c.program.inputs.push_back(d);
            c.in.push_back(std::move(held));
          }
          c.program.ops = {one};
          c.program.outputs = {static_cast<std::uint16_t>(c.in.size())};
          check(c, {-1},
                fmt::format("kind {} code {} of {} to {}, {} elements", static_cast<int>(op.what.kind),
                            op.what.code, name_of(op.from), name_of(op.to), n));
        }
      }
    }
  });
}

// The formulas for registers against the formulas for one number, over bit patterns of every kind.
TEST(SimdElements, FunctionsOfRandomBits) {
  on_every_isa([] {
    Random random(3);
    for (const ElementOp& op : all_operations()) {
      const bool pow = op.what.kind == Kind::binary && static_cast<Binary>(op.what.code) == Binary::pow;
      const bool converts = op.what.kind == Kind::convert && op.from != DType::boolean;
      const bool function = op.what.kind == Kind::unary && is_float(op.from);
      if (!pow && !function && !converts) continue;
      Case c;
      c.shape = {40000};
      ElementOp one = op;
      one.in = {0, 1, 0};
      c.program = {{op.from, op.from}, {one}, {2}};
      for (int k = 0; k < 2; ++k) {
        c.in.push_back(dense(op.from, c.shape));
        const std::size_t bytes = 40000 * size_of(op.from);
        for (std::size_t i = 0; i < bytes; i += 4) {
          const auto word = static_cast<std::uint32_t>(random());
          std::memcpy(c.in.back().view.data + i, &word, 4);
        }
      }
      check(c, {-1},
            fmt::format("kind {} code {} of {} to {}", static_cast<int>(op.what.kind), op.what.code,
                        name_of(op.from), name_of(op.to)));
    }
  });
}

Shape program_shape(Random& random) {
  switch (uniform(random, 0, 5)) {
    case 0:
      return random_shape(random, 4, 9);
    case 1:
      return {uniform(random, 1, 3000)};
    case 2:
      return {uniform(random, 1, 40), std::int64_t{1} << uniform(random, 0, 8)};
    case 3:
      return {uniform(random, 1, 6), uniform(random, 1, 40), 16};
    case 4:
      return {uniform(random, 1, 4), uniform(random, 900, 1100)};
    default:
      return {uniform(random, 1, 9), uniform(random, 1, 9), uniform(random, 1, 70)};
  }
}

Case random_case(Random& random, const std::vector<ElementOp>& all) {
  Case c;
  c.shape = program_shape(random);
  const std::int64_t inputs = uniform(random, 1, 5);
  std::vector<DType> types;
  const DType favourite = uniform(random, 0, 1) == 0 ? DType::f32 : DType::f64;
  for (std::int64_t i = 0; i < inputs; ++i) {
    const DType d = uniform(random, 0, 2) == 0 ? kAll[uniform(random, 0, 4)] : favourite;
    types.push_back(d);
    c.program.inputs.push_back(d);
    c.in.push_back(some_view(d, c.shape, random));
  }
  const std::int64_t ops = uniform(random, 1, 24);
  while (static_cast<std::int64_t>(c.program.ops.size()) < ops) {
    ElementOp op =
        all[static_cast<std::size_t>(uniform(random, 0, static_cast<std::int64_t>(all.size()) - 1))];
    // Mostly arithmetic, which can be joined to pairs.
    if (uniform(random, 0, 1) == 0)
      op = {{Kind::binary, static_cast<std::uint8_t>(uniform(random, 0, 2))}, favourite, favourite, {}};
    bool found = true;
    for (int k = 0; k < operands(op.what.kind); ++k) {
      std::vector<std::uint16_t> fitting;
      for (std::size_t r = 0; r < types.size(); ++r)
        if (types[r] == dtype_of_operand(op, k)) fitting.push_back(static_cast<std::uint16_t>(r));
      if (fitting.empty()) {
        found = false;
        break;
      }
      // The newest more often than the others.
      const auto last = static_cast<std::int64_t>(fitting.size()) - 1;
      const std::int64_t pick = uniform(random, 0, 1) == 0 ? last : uniform(random, 0, last);
      op.in[static_cast<std::size_t>(k)] = fitting[static_cast<std::size_t>(pick)];
    }
    if (!found) continue;
    c.program.ops.push_back(op);
    types.push_back(op.to);
  }
  const std::int64_t outputs = uniform(random, 1, 3);
  for (std::int64_t o = 0; o < outputs; ++o) {
    const auto last = static_cast<std::int64_t>(types.size()) - 1;
    c.program.outputs.push_back(static_cast<std::uint16_t>(o == 0 ? last : uniform(random, 0, last)));
  }
  return c;
}

// Outputs take the memory of inputs wherever dtype and layout allow.
std::vector<int> random_alias(const Case& c, Random& random) {
  std::vector<int> alias(c.program.outputs.size(), -1);
  std::vector<bool> taken(c.in.size(), false);
  for (std::size_t o = 0; o < alias.size(); ++o) {
    const std::size_t reg = c.program.outputs[o];
    const DType d = reg < c.in.size() ? c.program.inputs[reg] : c.program.ops[reg - c.in.size()].to;
    for (std::size_t i = 0; i < c.in.size() && alias[o] < 0; ++i) {
      if (taken[i] || c.program.inputs[i] != d || !is_dense(c.in[i].view) || uniform(random, 0, 2) == 0)
        continue;
      alias[o] = static_cast<int>(i);
      taken[i] = true;
    }
  }
  return alias;
}

TEST(SimdElements, RandomProgramsOverRandomViews) {
  on_every_isa([] {
    Random random(2);
    const std::vector<ElementOp> all = all_operations();
    for (int i = 0; i < 3000; ++i) {
      const Case c = random_case(random, all);
      check(c, random_alias(c, random), fmt::format("program {}", i));
      if (::testing::Test::HasFailure()) return;
    }
  });
}

TEST(SimdElements, AnUndefinedOperationIsLeftToTheReference) {
  on_every_isa([] {
    const View x = dense_view(nullptr, DType::u32, {4});
    const auto code = static_cast<std::uint8_t>(Unary::exp);
    const ElementProgram program{
        {DType::u32}, {{{Kind::unary, code}, DType::u32, DType::u32, {0, 0, 0}}}, {1}};
    EXPECT_EQ(kernels::prepare_elements(program, std::span(&x, 1), std::span(&x, 1)), nullptr);
  });
}

TEST(SimdElements, ReferenceHasNoPreparedPrograms) {
  const Isa before = kernels::isa();
  kernels::force_isa(Isa::reference);
  const View x = dense_view(nullptr, DType::f32, {4});
  const ElementProgram negate{{DType::f32}, {{{Kind::unary, 0}, DType::f32, DType::f32, {0, 0, 0}}}, {1}};
  EXPECT_EQ(kernels::prepare_elements(negate, std::span(&x, 1), std::span(&x, 1)), nullptr);
  kernels::force_isa(before);
}

}  // namespace
}  // namespace runnel::testing
