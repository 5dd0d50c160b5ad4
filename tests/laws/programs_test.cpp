// Random programs: rows of the table composed at random keep the laws together that each keeps alone.
#include <gtest/gtest.h>

#include <random>

#include "laws/rows.h"

namespace runnel::laws {
namespace {

// A program draws rows and, for each float operand, an earlier value that nudges the row's sample: the
// operand keeps to the row's domain and depends on all that came before.
struct Program {
  struct Step {
    Row row;
    std::vector<std::size_t> sources;  // of each float operand, among the values so far
  };
  std::vector<Step> steps;
};

Program random_program(std::uint64_t seed, std::size_t length) {
  static const std::vector<Row> rows = [] {
    std::vector<Row> out;
    for (const Row& r : differentiable_rows())
      if (!has_f32(float_operands(r))) out.push_back(r);
    return out;
  }();
  std::mt19937_64 random(seed);
  Program program;
  std::size_t values = 1;
  for (std::size_t i = 0; i < length; ++i) {
    Program::Step step{rows[random() % rows.size()], {}};
    const Arrays x = float_operands(step.row);
    for (std::size_t k = 0; k < x.size(); ++k)
      step.sources.push_back(random() % 2 == 0 ? values - 1 : random() % values);
    values += float_function_of(step.row)(x).size();
    program.steps.push_back(step);
  }
  return program;
}

// The values of `from` in any shape, repeated or cut to fit `like`.
Array fitted(const Array& from, const Array& like) {
  if (from.size() == 0) return Array::zeros(like.shape(), DType::f64);
  const Array flat = reshape(from, {-1});
  std::vector<std::int32_t> places;
  for (std::int64_t i = 0; i < like.size(); ++i) places.push_back(static_cast<std::int32_t>(i % from.size()));
  return reshape(gather(flat, Array::from(places, {like.size()}), 0), like.shape());
}

Arrays run(const Program& program, const Array& x) {
  Arrays values{x};
  for (const Program::Step& step : program.steps) {
    Arrays operands = float_operands(step.row);
    for (std::size_t i = 0; i < operands.size(); ++i)
      operands[i] = operands[i] + 0.05 * tanh(fitted(values[step.sources[i]], operands[i]));
    for (const Array& y : float_function_of(step.row)(operands)) values.push_back(y);
  }
  return values;
}

// A number in which every value has its part.
Array score(const Program& program, const Array& x) {
  Array total = Array::scalar(0, DType::f64);
  for (const Array& v : run(program, x))
    if (v.size() > 0) total = total + mean(sin(v));
  return total;
}

std::string listing(const Program& program) {
  std::string text;
  for (const auto& step : program.steps) text += step.row.name() + "; ";
  return text;
}

class RandomPrograms : public testing::Test {
 protected:
  template <class Check>
  void each(Check check) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const Program program = random_program(seed, 3 + seed % 12);
      SCOPED_TRACE(fmt::format("program {}: {}", seed, listing(program)));
      check([program](const Array& x) { return score(program, x); },
            sample({6}, -1, 1, static_cast<std::uint32_t>(seed)));
    }
  }
};

TEST_F(RandomPrograms, EagerIsCompiled) {
  each([](auto f, const Array& x) {
    EXPECT_TRUE(same_bits(f(x), jit(f)(x)));
    EXPECT_TRUE(same_bits(grad(f)(x), jit(grad(f))(x)));
    EXPECT_TRUE(same_bits(grad(f)(x), grad(jit(f))(x)));
  });
}

TEST_F(RandomPrograms, LanesAreTheLoop) {
  each([](auto f, const Array& x) {
    const Array lanes = stack({x, 0.5 * x, neg(x), x + 0.1, x * x});
    const Array many = vmap(f)(lanes);
    const Array slopes = jit(vmap(grad(f)))(lanes);
    for (std::int64_t i = 0; i < 5; ++i) {
      EXPECT_TRUE(same_bits(row(many, i), f(row(lanes, i)))) << "lane " << i;
      EXPECT_TRUE(same_bits(row(slopes, i), grad(f)(row(lanes, i)))) << "lane " << i;
    }
  });
}

TEST_F(RandomPrograms, ForwardIsReverse) {
  each([](auto f, const Array& x) {
    const Array v = sample(x.shape(), -1, 1, 999);
    const Array g = grad(f)(x);
    const double forward = jvp(f, x, v).second.item();
    EXPECT_NEAR(forward, inner({g}, {v}), 1e-12 * (1 + std::abs(forward) + length({g}) * length({v})));
    const Array bent = hvp(f, x, v);
    const Array again = grad([&](const Array& y) { return dot(grad(f)(y), v); })(x);
    const Distance d = distance({bent}, {again});
    EXPECT_LE(d.apart, 1e-10 * (1 + d.size));
  });
}

TEST_F(RandomPrograms, CheckpointChangesNothing) {
  each([](auto f, const Array& x) {
    EXPECT_TRUE(same_bits(checkpoint(f)(x), f(x)));
    const Distance d = distance({grad(checkpoint(f))(x)}, {grad(f)(x)});
    EXPECT_LE(d.apart, 1e-13 * (1 + d.size));
  });
}

TEST_F(RandomPrograms, AsTheBodyOfAScan) {
  each([](auto f, const Array& x) {
    auto iterate = [f](const Array& start) {
      auto step = [f](const Array& c, const Array&) {
        const Array next = tanh(c + f(c));
        return std::pair(next, sum(next));
      };
      return scan_n(step, start, 3);
    };
    Array c = x;
    std::vector<Array> outs;
    for (int i = 0; i < 3; ++i) {
      c = tanh(c + f(c));
      outs.push_back(sum(c));
    }
    auto [last, stacked] = jit(iterate)(x);
    EXPECT_TRUE(same_bits(last, c));
    EXPECT_TRUE(same_bits(stacked, stack(outs)));
    auto total = [&](const Array& start) { return sum(iterate(start).second); };
    const Array v = sample(x.shape(), -1, 1, 999);
    const Array g = jit(grad(total))(x);
    EXPECT_NEAR(jvp(total, x, v).second.item(), inner({g}, {v}), 1e-12 * (1 + length({g}) * length({v})));
  });
}

}  // namespace
}  // namespace runnel::laws
