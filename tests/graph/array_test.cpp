// Arrays: construction, access, dtypes that meet, broadcasting, numbers beside arrays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "error_of.h"
#include "runnel/error.h"
#include "runnel/ops.h"

namespace runnel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ArrayValues, AreKeptRowMajor) {
  const Array m({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(m.shape(), (Shape{2, 3}));
  EXPECT_EQ(m.dtype(), DType::f32);
  EXPECT_THAT(m.to_vector<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(m.at({1, 0}), 4);
  EXPECT_EQ(m.dim(-1), 3);
  EXPECT_EQ(m.size(), 6);
  EXPECT_EQ(m.rank(), 2);
  EXPECT_EQ(Array().item(), 0);
  EXPECT_EQ(Array::scalar(2.5).item(), 2.5);
  EXPECT_THAT(Array::full({2, 2}, 7, DType::i32).to_vector<std::int32_t>(), ElementsAre(7, 7, 7, 7));
  EXPECT_THAT(Array({1, 0, 2}, DType::boolean).to_doubles(), ElementsAre(1, 0, 1));
  const std::vector<double> values{1, 2, 3, 4};
  EXPECT_THAT(transpose(Array::from(values, {2, 2})).to_vector<double>(), ElementsAre(1, 3, 2, 4));
}

TEST(ArrayValues, AreAlignedTo64Bytes) {
  for (std::int64_t n : {1, 3, 100, 1000}) {
    const Array x = iota({n}, 0, DType::f32);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data<float>().data()) % 64, 0u);
  }
}

// What would point to elements that are gone, and what looks like another function, does not compile.
template <class A>
concept ShowsItsElements = requires(A&& a) {
  std::forward<A>(a).template data<float>();
};
static_assert(ShowsItsElements<const Array&> && ShowsItsElements<Array&> && !ShowsItsElements<Array>);
template <class T>
concept IsAnAxis = requires(const Array& x, T axis) {
  max(x, axis), mean(x, axis), variance(x, axis);
};
static_assert(IsAnAxis<int> && !IsAnAxis<double> && !IsAnAxis<float>);

TEST(ArrayValues, SameBitsTellsSignsAndTypesApart) {
  EXPECT_TRUE(same_bits(Array({1, NAN}), Array({1, NAN})));
  EXPECT_FALSE(same_bits(Array({0.0}), Array({-0.0})));
  EXPECT_FALSE(same_bits(Array({1, 2}), Array({1, 2}, DType::f64)));
  EXPECT_FALSE(same_bits(Array({1, 2}), reshape(Array({1, 2}), {1, 2})));
  EXPECT_TRUE(same_bits(Array::zeros({0, 3}), Array::zeros({0, 3})));
}

TEST(ArrayErrors, SayWhatIsWrong) {
  EXPECT_THAT(error_of([] { Array({{1, 2}, {3}}); }), HasSubstr("rows of 2 and 1 elements"));
  EXPECT_THAT(error_of([] {
                Array::from(std::vector<float>{1, 2, 3}, {2, 2});
              }),
              HasSubstr("3 values do not fill an array of shape (2, 2)"));
  EXPECT_THAT(error_of([] { Array::zeros({2, -1}); }), HasSubstr("(2, -1)"));
  EXPECT_THAT(error_of([] { Array({1, 2}).item(); }), HasSubstr("one element, got shape (2,)"));
  EXPECT_THAT(error_of([] {
                Array({1, 2}).at({2});
              }),
              HasSubstr("index 2 is out of range for axis 0 with size 2"));
  EXPECT_THAT(error_of([] { Array({1, 2}).at({0, 0}); }), HasSubstr("2 indices for an array of shape (2,)"));
  EXPECT_THAT(error_of([] {
                Array({1, 2}).to_vector<double>();
              }),
              HasSubstr("f32 array were asked for as f64"));
  EXPECT_THAT(error_of([] { static_cast<void>(Array({1, 2}).dim(1)); }), HasSubstr("dim"));
  EXPECT_THAT(error_of([] { Array::zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}); }), HasSubstr("8"));
}

