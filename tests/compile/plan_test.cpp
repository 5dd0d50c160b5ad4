// The plan: buffers are placed before the first run, shared where lives do not overlap, and a run allocates
// nothing.
#include <gtest/gtest.h>

#include "compile/graphs.h"
#include "compile/pipeline.h"
#include "core/buffer.h"
#include "core/dispatch.h"
#include "counting_new.h"
#include "ops/helpers.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

// A two-layer network, its loss on a minibatch picked by index, and a step of descent: what training runs.
struct Net {
  Array w1, b1, w2, b2;
};
Array loss(const Net& p, const Array& x, const Array& y) {
  const Array h = relu(matmul(x, p.w1) + p.b1);
  const Array z = matmul(h, p.w2) + p.b2;
  return mean(neg(sum(one_hot(y, 10) * log_softmax(z), 1)));
}
Net step(const Net& p, const Array& rate, const Array& x, const Array& y) {
  const Net g = grad([&](const Net& q) { return loss(q, x, y); })(p);
  return tree::map([&](const Array& a, const Array& b) { return a - rate * b; }, p, g);
}
Net train(const Net& start, const Array& rate, const Array& data, const Array& labels) {
  auto one = [&](const Net& p, const Array& i) {
    const Array rows = convert(random::uniform(random::fold_in(random::key(0), i), {16}, 0, 64), DType::i32);
    const Net next = step(p, rate, gather(data, rows), gather(labels, rows));
    return std::pair(next, loss(next, data, labels));
  };
  return scan_n(one, start, 5).first;
}
Net net() {
  auto draw = [](int i, const Shape& s) {
    return 0.1 * random::normal(random::fold_in(random::key(1), i), s);
  };
  return {draw(0, {20, 32}), draw(1, {32}), draw(2, {32, 10}), draw(3, {10})};
}
Array data() { return random::normal(random::key(2), {64, 20}); }
Array labels() { return convert(random::uniform(random::key(3), {64}, 0, 10), DType::i32); }

TEST(Plan, ACompiledStepAllocatesItsOutputsAlone) {
  const auto compiled = jit(train);
  const Net start = net();
  const Array x = data();
  const Array y = labels();
  const Array rate = Array::scalar(0.1);
  compiled(start, rate, x, y);
  const std::size_t before = buffers_allocated();
  compiled(start, rate, x, y);
  EXPECT_EQ(buffers_allocated() - before, 4u);  // the four parameters
}

// Runs f's compiled graph twice in one frame and counts the allocations of the second run.
std::size_t allocations_of_a_run(const ArrayFn& f, const Arrays& arguments) {
  std::vector<Type> types;
  for (const Array& a : arguments) types.push_back(a.type());
  const GraphPtr graph = trace(f, types).graph;
  const auto program = compile(graph);
  Frame frame(*program);
  std::vector<std::shared_ptr<std::byte>> buffers;
  std::vector<std::byte*> pointers;
  for (const Array& a : arguments) {
    buffers.push_back(allocate_buffer(static_cast<std::size_t>(a.size()) * size_of(a.dtype())));
    // Copied through the elements, whatever the strides.
    const std::vector<double> values = a.to_doubles();
    for (std::size_t i = 0; i < values.size(); ++i) {
      dispatch(a.dtype(), [&](auto tag) {
        using T = typename decltype(tag)::type;
        reinterpret_cast<T*>(buffers.back().get())[i] = static_cast<T>(values[i]);
      });
    }
  }
  for (const Type& type : graph->output_types())
    buffers.push_back(allocate_buffer(static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype)));
  for (const auto& b : buffers) pointers.push_back(b.get());
  frame.run(pointers);
  const std::size_t before = allocations_so_far();
  frame.run(pointers);
  return allocations_so_far() - before;
}

