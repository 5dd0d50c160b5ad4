// A compiled step plans its memory once, so the kernels it runs may take none: every form of operator new is
// counted while they run.
#include "counting_new.h"
#include "kernels/reference/dot.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/index.h"
#include "kernels/reference/random.h"
#include "kernels/reference/reduce.h"
#include "kernels/support.h"

namespace runnel::testing {
namespace {

template <class F>
void expect_no_news(const char* what, F&& f) {
  const std::size_t before = allocations_so_far();
  f();
  EXPECT_EQ(allocations_so_far(), before) << what;
}

TEST(Allocation, KernelsOfAStepTakeNoMemory) {
  Random random(71);
  const Held a = strided(DType::f32, {9, 20, 12}, random);
  const Held b = strided(DType::f32, {9, 20, 12}, random);
  const Held out = dense(DType::f32, {9, 20, 12});
  const Held mask = dense(DType::boolean, {9, 20, 12});
  const Held sums = dense(DType::f32, {9, 12});
  const Held largest = dense(DType::i32, {9, 12});
  expect_no_news("unary", [&] { kernels::unary(kernels::Unary::tanh, a, out); });
  expect_no_news("binary", [&] { kernels::binary(kernels::Binary::mul, a, b, out); });
  expect_no_news("compare", [&] { kernels::compare(kernels::Compare::lt, a, b, mask); });
  expect_no_news("select", [&] { kernels::select(mask, a, b, out); });
  expect_no_news("convert", [&] { kernels::convert(mask, out); });
  expect_no_news("copy", [&] { kernels::copy(a, out); });
  expect_no_news("sum", [&] { kernels::reduce_sum(a, {1}, sums); });
  expect_no_news("max", [&] { kernels::reduce_max(a, {1}, sums); });
  expect_no_news("argmax", [&] { kernels::argmax(a, 1, largest); });
  expect_no_news("cumsum", [&] { kernels::cumsum(a, 1, false, out); });

  const Held index = dense(DType::i32, {4});
  std::fill_n(index.view.as<std::int32_t>(), 4, 3);
  const Held rows = dense(DType::f32, {9, 4, 12});
  expect_no_news("gather", [&] { kernels::gather(a, index, 1, 0, rows); });
  expect_no_news("scatter_add", [&] { kernels::scatter_add(a, index, rows, 1, 0, out); });
  const View parts[] = {a, b};
  const Held joined = dense(DType::f32, {9, 40, 12});
  expect_no_news("concatenate", [&] { kernels::concatenate(parts, 1, joined); });
  const Held value = dense(DType::f32, {});
  expect_no_news("pad", [&] { kernels::pad(a, {0, 7, 0}, value, joined); });
  expect_no_news("iota", [&] { kernels::iota(1, out); });

  const Held key = dense(DType::u32, {2, 12});
  const Held words = dense(DType::u32, {50, 12});
  expect_no_news("philox", [&] { kernels::philox(key, key, words); });

  for (const char* spec : {"amk,ank->mn", "mak,nak->amn", "mkl,nkl->mnl", "kml,knl->mnl", "mak,nbk->manb"}) {
    const std::string text = spec;
    const auto size = [&](char c) {
      const std::size_t i = text.find(c);
      const auto axis = i < 3 ? i : i - 4;
      return a.view.shape[axis];
    };
    Shape shape;
    for (char c : text.substr(9)) shape.push_back(size(c));
    const std::size_t comma = text.find(',');
    Shape b_shape;
    for (char c : text.substr(comma + 1, 3)) b_shape.push_back(size(c));
    const Held other = strided(DType::f32, b_shape, random);
    const Held product = dense(DType::f32, shape);
    const auto scratch =
        allocate_buffer(kernels::dot_general_scratch(spec, a.view.shape, b_shape, shape, DType::f32));
    expect_no_news(spec, [&] { kernels::dot_general(spec, a, other, product, scratch.get()); });
  }
}

}  // namespace
}  // namespace runnel::testing
