// A training run: against loops written by hand, and as a function that can be differentiated and batched.
#include "runnel/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numbers>

#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::train {
namespace {

Array scalar(double v) { return Array::scalar(v, DType::f64); }

Rates rates(double rate, double l2 = 0, double dropout = 0, std::uint64_t seed = 0) {
  return {scalar(rate), scalar(l2), scalar(dropout), scalar(0.9),      scalar(0.999),
          scalar(1),    scalar(1),  scalar(0.1),     random::key(seed)};
}

struct Data {
  Array x, y;
};
Data data(std::int64_t n, std::int64_t d) {
  const Array x = random::normal(random::key(11), {n, d}, DType::f64);
  const Array w = random::normal(random::key(12), {d}, DType::f64);
  return {x, matmul(x, w) + 0.1 * random::normal(random::key(13), {n}, DType::f64)};
}

Array batches(std::int64_t steps, std::int64_t batch, std::int64_t n) {
  return reshape(slice(random::permutation(random::key(5), n), 0, 0, steps * batch), {steps, batch});
}

// w -= rate (Xᵀr/b + l2 w), b -= rate mean r for the halved squared error, in plain loops.
TEST(Train, LinearRegressionIsTheLoop) {
  const auto [x, y] = data(24, 3);
  const Recipe recipe{.sizes = {3, 1}, .loss = Loss::half_squared, .optimizer = "sgd", .dtype = DType::f64};
  const Rates r = rates(0.05, 0.3);
  const Array rows = batches(4, 6, 24);
  const State last = steps(recipe, start(recipe, r), r, x, y, rows).first;
  std::vector<double> w(3, 0.0);
  double b = 0.1;
  for (int s = 0; s < 4; ++s) {
    std::vector<double> gw(3, 0.0);
    double gb = 0;
    for (int i = 0; i < 6; ++i) {
      const auto row = static_cast<std::int64_t>(rows.at({s, i}));
      double residual = b - y.at({row});
      for (int j = 0; j < 3; ++j) residual += w[static_cast<std::size_t>(j)] * x.at({row, j});
      for (int j = 0; j < 3; ++j) gw[static_cast<std::size_t>(j)] += residual * x.at({row, j}) / 6;
      gb += residual / 6;
    }
    for (std::size_t j = 0; j < 3; ++j) w[j] -= 0.05 * (gw[j] + 0.3 * w[j]);
    b -= 0.05 * gb;
  }
  EXPECT_THAT(nn::dense_layers(last.model)[0].w.to_doubles(),
              testing::Pointwise(testing::DoubleNear(1e-14), w));
  EXPECT_NEAR(nn::dense_layers(last.model)[0].b.item(), b, 1e-14);
  EXPECT_EQ(last.step.item(), 4);
}

// What schedules, averages and their like read; eight steps in all.
optim::Rates further(DType dtype) {
  optim::Rates more;
  for (const auto& [name, value] : std::map<std::string, double>{{"clip_value", 0.5},
                                                                 {"clip_example", 0.7},
                                                                 {"decay", 0.1},
                                                                 {"eps", 1e-3},
                                                                 {"eps_root", 0.01},
                                                                 {"initial_accumulator", 0.1},
                                                                 {"warmup", 2},
                                                                 {"total", 8},
                                                                 {"every", 3},
                                                                 {"factor", 0.5},
                                                                 {"floor", 0.1},
                                                                 {"average_decay", 0.7},
                                                                 {"skipped", 5}})
    more[name] = Array::scalar(value, dtype);
  return more;
}

// Every optimiser with everything a recipe can hold, and every schedule and averaging.
std::vector<Recipe> recipes(const Recipe& base) {
  std::vector<Recipe> all;
  for (const std::string& optimizer : optimizer_names())
    for (const bool more : {false, true}) {
      Recipe r = base;
      r.optimizer = optimizer;
      if (more) r.decay = r.clip_value = r.clip_example = r.warmup = true;
      if (more) r.averaging = "exponential";
      all.push_back(r);
    }
  for (const std::string& schedule : schedule_names())
    for (const std::string& averaging : averaging_names()) {
      all.push_back(base);
      all.back().schedule = schedule;
      all.back().averaging = averaging;
    }
  return all;
}

std::string name_of_recipe(const Recipe& r) {
  return fmt::format("{} {} {} {}", r.optimizer, r.schedule, r.averaging, r.decay ? "with all" : "");
}

// Splitting a run into two scans changes no bit, with dropout too.
TEST(Train, ResumedIsStraightThrough) {
  const auto [x, y] = data(32, 4);
  for (const Recipe& recipe :
       recipes({.sizes = {4, 8, 1}, .dropout = true, .clip = true, .dtype = DType::f64})) {
    const std::string optimizer = name_of_recipe(recipe);
    Rates r = rates(0.01, 0.01, 0.4, 3);
    r.more = further(DType::f64);
    const Array rows = batches(8, 4, 32);
    const auto run =
        jit([&](const State& s, const Array& which) { return steps(recipe, s, r, x, y, which).first; });
    const State whole = run(start(recipe, r), rows);
    const State halves = run(run(start(recipe, r), slice(rows, 0, 0, 4)), slice(rows, 0, 4, 8));
    const auto a = tree::flatten(whole);
    const auto b = tree::flatten(halves);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      EXPECT_TRUE(same_bits(a[i], b[i])) << optimizer << " leaf " << i;
  }
}

// A lane's run is the run alone: every optimiser, dropout on and off, f32 and f64.
TEST(Train, AloneIsAbreast) {
  for (DType dtype : {DType::f32, DType::f64})
    for (bool dropout : {false, true})
      for (const Recipe& recipe : recipes({.sizes = {4, 6, 5, 3},
                                  .activation = nn::Activation::tanh,
                                  .loss = Loss::softmax,
                                  .dropout = dropout,
                                  .clip = true,
                                  .dtype = dtype})) {
        const std::string optimizer = name_of_recipe(recipe);
        const Array x = random::normal(random::key(1), {20, 4}, dtype);
        const Array y = convert(random::bits(random::key(2), {20}) / 2000000000u, DType::i32);
        const Array rows = batches(5, 4, 20);
        auto run = [&](const Rates& r) {
          return steps(recipe, start(recipe, r), r, x, y, rows).first.weights();
        };
        const std::int64_t lanes = 19;
        Rates all{};
        auto vary = [&](double low, double step) {
          return convert(low + step * convert(arange(lanes), DType::f64), dtype);
        };
        all = {vary(0.01, 0.003), vary(0, 0.01),    vary(0.1, 0.02),
               vary(0.5, 0.01),   vary(0.9, 0.004), vary(0.1, 0.1),
               vary(0.5, 0.1),    vary(0, 0.02),    {}};
        std::vector<Array> keys;
        for (std::int64_t i = 0; i < lanes; ++i) keys.push_back(random::key(static_cast<std::uint64_t>(i)));
        all.key = stack(keys, 1);
        for (const auto& [name, value] : further(dtype)) all.more[name] = value * vary(1, -0.01);
        const nn::Network abreast = jit(vmap(run, {Axis(-1)}, -1))(all);
        for (std::int64_t lane : {0, 7, 18}) {
          const Rates one =
              tree::map([&](const Array& leaf) { return squeeze(slice(leaf, -1, lane, lane + 1), -1); }, all);
          const auto alone = tree::flatten(run(one));
          const auto in_lane = tree::flatten(abreast);
          for (std::size_t i = 0; i < alone.size(); ++i)
            EXPECT_TRUE(same_bits(alone[i], squeeze(slice(in_lane[i], -1, lane, lane + 1), -1)))
                << optimizer << " dropout " << dropout << " lane " << lane << " leaf " << i << " "
                << name_of(dtype);
        }
      }
}

// A row of weight 2 is the row twice, and one of weight 0 is not there, in loss and gradient of the sum over
// the rows.
TEST(Train, AWeightOfTwoIsTheRowTwice) {
  const Array x = random::normal(random::key(1), {5, 3}, DType::f64);
  struct Case {
    Loss loss;
    Array y;
    std::int64_t outputs;
  };
  const Array numbers = random::normal(random::key(2), {5}, DType::f64);
  for (const Case& c :
       {Case{Loss::squared, numbers, 1}, Case{Loss::huber, numbers, 1}, Case{Loss::absolute, numbers, 1},
        Case{Loss::half_squared, numbers, 1}, Case{Loss::logistic, Array({1, 0, 1, 1, 0}, DType::f64), 1},
        Case{Loss::softmax, Array({2, 0, 1, 1, 0}, DType::i32), 3}}) {
    Recipe recipe{{3, 4, c.outputs}, nn::Activation::tanh, c.loss};
    recipe.dtype = DType::f64;
    const Rates r = rates(0.1);
    const nn::Network model = start(recipe, r).model;
    const Array repeated = Array({0, 1, 1, 2, 4}, DType::i32);
    auto sum_of = [&](const Array& rows, const Further& further) {
      return value_and_grad([&](const nn::Network& m) {
        return static_cast<double>(rows.dim(0)) *
               loss(recipe, m, r, gather(x, rows), gather(c.y, rows), further);
      })(model);
    };
    const auto twice = tree::flatten(sum_of(repeated, {}));
    const auto weighted = tree::flatten(sum_of(arange(5), {Array({1, 2, 1, 0, 1}, DType::f64), {}}));
    ASSERT_EQ(twice.size(), weighted.size());
    for (std::size_t i = 0; i < twice.size(); ++i) {
      const auto a = twice[i].to_doubles(), b = weighted[i].to_doubles();
      for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 1e-13) << loss_name(c.loss);
    }
  }
}

