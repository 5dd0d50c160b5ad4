// Laws 2 and 4: forward and reverse mode agree with each other and with central differences, for first and
// second order, on every row that has a derivative.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "laws/rows.h"

namespace runnel::laws {
namespace {

TEST(Gradients, ForwardAndReverseAgree) {
  for (const Row& r : differentiable_rows()) {
    SCOPED_TRACE(r.name());
    const ArrayFn f = float_function_of(r);
    const Arrays x = float_operands(r);
    const Arrays v = directions(x, 1);
    const Arrays pushed = flat::jvp(f, x, v).tangents;
    const Arrays u = directions(pushed, 2);
    const Arrays pulled = flat::vjp(f, x).pullback(u);
    const double scale = length(u) * length(pushed) + length(pulled) * length(v);
    EXPECT_NEAR(inner(u, pushed), inner(pulled, v), (has_f32(x) ? 1e-6 : 1e-12) * scale);
  }
}

// For each operand alone the same holds: what is active must not change what flows.
TEST(Gradients, EachOperandAloneGivesItsPartOfTheWhole) {
  for (const Row& r : differentiable_rows()) {
    SCOPED_TRACE(r.name());
    const ArrayFn f = float_function_of(r);
    const Arrays x = float_operands(r);
    const Arrays u = directions(f(x), 2);
    const Arrays whole = flat::vjp(f, x).pullback(u);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const ArrayFn of_one = [&](const Arrays& one) {
        Arrays all = x;
        all[i] = one[0];
        return f(all);
      };
      const Arrays part = flat::vjp(of_one, {x[i]}).pullback(u);
      EXPECT_LE(distance(part, {whole[i]}).apart, 1e-14 * (1 + distance(part, part).size)) << "operand " << i;
    }
  }
}

TEST(Gradients, ForwardModeIsTheSlope) {
  for (const Row& r : differentiable_rows()) {
    if (r.op == &find_op("stop_gradient"))
      continue;  // whose derivative is 0 by its meaning, whatever its slope
    SCOPED_TRACE(r.name());
    const ArrayFn f = float_function_of(r);
    const Arrays x = float_operands(r);
    const Arrays v = directions(x, 1);
    const bool narrow = has_f32(x);
    const Distance d = distance(flat::jvp(f, x, v).tangents, slope(f, x, v, narrow ? 0x1p-7 : 2e-4));
    EXPECT_LE(d.apart, (narrow ? 1e-4 : 1e-9) * (1 + d.size));
  }
}

TEST(Gradients, SecondDerivativesByEveryRouteAreTheSlopeOfTheGradient) {
  for (const Row& r : differentiable_rows()) {
    const Arrays x = float_operands(r);
    if (has_f32(x)) continue;  // differences of differences have no digits left
    SCOPED_TRACE(r.name());
    const ArrayFn s = scalar_of(float_function_of(r));
    const ArrayFn g = gradient_of(s);
    const Arrays v = directions(x, 1);
    const Arrays forward_over_reverse = flat::jvp(g, x, v).tangents;
    const Distance to_slope = distance(forward_over_reverse, slope(g, x, v));
    EXPECT_LE(to_slope.apart, 1e-8 * (1 + to_slope.size));

    const ArrayFn along = [&](const Arrays& at) -> Arrays {
      const Arrays pulled = g(at);
      Array total = Array::scalar(0, DType::f64);
      for (std::size_t i = 0; i < pulled.size(); ++i) total = total + sum(pulled[i] * v[i]);
      return {total};
    };
    const Distance reverse_over_reverse = distance(forward_over_reverse, gradient_of(along)(x));
    EXPECT_LE(reverse_over_reverse.apart, 1e-11 * (1 + reverse_over_reverse.size));

    const ArrayFn pushed = [&](const Arrays& at) { return flat::jvp(s, at, v).tangents; };
    const Distance reverse_over_forward = distance(forward_over_reverse, gradient_of(pushed)(x));
    EXPECT_LE(reverse_over_forward.apart, 1e-11 * (1 + reverse_over_forward.size));

    const double twice_forward = flat::jvp(pushed, x, v).tangents[0].item();
    EXPECT_NEAR(twice_forward, inner(v, forward_over_reverse),
                1e-11 * (1 + length(v) * length(forward_over_reverse)));
  }
}

TEST(Gradients, RowsWithoutDerivativeSayWhy) {
  std::size_t rows = 0;
  for (const Row& r : all_rows()) {
    const auto* cell = std::get_if<Unsupported>(&r.op->derivative);
    if (cell == nullptr) continue;
    ++rows;
    const ArrayFn f = float_function_of(r);
    const Arrays x = float_operands(r);
    auto expect_why = [&](auto run) {
      try {
        run();
        ADD_FAILURE() << r.name() << " was differentiated";
      } catch (const Error& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr(cell->why));
        EXPECT_THAT(e.what(), testing::HasSubstr(fmt::format("[{}]", r.op->name)));
      }
    };
    expect_why([&] { flat::jvp(f, x, directions(x, 1)); });
    expect_why([&] { flat::vjp(f, x).pullback(directions(f(x), 2)); });
  }
  EXPECT_GT(rows, 0u);
}

TEST(Gradients, OutputsThatMoveInStepsHaveZeroDerivative) {
  for (const Row& r : all_rows()) {
    if (!differentiable(*r.op) || float_operands(r).empty()) continue;
    const ArrayFn f = [r](const Arrays& floats) {
      Arrays operands = r.sample.operands;
      std::size_t next = 0;
      for (Array& x : operands)
        if (is_float(x.dtype())) x = floats.at(next++);
      return bind_op(*r.op, operands, r.sample.attrs);
    };
    const Arrays x = float_operands(r);
    const flat::Jvp pushed = flat::jvp(f, x, directions(x, 1));
    for (std::size_t i = 0; i < pushed.outputs.size(); ++i) {
      EXPECT_EQ(pushed.tangents[i].type(), pushed.outputs[i].type()) << r.name();
      if (is_float(pushed.outputs[i].dtype()) && !std::holds_alternative<NoDerivative>(r.op->derivative))
        continue;
      for (double t : pushed.tangents[i].to_doubles()) EXPECT_EQ(t, 0) << r.name();
    }
  }
}

}  // namespace
}  // namespace runnel::laws
