// A search over ranks is the search of one process: here the ranks are threads, and messages lie in queues.
#include "ranks/crew.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "ranks/message.h"
#include "ranks/queue_wire.h"
#include "runnel/random.h"
#include "runnel/space.h"

namespace runnel::ranks {
namespace {

using sweep::Hyper;
using sweep::LaneState;
using sweep::Options;
using sweep::Problem;
using sweep::Result;

sweep::Fold noisy_rings(std::int64_t n, std::uint64_t seed) {
  const auto make = [&](std::uint64_t s) {
    const Array x = random::normal(random::key(s), {n, 3});
    const Array noise = 0.5 * random::normal(random::key(s + 77), {n});
    return std::pair(x, convert(sum(x * x, 1) + noise > 2.4, DType::f32));
  };
  const auto [x, y] = make(seed);
  const auto [xv, yv] = make(seed + 1000);
  return {x, y, xv, yv};
}

Problem problem(std::size_t folds) {
  Problem p{{}, train::Loss::logistic, train::Metric::log_loss, 1};
  for (std::size_t i = 0; i < folds; ++i) p.folds.push_back(noisy_rings(60, 1 + i));
  return p;
}

// Of very different cost: shapes, batches, epochs, patience.
std::vector<Hyper> candidates(std::int64_t n, std::int64_t shards = 0) {
  Hyper base;
  base.shards = shards;
  std::vector<sweep::Parameter> parameters;
  for (const char* text : {"rate=1e-4..3e-1", "optimizer=adam,momentum", "hidden=none,5,24x24", "epochs=3,9",
                           "batch=7,30", "dropout=0,0.3", "patience=0,2"})
    parameters.push_back(sweep::parse_parameter(text));
  return sweep::sample(sweep::make_space(base, parameters), sweep::Sampler::sobol, n, 5);
}

const std::vector<sweep::Fact> kFacts{{"data", "1", R"({"rows": 3})"}};

// Runs `lead` on rank 0 of so many ranks; the others serve.
template <class Lead>
void over_ranks(int ranks, const Problem& p, const std::vector<Hyper>& candidates, const Options& options,
                const Lead& lead, const std::vector<sweep::Fact>& of_last = kFacts) {
  Hub hub(ranks);
  std::vector<std::thread> others;
  for (int rank = 1; rank < ranks; ++rank)
    others.emplace_back([&, rank] {
      QueueWire wire(hub, rank);
      const auto crew = crew_over(wire, 1);
      crew->agree(rank == ranks - 1 ? of_last : kFacts);
      crew->serve(p, candidates, options);
      part(wire);
    });
  QueueWire wire(hub, 0);
  {
    const auto crew = crew_over(wire, 2);
    lead(*crew);
  }
  part(wire);
  for (std::thread& other : others) other.join();
}

Result run_over(int ranks, const Problem& p, const std::vector<Hyper>& candidates, Options options) {
  Result result;
  over_ranks(ranks, p, candidates, options, [&](sweep::Crew& crew) {
    crew.agree(kFacts);
    options.crew = &crew;
    result = sweep::run(p, candidates, options);
  });
  return result;
}

void expect_same_number(double a, double b) {
  EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << a << ", " << b;
}

void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.outcomes.size(), b.outcomes.size());
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.rungs, b.rungs);
  EXPECT_EQ(a.epochs, b.epochs);
  EXPECT_EQ(a.lanes, b.lanes);
  EXPECT_EQ(a.warnings, b.warnings);
  for (std::size_t i = 0; i < a.outcomes.size(); ++i) {
    SCOPED_TRACE(i);
    const sweep::Outcome &x = a.outcomes[i], &y = b.outcomes[i];
    EXPECT_EQ(x.status, y.status);
    EXPECT_EQ(x.epochs, y.epochs);
    expect_same_number(x.validation, y.validation);
    expect_same_number(x.validation_loss, y.validation_loss);
    ASSERT_EQ(x.curve.size(), y.curve.size());
    for (std::size_t k = 0; k < x.curve.size(); ++k) expect_same_number(x.curve[k], y.curve[k]);
    ASSERT_EQ(x.model.has_value(), y.model.has_value());
    if (!x.model) continue;
    const auto m = tree::flatten(*x.model), n = tree::flatten(*y.model);
    ASSERT_EQ(m.size(), n.size());
    for (std::size_t k = 0; k < m.size(); ++k) EXPECT_TRUE(same_bits(m[k], n[k])) << "leaf " << k;
  }
}