// Linear regression in plain loops with what a recipe can add: a cosine with warm-up on the rate, decay
// beside the step, the mean of the last weights. The losses are those of the weights that are trained.
TEST(Train, ScheduleDecayAndTailAverageAreTheLoop) {
  const auto [x, y] = data(24, 3);
  const Recipe recipe{.sizes = {3, 1},
                      .loss = Loss::half_squared,
                      .optimizer = "sgd",
                      .dtype = DType::f64,
                      .decay = true,
                      .schedule = "cosine",
                      .averaging = "uniform"};
  Rates r = rates(0.2, 0.3);
  r.more = {{"warmup", scalar(2)},  {"total", scalar(8)},   {"floor", scalar(0.1)},
            {"decay", scalar(0.5)}, {"skipped", scalar(5)}, {"every", scalar(1)}};
  const Array rows = concatenate({batches(4, 6, 24), batches(4, 6, 24)});
  const State last = steps(recipe, start(recipe, r), r, x, y, rows).first;
  std::vector<double> w(3, 0.0), mean_w(3, 0.0);
  double b = 0.1;
  for (int s = 0; s < 8; ++s) {
    std::vector<double> gw(3, 0.0);
    double gb = 0;
    for (int i = 0; i < 6; ++i) {
      const auto at = static_cast<std::int64_t>(rows.at({s, i}));
      double residual = b - y.at({at});
      for (int j = 0; j < 3; ++j) residual += w[static_cast<std::size_t>(j)] * x.at({at, j});
      for (int j = 0; j < 3; ++j) gw[static_cast<std::size_t>(j)] += residual * x.at({at, j}) / 6;
      gb += residual / 6;
    }
    const double factor =
        s < 2 ? (s + 1) / 2.0 : 0.1 + 0.45 * (1 + std::cos(std::numbers::pi * (s - 2) / 6.0));
    for (std::size_t j = 0; j < 3; ++j) {
      w[j] -= 0.2 * factor * (gw[j] + 0.3 * w[j]) + 0.2 * factor * 0.5 * w[j];
      if (s >= 5) mean_w[j] += w[j] / 3;
    }
    b -= 0.2 * factor * gb;
  }
  EXPECT_THAT(nn::dense_layers(last.model)[0].w.to_doubles(),
              testing::Pointwise(testing::DoubleNear(1e-14), w));
  EXPECT_THAT(nn::dense_layers(last.weights())[0].w.to_doubles(),
              testing::Pointwise(testing::DoubleNear(1e-14), mean_w));
  EXPECT_NEAR(nn::dense_layers(last.model)[0].b.item(), b, 1e-14);
}

