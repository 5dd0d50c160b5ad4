// L03: a grid of 256 configurations as one run, to the bits of 256 separate ones; and what went wrong in it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/text.h"
#include "lab/context.h"
#include "lab/images.h"
#include "lab/table.h"
#include "runnel/models.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

constexpr std::int64_t budgets[] = {16, 32, 48, 64};
constexpr double penalties[] = {1e-7, 1e-5, 1e-3, 1e-1};
constexpr double published_rates[] = {3e-8, 3e-6, 3e-5, 3e-3};
constexpr std::int64_t steps_of_epoch[] = {20, 16, 8, 5};  // batches of 160, 200, 400, 640 of 3200 rows

// The document's sizes, or its proportions at others: an epoch has as many steps, and rates are larger as
// images are smaller, since the largest eigenvalue is in proportion to the pixels.
struct Sizes {
  std::int64_t train, validation, test, side;
  double of_rates;
  std::int64_t batch(std::size_t i) const { return train / steps_of_epoch[i]; }
  double rate(std::size_t i) const { return published_rates[i] * of_rates; }
};
Sizes sizes_of(const Context& c) {
  const std::int64_t train = 80 * c.whole("rows"), side = c.whole("side");
  return {train, train / 4, train * 25 / 32, side, 2304 / static_cast<double>(side * side)};
}

struct Data {
  Images train, validation, test;
};
Data data_of(const Context& c, const Sizes& s) {
  const Images all = stand_in_images(c.key(1), s.train + s.validation, s.side);
  auto part = [&](std::int64_t begin, std::int64_t end) {
    return Images{slice(all.x, 0, begin, end), slice(all.y, 0, begin, end)};
  };
  return {part(0, s.train), part(s.train, s.train + s.validation), stand_in_images(c.key(2), s.test, s.side)};
}

models::Problem problem_of(const Data& data) {
  models::Fold fold;
  fold.x = data.train.x;
  fold.y = data.train.y;
  fold.x_validation = data.validation.x;
  fold.y_validation = data.validation.y;
  return {{fold}, models::Loss::half_squared, models::Metric::rmse};
}

// Batch, rate, penalty and epochs, the last varying fastest: four neighbours are one trajectory.
std::vector<params::Configuration> whole_grid(const Sizes& s) {
  std::vector<params::Value> batches, rates, weak_to_strong, epochs;
  for (std::size_t i = 0; i < 4; ++i) {
    batches.emplace_back(s.batch(i));
    rates.emplace_back(s.rate(i));
    weak_to_strong.emplace_back(penalties[i]);
    epochs.emplace_back(budgets[i]);
  }
  params::Space space(models::network_schema());
  space.set("hidden", "none").set("optimizer", "sgd").set("bias", 0.1);
  space.vary("batch", batches).vary("rate", rates).vary("l2", weak_to_strong).vary("epochs", epochs);
  return space.grid();
}

models::Result search(const Context& c, const models::Problem& problem,
                      const std::vector<params::Configuration>& candidates) {
  search::Options options;
  options.seed = c.seed();
  options.states = static_cast<std::int64_t>(candidates.size());
  return models::run(problem, candidates, options);
}

bool same_states(const search::Candidate& a, const search::Candidate& b) {
  if (a.states.empty() || b.states.empty()) return false;
  return std::equal(a.states[0].begin(), a.states[0].end(), b.states[0].begin(), b.states[0].end(),
                    [](const Array& x, const Array& y) { return same_bits(x, y); });
}

bool same_outcome(const search::Candidate& a, const search::Candidate& b) {
  return a.measures == b.measures && same_states(a, b);
}

std::int64_t updates(const std::vector<params::Configuration>& candidates, std::int64_t rows) {
  std::int64_t count = 0;
  for (const params::Configuration& h : candidates)
    count += models::epochs_of(h) * (rows / h["batch"].integer());
  return count;
}

// ---- one run, trajectories, configurations ---------------------------------------------------------------

