// What the engine says when it is used wrongly: the op, both shapes, and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "runnel/linalg.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Array zeros(const Shape& shape) { return Array::zeros(shape); }

TEST(ErrorTexts, OfShapes) {
  EXPECT_EQ(error_of([] {
              matmul(zeros({32, 12}), zeros({13, 16}));
            }),
            "[matmul] (32, 12) and (13, 16): the inner sizes 12 and 13 differ");
  EXPECT_EQ(error_of([] { dot(zeros({3}), zeros({4})); }),
            "[matmul] (3,) and (4,): the inner sizes 3 and 4 differ");
  EXPECT_THAT(error_of([] { matmul(zeros({}), zeros({4})); }), HasSubstr("scalars are multiplied with *"));
  EXPECT_THAT(error_of([] {
                reshape(zeros({2, 3}), {4, -1});
              }),
              HasSubstr("[reshape] the 6 elements of (2, 3) do not divide into (4, -1)"));
  EXPECT_THAT(error_of([] {
                reshape(zeros({2, 3}), {7});
              }),
              HasSubstr("[reshape] (2, 3) has 6 elements, (7,) needs 7"));
  EXPECT_THAT(error_of([] { transpose(zeros({2, 3}), {0, 0}); }), HasSubstr("is no permutation"));
  EXPECT_THAT(error_of([] { slice(zeros({4}), 0, 1, 5); }), HasSubstr("[slice]"));
  EXPECT_THAT(error_of([] {
                concatenate({zeros({2, 3}), zeros({2, 4})}, 0);
              }),
              HasSubstr("differ off axis 0"));
  EXPECT_THAT(error_of([] { stack({zeros({2}), zeros({3})}); }), HasSubstr("[stack] (2,) and (3,)"));
  EXPECT_THAT(error_of([] { squeeze(zeros({2, 3}), 0); }), HasSubstr("has size 2, not 1"));
  EXPECT_THAT(error_of([] { sum(zeros({2, 3}), 2); }), AllOf(HasSubstr("[reduce_sum]"), HasSubstr("2")));
  EXPECT_THAT(error_of([] { sum(zeros({2, 3}), Dims{0, -2}); }), HasSubstr("name one axis twice"));
  EXPECT_THAT(error_of([] { max(zeros({0})); }), HasSubstr("[reduce_max] of no elements"));
  EXPECT_THAT(error_of([] { argmax(zeros({0}), 0); }), HasSubstr("[argmax] of no elements"));
  EXPECT_THAT(error_of([] {
                cholesky(zeros({2, 3}));
              }),
              HasSubstr("[cholesky] needs a square matrix, got shape (2, 3)"));
  EXPECT_THAT(error_of([] {
                einsum("ij,jk->ik", {zeros({2, 3}), zeros({4, 5})});
              }),
              HasSubstr("the sizes 3 and 4 of 'j' differ"));
  EXPECT_THAT(error_of([] { einsum("ij->ik", {zeros({2, 3})}); }), HasSubstr("[einsum]"));
  EXPECT_THAT(error_of([] { einsum("ii->i", {zeros({2, 2})}); }), HasSubstr("'i' stands twice"));
}

TEST(ErrorTexts, OfDtypes) {
  EXPECT_THAT(error_of([] { exp(Array({1}, DType::i32)); }),
              HasSubstr("[exp] needs f32 or f64, got i32(1,)"));
  EXPECT_THAT(error_of([] { gather(zeros({3}), zeros({2})); }),
              HasSubstr("[gather] the index must be i32, got f32(2,)"));
  EXPECT_THAT(error_of([] { logical_not(zeros({2})); }), HasSubstr("[logical_not] needs bool"));
  EXPECT_THAT(error_of([] { sum(Array({1}, DType::boolean)); }), HasSubstr("needs a numeric dtype"));
}

