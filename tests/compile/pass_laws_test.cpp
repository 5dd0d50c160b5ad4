// The law of passes: each of them, alone and behind the ones before it, keeps every output of every graph to
// the last bit, on ordinary numbers and on infinities, nans and zeros of both signs.
#include <cstdlib>
#include <utility>

#include "compile/graphs.h"
#include "ops/control.h"
#include "runnel/train.h"

namespace runnel::testing {
namespace {

struct Case {
  std::string name;
  ArrayFn f;
  Arrays arguments;
  bool wild = true;  // whether it may be given nans: not where it decomposes matrices
};

// ---- training -------------------------------------------------------------------------------------------

train::Recipe recipe(nn::Activation activation, const char* optimizer, bool dropout, bool clip, DType dtype) {
  train::Recipe r;
  r.sizes = {7, 9, 5, 3};
  r.activation = activation;
  r.loss = train::Loss::softmax;
  r.optimizer = optimizer;
  r.dropout = dropout;
  r.clip = clip;
  r.dtype = dtype;
  return r;
}

// Four steps of eleven rows from a start, as a function of (rate, dropout, key, x, y, rows).
ArrayFn training(const train::Recipe& r, bool vary) {
  return [r, vary](const Arrays& a) {
    const auto run = [&](const Array& rate, const Array& dropout, const Array& key) {
      train::Rates rates;
      for (Array* each : {&rates.l2, &rates.momentum, &rates.beta2, &rates.clip, &rates.scale, &rates.bias})
        *each = convert(*each, r.dtype);
      rates.rate = rate;
      rates.dropout = dropout;
      rates.key = key;
      const auto [state, losses] = train::steps(r, train::start(r, rates), rates, a[3], a[4], a[5]);
      Arrays out = tree::flatten(state.model);
      out.push_back(losses);
      return out;
    };
    return vary ? vmap(run, {0, 0, 0})(a[0], a[1], a[2]) : run(a[0], a[1], a[2]);
  };
}

Arrays training_arguments(DType dtype, std::int64_t lanes) {
  std::vector<Array> keys;
  for (std::int64_t i = 0; i < lanes; ++i) keys.push_back(random::key(40 + static_cast<std::uint64_t>(i)));
  const Array rates = convert(arange(lanes), dtype) * 0.003 + 0.01;
  const bool one = lanes == 1;
  const Array rows = convert(random::uniform(random::key(3), {4, 11}, 0, 30), DType::i32);
  return {one ? row(rates, 0) : rates,
          one ? row(rates, 0) * 20 : rates * 20,
          one ? keys[0] : stack(keys),
          numbers({30, 7}, 1, dtype),
          convert(random::uniform(random::key(4), {30}, 0, 3), DType::i32),
          rows};
}

void add_training(std::vector<Case>& cases) {
  for (DType dtype : {DType::f32, DType::f64})
    for (std::int64_t lanes : {1, 3, 37}) {
      const auto add = [&](const char* name, const train::Recipe& r) {
        cases.push_back({fmt::format("{} {} of {}", name, name_of(dtype), lanes), training(r, lanes > 1),
                         training_arguments(dtype, lanes)});
      };
      add("relu adam dropout", recipe(nn::Activation::relu, "adam", true, false, dtype));
      add("tanh sgd clip", recipe(nn::Activation::tanh, "sgd", false, true, dtype));
    }
}

// ---- loops, lanes, moves --------------------------------------------------------------------------------

// A loop whose steps are loops, its derivative, what it stacks, and a constant that both read.
Arrays nested_loops(const Arrays& a) {
  const auto outer = [&](const Array& start) {
    const Array scale = exp(a[1]) * transpose(a[2]);
    auto inner = [&](const Array& c, const Array& s) {
      const Array next = tanh(c * scale + s);
      return std::pair(next, std::pair(sum(next, 0), sin(next)));
    };
    auto step = [&](const Array& c, const Array& s) {
      auto [last, outs] = scan(inner, c, s, true);
      return std::pair(last + broadcast_to(sum(scale), c.shape()), outs.first);
    };
    return scan(step, start, a[3]);
  };
  auto [last, stacked] = outer(a[0]);
  const Array slope = grad([&](const Array& x) { return sum(outer(x).second); })(a[0]);
  return {last, stacked, slope};
}

// Loops whose bodies do the same work in each step, one within the other; one stands still.
Arrays invariant_work(const Arrays& a) {
  const ArrayFn inner = [](const Arrays& v) -> Arrays {
    const Array fixed = exp(matmul(v[0], transpose(v[0])));
    return {tanh(matmul(fixed, v[1])) + log1p(fixed), sum(fixed, 0), v[2] * sum(v[0])};
  };
  const ArrayFn outer = [&](const Arrays& v) -> Arrays {
    const Arrays out = loop(inner, {v[0] + 0.0, v[1], v[2]}, 3, 1, 1);
    return {out[0] * iota({3, 3}, 1, v[0].dtype()), out[1], out[2]};
  };
  Arrays out = loop(outer, {a[0], a[1], a[2]}, 2, 1, 1);
  for (const Array& y : loop(inner, {a[0], a[1], Array::zeros({0, 4}, a[0].dtype())}, 0, 1, 1))
    out.push_back(y);
  return out;
}

// Lanes within lanes, of shared and of batched operands, on any axis, around a loop.
Arrays lanes_in_lanes(const Arrays& a) {
  const auto f = [](const Array& x, const Array& w, const Array& s) {
    auto step = [&](const Array& c, const Array& i) {
      return std::pair(tanh(matmul(w, c) * s) + convert(i, c.dtype()), sum(c));
    };
    return scan_n(step, x, 3);
  };
  const auto inner = vmap(f, {shared, 0, shared}, 1);
  auto [last, sums] = vmap(inner, {1, shared, 0})(a[0], a[1], a[2]);
  return {last, sums};
}

// Sums, moves and picks of every kind.
Arrays moves(const Arrays& a) {
  const Array& x = a[0];
  const Array t = transpose(reverse(slice(x, {1, 2}, {6, 9}), {1}));
  const Array picked = gather(x, a[1], 1);
  const Array joined = concatenate({t, transpose(t, {0, 1}), pad(t, {0, 0}, {0, 0}, 3.0)}, 1);
  const Array added = scatter_add(x, a[1], picked * picked, 1);
  const Array steps = slice(reshape(transpose(transpose(x)), {-1}), 0, 1, 60, 7);
  return {sum(t, 0),
          picked,
          joined,
          added,
          steps,
          max(x, 1),
          cumsum(t, 0),
          sort(x, 0).first,
          broadcast_to(expand_dims(sum(x, 1), 1), {8, 10}) - mean(x)};
}

// Elementwise work that the passes simplify, narrow, share and fuse, on branches that meet again.
Arrays elementwise(const Arrays& a) {
  const Array& x = a[0];
  const Array& y = a[1];
  const Array wide = broadcast_to(y, x.shape());
  const Array same = select(x > 0.5, x * 1.0, x * 1.0);
  const Array narrow = exp(wide) * broadcast_to(Array::scalar(2, x.dtype()), x.shape()) + wide;
  const Array left = tanh(x) + narrow;
  const Array right = x / 8.0 - x / 3.0;
  const Array middle = matmul(left, transpose(right));
  return {x + 0.0,
          x - 0.0,
          x * 1.0,
          x / 1.0,
          -(-x),
          same,
          left * right,
          middle + matmul(left, transpose(right)),
          sum(left * left, 1),
          stop_gradient(x) * 0.0,
          maximum(x, wide) - minimum(x, 0.0),
          convert(x * 3, DType::i32) / 4,
          select(logical_not(logical_not(x > wide)), x, wide)};
}

// Values that meet themselves in another order: what is written over one would be read through the other.
Arrays beside_themselves(const Arrays& a) {
  Array y = tanh(a[0]);
  for (int i = 0; i < 3; ++i) y = (y + transpose(y)) * reverse(y, {0});
  auto step = [](const Array& c, const Array&) {
    const Array turned = transpose(c);
    return std::pair((c - turned) * turned, sum(c, 0));
  };
  return {sum(y, 0), scan_n(step, y, 3).second};
}

// Products and gathers of a size at which the passes fuse them, with an update.
Arrays large(const Arrays& a) {
  const Array rows = gather(a[0], a[3]);
  const Array h = relu(matmul(rows, a[1]) + a[2]);
  const Array gradient = matmul(transpose(rows), h);
  const Array other = matmul(transpose(gather(a[0], a[4])), h) * 2.0;
  return {a[1] - 0.01 * gradient, other, sum(h), sum(a[1] * a[1], 1), sum(a[1] * tanh(a[1]), 0)};
}

Array indices(std::int64_t n, std::int64_t below, std::uint64_t seed) {
  return convert(random::uniform(random::key(seed), {n}, 0, static_cast<double>(below)), DType::i32);
}

void add_others(std::vector<Case>& cases) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const auto name = [&](const char* what) { return fmt::format("{} {}", what, name_of(dtype)); };
    cases.push_back({name("nested loops"),
                     nested_loops,
                     {numbers({3, 4}, 1, dtype), numbers({3, 4}, 2, dtype), numbers({4, 3}, 3, dtype),
                      numbers({5, 2, 3, 4}, 4, dtype)}});
    cases.push_back({name("lanes in lanes"),
                     lanes_in_lanes,
                     {numbers({4, 19}, 1, dtype), numbers({3, 4, 4}, 2, dtype), numbers({19}, 3, dtype)}});
    cases.push_back({name("invariant work"),
                     invariant_work,
                     {numbers({3, 3}, 1, dtype), numbers({3, 3}, 2, dtype), numbers({2, 3, 4}, 3, dtype)}});
    cases.push_back({name("moves"), moves, {numbers({8, 10}, 1, dtype), indices(6, 10, 2)}});
    cases.push_back({name("elementwise"), elementwise, {numbers({9, 5}, 1, dtype), numbers({5}, 2, dtype)}});
  }
  cases.push_back({"values beside themselves", beside_themselves, {numbers({70, 70}, 1)}});
  cases.push_back({"large products",
                   large,
                   {numbers({500, 300}, 1), numbers({300, 110}, 2), numbers({110}, 3), indices(250, 500, 4),
                    indices(250, 500, 5)}});
  cases.push_back({"an empty loop and empty arrays",
                   [](const Arrays& a) {
                     auto step = [&](const Array& c, const Array& s) {
                       return std::pair(c + exp(a[1]) * s, exp(a[1]));
                     };
                     auto [last, outs] = scan(step, a[0], a[2]);
                     return Arrays{last, outs, sum(a[2]) + a[0], a[2] * 2.0 + a[2]};
                   },
                   {numbers({}), numbers({}, 1), Array::zeros({0})}});
}

