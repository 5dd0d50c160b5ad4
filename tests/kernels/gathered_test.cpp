// Products with rows picked by index give the bits of gather and then dot_general, on every instruction set
// and number of threads, whatever the ranges in which they lay the rows out.
#include <limits>
#include <string>
#include <vector>

#include "core/threads.h"
#include "error_of.h"
#include "kernels/fast.h"
#include "kernels/reference/dot.h"
#include "kernels/reference/index.h"
#include "kernels/simd_support.h"

namespace runnel::testing {
namespace {

// The size of a range in gathered.cpp, so that sizes around it can be named.
constexpr std::int64_t kRangeBytes = 320 << 10;

struct Case {
  std::string spec;  // of the picked rows and b
  DType dtype;
  std::int64_t table, columns, picked, width;  // rows of the table and their length; rows picked; of b
};

std::string name_of_case(const Case& c) {
  return fmt::format("{} {} of {} x {}, {} picked, width {}", c.spec, name_of(c.dtype), c.table, c.columns,
                     c.picked, c.width);
}

// The shape of operand or output `part` of a spec over picked rows r, columns c and a width w.
Shape shape_of(const std::string& letters, const Case& c) {
  Shape shape;
  for (char letter : letters) shape.push_back(letter == 'r' ? c.picked : letter == 'c' ? c.columns : c.width);
  return shape;
}

Held indices(std::int64_t n, std::int64_t below, Random& random, bool spread) {
  const Held index = spread ? strided(DType::i32, {n}, random, false) : dense(DType::i32, {n});
  for (std::int64_t i = 0; i < n; ++i)
    element<std::int32_t>(index, {i}) = static_cast<std::int32_t>(uniform(random, 0, below - 1));
  // The first and the last row, and one row twice.
  element<std::int32_t>(index, {0}) = static_cast<std::int32_t>(below - 1);
  if (n > 2) element<std::int32_t>(index, {n - 1}) = element<std::int32_t>(index, {1}) = 0;
  return index;
}

Held by_definition(const Case& c, const View& x, const View& index, const View& b, const Shape& out_shape) {
  const Held rows = dense(c.dtype, {c.picked, c.columns});
  kernels::gather(x, index, 0, 0, rows);
  const Held out = dense(c.dtype, out_shape);
  const auto scratch =
      allocate_buffer(kernels::dot_general_scratch(c.spec, rows.view.shape, b.shape, out_shape, c.dtype));
  kernels::dot_general(c.spec, rows, b, out, scratch.get());
  return out;
}

View without_data(View view) {
  view.data = nullptr;
  return view;
}

// A view whose rows lie further apart than they are long.
Held padded(DType dtype, std::int64_t rows, std::int64_t columns) {
  Held held = dense(dtype, {rows, columns + 5});
  held.view.shape = {rows, columns};
  return held;
}

void run_guarded(const kernels::Prepared& product, const View& x, const View& index, const View& b,
                 const View& want, const std::string& what) {
  const std::size_t bytes = static_cast<std::size_t>(want.size()) * size_of(want.dtype);
  const auto out = allocate_buffer(bytes + 128);
  std::memset(out.get(), 0x5A, bytes + 128);
  const std::size_t scratch_bytes = product.scratch_bytes();
  const auto scratch = allocate_buffer(scratch_bytes + 64);
  std::memset(scratch.get() + scratch_bytes, 0x33, 64);
  std::byte* const data[] = {x.data, index.data, b.data, out.get() + 64};
  product.run(data, scratch.get());
  expect_same_view(dense_view(out.get() + 64, want.dtype, want.shape), want, what);
  for (std::size_t i = 0; i < 64; ++i) {
    ASSERT_EQ(scratch.get()[scratch_bytes + i], std::byte{0x33}) << "scratch overrun: " << what;
    ASSERT_EQ(out.get()[i], std::byte{0x5A}) << "written before out: " << what;
    ASSERT_EQ(out.get()[64 + bytes + i], std::byte{0x5A}) << "written behind out: " << what;
  }
}

void check(const Case& c, Random& random, bool wild = false, bool loose = false) {
  const std::string a = c.spec.substr(0, c.spec.find(','));
  const std::string b_letters = c.spec.substr(a.size() + 1, c.spec.find("->") - a.size() - 1);
  const Shape out_shape = shape_of(c.spec.substr(c.spec.find("->") + 2), c);
  const Held x = loose ? padded(c.dtype, c.table, c.columns) : dense(c.dtype, {c.table, c.columns});
  const Held b =
      loose ? strided(c.dtype, shape_of(b_letters, c), random) : dense(c.dtype, shape_of(b_letters, c));
  const Held index = indices(c.picked, c.table, random, loose);
  for (const View& view : {x.view, b.view}) wild ? fill_wild(view, random) : fill_random(view, random);
  const Held want = by_definition(c, x, index, b, out_shape);
  on_every_isa([&] {
    const auto product = kernels::prepare_gathered_dot(c.spec, without_data(x), without_data(index),
                                                       without_data(b), without_data(want));
    ASSERT_NE(product, nullptr) << name_of_case(c);
    run_guarded(*product, x, index, b, want, name_of_case(c));
  });
}

// Rows of the product are picked rows; and columns of the table are, where the picked rows are contracted.
const char* const kRows[] = {"rc,cw->rw", "rc,wc->rw", "rc,cw->wr", "rc,c->r"};
const char* const kColumns[] = {"rc,rw->cw", "rc,wr->cw", "rc,rw->wc", "rc,r->c"};

TEST(GatheredDot, BothOrientationsAndEveryRemainder) {
  Random random(1);
  for (const char* const* specs : {kRows, kColumns})
    for (int s = 0; s < 4; ++s)
      for (DType dtype : {DType::f32, DType::f64})
        for (std::int64_t picked : {1, 2, 7, 16, 33})
          for (std::int64_t columns : {1, 3, 17, 40})
            for (std::int64_t width : {1, 5, 18})
              check({specs[s], dtype, 23, columns, picked, width}, random, picked == 7, columns == 17);
}

// One row or column less than a range, a range, one more; two ranges, and one more.
TEST(GatheredDot, SizesAroundItsRanges) {
  Random random(2);
  for (DType dtype : {DType::f32, DType::f64}) {
    const auto size = static_cast<std::int64_t>(size_of(dtype));
    const std::int64_t columns = 512;
    const std::int64_t rows = kRangeBytes / (columns * size);
    for (std::int64_t picked : {rows - 1, rows, rows + 1, 2 * rows, 2 * rows + 3})
      check({"rc,cw->rw", dtype, 90, columns, picked, 3}, random, false, picked % 2 == 1);
    const std::int64_t picked = 160;
    const std::int64_t range = kRangeBytes / (picked * size);
    for (std::int64_t more : {-1, 0, 1, 129})
      check({"rc,rw->cw", dtype, 90, range + more, picked, 3}, random, false, more == 1);
    check({"rc,rw->wc", dtype, 90, 3 * range + 7, picked, 5}, random);
  }
}

// A range that holds less than one of its smallest pieces.
TEST(GatheredDot, RowsLongerThanARange) {
  Random random(3);
  check({"rc,cw->rw", DType::f32, 11, 20'000, 19, 2}, random);
  check({"rc,rw->cw", DType::f32, 40, 300, 3'000, 2}, random);
}

TEST(GatheredDot, BlocksOfKAddInOrder) {
  Random random(4);
  for (DType dtype : {DType::f32, DType::f64})
    for (std::int64_t k : {511, 512, 513, 1024, 1300}) {
      check({"rc,cw->rw", dtype, 60, k, 130, 4}, random);
      check({"rc,rw->cw", dtype, 60, 150, k, 4}, random);
    }
}

TEST(GatheredDot, ExtremeNumbersTravelAsDefined) {
  Random random(5);
  for (DType dtype : {DType::f32, DType::f64}) {
    check({"rc,cw->rw", dtype, 60, 600, 150, 6}, random, true, true);
    check({"rc,rw->cw", dtype, 60, 600, 150, 6}, random, true, true);
  }
}

class Threads {
 public:
  explicit Threads(int n) { set_threads(n); }
  ~Threads() { set_threads(0); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
};

// Large enough that two threads are worth while: prepared for one, for two, and for two but run on one.
TEST(GatheredDot, TheNumberOfThreadsDoesNotShow) {
  Random random(6);
  for (int threads : {1, 2, 3}) {
    const Threads set(threads);
    for (DType dtype : {DType::f32, DType::f64}) {
      check({"rc,cw->rw", dtype, 300, 700, 500, 33}, random);
      check({"rc,rw->cw", dtype, 300, 2'100, 300, 33}, random);
    }
  }
}

TEST(GatheredDot, RunningAllocatesNothingOnOneThreadAndOnTwo) {
  Random random(7);
  for (const bool rows : {true, false}) {
    const Case c{rows ? "rc,cw->rw" : "rc,rw->cw", DType::f32, 300, rows ? 700 : 2'100, rows ? 500 : 300, 33};
    const Held x = dense(c.dtype, {c.table, c.columns});
    const Held b = dense(c.dtype, {rows ? c.columns : c.picked, c.width});
    const Held out = dense(c.dtype, {rows ? c.picked : c.columns, c.width});
    const Held index = indices(c.picked, c.table, random, false);
    fill_random(x, random);
    fill_random(b, random);
    on_every_isa([&] {
      std::size_t scratch_bytes = 0;
      for (int threads : {1, 2}) {
        const Threads set(threads);
        const auto product = kernels::prepare_gathered_dot(c.spec, x, index, b, out);
        ASSERT_NE(product, nullptr);
        // Each thread lays rows out in a place of its own.
        EXPECT_GT(product->scratch_bytes(), scratch_bytes) << name_of_case(c);
        scratch_bytes = product->scratch_bytes();
        const std::vector<std::byte*> in{x.view.data, index.view.data, b.view.data};
        std::vector<std::byte*> data = in;
        data.push_back(out.view.data);
        const auto scratch = allocate_buffer(scratch_bytes);
        product->run(data.data(), scratch.get());  // threads start here
        run_prepared(*product, in, {out.view.data}, name_of_case(c));
      }
    });
  }
}

// The text is gather's, for the first index that is wrong, and nothing is written.
TEST(GatheredDot, AnIndexOutOfRangeIsAnError) {
  Random random(8);
  const Held x = dense(DType::f32, {50, 20});
  const Held b = dense(DType::f32, {20, 3});
  fill_random(x, random);
  fill_random(b, random);
  for (const std::int32_t wrong :
       {-1, 50, 51, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()})
    for (const std::int64_t place : {0, 17, 29}) {
      const Held out = dense(DType::f32, {30, 3});
      const Held index = indices(30, 50, random, false);
      element<std::int32_t>(index, {place}) = wrong;
      const Held rows = dense(DType::f32, {30, 20});
      const std::string text = error_of([&] { kernels::gather(x, index, 0, 0, rows); });
      EXPECT_EQ(text, fmt::format("[gather] index {} is out of range for axis 0 with size 50", wrong));
      on_every_isa([&] {
        const auto product = kernels::prepare_gathered_dot("rc,cw->rw", x, index, b, out);
        ASSERT_NE(product, nullptr);
        const auto scratch = allocate_buffer(product->scratch_bytes());
        std::byte* const data[] = {x.view.data, index.view.data, b.view.data, out.view.data};
        EXPECT_EQ(error_of([&] { product->run(data, scratch.get()); }), text);
        for (std::size_t i = 0; i < 30 * 3 * sizeof(float); ++i)
          ASSERT_EQ(out.view.data[i], std::byte{0x5A}) << "something was written";
      });
    }
}

TEST(GatheredDot, ThereIsNoneWhereLayingOutIsAsGood) {
  const auto view = [](DType dtype, const Shape& shape) { return dense_view(nullptr, dtype, shape); };
  const auto none = [&](const char* spec, DType dtype, View x, const Shape& b, const Shape& out) {
    return kernels::prepare_gathered_dot(spec, x, view(DType::i32, {6}), view(dtype, b), view(dtype, out)) ==
           nullptr;
  };
  on_every_isa([&] {
    const View x = view(DType::f32, {9, 4});
    EXPECT_FALSE(none("rc,cw->rw", DType::f32, x, {4, 5}, {6, 5}));
    EXPECT_TRUE(none("rc,cw->rw", DType::i32, view(DType::i32, {9, 4}), {4, 5}, {6, 5}));  // integers
    EXPECT_TRUE(none("rc,rcw->w", DType::f32, x, {6, 4, 5}, {5}));  // two are contracted
    EXPECT_TRUE(none("rc,rc->r", DType::f32, x, {6, 4}, {6}));      // the rows run along b, too
    EXPECT_TRUE(none("rc,cw->rw", DType::f32, x, {4, 0}, {6, 0}));  // nothing to do
    View transposed = view(DType::f32, {4, 9});
    transposed.shape = {9, 4};
    transposed.strides = {1, 9};
    EXPECT_TRUE(none("rc,cw->rw", DType::f32, transposed, {4, 5}, {6, 5}));  // rows that are not together
  });
  const kernels::Isa before = kernels::isa();
  kernels::force_isa(kernels::Isa::reference);
  EXPECT_TRUE(none("rc,cw->rw", DType::f32, view(DType::f32, {9, 4}), {4, 5}, {6, 5}));
  kernels::force_isa(before);
}

}  // namespace
}  // namespace runnel::testing
