// Law 3: transforms compose in any order, on every row, and each graph that comes about is sound and can be
// read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "laws/rows.h"

namespace runnel::laws {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kLanes = 3;

// f traced at x: Graph's constructor checks it, the printers must show all of it.
void expect_sound(const ArrayFn& f, const Arrays& x) {
  Types types;
  for (const Array& a : x) types.push_back(a.type());
  const Traced traced = trace(f, types);
  const std::string text = to_string(*traced.graph);
  EXPECT_THAT(text, HasSubstr("return"));
  const std::string dot = to_dot(*traced.graph);
  EXPECT_EQ(dot.substr(0, 9), "digraph {");
  for (const Equation& eq : traced.graph->equations()) {
    EXPECT_THAT(text, HasSubstr(std::string(" = ") + eq.op->name + "("));
    EXPECT_THAT(dot, HasSubstr(eq.op->name));
  }
  EXPECT_TRUE(*traced.graph == *trace(f, types).graph) << "the same trace twice gives two graphs";
}

// The loop over lanes that vmap must agree with to the last bit.
void expect_lanes(const ArrayFn& alone, const ArrayFn& abreast, const Arrays& x) {
  const Arrays many = abreast(stacked_variants(x, kLanes));
  for (std::int64_t lane = 0; lane < kLanes; ++lane)
    EXPECT_TRUE(all_same_bits(lane_of(many, lane), alone(variants_of(x, lane)))) << "lane " << lane;
}

struct Case {
  Row row;
  ArrayFn f, scalar;
  Arrays x, stacked;
};
std::vector<Case> cases() {
  std::vector<Case> out;
  for (const Row& r : differentiable_rows()) {
    Case c{r, float_function_of(r), {}, float_operands(r), {}};
    c.scalar = scalar_of(c.f);
    c.stacked = stacked_variants(c.x, kLanes);
    out.push_back(c);
  }
  return out;
}

TEST(Compositions, VmapOfJit) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    expect_lanes(c.f, over_lanes(jitted(c.f)), c.x);
    expect_sound(over_lanes(jitted(c.f)), c.stacked);
  }
}

TEST(Compositions, GradOfJit) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    EXPECT_TRUE(all_same_bits(gradient_of(jitted(c.scalar))(c.x), gradient_of(c.scalar)(c.x)));
    expect_sound(gradient_of(jitted(c.scalar)), c.x);
  }
}

TEST(Compositions, JitOfVmapOfGrad) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    expect_lanes(gradient_of(c.scalar), jitted(over_lanes(gradient_of(c.scalar))), c.x);
    expect_sound(jitted(over_lanes(gradient_of(c.scalar))), c.stacked);
  }
}

// grad of the slope along v.
ArrayFn second(const ArrayFn& gradient, const Arrays& v) {
  return gradient_of([=](const Arrays& x) -> Arrays {
    const Arrays g = gradient(x);
    Array total = Array::scalar(0, DType::f64);
    for (std::size_t i = 0; i < g.size(); ++i) total = total + sum(convert(g[i], DType::f64) * v[i]);
    return {total};
  });
}

TEST(Compositions, GradOfGrad) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    const Arrays v = directions(c.x, 3);
    const Arrays plain = second(gradient_of(c.scalar), v)(c.x);
    EXPECT_TRUE(all_same_bits(plain, jitted(second(gradient_of(c.scalar), v))(c.x)));
    expect_lanes(second(gradient_of(c.scalar), v), over_lanes(second(gradient_of(c.scalar), v)), c.x);
    // A jit inside parts the graph in two, and the cotangents of a value used in both parts add up in another
    // order.
    const ArrayFn inside = second(gradient_of(jitted(c.scalar)), v);
    const Distance d = distance(plain, inside(c.x));
    EXPECT_LE(d.apart, (has_f32(c.x) ? 1e-6 : 1e-13) * (1 + d.size));
    expect_lanes(inside, over_lanes(inside), c.x);
    expect_sound(second(gradient_of(c.scalar), v), c.x);
  }
}

TEST(Compositions, JvpOfVjp) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    const Arrays v = directions(c.x, 4);
    auto pushed = [&](const ArrayFn& scalar) -> ArrayFn {
      return [=](const Arrays& x) { return flat::jvp(gradient_of(scalar), x, v).tangents; };
    };
    const Arrays plain = pushed(c.scalar)(c.x);
    EXPECT_TRUE(all_same_bits(plain, pushed(jitted(c.scalar))(c.x)));
    EXPECT_TRUE(all_same_bits(plain, jitted(pushed(c.scalar))(c.x)));
    expect_lanes(pushed(c.scalar), jitted(over_lanes(pushed(c.scalar))), c.x);
    expect_sound(pushed(c.scalar), c.x);
  }
}

// Three steps of gradient descent as a scan; `wrap` changes the objective (jit, checkpoint, nothing).
ArrayFn descent(const ArrayFn& scalar) {
  return [=](const Arrays& x) {
    const ArrayFn step = [=](const Arrays& carry_and_step) {
      const Arrays carry(carry_and_step.begin(), carry_and_step.end() - 1);
      const Arrays g = gradient_of(scalar)(carry);
      Arrays out;
      for (std::size_t i = 0; i < carry.size(); ++i) out.push_back(carry[i] - 1e-3 * g[i]);
      out.push_back(scalar(carry)[0]);
      return out;
    };
    return flat::scan(step, x, {arange(3)}, 3, false);
  };
}

TEST(Compositions, VmapOfScanOfGrad) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    const ArrayFn f = descent(c.scalar);
    EXPECT_TRUE(all_same_bits(f(c.x), jitted(f)(c.x)));
    expect_lanes(f, over_lanes(f), c.x);
    expect_lanes(f, jitted(over_lanes(f)), c.x);
    expect_sound(over_lanes(f), c.stacked);
  }
}

TEST(Compositions, CheckpointInScanInJit) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.row.name());
    const ArrayFn plain = scalar_of(descent(c.scalar));
    const ArrayFn saving = scalar_of(jitted(descent(checkpointed(c.scalar))));
    EXPECT_TRUE(all_same_bits(plain(c.x), saving(c.x)));
    const Arrays wanted = gradient_of(plain)(c.x);
    const Distance d = distance(wanted, gradient_of(saving)(c.x));
    EXPECT_LE(d.apart, (has_f32(c.x) ? 1e-6 : 1e-13) * (1 + d.size));
    EXPECT_TRUE(all_same_bits(gradient_of(saving)(c.x), jitted(gradient_of(saving))(c.x)));
    expect_sound(gradient_of(saving), c.x);
  }
}

}  // namespace
}  // namespace runnel::laws