// Every row of the table on its samples.
void add_rows(std::vector<Case>& cases) {
  for (const Op& op : op_table()) {
    const std::string_view name = op.name;
    const bool decomposes = name == "qr" || name == "svd" || name == "cholesky" ||
                            name == "triangular_solve" || name == "symmetric_root" || name == "lyapunov";
    const std::vector<Sample> samples = op.samples();
    for (std::size_t i = 0; i < samples.size(); ++i)
      cases.push_back({fmt::format("{} sample {}", op.name, i),
                       [&op, attrs = samples[i].attrs](const Arrays& x) {
                         // Twice, so that there is something to share, and with work around it, so that there
                         // is something to fuse.
                         Arrays out = bind_op(op, x, attrs);
                         for (const Array& y : bind_op(op, x, attrs))
                           if (is_float(y.dtype())) out.push_back(y * y + y);
                         return out;
                       },
                       samples[i].operands, !decomposes});
  }
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> out;
    add_training(out);
    add_others(out);
    add_rows(out);
    return out;
  }();
  return all;
}

// ---- the law --------------------------------------------------------------------------------------------

// A graph, arguments and what the interpreter makes of them.
struct Known {
  std::string name;
  GraphPtr graph;
  std::vector<Arrays> arguments;
  std::vector<Arrays> wanted;
};