void as_one_run(Context& c, const models::Problem& problem, const std::vector<params::Configuration>& all,
                const models::Result& fused, const Sizes& s) {
  c.part("The grid as one run", {"S0.15", "S3.8", "S3.10", "S3.11"});
  c.exact("rows to train on, of those to train and validate on", static_cast<double>(s.train),
          0.8 * static_cast<double>(s.train + s.validation));
  if (c.as_usual("rows") && c.as_usual("side")) {
    c.exact("rows to train on", static_cast<double>(s.train), 3200);
    c.exact("numbers of an image, 48 times 48", static_cast<double>(problem.folds[0].x.dim(1)), 2304);
  }
  c.exact("configurations with a result",
          static_cast<double>(std::count_if(fused.candidates.begin(), fused.candidates.end(),
                                            [](const search::Candidate& o) {
                                              return o.status == search::Status::done && !o.states.empty();
                                            })),
          256);
  c.exact("trajectories that were trained", static_cast<double>(fused.trajectories), 64);
  c.exact("epochs of all of them", static_cast<double>(fused.epochs), 64 * 64);
  std::vector<params::Configuration> trajectories;
  for (std::size_t i = 3; i < all.size(); i += 4) trajectories.push_back(all[i]);
  const double one_each = static_cast<double>(updates(all, s.train));
  const double shared_ones = static_cast<double>(updates(trajectories, s.train));
  c.exact("updates, each configuration by itself", one_each, 125440);
  c.exact("updates, one trajectory for all numbers of epochs", shared_ones, 50176);
  c.exact("ratio", one_each / shared_ones, 2.5);

  train::Recipe recipe;
  recipe.sizes = {s.side * s.side, 1};
  recipe.optimizer = "sgd";
  recipe.dtype = DType::f64;
  train::Rates rates;
  for (Array* r : {&rates.rate, &rates.l2, &rates.scale}) *r = f64(1);
  rates.bias = f64(0.1);
  const nn::Dense start = nn::dense_layers(train::start(recipe, rates).model).at(0);
  c.exact("largest weight at the start", max(abs(start.w)).item(), 0);
  c.exact("bias at the start", start.b.at({0}), 0.1);

  c.part("The same numbers alone and abreast, to the last bit", {"S0.15", "S3.10"});
  const std::int64_t alone = c.whole("alone");
  std::int64_t equal_shared = 0, equal_alone = 0, epochs_shared = 0, epochs_alone = 0;
  for (std::int64_t k = 0; k < alone; ++k) {
    const std::size_t first = static_cast<std::size_t>(4 * ((k * (64 / alone) + k) % 64));
    const std::vector<params::Configuration> four(all.begin() + static_cast<std::ptrdiff_t>(first),
                                                  all.begin() + static_cast<std::ptrdiff_t>(first + 4));
    const models::Result trajectory = search(c, problem, four);
    epochs_shared += trajectory.epochs;
    for (std::size_t i = 0; i < 4; ++i) {
      const models::Result one = search(c, problem, {four[i]});
      epochs_alone += one.epochs;
      equal_shared += same_outcome(trajectory.candidates[i], fused.candidates[first + i]);
      equal_alone += same_outcome(one.candidates[0], fused.candidates[first + i]);
    }
  }
  const double count = static_cast<double>(alone);
  c.exact("configurations equal to those of a trajectory of its own", static_cast<double>(equal_shared),
          4 * count);
  c.exact("configurations equal to those trained all alone", static_cast<double>(equal_alone), 4 * count);
  c.exact("epochs of trajectories by themselves", static_cast<double>(epochs_shared), 64 * count);
  c.exact("epochs of configurations by themselves", static_cast<double>(epochs_alone), 160 * count);
}

void with_a_diverging_lane(Context& c, const models::Problem& problem,
                           const std::vector<params::Configuration>& all, const models::Result& fused) {
  c.part("A lane that diverges disturbs nobody, is told and never chosen", {"S0.15", "S3.13"});
  std::vector<params::Configuration> some(all.begin(), all.begin() + 64);  // one batch size
  params::Configuration wild = some.back();
  wild.set("rate", wild["rate"].number() * (10.0 / 3));  // 1e-2 beside the published 3e-3
  some.push_back(wild);
  const models::Result r = search(c, problem, some);
  std::int64_t equal = 0;
  for (std::size_t i = 0; i < 64; ++i) equal += same_outcome(r.candidates[i], fused.candidates[i]);
  c.exact("other configurations, unchanged to the last bit", static_cast<double>(equal), 64);
  c.holds("its status is diverged", r.candidates[64].status == search::Status::diverged);
  c.holds("another is chosen", r.best && *r.best != 64);
  c.holds("a warning says so", std::any_of(r.warnings.begin(), r.warnings.end(), [](const std::string& w) {
            return w.find("diverged") != std::string::npos;
          }));
}

// ---- the choice ------------------------------------------------------------------------------------------

