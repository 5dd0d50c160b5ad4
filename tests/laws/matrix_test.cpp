// Law 5 as a matrix: a short training run comes to the same bits eager or compiled, alone or in lane 0, 17 or
// 255 of a block, on 1, 2 or 4 threads, on every instruction set of this machine, with every optimiser, with
// dropout and without, in f32 and f64. The definition is the run alone, eager, on the reference kernels.
#include <gtest/gtest.h>

#include <array>
#include <iostream>

#include "candidates.h"
#include "core/threads.h"
#include "kernels/isa.h"
#include "laws/rows.h"
#include "runnel/models.h"
#include "runnel/nn.h"
#include "runnel/optim.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::laws {
namespace {

using kernels::Isa;

constexpr std::int64_t kLanes = 256;
constexpr std::array<std::int64_t, 3> kLanesRead = {0, 17, 255};
constexpr std::array<int, 3> kThreads = {1, 2, 4};

// Odd sizes, so that every tile has a rest.
struct Sizes {
  std::int64_t rows, batch, steps;
  std::vector<std::int64_t> network;
};
const Sizes kSmall = {90, 65, 4, {13, 17, 5, 1}};
// One model whose products are large enough to be split over threads.
const Sizes kWide = {300, 251, 2, {193, 257, 131, 1}};

struct NamedRule {
  const char* name;
  optim::Optimizer (*make)();
};

// Every rule of optim.h but adagrad_full, whose decompositions are outside the promise between instruction
// sets, and the parts that stand before and behind rules.
const std::vector<NamedRule>& rules() {
  static const std::vector<NamedRule> all = {
      {"sgd", [] { return optim::sgd(); }},
      {"heavy_ball", [] { return optim::momentum(); }},
      {"nesterov", [] { return optim::momentum(optim::Momentum::nesterov); }},
      {"adagrad", [] { return optim::adagrad(); }},
      {"adagrad_norm", [] { return optim::adagrad_norm(); }},
      {"rmsprop", [] { return optim::rmsprop(); }},
      {"amsgrad", [] { return optim::amsgrad(); }},
      {"nadam_one_cycle",
       [] {
         return optim::chain({optim::nadam(), optim::scheduled(optim::one_cycle(2, 5))});
       }},
      {"lion_warm_up",
       [] {
         return optim::chain({optim::lion(), optim::scheduled(optim::warm_up(2, optim::step_decay(1, 0.5)))});
       }},
      {"sign_descent", [] { return optim::sign_descent(); }},
      {"adam", [] { return optim::adam(); }},
      {"adamw",
       [] {
         return optim::adamw(optim::rank_two_or_more, {{"weight_decay", Array::scalar(1e-3)}});
       }},
      {"clip_l2_sgd_warmup",
       [] {
         return optim::chain({optim::add_l2(optim::rank_two_or_more, {{"l2", Array::scalar(1e-2)}}),
                              optim::clip_by_global_norm(0.05), optim::sgd(),
                              optim::scheduled(optim::cosine(2, 10, 0.1))});
       }},
      {"clip_value_adam_decay",
       [] {
         return optim::chain(
             {optim::clip_by_value(0.01), optim::adam(),
              optim::decay_weights(optim::rank_two_or_more, {{"weight_decay", Array::scalar(1e-2)}}),
              optim::scheduled(optim::inverse_sqrt(3))});
       }},
  };
  return all;
}

// One candidate: what differs from lane to lane.
struct Lane {
  Array key, rate, dropout;
};

// What a run comes to.
struct Trained {
  nn::Mlp model;
  optim::State optimizer;
  Array losses;
};

class Training {
 public:
  Training(const NamedRule& rule, DType dtype, bool dropout, const Sizes& sizes)
      : optimizer_(rule.make()), dtype_(dtype), dropout_(dropout), sizes_(sizes) {
    x_ = random::normal(random::key(1), {sizes.rows, sizes.network[0]}, dtype);
    const Array score = sum(x_, 1) + 0.3 * random::normal(random::key(2), {sizes.rows}, dtype);
    y_ = convert(score > 0, dtype);
    std::vector<Array> orders;
    for (std::int64_t s = 0; s < sizes.steps; ++s)
      orders.push_back(slice(random::permutation(random::key(10 + static_cast<std::uint64_t>(s)), sizes.rows),
                             0, 0, sizes.batch));
    order_ = stack(orders);
  }

  Lane lanes() const {
    std::vector<Array> keys;
    for (std::uint64_t lane = 0; lane < kLanes; ++lane) keys.push_back(random::key(1000 + lane));
    const Array number = arange(kLanes, dtype_);
    return {stack(keys), 0.005 + 0.0003 * number, 0.1 + 0.002 * number};
  }

