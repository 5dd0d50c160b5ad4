// L16: what dropout does to a linear model, exactly: a ridge penalty in expectation, and noisier gradients.
#include <fmt/format.h>

#include <cmath>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/table.h"
#include "runnel/linalg.h"
#include "runnel/nn.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

struct Rows {
  Array x, y;  // (n, d), (n,)
};

Rows gaussian_rows(const Array& key, std::int64_t n, std::int64_t d) {
  const Array x = normals(random::fold_in(key, 1), {n, d});
  return {x, matmul(x, normals(random::fold_in(key, 2), {d})) + normals(random::fold_in(key, 3), {n})};
}

Array squared_sum(const Array& x, const Array& y, const Array& w) { return sum(square(matmul(x, w) - y)); }

// |y - X w|² + (1 - q) / q sum_j |X_j|² w_j², with q the share that is kept.
Array penalised(const Rows& rows, const Array& w, double rate) {
  return squared_sum(rows.x, rows.y, w) + rate / (1 - rate) * dot(sum(square(rows.x), 0), square(w));
}

// Its minimiser, from the normal equations.
Array ridge(const Rows& rows, double rate) {
  const std::int64_t d = rows.x.dim(1);
  const Array penalty = eye(d, DType::f64) * (rate / (1 - rate) * sum(square(rows.x), 0));
  const Array root = cholesky(matmul(transpose(rows.x), rows.x) + penalty);
  const Array half = triangular_solve(root, matmul(transpose(rows.x), rows.y));
  return triangular_solve(root, half, true, true);
}

// ---- all masks -------------------------------------------------------------------------------------------

// Every way in which d units fall: what they are multiplied with, and how probable it is.
struct Masks {
  Array factor, probability;  // (2^d, d), (2^d,)
};
Masks all_masks(std::int64_t d, double rate) {
  const std::int64_t count = std::int64_t{1} << d;
  std::vector<double> factor, probability;
  for (std::int64_t m = 0; m < count; ++m) {
    double p = 1;
    for (std::int64_t j = 0; j < d; ++j) {
      const bool kept = (m >> j & 1) != 0;
      factor.push_back(kept ? 1 / (1 - rate) : 0);
      p *= kept ? 1 - rate : rate;
    }
    probability.push_back(p);
  }
  return {Array::from(factor, {count, d}), vec(probability)};
}

// Row masks are drawn for each example; since the loss is a sum over examples, its expectation is the sum of
// theirs.
double expected_loss_by_rows(const Rows& rows, const Array& w, const Masks& masks) {
  auto of_row = [&](const Array& x, const Array& y) -> Array {
    auto of_mask = [&](const Array& factor) -> Array { return square(dot(x * factor, w) - y); };
    return dot(masks.probability, vmap(of_mask)(masks.factor));
  };
  return sum(vmap(of_row)(rows.x, rows.y)).item();
}

double largest_difference(const Array& a, const Array& b) { return max(abs(a - b)).item(); }

void enumeration(Context& c) {
  c.part("All masks, counted: the expected loss is that of ridge regression", {"S2.12"});
  const std::int64_t d = 4;
  const Rows rows = gaussian_rows(c.key(1), 7, d);
  const Array w = normals(c.key(2), {d});
  for (const double rate : {0.1, 0.5, 0.8}) {
    const Masks masks = all_masks(d, rate);
    const double expected = penalised(rows, w, rate).item();
    const std::string name = fmt::format("rate {:g}: ", rate);
    c.relative(name + "a mask for each example", expected_loss_by_rows(rows, w, masks), expected, 1e-12);
    auto shared_mask = [&](const Array& factor, const Array& v) -> Array {
      return squared_sum(rows.x * factor, rows.y, v);
    };
    auto mean_over_masks = [&](const Array& v) -> Array {
      return dot(masks.probability, vmap(shared_mask, {Axis(0), shared})(masks.factor, v));
    };
    c.relative(name + "one mask for all", mean_over_masks(w).item(), expected, 1e-12);
    const Array slope = grad([&](const Array& v) -> Array { return penalised(rows, v, rate); })(w);
    c.at_most(name + "expected gradient: largest difference from ridge's, over its norm",
              largest_difference(grad(mean_over_masks)(w), slope) / norm(slope).item(), 1e-12);
  }
}

// ---- the spread of gradients
// ---------------------------------------------------------------------------------

// The gradient at w of one example's squared error.
Array gradient_of_one(const Array& x, const Array& y, const Array& w) {
  return grad([&](const Array& v) -> Array { return square(dot(x, v) - y); })(w);
}