struct Winner {
  search::Candidate outcome{0, params::Configuration(models::network_schema())};
  std::size_t batch = 0;               // its number among the four
  std::vector<std::string> at_an_end;  // hyperparameters
};

Winner choice(Context& c, const std::vector<params::Configuration>& all, const models::Result& fused,
              const Data& data, const Sizes& s) {
  c.part("The choice, and what it says of the grid", {"S0.15", "S3.14", "S3.15", "S3.16"});
  Winner w;
  w.outcome = fused.candidates.at(static_cast<std::size_t>(fused.best.value()));
  double least = std::numeric_limits<double>::infinity();
  for (const search::Candidate& o : fused.candidates) least = std::min(least, models::metric_of(o));
  c.exact("RMSE of the winner on validation rows, the least of all", models::metric_of(w.outcome), least);
  for (std::size_t i = 0; i < 4; ++i)
    if (s.batch(i) == w.outcome.configuration["batch"].integer()) w.batch = i;
  int told = 0;
  for (const char* name : {"batch", "rate", "l2", "epochs"}) {
    std::set<double> values;
    for (const params::Configuration& h : all) values.insert(h[name].number());
    const double of_winner = w.outcome.configuration[name].number();
    if (of_winner == *values.begin() || of_winner == *values.rbegin()) w.at_an_end.push_back(name);
    told += std::any_of(fused.warnings.begin(), fused.warnings.end(), [&](const std::string& warning) {
      return warning.starts_with(fmt::format("the best {} (", name));
    });
  }
  c.exact("hyperparameters whose winner is the least or the largest tried: those of which a warning tells",
          told, static_cast<double>(w.at_an_end.size()));
  c.at_least("how many of the four there are", static_cast<double>(w.at_an_end.size()), 1);

  // The winner's configuration with the smallest penalty: the published one's.
  std::size_t same_but_l2 = 0;
  const auto is_published = [&](const params::Configuration& h) {
    for (const char* name : {"batch", "rate", "epochs"})
      if (!(h[name] == w.outcome.configuration[name])) return false;
    return h["l2"] == penalties[0];
  };
  while (!is_published(all[same_but_l2])) ++same_but_l2;
  const nn::Dense least_penalised =
      nn::dense_layers(fused.networks.at(static_cast<std::int64_t>(same_but_l2))).at(0);
  const double squares = sum(square(least_penalised.w)).item();
  c.report("|w|² of the winner, but for an L2 of 1e-7", squares);
  c.relative("its penalty, by the library", nn::l2_penalty(least_penalised, penalties[0]).item(),
             penalties[0] / 2 * squares, 1e-12);
  const double loss =
      nn::half_squared_error(squeeze(nn::forward(least_penalised, data.test.x), 1), data.test.y).item();
  const auto to_four = [](double v) { return std::round(v * 1e4) / 1e4; };
  c.at_most("to four decimals, the loss on test rows with it less that without",
            to_four(loss + penalties[0] / 2 * squares) - to_four(loss), 1.001e-4);

  c.part("What the reported loss is", {"S0.14", "S3.14"});
  const nn::Dense layer = nn::dense_layers(fused.networks.at(w.outcome.number)).at(0);
  const Array predicted = squeeze(nn::forward(layer, data.test.x), 1);
  const double half = nn::half_squared_error(predicted, data.test.y).item();
  const double whole = nn::squared_error(predicted, data.test.y).item();
  c.relative("mean squared error of the winner on test rows, over the document's loss", whole / half, 2,
             1e-12);
  c.report("RMSE of the winner on test rows, in years", std::sqrt(whole));
  c.absolute("published 112.385 is half the MSE: RMSE in years", std::sqrt(2 * 112.385), 14.992, 5e-4);
  c.report("published 114.3292 on validation rows: RMSE in years", std::sqrt(2 * 114.3292));
  c.report("r2 of the winner on these test rows, which a line explains by construction",
           1 - whole / variance(data.test.y).item());
  return w;
}

// ---- the two slips of the code, as switches ---------------------------------------------------------------

struct Lane {
  Array l2, learns_bias;  // 1, or 0 for a bias that stays at 0.1
};