const sweep::Scheduling kSchedulings[] = {{},
                                          {sweep::Scheduler::halving, 3, 1},
                                          {sweep::Scheduler::hyperband, 3, 1},
                                          {sweep::Scheduler::median, 3, 2}};

TEST(Ranks, SameBitsWhateverTheirNumber) {
  const auto all = candidates(24);
  for (const sweep::Scheduling& scheduling : kSchedulings)
    for (const std::size_t folds : {1, 2}) {
      const Problem p = problem(folds);
      const Options options{.threads = 1, .networks = 3, .scheduling = scheduling};
      const Result alone = sweep::run(p, all, options);
      ASSERT_TRUE(alone.best);
      for (const int ranks : {1, 2, 3, 4}) {
        SCOPED_TRACE(ranks);
        expect_same(alone, run_over(ranks, p, all, options));
      }
    }
}

// More ranks than blocks.
TEST(Ranks, SomeMayHaveNothingToDo) {
  const Problem p = problem(1);
  const std::vector<Hyper> one{Hyper{.epochs = 2}};
  expect_same(sweep::run(p, one, {.threads = 1}), run_over(4, p, one, {.threads = 1}));
}

TEST(Ranks, ShardsHaveTheBitsOfOneProcess) {
  const Problem p = problem(1);
  const auto all = candidates(8, 5);
  const Result alone = sweep::run(p, all, {.threads = 1, .networks = 2});
  for (const int ranks : {1, 2, 3, 4, 7}) {
    SCOPED_TRACE(ranks);
    expect_same(alone, run_over(ranks, p, all, {.threads = 1, .networks = 2}));
  }
}

// Another order of sums: other bits, and the same numbers but for rounding.
TEST(Ranks, ShardsAreNearlyTheWholeBatch) {
  const Problem p = problem(1);
  Hyper hyper{.hidden = {8}, .batch = 23, .epochs = 3};
  const Result whole = sweep::run(p, {hyper}, {.threads = 1});
  for (const std::int64_t shards : {1, 2, 3, 16, 23, 60}) {
    hyper.shards = shards;
    const Result cut = sweep::run(p, {hyper}, {.threads = 1});
    EXPECT_NEAR(cut.outcomes[0].validation, whole.outcomes[0].validation, 1e-5) << shards;
  }
}

// What was kept at any moment is enough: a search that goes on from it, over other ranks, ends the same.
TEST(Ranks, WhatTheyKeepIsEnoughToGoOn) {
  const Problem p = problem(1);
  const auto all = candidates(16);
  Options options{.threads = 1, .scheduling = {sweep::Scheduler::halving, 3, 1}};
  const Result alone = sweep::run(p, all, options);
  for (const int most : {1, 5, 20, 60}) {
    std::map<std::pair<std::int64_t, std::size_t>, LaneState> kept;
    std::atomic<bool> stop{false};
    int n = 0;
    Options first = options;
    first.stop = &stop;
    first.keep = [&](const LaneState& state) {
      if (++n > most) return;  // a study whose writer has died
      kept[{state.trajectory, state.fold}] = state;
    };
    first.keep_now = [&] { return stop = n >= most, true; };
    run_over(3, p, all, first);
    Options second = options;
    for (const auto& [place, state] : kept) second.resume.push_back(state);
    expect_same(alone, run_over(2, p, all, second));
  }
}