template <class F>
void each_known(F f) {
  for (const Case& c : cases()) {
    Known known{c.name, graph_of(c.f, types_of(c.arguments)), {c.arguments}, {}};
    if (c.wild)
      for (std::uint64_t seed : {11, 12}) known.arguments.push_back(made_wild(c.arguments, seed));
    for (const Arrays& a : known.arguments) known.wanted.push_back(evaluate(*known.graph, a));
    f(known);
    if (::testing::Test::HasFailure()) return;  // one case is enough to look at
  }
}

// `before` is a graph that is known to keep what it should: where a pass gives it back there is nothing to
// run.
void expect_kept(const Known& known, const Graph& before, const Graph& graph, const std::string& pass) {
  if (graph == before) return;
  const std::string what = fmt::format("{} behind {}", known.name, pass);
  EXPECT_EQ(graph.input_types(), known.graph->input_types()) << what;
  for (std::size_t i = 0; i < known.arguments.size(); ++i)
    expect_same_numbers(evaluate(graph, known.arguments[i]), known.wanted[i],
                        fmt::format("{}, arguments {}", what, i));
}

TEST(PassLaws, EachPassAloneKeepsEveryBit) {
  each_known([](const Known& known) {
    for (const Pass& pass : passes()) expect_kept(known, *known.graph, *pass.run(known.graph), pass.name);
  });
}