  Trained operator()(const Lane& lane) const {
    const auto activation = dropout_ ? nn::Activation::relu : nn::Activation::tanh;
    nn::Mlp model = nn::init_mlp(lane.key, sizes_.network, activation, 0, dtype_);
    optim::State state = optim::init(optimizer_, model, {{"learning_rate", lane.rate}});
    auto step = [&](const std::pair<nn::Mlp, optim::State>& carry, const Array& rows) {
      const auto& [m, s] = carry;
      auto loss = [&, count = s.count](const nn::Mlp& p) {
        const Array xs = gather(x_, rows);
        const Array out = dropout_ ? nn::forward(p, xs, activation, 1,
                                                 {random::fold_in(lane.key, count), lane.dropout, rows})
                                   : nn::forward(p, xs, activation);
        return nn::binary_cross_entropy_from_logits(squeeze(out, 1), gather(y_, rows));
      };
      const auto [value, gradients] = value_and_grad(loss)(m);
      auto [updates, next] = optim::update(optimizer_, gradients, s, m);
      return std::pair(std::pair(optim::apply(m, updates), next), value);
    };
    auto [last, losses] = scan(step, std::pair(model, state), order_);
    return {last.first, last.second, losses};
  }

 private:
  optim::Optimizer optimizer_;
  DType dtype_;
  bool dropout_;
  Sizes sizes_;
  Array x_, y_, order_;
};

// The machine's instruction set and threads come back when a test ends.
class Sets {
 public:
  ~Sets() {
    kernels::force_isa(before_);
    set_threads(0);
  }