// The document's loop: batches in one order in every epoch. Half the mean square on validation rows after
// each epoch, and the bias at the end.
std::pair<Array, Array> cyclic(const Data& data, std::int64_t steps, double rate, const Lane& lane) {
  const std::int64_t n = data.train.x.dim(0), d = data.train.x.dim(1);
  const Array x = reshape(data.train.x, {steps, n / steps, d}), y = reshape(data.train.y, {steps, n / steps});
  const optim::Optimizer rule = optim::chain({optim::add_l2(), optim::sgd({{"learning_rate", f64(rate)}})});
  auto mean_loss = [](const nn::Dense& layer, const Array& xs, const Array& ys) -> Array {
    return nn::half_squared_error(squeeze(nn::forward(layer, xs), 1), ys);
  };
  using At = optim::Descent<nn::Dense>;
  auto step = [&](const At& at, const std::pair<Array, Array>& batch) {
    auto gradient = [&](const nn::Dense& layer) {
      nn::Dense g =
          grad([&](const nn::Dense& l) -> Array { return mean_loss(l, batch.first, batch.second); })(layer);
      g.b = g.b * lane.learns_bias;
      return g;
    };
    return std::pair(optim::step(rule, gradient, at), std::tuple<>());
  };
  auto epoch = [&](const At& at, const Array&) {
    const At next = scan(step, at, std::pair(x, y)).first;
    return std::pair(next, mean_loss(next.params, data.validation.x, data.validation.y));
  };
  const nn::Dense from{zeros({d, 1}), Array::full({1}, 0.1, DType::f64)};
  const auto [end, losses] = scan_n(epoch, optim::start(rule, from, {{"l2", lane.l2}}), 64);
  return {losses, end.params.b};
}

// The document's search keeps the first configuration whose loss is below the best so far.
std::int64_t first_of_least(const std::vector<double>& losses, double best) {
  std::int64_t chosen = -1;
  for (std::size_t i = 0; i < losses.size(); ++i)
    if (losses[i] < best) {
      best = losses[i];
      chosen = static_cast<std::int64_t>(i);
    }
  return chosen;
}

void slips(Context& c, const Data& data, const Sizes& s, const Winner& winner, const models::Result& fused) {
  c.part("The bias that is never updated", {"S3.9", "S3.12"});
  std::vector<double> l2, learns;
  for (const double learn : {0.0, 1.0})
    for (const double penalty : penalties) {
      l2.push_back(penalty);
      learns.push_back(learn);
    }
  auto train = [&](const Lane& lane) { return cyclic(data, steps_of_epoch[winner.batch], s.rate(3), lane); };
  const auto [losses, biases] = jit(vmap(train))(Lane{vec(l2), vec(learns)});
  double frozen = INFINITY, learnt = INFINITY;
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t e = 0; e < 64; ++e) {
      frozen = std::min(frozen, losses.at({i, e}));
      learnt = std::min(learnt, losses.at({i + 4, e}));
    }
  c.exact("bias that is not updated, at the end", biases.at({0, 0}), 0.1);
  c.at_least("how far a bias that is updated comes", std::abs(biases.at({4, 0}) - 0.1), 1e-3);
  c.report("least validation loss, bias not updated", frozen);
  c.report("least validation loss, bias updated", learnt);
  // A bias weighs as much as four pixels of mean square 1/4, so it matters less where there are more.
  c.at_most("difference of these, relative", std::abs(frozen - learnt) / learnt,
            0.01 + 20 / static_cast<double>(s.side * s.side));
  const nn::Dense ridge = nn::ridge(data.train.x, data.train.y, penalties[3]);
  c.at_least("how far from 0.1 the bias of the ridge optimum is", std::abs(ridge.b.item() - 0.1), 10);
  c.note("The slip hides because pixels have a mean of about 1/2: weights that are all alike do as a bias.");
  c.at_most("the same batches in every epoch, against another order in each: validation RMSE, relative",
            std::abs(std::sqrt(2 * learnt) / models::metric_of(winner.outcome) - 1),
            4 / std::sqrt(static_cast<double>(s.train)));

  c.part("A best loss that begins at the number of rows", {"S3.13"});
  std::vector<double> years;
  for (const search::Candidate& o : fused.candidates) years.push_back(models::loss_of(o));
  std::vector<double> months = years;
  for (double& loss : months) loss *= 144;  // of the same predictions and targets, told in months
  const double n = static_cast<double>(s.train);
  const std::int64_t from_infinity = first_of_least(months, INFINITY);
  c.exact("in months, from infinity: the configuration that is chosen", static_cast<double>(from_infinity),
          static_cast<double>(first_of_least(years, INFINITY)));
  c.at_least("in months: the least loss over the number of rows",
             months[static_cast<std::size_t>(from_infinity)] / n, 1);
  c.exact("in months, from the number of rows: none is (-1), and weights stay 0",
          static_cast<double>(first_of_least(months, n)), -1);
  std::vector<double> with_nan = years;
  with_nan[0] = std::nan("");
  c.holds("a loss that is not a number is not chosen", first_of_least(with_nan, INFINITY) != 0);
}

