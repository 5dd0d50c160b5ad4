// Laws 2 and 4: forward and reverse mode agree with each other and with central differences, for first and
// second order, on every row that has a derivative.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/ranges.h>

#include <map>

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

// By every route, mixed ones among operands too: the gradient's slope.
void expect_second_derivatives(const ArrayFn& f, const Arrays& x) {
  const ArrayFn s = scalar_of(f);
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

TEST(Gradients, SecondDerivativesByEveryRouteAreTheSlopeOfTheGradient) {
  for (const Row& r : differentiable_rows()) {
    const Arrays x = float_operands(r);
    if (has_f32(x)) continue;  // differences of differences have no digits left
    SCOPED_TRACE(r.name());
    expect_second_derivatives(float_function_of(r), x);
  }
}

// Where an op is smooth when all elements of its float operands are these numbers: what each op's meaning
// says, for the ops that are not smooth everywhere.
bool smooth(std::string_view op, const std::vector<double>& at) {
  const auto tie = [&] { return at.size() < 2 || at[0] == at[1]; };
  if (op == "abs" || op == "sign") return at[0] != 0;
  if (op == "floor") return at[0] != std::floor(at[0]);
  if (op == "log" || op == "sqrt" || op == "rsqrt") return at[0] > 0;
  if (op == "log1p") return at[0] > -1;
  if (op == "div") return at[1] != 0;
  if (op == "pow") return at[0] > 0;  // other bases: Functions.PowHasItsMixedDerivativeAtEveryExponent
  if (op == "max" || op == "min") return !tie();
  if (op == "reduce_max" || op == "reduce_min" || op == "sort") return false;  // all elements are one
  return op != "stop_gradient";                                                // 0 by its meaning
}

// The decompositions have points of their own.
bool of_matrices(std::string_view op) {
  for (const char* name : {"cholesky", "qr", "svd", "triangular_solve", "symmetric_root", "lyapunov"})
    if (op == name) return true;
  return false;
}

// Calls visit(values) for each choice of one of the points for each of n operands.
template <class Visit>
void for_each_choice(const std::vector<double>& points, std::size_t n, Visit visit) {
  std::vector<std::size_t> digit(n, 0);
  for (;;) {
    std::vector<double> values;
    for (std::size_t d : digit) values.push_back(points[d]);
    visit(values);
    std::size_t i = 0;
    while (i < n && ++digit[i] == points.size()) digit[i++] = 0;
    if (i == n) return;
  }
}

TEST(Gradients, SecondDerivativesAtSpecialPoints) {
  std::map<std::string, int> checked;
  for (const Row& r : differentiable_rows()) {
    const Arrays like = float_operands(r);
    if (has_f32(like) || of_matrices(r.op->name)) continue;
    for_each_choice({-1, -0.0, 0, 0.5, 1, 2}, like.size(), [&](const std::vector<double>& values) {
      if (!smooth(r.op->name, values)) return;
      ++checked[std::string(r.op->name)];
      Arrays x;
      for (std::size_t i = 0; i < like.size(); ++i)
        x.push_back(Array::full(like[i].shape(), values[i], DType::f64));
      SCOPED_TRACE(fmt::format("{} at {}", r.name(), fmt::join(values, ", ")));
      expect_second_derivatives(float_function_of(r), x);
    });
  }
  for (const Row& r : differentiable_rows()) {
    const std::string_view name = r.op->name;
    if (of_matrices(name) || name == "convert") continue;  // convert has an f32 end
    if (name == "reduce_max" || name == "reduce_min" || name == "sort" || name == "stop_gradient") continue;
    EXPECT_GT(checked[std::string(name)], 0) << name;
  }
}

// Diagonal matrices, whose factors are full of zeros; svd needs singular values that differ.
TEST(Gradients, SecondDerivativesOfDecompositionsAtDiagonals) {
  for (const Row& r : differentiable_rows()) {
    const Arrays like = float_operands(r);
    if (has_f32(like) || !of_matrices(r.op->name)) continue;
    for (const bool equal_values : {false, true}) {
      if (equal_values && r.op->name == std::string_view("svd")) continue;
      Arrays x;
      for (const Array& a : like) {
        const std::int64_t n = std::min(a.dim(-1), a.dim(-2)), rows = a.dim(-2), columns = a.dim(-1);
        const Array values =
            equal_values ? Array::ones({n}, DType::f64) : neg(arange(n, DType::f64)) + double(n);
        const Array square = eye(n, DType::f64) * values;
        x.push_back(broadcast_to(pad(square, {0, 0}, {rows - n, columns - n}), a.shape()));
      }
      SCOPED_TRACE(fmt::format("{}, {} values", r.name(), equal_values ? "equal" : "falling"));
      expect_second_derivatives(float_function_of(r), x);
    }
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