 private:
  Isa before_ = kernels::isa();
};

Lane one_of(const Lane& lanes, std::int64_t i) {
  return tree::map([&](const Array& a) { return row(a, i); }, lanes);
}

// Of a tree whose leaves carry lanes in front.
template <class T>
T lane_of_tree(const T& block, std::int64_t i) {
  return tree::map([&](const Array& a) { return row(a, i); }, block);
}

::testing::AssertionResult same(const Trained& a, const Trained& b) {
  const Arrays left = tree::flatten(a);
  const Arrays right = tree::flatten(b);
  if (left.size() != right.size()) return ::testing::AssertionFailure() << "other leaves";
  for (std::size_t i = 0; i < left.size(); ++i)
    if (!same_bits(left[i], right[i])) {
      const Distance d = distance({left[i]}, {right[i]});
      return ::testing::AssertionFailure() << "leaf " << i << " " << to_string(left[i].type())
                                           << " differs by up to " << d.apart << " at magnitude " << d.size;
    }
  return ::testing::AssertionSuccess();
}

struct Case {
  std::size_t rule;
  DType dtype;
  bool dropout;
};

class Matrix : public ::testing::TestWithParam<Case> {};

TEST_P(Matrix, SameBits) {
  const Sets restored;
  const auto& [rule, dtype, dropout] = GetParam();
  const Training training(rules()[rule], dtype, dropout, kSmall);
  const Lane lanes = training.lanes();

  kernels::force_isa(Isa::reference);
  std::vector<Trained> wanted;
  for (std::int64_t lane : kLanesRead) wanted.push_back(training(one_of(lanes, lane)));
  // That the runs have done something: every lane its own, finite, and away from its start.
  EXPECT_FALSE(same(wanted[0], wanted[1]));
  for (const Trained& t : wanted) {
    for (double loss : t.losses.to_doubles()) EXPECT_TRUE(std::isfinite(loss));
    EXPECT_NE(t.losses.at({0}), t.losses.at({kSmall.steps - 1}));
  }

  for (Isa isa : kernels::isas_here()) {
    kernels::force_isa(isa);
    ASSERT_EQ(kernels::isa_that_runs(), isa);
    SCOPED_TRACE(std::string(kernels::name_of(isa)));
    auto expect_lanes = [&](const Trained& block, const char* how) {
      for (std::size_t i = 0; i < kLanesRead.size(); ++i)
        EXPECT_TRUE(same(lane_of_tree(block, kLanesRead[i]), wanted[i])) << how << ", lane " << kLanesRead[i];
    };
    for (int threads : kThreads) {
      set_threads(threads);
      SCOPED_TRACE(threads);
      // Kernels are prepared when a function is compiled: a new one for each set and number of threads.
      expect_lanes(jit(vmap(training))(lanes), "compiled");
    }
    set_threads(0);
    const auto alone = jit(training);
    for (std::size_t i = 0; i < kLanesRead.size(); ++i) {
      const Lane lane = one_of(lanes, kLanesRead[i]);
      EXPECT_TRUE(same(alone(lane), wanted[i])) << "compiled alone, lane " << kLanesRead[i];
      EXPECT_TRUE(same(training(lane), wanted[i])) << "eager alone, lane " << kLanesRead[i];
    }
    if (isa == kernels::isas_here().back()) expect_lanes(vmap(training)(lanes), "eager");
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (std::size_t rule = 0; rule < rules().size(); ++rule)
    for (DType dtype : {DType::f32, DType::f64})
      for (bool dropout : {false, true}) all.push_back({rule, dtype, dropout});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Law5, Matrix, ::testing::ValuesIn(cases()), [](const auto& of) {
  return fmt::format("{}_{}{}", rules()[of.param.rule].name, name_of(of.param.dtype),
                     of.param.dropout ? "_dropout" : "");
});

TEST(MatrixOfSets, AWideNetworkOnThreads) {
  const Sets restored;
  for (const char* name : {"sgd", "adam"})
    for (DType dtype : {DType::f32, DType::f64})
      for (bool dropout : {false, true}) {
        const auto rule = std::find_if(rules().begin(), rules().end(),
                                       [&](const NamedRule& r) { return std::string_view(r.name) == name; });
        const Training training(*rule, dtype, dropout, kWide);
        const Lane lane = one_of(training.lanes(), 17);
        kernels::force_isa(Isa::reference);
        const Trained wanted = training(lane);
        for (Isa isa : kernels::isas_here())
          for (int threads : kThreads) {
            SCOPED_TRACE(fmt::format("{} {} dropout {}, {}, {} threads", name, name_of(dtype), dropout,
                                     kernels::name_of(isa), threads));
            kernels::force_isa(isa);
            set_threads(threads);
            EXPECT_TRUE(same(jit(training)(lane), wanted)) << "compiled";
            EXPECT_TRUE(same(training(lane), wanted)) << "eager";
          }
      }
}

// The same through a search: its blocks are cut and handed out otherwise on each number of threads.
models::Problem small_problem(DType dtype) {
  const Array x = random::normal(random::key(3), {150, 9}, dtype);
  const Array y = convert(sum(square(x), 1) > 9, dtype);
  models::Problem problem;
  problem.folds = {{slice(x, 0, 0, 101), slice(y, 0, 0, 101), slice(x, 0, 101, 150), slice(y, 0, 101, 150)}};
  problem.loss = models::Loss::logistic;
  problem.metric = models::Metric::log_loss;
  return problem;
}

void expect_same_results(const models::Result& a, const models::Result& b) {
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  ASSERT_TRUE(a.best.has_value());
  EXPECT_EQ(a.best, b.best);
  for (std::size_t i = 0; i < a.candidates.size(); ++i) {
    EXPECT_EQ(a.candidates[i].curve, b.candidates[i].curve) << "candidate " << i;
    EXPECT_EQ(models::loss_of(a.candidates[i]), models::loss_of(b.candidates[i])) << "candidate " << i;
  }
  EXPECT_TRUE(all_same_bits(tree::flatten(a.networks.at(*a.best)), tree::flatten(b.networks.at(*a.best))));
}

TEST(MatrixOfSets, SearchesToo) {
  const Sets restored;
  const std::vector<params::Configuration> candidates =
      models::grid({{"batch", 25}, {"epochs", 3}, {"dropout", 0.3}},
                   {"optimizer=adam,momentum", "hidden=11,6x5", "rate=0.003,0.01,0.03", "seed=0,1,2"});
  for (DType dtype : {DType::f32, DType::f64}) {
    const models::Problem problem = small_problem(dtype);
    kernels::force_isa(Isa::reference);
    const models::Result wanted = models::run(problem, candidates, {.threads = 1});
    for (Isa isa : kernels::isas_here())
      for (int threads : kThreads) {
        SCOPED_TRACE(fmt::format("{} on {}, {} threads", name_of(dtype), kernels::name_of(isa), threads));
        kernels::force_isa(isa);
        expect_same_results(models::run(problem, candidates, {.threads = threads}), wanted);
      }
  }
}

// The matrix says which sets it could not look at.
TEST(MatrixOfSets, AreAllHere) {
  const std::vector<Isa> here = kernels::isas_here();
  for (Isa isa : {Isa::reference, Isa::avx2, Isa::avx512})
    if (std::find(here.begin(), here.end(), isa) == here.end())
      GTEST_SKIP() << "this machine lacks " << kernels::name_of(isa) << ": law 5 was not tested on it";
}

}  // namespace
}  // namespace runnel::laws
