// Early stopping, the best networks, weights and embeddings in searches.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include "candidates.h"
#include "runnel/models.h"
#include "runnel/random.h"
#include "search/kept_lanes.h"
#include "search/stopping.h"

namespace runnel::models {
namespace {

// A noisy boundary, which a network of this size learns by heart.
Fold noisy(std::int64_t n, std::uint64_t seed) {
  auto make = [&](std::uint64_t s, std::int64_t rows) {
    const Array x = random::normal(random::key(s), {rows, 2});
    const Array noise = random::normal(random::key(s + 5), {rows});
    return std::pair(x, convert(sum(x * x, 1) + noise > 1.4, DType::f32));
  };
  const auto [x, y] = make(seed, n);
  const auto [xv, yv] = make(seed + 1000, 200);
  Fold fold{x, y, xv, yv};
  fold.numeric = {0, 1};
  return fold;
}

Problem problem(std::size_t folds = 1) {
  Problem p{{}, Loss::logistic, Metric::log_loss, 1};
  for (std::size_t i = 0; i < folds; ++i) p.folds.push_back(noisy(60, 1 + i));
  return p;
}

Values base() { return {{"hidden", "16"}, {"batch", 20}, {"epochs", 40}, {"rate", 0.03}}; }

void expect_same_bits(const nn::Network& a, const nn::Network& b) {
  const auto x = tree::flatten(a);
  const auto y = tree::flatten(b);
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(same_bits(x[i], y[i])) << "leaf " << i;
}

// Readings (measure, loss) one after another, and what is kept of them.
search::Stopping after(Metric metric, std::int64_t patience,
                       const std::vector<std::pair<double, double>>& readings) {
  search::LaneState lane{0, 0, std::ssize(readings)};
  for (const auto& [value, loss] : readings) lane.readings.insert(lane.readings.end(), {value, loss});
  return search::stopping_after(lane, {{"metric", higher_is_better(metric)}, {"loss"}}, patience);
}

TEST(Stopping, FollowsTheRule) {
  const double none = std::nan("");
  std::vector<std::pair<double, double>> right{
      {none, 1}, {0.5, 1}, {0.5, 0.9}};  // as right, with a lower loss
  EXPECT_EQ(after(Metric::accuracy, 3, right).best, 3);
  right.insert(right.end(), {{0.5, 0.9}, {0.4, 0.1}});  // equal: the earlier stays
  EXPECT_EQ(after(Metric::accuracy, 3, right).best, 3);
  EXPECT_FALSE(after(Metric::accuracy, 3, right).is_over);
  right.push_back({0.45, 0.1});
  EXPECT_TRUE(after(Metric::accuracy, 3, right).is_over);
  const std::vector<std::pair<double, double>> far{{2, 4}, {1, 1}, {3, 9}};
  EXPECT_EQ(after(Metric::rmse, 1, far).best, 2);
  EXPECT_TRUE(after(Metric::rmse, 1, far).is_over);
  EXPECT_FALSE(after(Metric::rmse, 0, far).is_over);
}

// What a patient candidate comes to, is read off the whole curve of an impatient one; and its network is that
// of a training that made as many epochs.
TEST(EarlyStopping, KeepsTheBestEpochUpToWhereItStops) {
  const Problem p = problem();
  bool somebody_stopped = false;
  for (std::uint64_t seed : {0, 1, 2}) {
    Values h = base();
    h.emplace_back("seed", static_cast<std::int64_t>(seed));
    const search::Candidate whole = run(p, {network(h)}, {}).candidates[0];
    h.emplace_back("patience", 4);
    const Result patience = run(p, {network(h)}, {});
    const search::Candidate& patient = patience.candidates[0];
    std::size_t best = 0, end = whole.curve.size();
    for (std::size_t e = 1; e < whole.curve.size(); ++e) {
      if (whole.curve[e] < whole.curve[best]) best = e;
      if (e - best == 4) {
        end = e + 1;
        break;
      }
    }
    somebody_stopped = somebody_stopped || end < whole.curve.size();
    EXPECT_EQ(patient.best_epoch, static_cast<double>(best + 1));
    EXPECT_EQ(metric_of(patient), whole.curve[best]);
    EXPECT_EQ(patient.curve,
              std::vector<double>(whole.curve.begin(), whole.curve.begin() + std::ptrdiff_t(end)));
    h.emplace_back("patience", 0);
    h.emplace_back("epochs", static_cast<std::int64_t>(best + 1));
    const Result as_long = run(p, {network(h)}, {});
    EXPECT_EQ(loss_of(as_long.candidates[0]), loss_of(patient));
    EXPECT_TRUE(same_bits(as_long.candidates[0].states.at(0).at(0), patient.states.at(0).at(0)));
    expect_same_bits(as_long.networks.at(0), patience.networks.at(0));
  }
  EXPECT_TRUE(somebody_stopped);
}

TEST(EarlyStopping, AloneIsAbreast) {
  Values h = base();
  h.emplace_back("patience", 3);
  const auto all =
      grid(h, {"rate=0.003,0.01,0.03,0.1", "epochs=5,20,40", "patience=0,3,8", "averaging=none,exponential"});
  for (std::size_t folds : {1, 2}) {
    const Problem p = problem(folds);
    const Result whole = run(p, all, {.threads = 2});
    for (std::size_t i = 0; i < all.size(); i += 5) {
      const Result alone = run(p, {all[i]}, {.threads = 1});
      EXPECT_EQ(metric_of(alone.candidates[0]), metric_of(whole.candidates[i])) << i;
      EXPECT_EQ(alone.candidates[0].best_epoch, whole.candidates[i].best_epoch) << i;
      EXPECT_EQ(alone.candidates[0].curve, whole.candidates[i].curve) << i;
    }
    if (folds == 1) {
      const search::Candidate& winner = whole.candidates[static_cast<std::size_t>(*whole.best)];
      expect_same_bits(whole.networks.at(winner.number), run(p, {winner.configuration}, {}).networks.at(0));
    }
  }
}

// With rungs and without: alone, stopped on the way and resumed, with the weights of the best epochs or from
// a file that does not hold them.
TEST(EarlyStopping, ResumedIsStraightThrough) {
  Values h = base();
  h.emplace_back("epochs", 24);
  h.emplace_back("patience", 3);
  const auto all = grid(h, {"rate=0.01,0.03,0.1", "patience=0,2,6", "seed=0,1,2"});
  for (const search::Scheduling& scheduling :
       {search::Scheduling{}, search::Scheduling{Scheduler::halving, 2, 3},
        search::Scheduling{Scheduler::median, 2, 4}})
    for (std::size_t folds : {1, 2}) {
      const Problem p = problem(folds);
      const Result straight = run(p, all, {.threads = 1, .scheduling = scheduling, .states = 3});
      for (int calls : {3, 9, 20}) {
        const auto kept = std::make_shared<search::KeptLanes>(calls);
        search::Options options{.threads = 2, .scheduling = scheduling, .states = 3};
        options.stop = &kept->stop;
        options.study = kept;
        run(p, all, options);
        search::Options resumed{.threads = 2, .scheduling = scheduling, .states = 3};
        for (auto& [key, state] : kept->lanes)
          if (calls == 9) state.best.clear();
        resumed.study = kept;
        const Result again = run(p, all, resumed);
        EXPECT_EQ(again.best, straight.best);
        EXPECT_EQ(again.rungs, straight.rungs);
        EXPECT_EQ(again.epochs, straight.epochs);
        for (std::size_t i = 0; i < all.size(); ++i) {
          const search::Candidate &a = again.candidates[i], &b = straight.candidates[i];
          EXPECT_EQ(a.status, b.status) << i;
          EXPECT_TRUE(a.measures == b.measures || b.status == search::Status::retired) << i;
          EXPECT_EQ(a.best_epoch, b.best_epoch) << i;
          EXPECT_EQ(a.epochs, b.epochs) << i;
          EXPECT_EQ(a.curve, b.curve) << i;
          ASSERT_EQ(again.networks.contains(a.number), straight.networks.contains(a.number)) << i;
          if (again.networks.contains(a.number))
            expect_same_bits(again.networks.at(a.number), straight.networks.at(a.number));
          if (b.status == search::Status::done && calls == 3 && i % 5 == 0) {
            EXPECT_EQ(metric_of(run(p, {all[i]}, {}).candidates[0]), metric_of(b)) << i;
          }
        }
      }
    }
}

TEST(Networks, OfTheBestAreKept) {
  const Problem p = problem();
  const auto all = grid(base(), {"rate=0.003,0.01,0.03", "epochs=3,6,9", "seed=0,1"});
  for (int threads : {1, 2}) {
    const Result result = run(p, all, {.threads = threads, .states = 4});
    const std::vector<std::int64_t> best = result.ranking(4);
    ASSERT_EQ(best.size(), 4u);
    EXPECT_EQ(best[0], *result.best);
    for (const search::Candidate& out : result.candidates) {
      const bool among = std::find(best.begin(), best.end(), out.number) != best.end();
      EXPECT_EQ(result.networks.contains(out.number), among) << out.number;
      if (!among) {
        EXPECT_GE(metric_of(out), metric_of(result.candidates[static_cast<std::size_t>(best[3])]));
      } else {
        expect_same_bits(result.networks.at(out.number), run(p, {out.configuration}, {}).networks.at(0));
      }
    }
  }
}

// Candidates that differ in their epochs alone and stopped early are one network, which is kept once.
TEST(Networks, TwinsCountOnce) {
  Values h = base();
  h.emplace_back("patience", 2);
  const Problem p = problem();
  const auto all = grid(h, {"seed=0,1", "epochs=38,39,40"});
  const Result result = run(p, all, {.states = 4});
  const std::vector<std::int64_t> best = result.ranking(4);
  ASSERT_EQ(best.size(), 2u);
  for (std::int64_t i : best) {
    EXPECT_EQ(i % 3, 0);
    EXPECT_TRUE(result.networks.contains(i));
  }
}

TEST(Weights, OfOneChangeNoBitAndOthersTrainAbreastAsAlone) {
  Problem p = problem();
  const Result plain = run(p, {network(base())}, {});
  p.folds[0].weights = Array::ones({60});
  EXPECT_EQ(run(p, {network(base())}, {}).candidates[0].curve, plain.candidates[0].curve);
  p.folds[0].weights = random::uniform(random::key(4), {60}, 0, 2);
  const auto all = grid(base(), {"rate=0.003,0.01", "clip_example=0,1", "dropout=0,0.2"});
  const Result weighted = run(p, all, {.threads = 2});
  EXPECT_NE(weighted.candidates[0].curve, run(problem(), {all[0]}, {}).candidates[0].curve);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(run(p, {all[i]}, {}).candidates[0].curve, weighted.candidates[i].curve) << i;
  p.folds[0].weights = Array::ones({59});
  EXPECT_THROW(run(p, {network(base())}, {}), Error);
}

TEST(Embeddings, NormsAndBodiesAbreastAreAlone) {
  for (std::size_t folds : {1, 2}) {
    const Problem p = problem(folds);
    Values h = base();
    h.emplace_back("epochs", 3);
    const auto all = grid(h, {"embedding=none,linear-pieces,periodic", "body=mlp,residual", "norm=none,layer",
                              "hidden=none,6,6x4", "rate=0.01,0.03"});
    const Result whole = run(p, all, {.threads = 2});
    for (std::size_t i = 0; i < all.size(); i += 3) {
      ASSERT_EQ(whole.candidates[i].status, search::Status::done);
      EXPECT_EQ(run(p, {all[i]}, {}).candidates[0].curve, whole.candidates[i].curve) << i;
    }
    const auto shapes = grid(
        h, {"embedding=linear-pieces,periodic", "bins=4,8", "frequencies=2,5", "frequency_scale=0.01,1"});
    const Result of_shapes = run(p, shapes, {.threads = 2});
    for (std::size_t i = 0; i < shapes.size(); ++i)
      EXPECT_EQ(run(p, {shapes[i]}, {}).candidates[0].curve, of_shapes.candidates[i].curve) << i;
    // Frequencies are lanes, not shapes; what an embedding does not read does not part blocks.
    EXPECT_EQ(of_shapes.blocks, static_cast<std::int64_t>(4 * folds));
  }
}

// A search sees validation rows only when it measures: the edges of pieces come from training rows.
TEST(Embeddings, EdgesComeFromTrainingRows) {
  Problem p = problem();
  Values h = base();
  h.emplace_back("epochs", 1);
  h.emplace_back("embedding", "linear-pieces");
  h.emplace_back("bins", 4);
  const nn::Network before = run(p, {network(h)}, {}).networks.at(0);
  p.folds[0].x_validation = p.folds[0].x_validation * 100;
  expect_same_bits(before, run(p, {network(h)}, {}).networks.at(0));
  const nn::Columns expected = nn::quantile_pieces(p.folds[0].x, {0, 1}, 4);
  ASSERT_EQ(nn::named_parts(before).back().first, "columns.high");
  EXPECT_TRUE(same_bits(nn::named_parts(before).back().second, *expected.high));
  p.folds[0].numeric = {};
  EXPECT_THROW(run(p, {network(h)}, {}), Error);
}

}  // namespace
}  // namespace runnel::models