TEST(ErrorTexts, OfValues) {
  const Array x({1, 2, 3});
  EXPECT_THAT(error_of([&] {
                gather(x, Array({0, 3}, DType::i32));
              }),
              AllOf(HasSubstr("gather"), HasSubstr("3")));
  EXPECT_THAT(error_of([&] { gather(x, Array({-1}, DType::i32)); }),
              AllOf(HasSubstr("gather"), HasSubstr("-1")));
  EXPECT_THAT(error_of([&] { scatter_add(x, Array({5}, DType::i32), Array({1})); }),
              AllOf(HasSubstr("scatter_add"), HasSubstr("5")));
  EXPECT_THAT(error_of([] { cholesky(Array({{1, 2}, {2, 1}})); }, ErrorKind::run), HasSubstr("cholesky"));
  // The same from a compiled function, which works again afterwards.
  auto pick = jit([&](const Array& i) { return gather(x, i); });
  EXPECT_THAT(error_of([&] { pick(Array({7}, DType::i32)); }), HasSubstr("7"));
  EXPECT_EQ(pick(Array({2}, DType::i32)).item(), 3);
}

TEST(ErrorTexts, OfTracedValues) {
  auto read = [](const Array& x) { return x * x.item(); };
  EXPECT_THAT(error_of([&] { grad(read)(Array::scalar(1)); }),
              AllOf(HasSubstr("traced f32()"), HasSubstr("return it from the function")));
  Array leaked;
  auto leak = [&](const Array& x) {
    leaked = 2 * x;
    return x;
  };
  grad(leak)(Array::scalar(1));
  EXPECT_THAT(error_of([&] { leaked + 1; }), HasSubstr("was used after the transform had ended"));
  EXPECT_TRUE(leaked.is_traced());
  EXPECT_THAT(to_string(leaked), HasSubstr("traced f32()"));
}

TEST(ErrorTexts, AFunctionThatThrowsLeavesNoTraceBehind) {
  auto broken = [](const Array& x) -> Array {
    if (x.is_traced()) throw Error(ErrorKind::input, "by design");
    return x;
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(error_of([&] { grad(broken)(Array::scalar(1)); }), "by design");
    EXPECT_EQ(error_of([&] { jit(vmap(broken))(Array({1, 2})); }), "by design");
  }
  EXPECT_EQ(grad([](const Array& x) { return x * x; })(Array::scalar(3)).item(), 6);
}

TEST(ErrorTexts, OfDerivatives) {
  EXPECT_THAT(
      error_of([] {
        grad([](const Array& x) { return x * 2; })(Array({1, 2}));
      }),
      HasSubstr("[grad] needs a function that returns one f32 or f64 number, this one returns f32(2,)"));
  EXPECT_THAT(error_of([] {
                grad([](const Array& x) { return argmax(x, 0); })(Array({1, 2}));
              }),
              HasSubstr("returns i32()"));
  EXPECT_THAT(error_of([] {
                grad([](const Array& x) { return convert(sum(x), DType::f32); })(Array({1, 2}, DType::i32));
              }),
              HasSubstr("no argument is f32 or f64"));
  auto f = [](const Array& x) { return x * x; };
  EXPECT_THAT(error_of([&] {
                vjp(f, Array({1, 2})).second(Array({1, 2, 3}));
              }),
              HasSubstr("[vjp] cotangents 0 is f32(3,), its value is f32(2,)"));
  EXPECT_THAT(error_of([&] {
                jvp(f, Array({1, 2}), Array({1, 2}, DType::f64));
              }),
              HasSubstr("[jvp] tangents 0 is f64(2,)"));
}

