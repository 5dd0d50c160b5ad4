// Early stopping, the best networks, weights and embeddings in searches.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include "candidates.h"
#include "runnel/random.h"
#include "runnel/sweep.h"
#include "sweep/stopping.h"

namespace runnel::sweep {
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

TEST(Patience, FollowsTheRule) {
  const auto improves = [](Patience& p, double validation, double loss) {
    const std::int64_t before = p.best();
    const bool would = p.would_improve(validation, loss);
    p.add(validation, loss);
    EXPECT_EQ(would, p.best() != before);
    return would;
  };
  Patience p(3, Metric::accuracy);
  EXPECT_FALSE(improves(p, std::nan(""), 1));
  EXPECT_TRUE(improves(p, 0.5, 1));
  EXPECT_TRUE(improves(p, 0.5, 0.9));   // as right, with a lower loss
  EXPECT_FALSE(improves(p, 0.5, 0.9));  // equal: the earlier stays
  EXPECT_FALSE(improves(p, 0.4, 0.1));
  EXPECT_FALSE(p.is_over());
  EXPECT_FALSE(improves(p, 0.6, INFINITY));
  EXPECT_TRUE(p.is_over());
  EXPECT_EQ(p.best(), 3);
  EXPECT_EQ(p.validation(), 0.5);
  Patience low(1, Metric::rmse);
  EXPECT_TRUE(improves(low, 2, 4));
  EXPECT_TRUE(improves(low, 1, 1));
  EXPECT_FALSE(improves(low, 3, 9));
  EXPECT_TRUE(low.is_over());
  EXPECT_EQ(low.best(), 2);
  Patience never(0, Metric::rmse);
  for (int i = 0; i < 9; ++i) never.add(1, 1);
  EXPECT_FALSE(never.is_over());
}

// What a patient candidate comes to, is read off the whole curve of an impatient one; and its network is that
// of a training that made as many epochs.
TEST(EarlyStopping, KeepsTheBestEpochUpToWhereItStops) {
  const Problem p = problem();
  bool somebody_stopped = false;
  for (std::uint64_t seed : {0, 1, 2}) {
    Values h = base();
    h.emplace_back("seed", static_cast<std::int64_t>(seed));
    const Outcome whole = run(p, {network(h)}, {}).outcomes[0];
    h.emplace_back("patience", 4);
    const Outcome patient = run(p, {network(h)}, {}).outcomes[0];
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
    EXPECT_EQ(patient.validation, whole.curve[best]);
    EXPECT_EQ(patient.curve,
              std::vector<double>(whole.curve.begin(), whole.curve.begin() + std::ptrdiff_t(end)));
    h.emplace_back("patience", 0);
    h.emplace_back("epochs", static_cast<std::int64_t>(best + 1));
    const Outcome as_long = run(p, {network(h)}, {}).outcomes[0];
    EXPECT_EQ(as_long.validation_loss, patient.validation_loss);
    expect_same_bits(*as_long.model, *patient.model);
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
      EXPECT_EQ(alone.outcomes[0].validation, whole.outcomes[i].validation) << i;
      EXPECT_EQ(alone.outcomes[0].best_epoch, whole.outcomes[i].best_epoch) << i;
      EXPECT_EQ(alone.outcomes[0].curve, whole.outcomes[i].curve) << i;
    }
    if (folds == 1) {
      const Outcome& winner = whole.outcomes[static_cast<std::size_t>(*whole.best)];
      expect_same_bits(*winner.model, *run(p, {winner.configuration}, {}).outcomes[0].model);
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
  for (const Scheduling& scheduling :
       {Scheduling{}, Scheduling{Scheduler::halving, 2, 3}, Scheduling{Scheduler::median, 2, 4}})
    for (std::size_t folds : {1, 2}) {
      const Problem p = problem(folds);
      const Result straight = run(p, all, {.threads = 1, .networks = 3, .scheduling = scheduling});
      for (int calls : {3, 9, 20}) {
        std::map<std::pair<std::int64_t, std::size_t>, LaneState> kept;
        std::atomic<bool> stop{false};
        int reports = 0;
        Options options{.threads = 2, .networks = 3, .scheduling = scheduling};
        options.stop = &stop;
        options.progress = [&](const Progress&) { stop = ++reports >= calls; };
        options.keep = [&](const LaneState& s) { kept[{s.trajectory, s.fold}] = s; };
        options.keep_now = [] { return true; };
        run(p, all, options);
        Options resumed{.threads = 2, .networks = 3, .scheduling = scheduling};
        for (auto& [key, state] : kept) {
          if (calls == 9) state.best.clear();
          resumed.resume.push_back(state);
        }
        const Result again = run(p, all, resumed);
        EXPECT_EQ(again.best, straight.best);
        EXPECT_EQ(again.rungs, straight.rungs);
        EXPECT_EQ(again.epochs, straight.epochs);
        for (std::size_t i = 0; i < all.size(); ++i) {
          const Outcome &a = again.outcomes[i], &b = straight.outcomes[i];
          EXPECT_EQ(a.status, b.status) << i;
          EXPECT_EQ(a.validation, b.validation) << i;
          EXPECT_EQ(a.validation_loss, b.validation_loss) << i;
          EXPECT_EQ(a.best_epoch, b.best_epoch) << i;
          EXPECT_EQ(a.epochs, b.epochs) << i;
          EXPECT_EQ(a.curve, b.curve) << i;
          ASSERT_EQ(a.model.has_value(), b.model.has_value()) << i;
          if (a.model) expect_same_bits(*a.model, *b.model);
          if (b.status == Status::done && calls == 3 && i % 5 == 0) {
            EXPECT_EQ(run(p, {all[i]}, {}).outcomes[0].validation, b.validation) << i;
          }
        }
      }
    }
}

TEST(Networks, OfTheBestAreKept) {
  const Problem p = problem();
  const auto all = grid(base(), {"rate=0.003,0.01,0.03", "epochs=3,6,9", "seed=0,1"});
  for (int threads : {1, 2}) {
    const Result result = run(p, all, {.threads = threads, .networks = 4});
    const std::vector<std::int64_t> best = ranking(result, p.metric, 4);
    ASSERT_EQ(best.size(), 4u);
    EXPECT_EQ(best[0], *result.best);
    for (const Outcome& out : result.outcomes) {
      const bool among = std::find(best.begin(), best.end(), out.index) != best.end();
      EXPECT_EQ(out.model.has_value(), among) << out.index;
      if (!among) {
        EXPECT_GE(out.validation, result.outcomes[static_cast<std::size_t>(best[3])].validation);
      } else {
        expect_same_bits(*out.model, *run(p, {out.configuration}, {}).outcomes[0].model);
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
  const Result result = run(p, all, {.networks = 4});
  const std::vector<std::int64_t> best = ranking(result, p.metric, 4);
  ASSERT_EQ(best.size(), 2u);
  for (std::int64_t i : best) {
    EXPECT_EQ(i % 3, 0);
    EXPECT_TRUE(result.outcomes[static_cast<std::size_t>(i)].model);
  }
}

TEST(Weights, OfOneChangeNoBitAndOthersTrainAbreastAsAlone) {
  Problem p = problem();
  const Result plain = run(p, {network(base())}, {});
  p.folds[0].weights = Array::ones({60});
  EXPECT_EQ(run(p, {network(base())}, {}).outcomes[0].curve, plain.outcomes[0].curve);
  p.folds[0].weights = random::uniform(random::key(4), {60}, 0, 2);
  const auto all = grid(base(), {"rate=0.003,0.01", "clip_example=0,1", "dropout=0,0.2"});
  const Result weighted = run(p, all, {.threads = 2});
  EXPECT_NE(weighted.outcomes[0].curve, run(problem(), {all[0]}, {}).outcomes[0].curve);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(run(p, {all[i]}, {}).outcomes[0].curve, weighted.outcomes[i].curve) << i;
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
      ASSERT_EQ(whole.outcomes[i].status, Status::done);
      EXPECT_EQ(run(p, {all[i]}, {}).outcomes[0].curve, whole.outcomes[i].curve) << i;
    }
    const auto shapes = grid(
        h, {"embedding=linear-pieces,periodic", "bins=4,8", "frequencies=2,5", "frequency_scale=0.01,1"});
    const Result of_shapes = run(p, shapes, {.threads = 2});
    for (std::size_t i = 0; i < shapes.size(); ++i)
      EXPECT_EQ(run(p, {shapes[i]}, {}).outcomes[0].curve, of_shapes.outcomes[i].curve) << i;
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
  const nn::Network before = *run(p, {network(h)}, {}).outcomes[0].model;
  p.folds[0].x_validation = p.folds[0].x_validation * 100;
  expect_same_bits(before, *run(p, {network(h)}, {}).outcomes[0].model);
  const nn::Columns expected = nn::quantile_pieces(p.folds[0].x, {0, 1}, 4);
  ASSERT_EQ(nn::named_parts(before).back().first, "columns.high");
  EXPECT_TRUE(same_bits(nn::named_parts(before).back().second, *expected.high));
  p.folds[0].numeric = {};
  EXPECT_THROW(run(p, {network(h)}, {}), Error);
}

}  // namespace
}  // namespace runnel::sweep