// The derivative of the loss after training by every rate that a recipe reads, against differences.
TEST(Train, EveryRateHasItsHypergradient) {
  const auto [x, y] = data(30, 3);
  const Array rows = batches(5, 6, 30);
  Recipe recipe{.sizes = {3, 4, 1},
                .activation = nn::Activation::tanh,
                .optimizer = "nadam",
                .clip = true,
                .dtype = DType::f64,
                .decay = true,
                .clip_value = true,
                .clip_example = true,
                .warmup = true,
                .averaging = "exponential"};
  for (const std::string& schedule : schedule_names()) {
    recipe.schedule = schedule;
    for (const auto& [name, value] : further(DType::f64)) {
      auto after = [&, which = name](const Array& rate) {
        Rates r = rates(0.02, 0.1);
        r.more = further(DType::f64);
        r.more["warmup"] = scalar(1.7);
        r.more["every"] = scalar(1.3);
        r.more[which] = rate;
        return loss(recipe, steps(recipe, start(recipe, r), r, x, y, rows).first.weights(), r, x, y);
      };
      const Array at = name == "warmup" ? scalar(1.7) : name == "every" ? scalar(1.3) : value;
      const double h = 1e-6;
      const double difference = (after(at + h).item() - after(at - h).item()) / (2 * h);
      EXPECT_NEAR(grad(after)(at).item(), difference, 1e-6 * std::abs(difference) + 1e-8)
          << schedule << ", " << name;
    }
  }
}