TEST(Dtypes, MeetInTheWiderOne) {
  const DType order[] = {DType::boolean, DType::i32, DType::u32, DType::f32, DType::f64};
  for (int a = 0; a < 5; ++a)
    for (int b = 0; b < 5; ++b) {
      if ((a == 1 && b == 2) || (a == 2 && b == 1))
        EXPECT_THROW(promote(order[a], order[b]), Error);
      else
        EXPECT_EQ(promote(order[a], order[b]), order[std::max(a, b)]);
    }
  EXPECT_EQ((Array({1}, DType::i32) + Array({1})).dtype(), DType::f32);
  EXPECT_EQ((Array({1}, DType::f64) * Array({1})).dtype(), DType::f64);
  EXPECT_EQ((Array({1}, DType::boolean) + Array({2}, DType::i32)).to_vector<std::int32_t>()[0], 3);
  EXPECT_THAT(error_of([] { Array({1}, DType::i32) + Array({1}, DType::u32); }), HasSubstr("i32"));
}

TEST(Numbers, TakeTheDtypeOfTheArrayBeside) {
  EXPECT_EQ((Array({1}, DType::f64) + 1).dtype(), DType::f64);
  EXPECT_EQ((0.5 * Array({1})).dtype(), DType::f32);
  EXPECT_EQ((Array({1}, DType::i32) * 3).dtype(), DType::i32);
  EXPECT_EQ((Array({1}, DType::u32) + 1).dtype(), DType::u32);
  EXPECT_EQ((Array({3}, DType::i32) * 0.5).dtype(), DType::f32);
  EXPECT_EQ((Array({3}, DType::i32) * 0.5).item(), 1.5);
  EXPECT_EQ((Array({1}, DType::boolean) + 2).dtype(), DType::i32);
  EXPECT_EQ(select(Array({1, 0}, DType::boolean), Array({5, 6}, DType::f64), 0).dtype(), DType::f64);
  // In f64 a number keeps all its digits.
  EXPECT_EQ((Array({1}, DType::f64) * 0.1).item(), 0.1);
}

TEST(Numbers, OutsideAnIntegersRangeAreErrors) {
  EXPECT_THAT(error_of([] { Array({1}, DType::u32) + -1; }),
              HasSubstr("the number -1 beside a u32 array is outside its range"));
  EXPECT_THAT(error_of([] { Array({1}, DType::i32) + 3000000000u; }), HasSubstr("beside a i32 array"));
  EXPECT_EQ((Array({1}, DType::u32) + 4294967294u).item(), 4294967295.0);
  EXPECT_EQ((Array({-1}, DType::i32) + -2147483647).item(), -2147483648.0);
}

TEST(Broadcasting, IsNumPys) {
  const Array column = reshape(Array({1, 2}), {2, 1});
  const Array line({10, 20, 30});
  EXPECT_THAT((column + line).to_doubles(), ElementsAre(11, 21, 31, 12, 22, 32));
  EXPECT_EQ((Array::zeros({4, 1, 3}) + Array::zeros({2, 1})).shape(), (Shape{4, 2, 3}));
  EXPECT_EQ((Array::zeros({0, 3}) + Array::zeros({1, 3})).shape(), (Shape{0, 3}));
  EXPECT_EQ((Array::zeros({}) + Array::zeros({2, 2})).shape(), (Shape{2, 2}));
  EXPECT_EQ(broadcast_to(Array({1, 2}), {3, 2}).shape(), (Shape{3, 2}));
  EXPECT_THAT(error_of([] {
                Array::zeros({2, 3}) + Array::zeros({4});
              }),
              testing::AllOf(HasSubstr("[add]"), HasSubstr("(2, 3)"), HasSubstr("(4,)")));
  EXPECT_THAT(error_of([] { broadcast_to(Array::zeros({2, 3}), {3}); }), HasSubstr("[broadcast_to]"));
}

TEST(Integers, DivideTowardsZeroAndNeverTrap) {
  const Array a({7, -7, 5}, DType::i32);
  EXPECT_THAT((a / Array({2, 2, 0}, DType::i32)).to_doubles(), ElementsAre(3, -3, 0));
  EXPECT_THAT((Array({-2147483648.0}, DType::i32) / Array({-1}, DType::i32)).to_doubles().size(), 1u);
  EXPECT_THAT(convert(Array({2.9, -2.9, 1e20, -1e20, NAN}), DType::i32).to_doubles(),
              ElementsAre(2, -2, 2147483647.0, -2147483648.0, 0));
  EXPECT_THAT(convert(Array({2.9, -2.9, 1e20, NAN}), DType::u32).to_doubles(),
              ElementsAre(2, 0, 4294967295.0, 0));
  EXPECT_THAT(convert(Array({0, 0.5, NAN}), DType::boolean).to_doubles(), ElementsAre(0, 1, 1));
}

}  // namespace
}  // namespace runnel
