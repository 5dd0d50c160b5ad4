// Compiled functions on the caller's memory: the bits of jit, copies that run at a time, errors in words, and
// no allocation.
#include "runnel/compiled.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "compile/graphs.h"
#include "counting_new.h"
#include "error_of.h"

namespace runnel::testing {
namespace {

// Buffers for a function's inputs and outputs, of words that 8-byte elements are aligned to.
class Buffers {
 public:
  Buffers(const Compiled& c, const Arrays& arguments) {
    for (const Array& x : arguments) {
      memory_.emplace_back(words(x.type()));
      dispatch_copy(x, memory_.back());
    }
    for (const Type& type : c.output_types()) memory_.emplace_back(words(type), 0xA5A5A5A5A5A5A5A5u);
    for (std::size_t i = 0; i < memory_.size(); ++i)
      (i < arguments.size() ? in_ : unused_).push_back(memory_[i].data());
    for (std::size_t i = arguments.size(); i < memory_.size(); ++i) out_.push_back(memory_[i].data());
    types_ = c.output_types();
  }

  std::span<const void* const> in() const { return in_; }
  std::span<void* const> out() const { return out_; }
  Arrays results() const {
    Arrays out;
    for (std::size_t i = 0; i < out_.size(); ++i) out.push_back(array(types_[i], out_[i]));
    return out;
  }

 private:
  static std::size_t words(const Type& type) {
    return (static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype) + 7) / 8 + 1;
  }
  template <class T>
  static void copy(const Array& x, std::vector<std::uint64_t>& to) {
    const auto from = x.data<T>();
    std::memcpy(to.data(), from.data(), from.size_bytes());
  }
  static void dispatch_copy(const Array& x, std::vector<std::uint64_t>& to) {
    if (x.dtype() == DType::f32) return copy<float>(x, to);
    if (x.dtype() == DType::f64) return copy<double>(x, to);
    if (x.dtype() == DType::i32) return copy<std::int32_t>(x, to);
    if (x.dtype() == DType::u32) return copy<std::uint32_t>(x, to);
    copy<bool>(x, to);
  }
  template <class T>
  static Array as(const Type& type, const void* data) {
    return Array::from(std::span(static_cast<const T*>(data), static_cast<std::size_t>(type.shape.product())),
                       type.shape);
  }
  static Array array(const Type& type, const void* data) {
    if (type.dtype == DType::f32) return as<float>(type, data);
    if (type.dtype == DType::f64) return as<double>(type, data);
    if (type.dtype == DType::i32) return as<std::int32_t>(type, data);
    if (type.dtype == DType::u32) return as<std::uint32_t>(type, data);
    return as<bool>(type, data);
  }

  std::vector<std::vector<std::uint64_t>> memory_;
  std::vector<const void*> in_;
  std::vector<const void*> unused_;
  std::vector<void*> out_;
  std::vector<Type> types_;
};

// A step of descent on a minibatch, in lanes: loops, gathers, products, random numbers.
Arrays training(const Arrays& a) {
  auto run = [&](const Array& w, const Array& rate) {
    auto loss = [&](const Array& v, const Array& rows) {
      const Array z = matmul(tanh(matmul(gather(a[2], rows), v)), transpose(v));
      return mean(square(z - gather(a[2], rows)));
    };
    auto step = [&](const Array& v, const Array& i) {
      const Array rows = convert(random::uniform(random::fold_in(random::key(1), i), {8}, 0, 20), DType::i32);
      return std::pair(v - rate * grad(loss)(v, rows), loss(v, rows));
    };
    return scan_n(step, w, 3);
  };
  const auto [last, losses] = vmap(run, {shared, 0})(a[0], a[1]);
  return {last, losses, last > 0.0, convert(losses * 100.0, DType::i32)};
}

Arrays training_arguments(DType dtype, std::uint64_t seed = 0) {
  return {numbers({6, 4}, seed, dtype), convert(arange(21), dtype) * 0.01, numbers({20, 6}, seed + 1, dtype)};
}

Arrays from_buffers(Compiled& c, const Arrays& arguments) {
  const Buffers b(c, arguments);
  c.run(b.in(), b.out());
  return b.results();
}

void expect_same_bits(const Arrays& got, const Arrays& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(same_bits(got[i], want[i])) << "output " << i;
}

TEST(Compiled, GivesTheBitsOfJit) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Arrays first = training_arguments(dtype);
    Compiled c(training, types_of(first));
    EXPECT_EQ(c.input_types(), types_of(first));
    for (std::uint64_t seed : {0, 5, 0}) {  // again and again in one working memory
      const Arrays a = training_arguments(dtype, seed);
      const Arrays got = from_buffers(c, a);
      expect_same_bits(got, jit(training)(a));
      expect_same_bits(got, training(a));
      EXPECT_EQ(c.output_types(), types_of(got));
    }
  }
}