// The trace of its covariance, over examples and masks, exactly; and its mean.
struct Spread {
  double trace = 0;
  Array mean;
};
Spread spread(const Rows& rows, const Array& w, double rate) {
  const Masks masks = all_masks(rows.x.dim(1), rate);
  auto of_row = [&](const Array& x, const Array& y) {
    auto of_mask = [&](const Array& factor) { return gradient_of_one(x * factor, y, w); };
    const Array g = vmap(of_mask)(masks.factor);
    return std::pair(matmul(masks.probability, g), dot(masks.probability, sum(square(g), 1)));
  };
  const auto [first, second] = jit(vmap(of_row))(rows.x, rows.y);
  const Array average = mean(first, 0);
  return {mean(second).item() - sum(square(average)).item(), average};
}

// `draws` gradients of examples in turn, with the library's own dropout: (draws, d).
Array drawn_gradients(const Rows& rows, const Array& w, double rate, const Array& key, std::int64_t draws) {
  const Array number = arange(draws), n = Array::scalar(static_cast<double>(rows.x.dim(0)), DType::i32);
  const Array example = number - number / n * n;
  const Array x = nn::drop(gather(rows.x, example), {key, f64(rate), number});
  auto one = [&](const Array& xi, const Array& yi) { return gradient_of_one(xi, yi, w); };
  return vmap(one)(x, gather(rows.y, example));
}

Panel noisier(Context& c, const Rows& rows) {
  c.part("Gradients of single examples spread more with dropout, not less", {"S2.12"});
  const double rate = c.number("rate");
  const std::int64_t d = rows.x.dim(1);
  const Array fitted = ridge(rows, 0);
  const std::vector<std::pair<std::string, Array>> places{{"at zero weights", zeros({d})},
                                                          {"at random weights", normals(c.key(4), {d})},
                                                          {"at the least squares", fitted},
                                                          {"at the ridge solution", ridge(rows, rate)}};
  for (const auto& [name, w] : places) {
    const Spread without = spread(rows, w, 0), with = spread(rows, w, rate);
    c.report("trace of the variance " + name + ", without", without.trace);
    c.at_least("trace of the variance " + name + ", with dropout over without", with.trace / without.trace,
               1);
  }
  const Array w = places[1].second;
  const Spread with = spread(rows, w, rate);
  const std::int64_t draws = c.whole("draws");
  const Array g = drawn_gradients(rows, w, rate, c.key(5), draws / rows.x.dim(0) * rows.x.dim(0));
  const Array squares = sum(square(g - with.mean), 1);
  c.within("the library's masks at random weights: trace of the variance", mean(squares).item(), with.trace,
           std::sqrt(variance(squares, 0, 1).item() / static_cast<double>(squares.size())));
  Panel panel{"Gradients of single examples", {"along w1"}, {"along w2"}};
  auto coordinate = [](const Array& of, std::int64_t j) { return slice(of, 1, j, j + 1).to_doubles(); };
  const std::int64_t shown = std::min<std::int64_t>(g.dim(0), 4 * rows.x.dim(0));
  const Array some = slice(g, 0, 0, shown), plain = drawn_gradients(rows, w, 0, c.key(5), rows.x.dim(0));
  panel.points("with dropout", coordinate(some, 0), coordinate(some, 1)).faint = true;
  panel.points("without", coordinate(plain, 0), coordinate(plain, 1));
  return panel;
}

// ---- descents with dropout
// -----------------------------------------------------------------------------------

struct Lane {
  Array key, rate;
};

// Batches drawn with replacement, a fresh mask in every step; the mean of the second half of the iterates.
Array average_of_descent(const Rows& rows, const Lane& lane, std::int64_t steps) {
  constexpr std::int64_t batch = 5, every = 10;
  const double n = static_cast<double>(rows.x.dim(0));
  auto gradient = [&](const Array& w, const Array& count) {
    const Array key = random::fold_in(lane.key, count);
    const Array draws = random::uniform(random::fold_in(key, 1), {batch}, 0, 1, DType::f64);
    const Array index = convert(floor(draws * n), DType::i32);
    const Array x = nn::drop(gather(rows.x, index), {random::fold_in(key, 2), lane.rate, index});
    const Array y = gather(rows.y, index);
    return grad([&](const Array& v) -> Array { return nn::squared_error(matmul(x, v), y); })(w);
  };
  const std::int64_t d = rows.x.dim(1);
  const optim::Optimizer rule = optim::sgd({{"learning_rate", f64(0.2 / static_cast<double>(d))}});
  auto weights = [](const optim::Descent<Array>& at) { return at.params; };
  const std::int64_t records = steps / every;
  const Array seen =
      optim::watch(rule, gradient, weights, optim::start(rule, zeros({d})), records, every).second;
  return mean(slice(seen, 0, records / 2, records), 0);
}

