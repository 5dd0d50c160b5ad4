// Networks of tables over ranks: the bits of one process, a network of shards trained by all of them too.
#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

#include "candidates.h"
#include "models/networks.h"
#include "models/schema.h"
#include "ranks/counted.h"
#include "ranks/queue_transport.h"
#include "ranks/rank.h"
#include "runnel/random.h"
#include "search/ways.h"

namespace runnel::ranks {
namespace {

using models::Problem;

models::Fold noisy_rings(std::int64_t n, std::uint64_t seed) {
  const auto make = [&](std::uint64_t s) {
    const Array x = random::normal(random::key(s), {n, 3});
    const Array noise = 0.5 * random::normal(random::key(s + 77), {n});
    return std::pair(x, convert(sum(x * x, 1) + noise > 2.4, DType::f32));
  };
  const auto [x, y] = make(seed);
  const auto [xv, yv] = make(seed + 1000);
  return {.x = x, .y = y, .x_validation = xv, .y_validation = yv, .numeric = {0, 1, 2}};
}

Problem problem(std::size_t folds) {
  Problem p{{}, train::Loss::logistic, train::Metric::log_loss, 1};
  for (std::size_t i = 0; i < folds; ++i) p.folds.push_back(noisy_rings(60, 1 + i));
  return p;
}

// Of very different cost: shapes, batches, epochs, patience, embeddings.
std::vector<search::Configuration> candidates(std::int64_t n, std::int64_t shards = 0) {
  const models::Space space =
      models::space_of({"rate=1e-4..3e-1", "optimizer=adam,momentum", "hidden=none,5,24x24", "epochs=3,9",
                        "batch=7,30", "dropout=0,0.3", "patience=0,2", "embedding=none,linear-pieces"},
                       {{"shards", shards}});
  return models::sample(space, search::sobol(n), 5);
}

struct Search {
  Problem problem;
  std::vector<search::Configuration> candidates;
  search::Options options;
};

search::Result run_over(int ranks, const Search& of) {
  Hub hub(ranks);
  std::vector<search::Result> results(static_cast<std::size_t>(ranks));
  std::vector<std::thread> threads;
  for (int number = 0; number < ranks; ++number)
    threads.emplace_back([&, number] {
      CountedTransport transport(std::make_unique<QueueTransport>(hub, number));
      Rank rank(transport);
      const models::Networks networks(of.problem);
      results[static_cast<std::size_t>(number)] =
          rank.run(1, networks, networks.folds(), params::Space(models::network_schema()),
                   search::these(of.candidates), of.options);
    });
  for (std::thread& thread : threads) thread.join();
  for (const search::Result& result : results) search::lines::expect_same_everywhere(results[0], result);
  return results[0];
}

search::Result run_alone(const Search& of) {
  const models::Networks networks(of.problem);
  return search::run(networks, networks.folds(), params::Space(models::network_schema()),
                     search::these(of.candidates), of.options);
}

TEST(NetworksOverRanks, HaveTheBitsOfOneProcess) {
  for (const search::Scheduling& scheduling :
       {search::Scheduling{}, search::halving(), search::hyperband(), search::median(2)})
    for (const std::size_t folds : {1, 2}) {
      const Search of{problem(folds), candidates(24), {.threads = 1, .scheduling = scheduling, .states = 3}};
      const search::Result alone = run_alone(of);
      ASSERT_TRUE(alone.best);
      for (const int ranks : {1, 2, 3, 4}) {
        SCOPED_TRACE(ranks);
        search::lines::expect_same(alone, run_over(ranks, of));
      }
    }
}

// More ranks than blocks.
TEST(NetworksOverRanks, SomeMayHaveNothingToDo) {
  const Search of{problem(1), {models::network({{"epochs", 2}})}, {.threads = 1}};
  search::lines::expect_same(run_alone(of), run_over(4, of));
}

TEST(NetworksOverRanks, ShareTheBatchesOfShards) {
  const Search of{problem(1), candidates(8, 5), {.threads = 1, .states = 2}};
  const search::Result alone = run_alone(of);
  for (const int ranks : {1, 2, 3, 4, 7}) {
    SCOPED_TRACE(ranks);
    search::lines::expect_same(alone, run_over(ranks, of));
  }
}

// Another order of sums: other bits, and the same numbers but for rounding.
TEST(NetworksOverRanks, ShardsAreNearlyTheWholeBatch) {
  const auto value = [](const models::Values& values) {
    const Search of{problem(1), {models::network(values)}, {.threads = 1}};
    return run_alone(of).candidates.at(0).measures.at(0);
  };
  const models::Values usual = {{"hidden", "8"}, {"batch", 23}, {"epochs", 3}};
  const double whole = value(usual);
  for (const std::int64_t shards : {1, 2, 3, 16, 23, 60}) {
    EXPECT_NEAR(value(models::with(usual, {{"shards", shards}})), whole, 1e-5) << shards;
  }
}

}  // namespace
}  // namespace runnel::ranks