// An input that is an output, a constant that is one, no inputs at all.
TEST(Compiled, OfAlmostNothing) {
  Compiled same([](const Arrays& a) { return Arrays{a[0], a[0], Array{1, 2, 3}}; }, {{DType::f32, {2}}});
  expect_same_bits(from_buffers(same, {Array{4, -0.0}}), {Array{4, -0.0}, Array{4, -0.0}, Array{1, 2, 3}});
  Compiled none([](const Arrays&) { return Arrays{arange(4)}; }, {});
  expect_same_bits(from_buffers(none, {}), {arange(4)});
  EXPECT_TRUE(none.input_types().empty());
}

TEST(Compiled, CopiesRunOnTwoThreads) {
  const Arrays like = training_arguments(DType::f32);
  const Compiled original(training, types_of(like));
  std::vector<Arrays> arguments;
  std::vector<Arrays> wanted;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    arguments.push_back(training_arguments(DType::f32, seed));
    wanted.push_back(training(arguments.back()));
  }
  std::atomic<int> differing = 0;
  const auto work = [&](Compiled own, std::size_t first) {
    for (int round = 0; round < 10; ++round)
      for (std::size_t i = first; i < arguments.size(); i += 2) {
        const Arrays got = from_buffers(own, arguments[i]);
        for (std::size_t o = 0; o < got.size(); ++o) differing += !same_bits(got[o], wanted[i][o]);
      }
  };
  std::thread even(work, original, 0);
  std::thread odd(work, original, 1);
  even.join();
  odd.join();
  EXPECT_EQ(differing, 0);
}

TEST(Compiled, CopiesAndMovesAreTheFunction) {
  const Arrays x{numbers({5})};
  Compiled a([](const Arrays& v) { return Arrays{sin(v[0])}; }, types_of(x));
  Compiled b([](const Arrays& v) { return Arrays{cos(v[0])}; }, types_of(x));
  Compiled copy = a;
  a = b;
  expect_same_bits(from_buffers(a, x), {cos(x[0])});
  expect_same_bits(from_buffers(copy, x), {sin(x[0])});
  b = std::move(copy);
  expect_same_bits(from_buffers(b, x), {sin(x[0])});
  EXPECT_EQ(b.output_types(), types_of(x));
}

TEST(Compiled, ARunAllocatesNothing) {
  const Arrays a = training_arguments(DType::f32);
  Compiled c(training, types_of(a));
  EXPECT_GT(c.working_bytes(), 0u);
  for (Compiled* each : {&c}) {
    Compiled copy = *each;
    const Buffers b(copy, a);
    const std::size_t before = allocations_so_far();
    copy.run(b.in(), b.out());  // the first run, too
    copy.run(b.in(), b.out());
    EXPECT_EQ(allocations_so_far() - before, 0u);
  }
}

TEST(Compiled, WrongNumbersOfBuffersAreErrors) {
  Compiled c([](const Arrays& v) { return Arrays{v[0] + v[1]}; }, {{DType::f64, {}}, {DType::f64, {}}});
  double x = 1;
  double y = 2;
  double z = 0;
  const void* in[] = {&x, &y, &x};
  void* out[] = {&z, &z};
  const auto run = [&](std::size_t inputs, std::size_t outputs) {
    return error_of([&] { c.run({in, inputs}, {out, outputs}); });
  };
  EXPECT_EQ(run(1, 1), "[Compiled] 1 input and 1 output buffers were given for 2 and 1");
  EXPECT_EQ(run(3, 1), "[Compiled] 3 input and 1 output buffers were given for 2 and 1");
  EXPECT_EQ(run(2, 0), "[Compiled] 2 input and 0 output buffers were given for 2 and 1");
  EXPECT_EQ(run(2, 2), "[Compiled] 2 input and 2 output buffers were given for 2 and 1");
  EXPECT_EQ(z, 0.0);
  c.run({in, 2}, {out, 1});
  EXPECT_EQ(z, 3.0);
}

TEST(Compiled, ATracedValueThatIsCapturedIsAnError) {
  const std::string text = error_of([] {
    grad([](const Array& x) {
      Compiled c([&](const Arrays& v) { return Arrays{v[0] * x}; }, {{DType::f32, {}}});
      return x;
    })(Array::scalar(1));
  });
  EXPECT_EQ(text,
            "[Compiled] the function uses a value that another transform is tracing: pass it as an argument");
}

TEST(Compiled, ErrorsOfTracingAndOfRunningComeThrough) {
  EXPECT_EQ(error_of([] {
              Compiled([](const Arrays& v) { return Arrays{matmul(v[0], v[0])}; }, {{DType::f32, {2, 3}}});
            }),
            error_of([] {
              matmul(Array::zeros({2, 3}), Array::zeros({2, 3}));
            }));
  Compiled pick([](const Arrays& v) { return Arrays{gather(v[0], v[1])}; },
                {{DType::f32, {3}}, {DType::i32, {2}}});
  EXPECT_EQ(error_of([&] {
              from_buffers(pick, {Array{1, 2, 3}, Array({0, 3}, DType::i32)});
            }),
            "[gather] index 3 is out of range for axis 0 with size 3");
  // It works again with an index that is one.
  expect_same_bits(from_buffers(pick, {Array{1, 2, 3}, Array({2, 0}, DType::i32)}), {Array{3, 1}});
}

}  // namespace
}  // namespace runnel::testing