constexpr double rates[] = {0.125, 0.25, 0.5, 0.75};  // multiples of 2^-16, so that no rate is rounded

Panel long_runs(Context& c, const Rows& rows) {
  const std::int64_t replicas = c.whole("replicas"), steps = c.whole("steps"), d = rows.x.dim(1);
  std::vector<double> of_lane;
  for (const double rate : rates) of_lane.insert(of_lane.end(), static_cast<std::size_t>(replicas), rate);
  const std::int64_t count = static_cast<std::int64_t>(of_lane.size());
  const Array base = c.key(6);
  auto key_of = [&](const Array& i) { return random::fold_in(base, i); };
  const Lane lanes{vmap(key_of)(arange(count)), vec(of_lane)};
  auto end = jit([&](const Lane& lane) { return average_of_descent(rows, lane, steps); });
  const Array ends = jit(vmap(end))(lanes);

  c.part("Long descents with dropout average to the ridge solution", {"S2.12"});
  const Array unpenalised = ridge(rows, 0);
  Panel panel{"Averaged weights of descents on the ridge path", {"dropout rate"}, {"weight"}};
  const std::vector<double> path = evenly(0, 0.9, 46);
  for (std::int64_t j = 0; j < d; ++j) {
    std::vector<double> along;
    for (const double rate : path) along.push_back(ridge(rows, rate).at({j}));
    panel.line(j == 0 ? "ridge, in closed form" : "", path, along).faint = true;
  }
  const double r = static_cast<double>(replicas);
  for (std::size_t k = 0; k < std::size(rates); ++k) {
    const std::int64_t begin = static_cast<std::int64_t>(k) * replicas;
    const Array w = slice(ends, 0, begin, begin + replicas), average = mean(w, 0);
    const Array expected = ridge(rows, rates[k]);
    const Array towards = (expected - unpenalised) / norm(expected - unpenalised);
    const Array along = matmul(w - unpenalised, towards);
    const double error = std::sqrt(variance(along, 0, 1).item() / r);
    const std::string name = fmt::format("rate {:g}: ", rates[k]);
    c.within(name + "way from least squares towards ridge", mean(along).item(),
             norm(expected - unpenalised).item(), error);
    c.at_least(name + "that way, in standard errors", mean(along).item() / error, 10);
    const double whole = std::sqrt(sum(variance(w, 0, 1)).item() / r);
    c.within(name + "distance from ridge, of all weights", norm(average - expected).item(), 0, whole);
    const std::vector<double> errors = sqrt(variance(w, 0, 1) / r).to_doubles(), ys = average.to_doubles();
    Series& at = panel.points(k == 0 ? "descents with dropout (4 standard errors)" : "",
                              std::vector<double>(ys.size(), rates[k]), ys);
    for (std::size_t j = 0; j < ys.size(); ++j) {
      at.low.push_back(ys[j] - 4 * errors[j]);
      at.high.push_back(ys[j] + 4 * errors[j]);
    }
  }

  c.part("A descent draws the same masks alone and abreast", {"S2.19"});
  for (const std::int64_t i : {std::int64_t{0}, count / 2 + 1, count - 1}) {
    const Lane alone{row(lanes.key, i), row(lanes.rate, i)};
    c.holds(fmt::format("lane {} of {} ends where it ends alone, to the last bit", i, count),
            same_bits(end(alone), row(ends, i)));
  }
  return panel;
}

// ---- what masks depend on
// --------------------------------------------------------------------------------------

