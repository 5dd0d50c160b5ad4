// Law 5: the same bits eager or compiled, alone or abreast in any lane, from one thread or two.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "laws/rows.h"
#include "runnel/random.h"

namespace runnel::laws {
namespace {

// The sample with its floats in another dtype, where the row takes it.
std::optional<Row> in_dtype(Row r, DType dtype) {
  Types types;
  for (Array& x : r.sample.operands) {
    if (is_float(x.dtype())) x = convert(x, dtype);
    types.push_back(x.type());
  }
  try {
    result_types(*r.op, types, r.sample.attrs);
  } catch (const Error&) {
    return {};  // a sub-graph of the sample was traced for the other dtype
  }
  return r;
}

std::vector<Row> rows_in_both_dtypes() {
  std::vector<Row> rows;
  for (const Row& r : all_rows())
    for (DType dtype : {DType::f32, DType::f64})
      if (auto converted = in_dtype(r, dtype)) rows.push_back(*converted);
  return rows;
}

TEST(SameBits, EagerAndCompiled) {
  for (const Row& r : rows_in_both_dtypes()) {
    SCOPED_TRACE(r.name());
    const ArrayFn f = function_of(r);
    const ArrayFn compiled = jitted(f);
    const Arrays wanted = f(r.sample.operands);
    EXPECT_TRUE(all_same_bits(compiled(r.sample.operands), wanted));
    EXPECT_TRUE(all_same_bits(compiled(r.sample.operands), wanted)) << "in the second run";
  }
}

// Operands that are not dense in memory: a strided operand must not change the result.
TEST(SameBits, WhateverTheStrides) {
  for (const Row& r : rows_in_both_dtypes()) {
    SCOPED_TRACE(r.name());
    Arrays strided;
    for (const Array& x : r.sample.operands) {
      if (x.rank() == 0) {
        strided.push_back(x);
        continue;
      }
      // Reversed twice, the first time for good: negative strides; and transposed there and back through a
      // copy.
      Dims all;
      for (int i = 0; i < x.rank(); ++i) all.push_back(i);
      const Array flipped = reverse(x, all);
      const Array kept = x.dtype() == DType::boolean ? logical_not(logical_not(flipped))
                                                     : reshape(reshape(flipped, {-1}), x.shape());
      strided.push_back(reverse(transpose(transpose(kept)), all));
    }
    const ArrayFn f = function_of(r);
    const Arrays wanted = f(r.sample.operands);
    EXPECT_TRUE(all_same_bits(f(strided), wanted));
    EXPECT_TRUE(all_same_bits(jitted(f)(strided), wanted));
  }
}

TEST(SameBits, InLanesOf256) {
  for (const Row& r : rows_in_both_dtypes()) {
    if (r.sample.operands.empty() || !batchable(*r.op)) continue;
    SCOPED_TRACE(r.name());
    const ArrayFn f = function_of(r);
    const Arrays stacked = stacked_variants(r.sample.operands, 256);
    const Arrays many = over_lanes(f)(stacked);
    EXPECT_TRUE(all_same_bits(many, jitted(over_lanes(f))(stacked)));
    for (std::int64_t lane : {0, 17, 255})
      EXPECT_TRUE(all_same_bits(lane_of(many, lane), f(lane_of(stacked, lane)))) << "lane " << lane;
  }
}

// A network of two layers and its gradient step, for any float dtype.
struct Net {
  Array w1, b1, w2, b2;
};
Array net_loss(const Net& p, const Array& x, const Array& y) {
  const Array h = tanh(matmul(x, p.w1) + p.b1);
  const Array out = logistic(matmul(h, p.w2) + p.b2);
  return mean(square(squeeze(out, 1) - y));
}
Net train(const Net& start, const Array& rate, const Array& x, const Array& y) {
  auto step = [&](const Net& p, const Array&) {
    const Net g = grad([&](const Net& q) { return net_loss(q, x, y); })(p);
    return std::pair(tree::map([&](const Array& a, const Array& b) { return a - rate * b; }, p, g),
                     net_loss(p, x, y));
  };
  return scan_n(step, start, 20).first;
}
Net net(std::uint64_t seed, DType dtype) {
  auto draw = [&](std::uint32_t i, const Shape& s) {
    return random::normal(random::fold_in(random::key(seed), i), s, dtype);
  };
  return {draw(0, {5, 7}), draw(1, {7}), draw(2, {7, 1}), draw(3, {1})};
}
bool same_net(const Net& a, const Net& b) { return all_same_bits(tree::flatten(a), tree::flatten(b)); }

TEST(SameBits, OfATrainedNetworkAloneAndAbreast) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Array x = random::normal(random::key(1), {33, 5}, dtype);
    const Array y = random::uniform(random::key(2), {33}, 0, 1, dtype);
    std::vector<Net> starts;
    for (std::uint64_t i = 0; i < 256; ++i) starts.push_back(net(i, dtype));
    auto stacked = [&](Array Net::*field) {
      std::vector<Array> all;
      for (const Net& n : starts) all.push_back(n.*field);
      return stack(all);
    };
    const Net block{stacked(&Net::w1), stacked(&Net::b1), stacked(&Net::w2), stacked(&Net::b2)};
    const Array rates = convert(arange(256), dtype) * 0.002;
    const Net many = jit(vmap(train, {0, 0, shared, shared}))(block, rates, x, y);
    for (std::int64_t lane : {0, 17, 255}) {
      const Net alone = train(starts[static_cast<std::size_t>(lane)], row(rates, lane), x, y);
      EXPECT_TRUE(
          same_net(alone, jit(train)(starts[static_cast<std::size_t>(lane)], row(rates, lane), x, y)));
      const Net in_block = tree::map([&](const Array& a) { return row(a, lane); }, many);
      EXPECT_TRUE(same_net(alone, in_block)) << "lane " << lane << " in " << name_of(dtype);
    }
  }
}

TEST(SameBits, FromTwoThreadsAtOnce) {
  const auto compiled = jit(train);
  const Array x = random::normal(random::key(1), {33, 5});
  const Array y = random::uniform(random::key(2), {33});
  const Array rate = Array::scalar(0.1);
  std::vector<Net> wanted;
  for (std::uint64_t i = 0; i < 8; ++i) wanted.push_back(train(net(i, DType::f32), rate, x, y));
  std::atomic<int> differing = 0;
  auto work = [&](std::uint64_t first) {
    for (int round = 0; round < 5; ++round)
      for (std::uint64_t i = first; i < 8; i += 2)
        if (!same_net(compiled(net(i, DType::f32), rate, x, y), wanted[i])) ++differing;
  };
  std::thread even(work, 0);
  std::thread odd(work, 1);
  even.join();
  odd.join();
  EXPECT_EQ(differing, 0);
}

TEST(SameBits, TracingAndDifferentiatingOnTwoThreadsAtOnce) {
  std::atomic<int> differing = 0;
  const std::vector<Row> rows = differentiable_rows();
  std::vector<Arrays> wanted;
  for (const Row& r : rows) wanted.push_back(gradient_of(scalar_of(float_function_of(r)))(float_operands(r)));
  auto work = [&] {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const ArrayFn s = scalar_of(float_function_of(rows[i]));
      if (!all_same_bits(jitted(gradient_of(s))(float_operands(rows[i])), wanted[i])) ++differing;
    }
  };
  std::thread one(work);
  std::thread two(work);
  one.join();
  two.join();
  EXPECT_EQ(differing, 0);
}

}  // namespace
}  // namespace runnel::laws