TEST(PassLaws, EveryPrefixOfThePipelineKeepsEveryBit) {
  each_known([](const Known& known) {
    GraphPtr graph = known.graph;
    for (const Pass& pass : passes()) {
      const GraphPtr before = std::exchange(graph, pass.run(graph));
      expect_kept(known, *before, *graph, fmt::format("all up to {}", pass.name));
    }
    EXPECT_TRUE(*optimise(known.graph) == *graph) << known.name;
  });
}

// What the pipeline makes is planned and run, too.
TEST(PassLaws, TheProgramKeepsEveryBit) {
  each_known([](const Known& known) {
    for (std::size_t i = 0; i < known.arguments.size(); ++i)
      expect_same_numbers(flat::call(known.graph, known.arguments[i]), known.wanted[i],
                          fmt::format("{} compiled, arguments {}", known.name, i));
  });
}

// Calls and checkpoints within each other; the same function without them says what is wanted.
TEST(PassLaws, CallsAndCheckpointsDissolve) {
  const auto wrapped = [](auto wrap) {
    return [wrap](const Arrays& a) -> Arrays {
      auto inner = wrap([&](const Array& x) { return sum(tanh(matmul(x, a[1]))); });
      auto outer = wrap([&](const Array& x) { return inner(x) * inner(sin(x)); });
      auto step = [&](const Array& c, const Array&) { return std::pair(c * outer(c), outer(c)); };
      const auto [last, outs] = scan_n(step, a[0], 3);
      return {last, outs, grad(outer)(a[0]), vmap(outer, {0})(stack({a[0], a[0] * 2.0}))};
    };
  };
  const Arrays a{numbers({3, 4}, 1, DType::f64), numbers({4, 3}, 2, DType::f64)};
  const Arrays plain = wrapped([](auto f) { return f; })(a);
  const auto twice = [](auto f) { return jit(checkpoint(jit(f))); };
  const GraphPtr graph = graph_of(wrapped(twice), types_of(a));
  EXPECT_GT(count(*graph, "call") + count(*graph, "checkpoint"), 4u);
  const GraphPtr flat = inline_subgraphs(graph);
  EXPECT_EQ(count(*flat, "call") + count(*flat, "checkpoint"), 0u);
  GraphPtr g = graph;
  for (const Pass& pass : passes()) {
    g = pass.run(g);
    expect_same_numbers(evaluate(*g, a), plain, fmt::format("behind {}", pass.name));
  }
}

// ---- what is printed ------------------------------------------------------------------------------------

class Dump : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("RUNNEL_DUMP"); }

  static std::string printed(const char* wanted) {
    if (wanted == nullptr)
      unsetenv("RUNNEL_DUMP");
    else
      setenv("RUNNEL_DUMP", wanted, 1);
    const Arrays a{numbers({4, 3})};
    const GraphPtr graph = graph_of(
        [](const Arrays& x) {
          return Arrays{x[0] * 1.0 + vmap([](const Array& y) { return sin(y); })(x[0])};
        },
        types_of(a));
    ::testing::internal::CaptureStderr();
    optimise(graph);
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(Dump, PrintsEveryPassInOrder) {
  const std::string text = printed("pass");
  std::size_t at = 0;
  for (const Pass& pass : passes())
    for (const char* when : {"before", "after"}) {
      const std::string line = fmt::format("-- {} {}\n", when, pass.name);
      const std::size_t found = text.find(line, at);
      ASSERT_NE(found, std::string::npos) << line << "is not where it should be in\n" << text;
      at = found + line.size();
    }
  EXPECT_EQ(text.find("\n-- ", at), std::string::npos) << "more is printed than there are passes";
}

TEST_F(Dump, PrintsTheGraphs) {
  const std::string text = printed("simplify");
  EXPECT_EQ(text.find("-- before simplify\n"), 0u) << text;
  const std::size_t after = text.find("-- after simplify\n");
  ASSERT_NE(after, std::string::npos);
  EXPECT_NE(text.substr(0, after).find("mul"), std::string::npos);
  EXPECT_EQ(text.substr(after).find("mul"), std::string::npos);
  EXPECT_EQ(text.find("fold_constants"), std::string::npos);
}

TEST_F(Dump, IsSilentUnlessAsked) { EXPECT_EQ(printed(nullptr), ""); }

TEST_F(Dump, AnUnknownPassIsAnError) {
  try {
    printed("no_such_pass");
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("\"no_such_pass\": it must be one of pass, inline_subgraphs"),
              std::string::npos)
        << e.what();
  }
  ::testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace runnel::testing