TEST(Train, MissingRatesAndUnknownNamesAreSaid) {
  auto text = [](const Recipe& recipe, const Rates& r) {
    try {
      start(recipe, r);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const Recipe base{.sizes = {3, 1}, .dtype = DType::f64};
  auto with = [&](auto change) {
    Recipe r = base;
    change(r);
    return text(r, rates(0.1));
  };
  using testing::HasSubstr;
  EXPECT_EQ(text(base, rates(0.1)), "");
  EXPECT_THAT(with([](Recipe& r) { r.schedule = "cosine"; }),
              HasSubstr("the schedule cosine reads the rate \""));
  EXPECT_THAT(with([](Recipe& r) { r.decay = true; }), HasSubstr("\"decay\""));
  EXPECT_THAT(with([](Recipe& r) { r.clip_value = true; }), HasSubstr("\"clip_value\""));
  EXPECT_THAT(with([](Recipe& r) { r.schedule = "cosin"; }), HasSubstr("did you mean 'cosine'"));
  EXPECT_THAT(with([](Recipe& r) { r.optimizer = "loin"; }), HasSubstr("did you mean 'lion'"));
}

// The validation loss after training, as a function of the rates: its derivative is that of the closed form
// L_t(eta) = aᵀ (I - (eta/n) K)^(2t) a / 2n for gradient descent on half the mean squared error, and agrees
// with differences.
TEST(Train, HypergradientAgreesWithDifferences) {
  const auto [x, y] = data(30, 4);
  const Recipe recipe{
      .sizes = {4, 6, 1}, .activation = nn::Activation::tanh, .optimizer = "adam", .dtype = DType::f64};
  const Array rows = batches(5, 6, 30);
  auto after = [&](const Array& rate, const Array& l2) {
    Rates r = rates(0.01);
    r.rate = rate;
    r.l2 = l2;
    return loss(recipe, steps(recipe, start(recipe, r), r, x, y, rows).first.model, r, x, y);
  };
  const double h = 1e-6;
  const double by_rate =
      (after(scalar(0.02 + h), scalar(0.1)).item() - after(scalar(0.02 - h), scalar(0.1)).item()) / (2 * h);
  const double by_l2 =
      (after(scalar(0.02), scalar(0.1 + h)).item() - after(scalar(0.02), scalar(0.1 - h)).item()) / (2 * h);
  auto both = [&](const std::pair<Array, Array>& p) { return after(p.first, p.second); };
  const auto g = jit(grad(both))(std::pair(scalar(0.02), scalar(0.1)));
  EXPECT_NEAR(g.first.item(), by_rate, 1e-6 * std::abs(by_rate) + 1e-9);
  EXPECT_NEAR(g.second.item(), by_l2, 1e-5 * std::abs(by_l2) + 1e-9);
  const auto forward =
      jvp([&](const Array& r) { return after(r, scalar(0.1)); }, scalar(0.02), scalar(1)).second;
  EXPECT_NEAR(forward.item(), g.first.item(), 1e-11 * std::abs(by_rate));
}

TEST(Measure, AgainstTheDefinitions) {
  const std::vector<double> out{1, 2, 4, 3};
  const std::vector<double> y{1, 1, 5, 5};
  EXPECT_DOUBLE_EQ(measure(Metric::mae, out, y), (0 + 1 + 1 + 2) / 4.0);
  EXPECT_DOUBLE_EQ(measure(Metric::rmse, out, y), std::sqrt((0 + 1 + 1 + 4) / 4.0));
  EXPECT_DOUBLE_EQ(measure(Metric::r2, out, y), 1 - 6.0 / 16.0);
  EXPECT_DOUBLE_EQ(measure(Metric::r2, std::vector<double>{1, 2}, std::vector<double>{2, 2}), 0);
  EXPECT_DOUBLE_EQ(measure(Metric::r2, std::vector<double>{2, 2}, std::vector<double>{2, 2}), 1);
  EXPECT_TRUE(std::isnan(measure(Metric::r2, std::vector<double>{2}, std::vector<double>{2})));  // no spread
  EXPECT_DOUBLE_EQ(mean_loss(Loss::half_squared, out, y), 6.0 / 8.0);
  EXPECT_DOUBLE_EQ(mean_loss(Loss::huber, out, y), (0 + 0.5 + 0.5 + 1.5) / 4.0);
  const std::vector<double> logits{2, 1, 0, 1e4, -1e4, 0};
  const std::vector<double> labels{0, 1};
  EXPECT_DOUBLE_EQ(measure(Metric::accuracy, logits, labels), 0.5);
  EXPECT_NEAR(measure(Metric::log_loss, logits, labels),
              (std::log(std::exp(2) + std::exp(1) + 1) - 2 + 2e4) / 2, 1e-9);
  const std::vector<double> binary{3, -1e4, 1e4};
  const std::vector<double> truth{1, 0, 0};
  EXPECT_DOUBLE_EQ(measure(Metric::accuracy, binary, truth), 2.0 / 3.0);
  EXPECT_NEAR(mean_loss(Loss::logistic, binary, truth), (std::log1p(std::exp(-3.0)) + 0 + 1e4) / 3, 1e-9);
  EXPECT_DOUBLE_EQ(measure(Metric::accuracy, std::vector<double>{NAN, NAN}, std::vector<double>{0}), 0);
}

// For a share of correct answers the bootstrap's interval is close to the normal one.
TEST(Measure, BootstrapOfAProportion) {
  std::vector<double> out;
  std::vector<double> y;
  for (int i = 0; i < 1000; ++i) {
    out.push_back(1);
    y.push_back(i % 5 == 0 ? 0 : 1);
  }
  const Interval interval = bootstrap(Metric::accuracy, out, y, 3);
  const double half = 1.96 * std::sqrt(0.8 * 0.2 / 1000);
  EXPECT_NEAR(interval.low, 0.8 - half, 0.25 * half);
  EXPECT_NEAR(interval.high, 0.8 + half, 0.25 * half);
  const Interval again = bootstrap(Metric::accuracy, out, y, 3);
  EXPECT_EQ(interval.low, again.low);
  EXPECT_NE(interval.low, bootstrap(Metric::accuracy, out, y, 4).low);
}

// Predictors that all guess: what the best of them seems to have over the others is luck. The resamplings
// draw luck of the same size once more on top of it; of the best sum of two equal normals one half is the
// second: E max of 8 standard normals (1.4236) / √2, times the deviation of a share.
TEST(Measure, TheBestOfManyGuessersIsLucky) {
  constexpr std::size_t n = 400, guessers = 8, tables = 60;
  double total = 0, by_folds = 0;
  for (std::uint64_t table = 0; table < tables; ++table) {
    const std::vector<double> draws =
        random::uniform(random::key(table), {static_cast<std::int64_t>(guessers * n)}, 0, 1, DType::f64)
            .to_vector<double>();
    const std::vector<double> y(n, 1.0);
    std::vector<std::vector<double>> outputs(guessers), folds(guessers);
    for (std::size_t k = 0; k < guessers; ++k)
      for (std::size_t i = 0; i < n; ++i) {
        outputs[k].push_back(draws[k * n + i] - 0.5);
        if (i % 20 == 0) folds[k].push_back(0);
        folds[k].back() += (outputs[k].back() > 0) / 20.0;
      }
    total += selection_optimism(Metric::accuracy, outputs, y, table) / tables;
    by_folds += selection_optimism(Metric::accuracy, folds, table) / tables;
  }
  const double expected = 1.4236 / std::sqrt(2.0) * 0.5 / std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(total, expected, 0.1 * expected);
  EXPECT_NEAR(by_folds, expected, 0.15 * expected);
}

TEST(Measure, NobodyIsLuckyWhereOneIsClearlyBest) {
  std::vector<double> y;
  for (int i = 0; i < 200; ++i) y.push_back(i % 7);
  std::vector<std::vector<double>> outputs(3, y);
  for (std::size_t i = 0; i < y.size(); ++i) {
    outputs[0][i] += i % 2 == 0 ? 0.1 : -0.1;
    outputs[1][i] = 3;
    outputs[2][i] = 6 - y[i];
  }
  // The error of the best is the same on all rows, so that there is nothing to be lucky about.
  EXPECT_NEAR(selection_optimism(Metric::mae, {outputs[0]}, y, 1), 0, 1e-12);
  EXPECT_LT(selection_optimism(Metric::rmse, outputs, y, 1), 0.02);
  EXPECT_LT(selection_optimism(Metric::r2, outputs, y, 1), 0.02);
}

}  // namespace
}  // namespace runnel::train