TEST(Ranks, HandedOutIsToldAndTakenBack) {
  const Problem p = problem(1);
  const auto all = candidates(24);
  std::map<int, std::vector<std::int64_t>> under_way;
  std::vector<bool> seen(all.size(), false);
  Options options{.threads = 1};
  options.handed = [&](int rank, const std::vector<std::int64_t>& which) {
    under_way[rank] = which;
    for (const std::int64_t i : which) seen[static_cast<std::size_t>(i)] = true;
  };
  run_over(3, p, all, options);
  EXPECT_EQ(under_way.size(), 3u);
  for (const auto& [rank, which] : under_way) EXPECT_TRUE(which.empty()) << rank;
  EXPECT_THAT(seen, testing::Each(true));
}

std::string failure(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Ranks, OneWithOtherFactsIsNamed) {
  const Problem p = problem(1);
  const auto all = candidates(4);
  over_ranks(3, p, all, {.threads = 1},
             [&](sweep::Crew& crew) {
               EXPECT_THAT(failure([&] { crew.agree(kFacts); }),
                           testing::StartsWith("on rank 2 (here) the data is not that of rank 0: "));
             },
             {{"data", "2", R"({"rows": 4})"}});
}

TEST(Ranks, OneThatFailsIsNamed) {
  Hub hub(2);
  QueueWire wire(hub, 0), other(hub, 1);
  const auto crew = crew_over(wire, 1);
  tell_failure(other, ErrorKind::run, "out of memory");
  EXPECT_EQ(failure([&] { crew->agree(kFacts); }), "rank 1: out of memory");
}

// In the middle of a search: it ends, and what the rank was training is on record.
TEST(Ranks, OneThatFailsAtWorkEndsTheSearch) {
  const Problem p = problem(1);
  const auto all = candidates(24);
  std::map<int, std::vector<std::int64_t>> under_way;
  Hub hub(2);
  std::thread other([&] {
    QueueWire wire(hub, 1);
    const auto crew = crew_over(wire, 1);
    crew->agree(kFacts);
    for (;;) {
      const auto envelope = wire.receive();
      if (envelope && Reader(envelope->bytes).get<Kind>() == Kind::work) break;
      std::this_thread::yield();
    }
    tell_failure(wire, ErrorKind::run, "out of memory");
    part(wire);
  });
  QueueWire wire(hub, 0);
  {
    const auto crew = crew_over(wire, 1);
    crew->agree(kFacts);
    Options options{.threads = 1};
    options.crew = crew.get();
    options.handed = [&](int rank, const std::vector<std::int64_t>& which) { under_way[rank] = which; };
    EXPECT_EQ(failure([&] { sweep::run(p, all, options); }), "rank 1 (here): out of memory");
  }
  part(wire);
  other.join();
  EXPECT_FALSE(under_way[1].empty());
}

TEST(Messages, StatesArriveAsTheyWereSent) {
  LaneState state;
  state.trajectory = 7;
  state.fold = 2;
  state.epochs = 3;
  state.leaves = {random::normal(random::key(1), {3, 4}), Array::scalar(5, DType::i32)};
  state.curve = {1, std::nan(""), 3};
  state.best = {Array::zeros({0, 2})};
  const Bytes bytes = Writer(Kind::states).put(std::vector{state}).take();
  Reader reader(bytes);
  EXPECT_EQ(reader.get<Kind>(), Kind::states);
  const LaneState back = reader.states().at(0);
  EXPECT_EQ(back.trajectory, 7);
  EXPECT_EQ(back.fold, 2u);
  EXPECT_EQ(back.epochs, 3);
  EXPECT_EQ(back.curve.size(), 3u);
  EXPECT_TRUE(back.losses.empty());
  ASSERT_EQ(back.leaves.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(same_bits(back.leaves[i], state.leaves[i]));
  EXPECT_EQ(back.best.at(0).type(), state.best[0].type());
}

TEST(Messages, OneThatIsCutShortIsTold) {
  Bytes bytes = Writer(Kind::failed).put(std::string("a text")).take();
  bytes.pop_back();
  Reader reader(bytes);
  reader.get<Kind>();
  EXPECT_THAT(failure([&] { reader.text(); }), testing::HasSubstr("ends after"));
}

}  // namespace
}  // namespace runnel::ranks