// ---- stability
// -----------------------------------------------------------------------------------------------

// The largest eigenvalue of xᵀx / n, by the power method from the vector of ones, close to where it ends.
Array largest_eigenvalue(const Array& x) {
  const double n = static_cast<double>(x.dim(0));
  auto times = [&](const Array& v) { return matmul(transpose(x), matmul(x, v)) / n; };
  auto step = [&](const Array& v, const Array&) {
    const Array next = times(v);
    return std::pair(next / norm(next), std::tuple<>());
  };
  const Array v = scan_n(step, Array::ones({x.dim(1)}, DType::f64), 30).first;
  return dot(v, times(v));
}

void stability(Context& c, const Data& data, const Sizes& s) {
  c.part("Why the largest rate does not diverge", {"S3.17"});
  const double limit = 2 / s.rate(3), d = static_cast<double>(s.side * s.side);
  const double whole = jit(largest_eigenvalue)(data.train.x).item();
  const Array batches = reshape(data.train.x, {steps_of_epoch[0], s.batch(0), s.side * s.side});
  const double of_batches = max(jit(vmap(largest_eigenvalue))(batches)).item();
  c.at_most("largest eigenvalue of xᵀx / n, below 2 / rate", whole, limit);
  c.at_most("largest one of the smallest batches, with the largest penalty", of_batches + penalties[3],
            limit);
  c.relative("largest eigenvalue, against pixels times the mean squared, 1/4", whole, d / 4, 0.05);
  c.at_least("10/3 of that rate, which diverges: largest eigenvalue over its 2 / rate", whole / (0.3 * limit),
             1);
}

// ---- the picture ------------------------------------------------------------------------------------------

void pictures(Context& c, const std::vector<params::Configuration>& all, const models::Result& fused,
              const Winner& winner) {
  const params::Configuration& its = winner.outcome.configuration;
  for (std::size_t b = 0; b < 4; ++b)
    for (std::size_t l = 0; l < 4; ++l) {
      auto index = [&](std::size_t rate) { return ((b * 4 + rate) * 4 + l) * 4 + 3; };
      const bool wins = all[index(0)]["batch"] == its["batch"] && all[index(0)]["l2"] == its["l2"];
      Panel panel{fmt::format("batch {}, L2 {:g}{}", all[index(0)]["batch"].integer(), penalties[l],
                              wins ? ": the winner's" : ""),
                  {"epochs"},
                  {"half the mean squared error on validation rows", Scale::log}};
      for (std::size_t r = 0; r < 4; ++r) {
        std::vector<double> losses = fused.candidates[index(r)].curve;
        for (double& rmse : losses) rmse = rmse * rmse / 2;
        panel.line(fmt::format("rate {:.2g}", all[index(r)]["rate"].number()),
                   evenly(1, static_cast<double>(losses.size()), static_cast<std::int64_t>(losses.size())),
                   losses);
      }
      for (const std::int64_t budget : budgets) panel.mark("", static_cast<double>(budget));
      if (wins) {
        std::string text = "winner";
        for (const std::string& name : winner.at_an_end) text += ", " + name + " at an end";
        panel.mark(text, static_cast<double>(models::epochs_of(its)), models::loss_of(winner.outcome));
      }
      c.panel(std::move(panel));
    }
}

void run(Context& c) {
  const Sizes s = sizes_of(c);
  const Data data = data_of(c, s);
  const models::Problem problem = problem_of(data);
  const std::vector<params::Configuration> all = whole_grid(s);
  const models::Result fused = search(c, problem, all);
  as_one_run(c, problem, all, fused, s);
  with_a_diverging_lane(c, problem, all, fused);
  const Winner winner = choice(c, all, fused, data, s);
  slips(c, data, s, winner, fused);
  stability(c, data, s);
  pictures(c, all, fused, winner);
  c.caption(
      "Validation loss of 64 trajectories, of which the 256 configurations are readings at 16, 32, 48 and 64 "
      "epochs. The winner stands at ends of the ranges that were tried.");
}

}  // namespace