TEST(Plan, ARunAllocatesNothing) {
  const Net start = net();
  const ArrayFn f = [](const Arrays& a) {
    return tree::flatten(train({a[0], a[1], a[2], a[3]}, a[4], a[5], a[6]));
  };
  const Arrays arguments{start.w1, start.b1, start.w2, start.b2, Array::scalar(0.1), data(), labels()};
  EXPECT_EQ(allocations_of_a_run(f, arguments), 0u);
}

TEST(Plan, ARunOfABlockOfLanesAllocatesNothing) {
  const ArrayFn f = [](const Arrays& a) {
    return tree::flatten(
        vmap(train, {shared, 0, shared, shared})(Net{a[0], a[1], a[2], a[3]}, a[4], a[5], a[6]));
  };
  const Net start = net();
  const Arrays arguments{start.w1, start.b1, start.w2, start.b2, arange(16, DType::f32) * 0.01,
                         data(),   labels()};
  EXPECT_EQ(allocations_of_a_run(f, arguments), 0u);
}

// A stable sort and LAPACK take workspaces of their own.
bool may_allocate(const Op& op) {
  const std::string_view name = op.name;
  return name == "sort" || name == "qr" || name == "svd" || name == "cholesky" ||
         name == "triangular_solve" || name == "symmetric_root" || name == "lyapunov";
}

TEST(Plan, ARunOfAnyRowAllocatesNothing) {
  EXPECT_GT(allocations_so_far(), 0u);  // the count works
  for (const Op& op : op_table()) {
    if (may_allocate(op)) continue;
    for (const Sample& s : op.samples())
      EXPECT_EQ(allocations_of_a_run([&](const Arrays& x) { return bind_op(op, x, s.attrs); }, s.operands),
                0u)
          << op.name;
  }
}

std::size_t bytes_of_values(const Graph& graph) {
  std::size_t total = 0;
  for (const Type& type : graph.types())
    total += static_cast<std::size_t>(type.shape.product()) * size_of(type.dtype);
  return total;
}