TEST(ErrorTexts, OfLanes) {
  auto add_both = [](const Array& a, const Array& b) { return a + b; };
  EXPECT_THAT(error_of([&] {
                vmap(add_both)(zeros({3, 2}), zeros({4, 2}));
              }),
              HasSubstr("[vmap] arguments with 3 and 4 lanes"));
  EXPECT_THAT(error_of([&] { vmap(add_both, {0})(zeros({3}), zeros({3})); }),
              HasSubstr("[vmap] in_axes must name one axis for each argument"));
  EXPECT_THAT(error_of([&] {
                vmap(add_both, {shared, shared})(zeros({3}), zeros({3}));
              }),
              HasSubstr("no argument has an axis"));
  EXPECT_THAT(error_of([&] { vmap(add_both)(zeros({}), zeros({3})); }), HasSubstr("vmap"));
}

TEST(ErrorTexts, OfLoops) {
  const Array start = Array::scalar(0);
  EXPECT_THAT(error_of([&] {
                scan_n([](const Array& c, const Array&) { return std::pair(stack({c, c}), c); }, start, 3);
              }),
              HasSubstr("[scan] carry 0 goes in as f32() and comes out as f32(2,)"));
  EXPECT_THAT(error_of([&] {
                scan_n([](const Array& c, const Array&) { return std::pair(convert(c, DType::f64), c); },
                       start, 3);
              }),
              HasSubstr("goes in as f32() and comes out as f64()"));
  auto grow = [](const std::vector<Array>& c, const Array&) {
    auto more = c;
    more.push_back(c[0]);
    return std::pair(more, c[0]);
  };
  EXPECT_THAT(error_of([&] { scan_n(grow, std::vector<Array>{start}, 3); }),
              HasSubstr("goes in with 1 arrays and comes out with 2"));
  auto step = [](const Array& c, const std::pair<Array, Array>& s) {
    return std::pair(c + s.first + s.second, c);
  };
  EXPECT_THAT(error_of([&] { scan(step, start, std::pair(zeros({3}), zeros({4}))); }),
              HasSubstr("[scan] sequences must have one leading size"));
  EXPECT_THAT(error_of([&] {
                scan([](const Array& c, const Array& s) { return std::pair(c + s, c); }, start, start);
              }),
              HasSubstr("[scan]"));
}

TEST(ErrorTexts, OfRandomNumbers) {
  EXPECT_THAT(error_of([] { random::bits(Array({1, 2}), {3}); }), HasSubstr("key and stream are u32(2,)"));
  EXPECT_THAT(error_of([] { random::uniform(random::key(0), {3}, 0, 1, DType::i32); }),
              HasSubstr("needs f32 or f64"));
}

TEST(Errors, SizesThatCannotBe) {
  EXPECT_THAT(error_of([] {
                Array::zeros({std::int64_t{1} << 32, std::int64_t{1} << 32});
              }),
              testing::HasSubstr("too large"));
  EXPECT_THAT(error_of([] { arange(-1); }),
              testing::HasSubstr("[iota] an array cannot have the shape (-1,)"));
  EXPECT_THAT(error_of([] { reverse(Array{1, 2, 3}, {0, 0}); }), testing::HasSubstr("name one axis twice"));
  EXPECT_THAT(error_of([] {
                slice(Array{1, 2, 3}, 0, 0, 3, std::int64_t{1} << 40);
              }),
              testing::HasSubstr("[slice] a step of"));
  EXPECT_THAT(error_of([] { random::fold_in(random::key(0), 0.5); }),
              testing::HasSubstr("[fold_in] 0.5 is no whole number"));
  EXPECT_THAT(error_of([] { random::fold_in(random::key(0), std::int64_t{1} << 32); }),
              testing::HasSubstr("[fold_in]"));
}

TEST(Errors, FillingSaturatesAsConvertDoes) {
  for (double v : {std::nan(""), 1e10, -1e10, -5.0, 2.9})
    for (DType dtype : {DType::i32, DType::u32})
      EXPECT_TRUE(same_bits(Array::full({2}, v, dtype), convert(Array::full({2}, v, DType::f64), dtype)))
          << v << " " << name_of(dtype);
}

}  // namespace
}  // namespace runnel