Experiment grid_256() {
  Experiment e{"grid-256", "L03", "256 configurations as one run"};
  e.claim =
      "The grid of 4 batch sizes, 4 rates, 4 numbers of epochs and 4 penalties trains as one run whose every "
      "number equals that of the configuration trained alone; one trajectory serves all numbers of epochs.";
  e.source =
      "document 3, the age regression: its grid, its printed results and its code; document 0, its task";
  e.protocol =
      "Made images of 2304 pixels in [0, 1] with ages from 1 to 90, 3200 to train on, 800 to choose on, 2500 "
      "to "
      "test on; linear regression by SGD from w = 0, b = 0.1. The grid as one search; trajectories and "
      "configurations of it by themselves; a rate of 1e-2 beside it; the code's two slips as switches. At "
      "other "
      "sizes an epoch has as many steps and rates grow as images shrink.";
  e.pass =
      "256 results; 125,440 updates one by one, 50,176 shared, a ratio of 2.5; every weight and loss equal "
      "to "
      "the last bit alone, shared and abreast; a diverging lane is told, never chosen and disturbs nobody; "
      "every winning value at an end of its range is told.";
  e.claims = {
      {"S0.14", Verdict::ambiguous, "The code's f_MSE_unreg is the mean squared error.",
       "It returns half of it, and takes a penalty that it does not use; losses that are reported with it "
       "are "
       "half the MSE."},
      {"S0.15", Verdict::asked,
       "Choose among at least 4 values of each of 4 hyperparameters on validation rows, and test once.",
       "That is 256 configurations; they train as one run, to the same bits as one by one, and test rows are "
       "read for the winner alone."},
      {"S3.8", Verdict::right, "Training has 4000 rows of 2304 numbers, cut into 3200 and 800.",
       "Images of 48 by 48 have 2304 pixels, and 80% of 4000 is 3200."},
      {"S3.9", Verdict::incomplete, "Rows are cut and batched in one order.",
       "The first 3200 rows train, as they stand in the file, and are shuffled once, so that every epoch "
       "repeats the same batches. Here another order in every epoch comes to a root mean squared error "
       "within "
       "a fifth of it."},
      {"S3.10", Verdict::incomplete, "All 256 configurations are trained from scratch.",
       "That takes 125,440 updates; configurations that differ only in epochs are readings of one "
       "trajectory, "
       "so 50,176 give the same bits, 2.5 times fewer."},
      {"S3.11", Verdict::right, "Training starts from w = 0 and b = 0.1.", "So it does here."},
      {"S3.12", Verdict::wrong, "The training loop updates weights and bias.",
       "The printed bias, 0.1, is the starting one: it is never updated. The loss hardly shows it, for "
       "pixels "
       "whose mean is not 0 do as a bias, while the optimum's bias is far from 0.1."},
      {"S3.13", Verdict::wrong, "The best loss starts at n = 3200.",
       "It should start at infinity: with ages in months no loss is below 3200, and nothing is ever chosen."},
      {"S3.14", Verdict::incomplete, "The best configuration has a test error of 112.385%.",
       "112.385 is half the mean squared error, in years squared; the error is 14.99 years (RMSE), no "
       "percentage. What it is to be held against, half the variance of the test labels, which is what "
       "guessing the mean age for everybody comes to, is not told."},
      {"S3.15", Verdict::incomplete, "Batch 160, rate 0.003, 64 epochs and L2 1e-7 are the best.",
       "They are the best of the grid, and each stands at an end of its range, so better ones may lie "
       "outside; "
       "a search should say so."},
      {"S3.16", Verdict::right, "The losses with and without L2 agree to four decimals.",
       "With an L2 of 1e-7 the losses differ by |w|²/2 times that: by less than 1e-4 as long as |w|² is "
       "below "
       "2000. Rounded to four decimals they can differ then too, where a rounding border lies between them."},
      {"S3.17", Verdict::right, "A rate of 0.003 does not diverge.",
       "It must stay below 2 over the largest eigenvalue of xᵀx/b of every batch, the penalty added; 2304 "
       "pixels "
       "with mean 1/2 give about 576, so the limit is about 0.0035."},
  };
  e.parameters = {{"rows", "training rows, in eighties", 40, 5, 3, 100},
                  {"side", "pixels along an image", 48, 16, 12, 64},
                  {"alone", "trajectories that are also trained by themselves", 4, 4, 1, 64}};
  e.also = {{{"rows", 4}, {"side", 12}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