TEST(Plan, BuffersAreUsedAgain) {
  auto chain = [](const Array& x) {
    Array y = x;
    for (int i = 0; i < 100; ++i) y = sin(y) * 0.5;
    return y;
  };
  const GraphPtr graph =
      trace([&](const Arrays& x) { return Arrays{chain(x[0])}; }, {{DType::f32, {1000}}}).graph;
  const auto program = compile(graph);
  EXPECT_GT(bytes_of_values(*graph), 800'000u);
  EXPECT_LE(program->arena_bytes, 3u * 4096);  // an operand and a result at a time
}

TEST(Plan, ALoopsBodyIsPlannedOnce) {
  auto iterate = [](const Array& x) {
    return scan_n([](const Array& c, const Array&) { return std::pair(cos(sin(c)), sum(c)); }, x, 1000);
  };
  const GraphPtr graph =
      trace([&](const Arrays& x) { return Arrays{iterate(x[0]).first}; }, {{DType::f32, {1000}}}).graph;
  EXPECT_LE(compile(graph)->arena_bytes, 30'000u);
}

// Views cost no buffer and no step.
TEST(Plan, MovesOfElementsAreViews) {
  const GraphPtr graph =
      trace(
          [](const Arrays& x) {
            const Array y = transpose(reverse(broadcast_to(slice(x[0], 0, 1, 3), {50, 2}), {0}));
            return Arrays{sum(y, 1)};
          },
          {{DType::f32, {4}}})
          .graph;
  const auto program = compile(graph);
  EXPECT_EQ(program->steps.size(), 1u);
  EXPECT_EQ(program->arena_bytes, 0u);
}

// Eighty sines one after another, every ten of them checkpointed: compiled programs compute again what is not
// kept, and come to the same bits.
// Strips whose outputs take the places of inputs over, in a chain of any length: an output that has such a
// place must not keep another one.
TEST(Plan, OutputsThatTakePlacesOverHaveOnlyThose) {
  constexpr std::int64_t n = 4000, d = 128;
  const auto bytes = [&](int steps, bool derivative, bool saving) {
    return compile(testing::graph_of(
                       [=](const Arrays& in) {
                         const Array& w = in[1];
                         const auto block = [&](const Array& x) {
                           Array h = x;
                           for (int i = 0; i < 4; ++i) h = tanh(matmul(h, w)) + h;
                           return h;
                         };
                         const auto loss = [&](const Array& x) {
                           Array h = x;
                           for (int i = 0; i < steps; ++i) h = saving ? checkpoint(block)(h) : block(h);
                           return sum(h);
                         };
                         return Arrays{derivative ? grad(loss)(in[0]) : loss(in[0])};
                       },
                       {{DType::f32, {n, d}}, {DType::f32, {d, d}}}))
        ->arena_bytes;
  };
  constexpr std::size_t unit = n * d * sizeof(float);
  EXPECT_EQ(bytes(2, false, false), bytes(8, false, false));
  EXPECT_LT(bytes(2, false, false), 3 * unit);
  // With the derivative a value of each tanh is kept; with checkpoints each block's beginning, and one block.
  EXPECT_LT(bytes(8, true, false), (32 + 6) * unit);
  EXPECT_LT(bytes(8, true, true), (8 + 4 + 6) * unit);
}

TEST(Plan, CheckpointsSaveMemory) {
  const auto chain = [](bool saving) {
    return [saving](const Array& x) {
      const auto ten = [](const Array& v) {
        Array h = v;
        for (int i = 0; i < 10; ++i) h = sin(1.25 * h);
        return h;
      };
      Array h = x;
      for (int i = 0; i < 8; ++i) h = saving ? checkpoint(ten)(h) : ten(h);
      return sum(h);
    };
  };
  constexpr std::int64_t n = 1000;
  const auto gradient = [&](bool saving) {
    return testing::graph_of([&](const Arrays& in) { return Arrays{grad(chain(saving))(in[0])}; },
                             {{DType::f64, {n}}});
  };
  const std::shared_ptr<const Program> plain = compile(gradient(false)), saving = compile(gradient(true));
  // 80 cosines on the way forth; with checkpoints 8 vectors, and those of ten sines at a time.
  EXPECT_GT(plain->arena_bytes, 70u * n * sizeof(double));
  EXPECT_LT(saving->arena_bytes, 30u * n * sizeof(double));
  const Array x = sample({n}, -1, 1);
  EXPECT_TRUE(same_bits(jit(grad(chain(true)))(x), jit(grad(chain(false)))(x)));
  EXPECT_TRUE(same_bits(jit(vmap(grad(chain(true))))(stack({x, 2 * x})),
                        jit(vmap(grad(chain(false))))(stack({x, 2 * x}))));
  // So it is in lanes.
  const auto lanes = [&](bool save) {
    return testing::graph_of([&](const Arrays& in) { return Arrays{vmap(grad(chain(save)))(in[0])}; },
                             {{DType::f64, {4, n}}});
  };
  EXPECT_LT(2 * compile(lanes(true))->arena_bytes, compile(lanes(false))->arena_bytes);
  // Lanes within a checkpoint, in lanes of their own or not.
  const auto of_rows = [](bool save) {
    const auto one = [](const Array& row) {
      Array h = row;
      for (int i = 0; i < 10; ++i) h = sin(h) * cumsum(h, 0);
      return h;
    };
    const auto rows = [=](const Array& h) { return vmap(one)(h); };
    const auto loss = [=](const Array& start) {
      Array h = start;
      for (int i = 0; i < 8; ++i) h = save ? checkpoint(rows)(h) : rows(h);
      return sum(h);
    };
    return [=](const Arrays& in) { return Arrays{vmap(grad(loss))(in[0])}; };
  };
  const std::vector<Type> types{{DType::f64, {3, 20, 100}}};
  const auto bytes = [&](bool save) { return compile(testing::graph_of(of_rows(save), types))->arena_bytes; };
  EXPECT_LT(2 * bytes(true), bytes(false));
}

}  // namespace
}  // namespace runnel