void masks(Context& c, const Rows& rows) {
  c.part("A mask is a function of candidate, step, layer, example and unit", {"S2.19"});
  const double rate = c.number("rate");
  const std::int64_t n = rows.x.dim(0), d = rows.x.dim(1), half = n / 2;
  auto key = [&](double candidate, double step) {
    return random::fold_in(random::fold_in(c.key(7), candidate), step);
  };
  auto dropped = [&](const Array& x, const Array& k, const Array& numbers, std::uint32_t layer = 0) {
    return nn::drop(x, {k, f64(rate), numbers}, layer);
  };
  const Array first = dropped(rows.x, key(0, 0), arange(n));
  const Array candidates = stack({key(0, 0), key(1, 0), key(2, 0)});
  auto of = [&](const Array& k) { return dropped(rows.x, k, arange(n)); };
  const Array abreast = jit(vmap(of))(candidates);
  c.holds("the same in a lane as alone",
          same_bits(row(abreast, 0), first) && same_bits(row(abreast, 2), of(key(2, 0))));
  const Array later = dropped(slice(rows.x, 0, half, n), key(0, 0), arange(n - half) + half);
  c.holds("the same in a batch of the second half of the rows", same_bits(later, slice(first, 0, half, n)));
  const Array order = random::permutation(c.key(8), n);
  const Array shuffled = dropped(gather(rows.x, order), key(0, 0), order);
  c.holds("the same in another order of the rows", same_bits(shuffled, gather(first, order)));
  c.holds("another in another candidate", !same_bits(row(abreast, 1), first));
  c.holds("another in another step", !same_bits(of(key(0, 1)), first));
  c.holds("another in another layer", !same_bits(dropped(rows.x, key(0, 0), arange(n), 1), first));

  const Array divided = select(not_equal(first, 0), rows.x / (1 - rate), zeros({n, d}));
  c.at_most("what is kept is divided by the share that is kept: largest difference",
            largest_difference(first, divided), 1e-14);
  constexpr std::int64_t many = 1000;
  const Array ones = Array::ones({many, d}, DType::f64);
  const Array fallen = equal(dropped(ones, key(3, 0), arange(many)), 0);
  const double count = static_cast<double>(many * d);
  c.within("share of units that fall", sum(select(fallen, 1.0, zeros({many, d}))).item() / count,
           std::ceil(rate * 65536) / 65536, std::sqrt(rate * (1 - rate) / count));
  c.holds("with rate 0, as in evaluation, no bit changes",
          same_bits(nn::drop(rows.x, {key(0, 0), f64(0), arange(n)}), rows.x));
}

void run(Context& c) {
  const Rows rows = gaussian_rows(c.key(3), c.whole("n"), c.whole("d"));
  enumeration(c);
  c.panel(noisier(c, rows));
  c.panel(long_runs(c, rows));
  masks(c, rows);
  c.caption(
      "Dropout scatters the gradients of single examples; what descents with it come to, on average, lies on "
      "the path of ridge regression, further along for a higher rate.");
}

}  // namespace

Experiment dropout_ridge() {
  Experiment e{"dropout-ridge", "L16", "Dropout in a linear model: ridge, and noisier gradients"};
  e.claim =
      "In linear regression inverted dropout with keep share q has the expected loss |y - Xw|² + (1-q)/q "
      "sum_j |X_j|² w_j²; it raises the variance of gradients; in evaluation it is the identity.";
  e.source = "document 2, problem 3 (tricks for stable gradients) and problem 5 (a classifier with dropout)";
  e.protocol =
      "All masks of a 7 x 4 problem are counted. On Gaussian rows the variance of single-example gradients "
      "is "
      "summed over all masks of all examples and set beside the library's draws. Descents with fresh masks "
      "in "
      "every step and several rates run as lanes; their averaged iterates are set beside the normal "
      "equations. Masks are drawn in other lanes, batches and orders.";
  e.pass =
      "counting agrees with the closed form to 1e-12 relative; the trace of the variance is larger with "
      "dropout than without; averaged iterates lie within 4 standard errors of ridge; masks and descents are "
      "the same to the last bit alone and abreast.";
  e.claims = {
      {"S2.12", Verdict::asked, "Why does dropout make gradients more stable?",
       "In linear regression it does not: the gradients of single examples spread more with dropout than "
       "without. What it does, exactly, is to add a ridge penalty on average, so it keeps weights small."},
      {"S2.19", Verdict::asked, "Implement dropout, in training and in evaluation.",
       "In training a unit is zero or divided by the share that is kept, in evaluation it stays as it is; if "
       "a mask is a function of candidate, step, layer, example and unit, results do not depend on how rows "
       "are put into batches or candidates into lanes."},
  };
  e.parameters = {{"n", "rows", 50, 50, 40, 200},
                  {"d", "columns", 10, 8, 3, 11},
                  {"rate", "dropout rate of gradients and masks", 0.5, 0.5, 0.0625, 0.875, false},
                  {"draws", "gradients drawn", 20000, 5000, 1000, 200000},
                  {"replicas", "descents at each rate", 256, 64, 48, 1024},
                  {"steps", "steps of a descent", 4000, 1600, 1500, 20000}};
  e.also = {{{"n", 80}, {"d", 5}, {"rate", 0.25}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
