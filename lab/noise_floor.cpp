// L06: what SGD with a constant step comes down to, and the descent inequality that says so.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/regression.h"
#include "lab/slope.h"
#include "lab/table.h"
#include "runnel/linalg.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

using optim::Optimizer;

// Two examples, (theta - c)²/2 with c = 2 and -2; their mean loss is (theta² + 4)/2, its least value 2. The
// gradients' variance is 4 everywhere, and the gradient's Lipschitz constant K is 1.
constexpr double spread = 2;
Array example_loss(const Array& theta, const Array& c) { return square(theta - c) / 2; }
Array example_slope(const Array& theta, const Array& c) {
  return grad([&](const Array& at) -> Array { return example_loss(at, c); })(theta);
}
double mean_loss(double theta) { return (theta * theta + spread * spread) / 2; }

double after_step(double theta, double c, double alpha) {
  const Optimizer rule = optim::sgd({{"learning_rate", f64(alpha)}});
  auto slope = [&](const Array& at) { return example_slope(at, f64(c)); };
  return optim::step(rule, slope, optim::start(rule, f64(theta))).params.item();
}

void counter_example(Context& c) {
  c.part("One step at theta = 1 on the example c = 2", {"S2.1", "S2.2", "S2.3"});
  for (const double alpha : {1.0 / 64, 0.125, 0.5, 1.0}) {  // binary fractions: no rounding anywhere
    const double g = 1, gi = example_slope(f64(1), f64(2)).item();
    const double after = mean_loss(after_step(1, 2, alpha)), before = mean_loss(1);
    const double printed = before - alpha / 2 * gi * g + alpha * alpha * gi * gi / 2;
    const double derived = before - alpha * gi * g + alpha * alpha * gi * gi / 2;
    const std::string name = fmt::format("alpha {:g}: ", alpha);
    c.exact(name + "loss after the step, above the printed bound by alpha / 2", after - printed, alpha / 2);
    c.exact(name + "loss after the step, which the bound with alpha in place of alpha / 2 meets", after,
            derived);
  }
  // Where the loss is flat along the pull the printed bound holds all the same: curvature 0.01, K still 1.
  const double flat = 0.01, theta = 1, far = 20, alpha = 0.5;
  const double g = flat * theta, gi = flat * (theta - far), moved = theta - alpha * gi;
  const double after = flat * (moved * moved + far * far) / 2,
               before = flat * (theta * theta + far * far) / 2;
  c.at_most(
      "curvature 0.01 along an example that pulls against the mean: loss after the step, less the printed "
      "bound",
      after - (before - alpha / 2 * gi * g + alpha * alpha * gi * gi / 2), 0);
  c.exact("alpha 0.5 <= 1/K: loss before", mean_loss(1), 2.5);
  c.exact("alpha 0.5: loss after, which is more", mean_loss(after_step(1, 2, 0.5)), 3.125);
}

// L(b) <= L(a) + g(a)(b - a) + K/2 |b - a|² on random points: how much is missing to equality.
void descent_inequality(Context& c) {
  c.part("The descent inequality", {"S2.1"});
  const std::int64_t d = c.whole("d");
  const Rows rows = gaussian_rows(c.key(1), c.whole("n"), d);
  const Array w = svd(rows.x).s;
  const double n = c.number("n"), steepest = w.at({0});
  const Array signs = 2 * convert(rows.t > 0, DType::f64) - 1;
  auto logistic_loss = [&](const Array& v) -> Array { return mean(softplus(-signs * matmul(rows.x, v))); };
  auto squares = [&](const Array& v) -> Array { return squared_loss(rows, v) / 2; };
  auto slack = [](const auto& loss, double k) {
    return [&loss, k](const Array& a, const Array& b) {
      const auto [at, g] = value_and_grad(loss)(a);
      return at + dot(g, b - a) + k / 2 * dot(b - a, b - a) - loss(b);
    };
  };
  const Array a = 3 * normals(c.key(2), {1000, d}), b = 3 * normals(c.key(3), {1000, d});
  const double k = steepest * steepest / n;
  c.at_least("least squares, 1000 pairs of points: least right side minus left",
             min(vmap(slack(squares, k))(a, b)).item(), 0);
  c.at_least("logistic loss (K = s²/(4n))", min(vmap(slack(logistic_loss, k / 4))(a, b)).item(), 0);
  auto bowl = [](const Array& v) -> Array { return 1.5 * dot(v, v); };
  c.at_most("(K/2) theta²: largest distance from equality", max(abs(vmap(slack(bowl, 3))(a, b))).item(),
            1e-11);
}

void drift(Context& c) {
  c.part("E L after a step, over both examples: less than L only far from the optimum", {"S2.4"});
  for (const double alpha : {0.1, 0.5, 1.0}) {
    auto change = [&](double theta) {
      const double up = mean_loss(after_step(theta, spread, alpha));
      return (up + mean_loss(after_step(theta, -spread, alpha))) / 2 - mean_loss(theta);
    };
    const double at = spread * std::sqrt(alpha / (2 - alpha));
    const std::string name = fmt::format("alpha {:g}", alpha);
    c.absolute(name + ": change of E L at |theta| = 2 sqrt(alpha / (2 - alpha))", change(at), 0, 1e-14);
    c.at_most(name + ": 1e-6 farther out", change(at * (1 + 1e-6)), -1e-10);
    c.at_least(name + ": 1e-6 nearer", change(at * (1 - 1e-6)), 1e-10);
    const double k = 1, sigma2 = spread * spread;  // the proof's condition on |g|² = theta²
    c.relative(name + ": that |theta|, by |g|² = alpha K sigma² / (2 - alpha K)",
               std::sqrt(alpha * k * sigma2 / (2 - alpha * k)), at, 1e-15);
  }
}

// E (L - 2) of theta after 0, every, 2 every, … steps, and the standard error of the last.
struct Decline {
  std::vector<double> steps, gap;
  double last_error = 0;
};

Decline declines(Context& c, double alpha, std::int64_t replicas, std::int64_t records, std::int64_t every,
                 double start) {
  const Optimizer rule = optim::sgd({{"learning_rate", f64(alpha)}});
  auto lane = [&](const Array& key) {
    auto slope = [&](const Array& theta, const Array& count) {
      const Array up = random::bernoulli(random::fold_in(key, count), 0.5, {});
      return example_slope(theta, select(up, f64(spread), f64(-spread)));
    };
    auto see = [](const optim::Descent<Array>& at) { return square(at.params) / 2; };
    return optim::watch(rule, slope, see, optim::start(rule, f64(start)), records, every).second;
  };
  const Array base = c.key(100 + static_cast<std::uint32_t>(1000 * alpha));
  const Array keys = vmap([&](const Array& i) { return random::fold_in(base, i); })(arange(replicas));
  auto moments = [&](const Array& all) {
    const Array gaps = vmap(lane)(all);  // (replicas, records)
    return std::pair(mean(gaps, 0), variance(row(transpose(gaps), records - 1), 0, 1));
  };
  const auto [means, last] = jit(moments)(keys);
  Decline out;
  out.steps.push_back(0), out.gap.push_back(start * start / 2);
  for (std::int64_t i = 0; i < records; ++i) {
    out.steps.push_back(static_cast<double>((i + 1) * every));
    out.gap.push_back(means.at({i}));
  }
  out.last_error = std::sqrt(last.item() / static_cast<double>(replicas));
  return out;
}

double floor_of(double alpha) { return alpha * spread * spread / (2 * (2 - alpha)); }
// E (L - 2) after n steps from `start`.
double expected_gap(double alpha, double start, double n) {
  const double left = std::pow(1 - alpha, 2 * n);
  return start * start / 2 * left + floor_of(alpha) * (1 - left);
}
double mean_before_last(const Decline& seen) {
  return std::accumulate(seen.gap.begin(), seen.gap.end() - 1, 0.0) /
         static_cast<double>(seen.gap.size() - 1);
}

Panel floors(Context& c) {
  c.part("Many replicas of SGD with a constant step", {"S2.5", "S2.6"});
  Panel panel{"E L - L* by steps", {"steps", Scale::log}, {"E L - L*", Scale::log}};
  const std::int64_t replicas = c.whole("replicas"), records = 40;
  const double start = 3;
  for (const double alpha : {0.01, 0.1, 0.5, 1.0}) {
    // (1 - alpha)^(2 steps) is below 1e-6 at the end.
    const std::int64_t every = std::max<std::int64_t>(1, std::llround(700 * 0.01 / alpha / records));
    const Decline seen = declines(c, alpha, replicas, records, every, start);
    const double last = static_cast<double>(records * every);
    const std::string name = fmt::format("alpha {:g}: ", alpha);
    c.within(name + "E L - L* in the end, from the exact floor alpha sigma² / (2 (2 - alpha K))",
             seen.gap.back(), expected_gap(alpha, start, last), seen.last_error);
    auto bound = [&](double steps) { return start * start / (2 * alpha * steps) + alpha * spread * spread; };
    c.at_most(name + "mean of E L - L* over the steps, below D²/(2 alpha N) + alpha sigma²",
              mean_before_last(seen), bound(last));
    double most = 0;  // of E L - L* over the bound, at any number of steps
    for (std::size_t i = 1; i < seen.gap.size(); ++i)
      most = std::max(most, seen.gap[i] / bound(seen.steps[i]));
    c.at_most(name + "E L - L* of the last step over the bound of as many steps, at most", most, 0.5);
    c.at_most(name + "floor over alpha sigma²", floor_of(alpha) / (alpha * spread * spread), 0.5);
    panel.line(fmt::format("alpha {:g}", alpha), seen.steps, seen.gap);
    panel.mark(fmt::format("floor, alpha {:g}", alpha), {}, floor_of(alpha));
    std::vector<double> steps(seen.steps.begin() + 1, seen.steps.end()), bounds;
    for (const double n : steps) bounds.push_back(bound(n));
    panel.line(fmt::format("bound, alpha {:g}", alpha), steps, bounds).dashed = true;
  }
  c.part("The bound is one of the average: from the optimum, the last loss is above it", {"S2.4", "S2.5"});
  for (const double alpha : {0.1, 0.5, 1.0}) {
    const Decline seen = declines(c, alpha, replicas, 10, 1, 0);
    c.at_least(fmt::format("alpha {:g}: E L - L* after 10 steps, over its mean before", alpha),
               seen.gap.back() / mean_before_last(seen), 1.05);
  }
  return panel;
}

// The stationary covariance C of w - w* under steps alpha x r with x, t one random example: C = E (I - alpha
// x xᵀ) C (I - alpha x xᵀ) + alpha² E e² x xᵀ, e the residual at w*. Linear in C: d² equations.
double exact_floor(const Rows& rows, double alpha) {
  const std::int64_t n = rows.t.dim(0), d = rows.x.dim(1), dd = d * d;
  const Array e = matmul(rows.x, least_squares(rows)) - rows.t, one = eye(d, DType::f64);
  const Array outers = einsum("ni,nj->nij", {rows.x, rows.x});
  const Array steps = one - alpha * outers;  // (n, d, d)
  const Array map = reshape(einsum("nik,njl->ijkl", {steps, steps}), {dd, dd}) / static_cast<double>(n);
  const Array noise =
      reshape(einsum("n,nij->ij", {e * e, outers}), {dd}) * (alpha * alpha / static_cast<double>(n));
  const Qr f = qr(eye(dd, DType::f64) - map);
  const Array covariance = reshape(triangular_solve(f.r, matmul(transpose(f.q), noise), false), {d, d});
  return sum(mean(outers, 0) * covariance).item() / 2;
}

void regression_floor(Context& c) {
  c.part("Least squares with noise in the targets: a long run against the stationary covariance", {"S2.5"});
  const std::int64_t n = c.whole("n"), d = c.whole("d");
  const Rows drawn = gaussian_rows(c.key(4), n, d);
  const double steepest = max(sum(square(drawn.x), 1)).item(), alpha = 0.5 / steepest;
  const Array best = least_squares(drawn);
  const Optimizer rule = optim::sgd({{"learning_rate", f64(alpha)}});
  auto half = [&](const Array& w) { return squared_loss(drawn, w) / 2; };
  auto lane = [&](const Array& key) {
    auto slope = [&](const Array& w, const Array& count) {
      return squared_slope(draw(random::fold_in(key, count), drawn, 1), w) / 2;
    };
    auto see = [&](const optim::Descent<Array>& at) { return half(at.params) - half(best); };
    const auto settled = optim::descend(rule, slope, optim::start(rule, best), c.whole("steps") / 4);
    return mean(optim::watch(rule, slope, see, settled, c.whole("steps") / 10, 10).second);
  };
  const Array keys =
      vmap([&](const Array& i) { return random::fold_in(c.key(5), i); })(arange(c.whole("lanes")));
  const Array gaps = jit(vmap(lane))(keys);
  const double exact = exact_floor(drawn, alpha);
  c.relative("E L - L* of the run", mean(gaps).item(), exact, 0.01);
  const Array e = matmul(drawn.x, best) - drawn.t;
  const double sigma2 = mean(square(e) * sum(square(drawn.x), 1)).item();  // at the optimum
  c.at_most("that floor, below alpha sigma²", exact, alpha * sigma2);
  c.report("standard error of the run over the floor",
           std::sqrt(variance(gaps, 0, 1).item() / c.number("lanes")) / exact);
}

// K theta²/2 near 0, a line beyond delta. From R, with delta = R / (2N + 1), N steps of 1/K stay on the line.
void huber(Context& c) {
  c.part("Gradient descent has no floor; its bound K R²/(4N + 2) is met by a Huber function", {"S2.6"});
  const std::vector<std::int64_t> counts{1, 2, 5, 20, 100};
  const double k = 2.5, r = 1.7;
  std::vector<double> deltas;
  for (const std::int64_t n : counts) deltas.push_back(r / (2.0 * static_cast<double>(n) + 1));
  const Optimizer rule = optim::sgd({{"learning_rate", f64(1 / k)}});
  auto losses = [&](const Array& delta) {
    auto loss = [&](const Array& theta) -> Array {
      const Array size = abs(theta);
      return select(size <= delta, k / 2 * square(theta), k * delta * size - k / 2 * square(delta));
    };
    const auto slope = slope_of(loss);
    auto see = [&](const optim::Descent<Array>& at) { return loss(at.params); };
    return optim::watch(rule, slope, see, optim::start(rule, f64(r)), counts.back()).second;
  };
  const Array seen = jit(vmap(losses))(vec(deltas));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double share = 1 / (4.0 * static_cast<double>(counts[i]) + 2);
    c.relative(fmt::format("loss after {} steps over K R², from 1/(4N + 2)", counts[i]),
               seen.at({static_cast<std::int64_t>(i), counts[i] - 1}) / (k * r * r), share, 1e-12);
  }
  // The SGD bound D²/(2 alpha N) + alpha sigma² at its best rate.
  const double distance = 1.3, sigma = 0.7, n = 50;
  auto bound = [&](const Array& alpha) -> Array {
    return distance * distance / (2 * n * alpha) + alpha * (sigma * sigma);
  };
  const Array best = f64(distance / (sigma * std::sqrt(2 * n)));
  c.absolute("slope of SGD's bound at alpha = D / (sigma sqrt(2N))", grad(bound)(best).item(), 0, 1e-13);
  c.relative("the bound there, from sigma D sqrt(2/N)", bound(best).item(),
             sigma * distance * std::sqrt(2 / n), 1e-13);
}

Panel interpolation(Context& c) {
  c.part("More columns than rows: every example can be solved, and there is no floor", {"S2.6"});
  const Rows rows = gaussian_rows(c.key(6), 20, 80);
  const Optimizer rule = optim::sgd({{"learning_rate", f64(0.5 / max(sum(square(rows.x), 1)).item())}});
  constexpr std::int64_t records = 60, every = 100;
  auto lane = [&](const Array& key) {
    auto slope = [&](const Array& w, const Array& count) {
      return squared_slope(draw(random::fold_in(key, count), rows, 1), w);
    };
    auto see = [&](const optim::Descent<Array>& at) { return squared_loss(rows, at.params); };
    return optim::watch(rule, slope, see, optim::start(rule, zeros({80})), records, every).second;
  };
  const Array keys = vmap([&](const Array& i) { return random::fold_in(c.key(7), i); })(arange(32));
  const std::vector<double> losses = exp(mean(log(jit(vmap(lane))(keys)), 0)).to_doubles();
  c.at_most("loss after 6000 steps (geometric mean of 32 runs)", losses.back(), 1e-20);
  // A straight line through log-loss against steps, as far as it is not rounding.
  std::vector<double> x, y;
  for (std::size_t i = 4; i < losses.size() && losses[i] > 1e-26; ++i) {
    x.push_back(static_cast<double>(i + 1) * every);
    y.push_back(std::log(losses[i]));
  }
  const double n = static_cast<double>(x.size());
  const Array xs = vec(x), ys = vec(y), dx = xs - mean(xs), dy = ys - mean(ys);
  const double sxy = dot(dx, dy).item(), sxx = dot(dx, dx).item(), syy = dot(dy, dy).item();
  c.at_most("log-loss per step", sxy / sxx, -1e-4);
  c.at_least(fmt::format("share of the variance of {} log-losses on a straight line", n),
             sxy * sxy / (sxx * syy), 0.995);
  Panel panel{
      "Interpolation: SGD with a constant step, 20 rows of 80 columns", {"steps"}, {"loss", Scale::log}};
  std::vector<double> steps;
  for (std::int64_t i = 1; i <= records; ++i) steps.push_back(static_cast<double>(i * every));
  panel.line("SGD", steps, losses);
  return panel;
}

Panel field() {
  Panel panel{"Change of E L in a step, by where it starts", {"theta"}, {"E L' - L"}};
  const std::vector<double> thetas = evenly(-1.5 * spread, 1.5 * spread, 121);
  std::vector<double> none;
  for (const double alpha : {0.1, 0.5, 1.0}) {
    std::vector<double> change;
    for (const double theta : thetas)
      change.push_back(alpha / 2 * (alpha * (theta * theta + spread * spread) - 2 * theta * theta));
    panel.line(fmt::format("alpha {:g}", alpha), thetas, change);
    for (const double side : {-1.0, 1.0}) none.push_back(side * spread * std::sqrt(alpha / (2 - alpha)));
  }
  panel.points("no change: where the floor is", none, std::vector<double>(none.size(), 0.0));
  return panel;
}

void run(Context& c) {
  counter_example(c);
  descent_inequality(c);
  drift(c);
  c.panel(floors(c));
  c.panel(field());
  regression_floor(c);
  huber(c);
  c.panel(interpolation(c));
  c.caption(
      "The expected loss of SGD with a constant step falls and stays on a floor, for small steps in "
      "proportion to the step: a quarter to a half of alpha sigma², the part of the textbook bound that "
      "stays. "
      "Near the optimum a step makes the loss grow in expectation. Where every example can be solved there "
      "is "
      "no floor.");
}

std::vector<Claim> claims() {
  return {
      {"S2.1", Verdict::right, "L(b) <= L(a) + g(b - a) + (K/2) |b - a|² for K-Lipschitz gradients.",
       "It holds, with equality for (K/2) theta²."},
      {"S2.2", Verdict::wrong, "A step gives L' <= L - (alpha/2) g_iᵀg + alpha² K |g_i|²/2.",
       "Putting the step into the inequality gives alpha, not alpha/2. As printed it fails where an example "
       "pulls against the mean gradient and the inequality of S2.1 is tight, here by exactly alpha/2; where "
       "the "
       "loss is much flatter along the pull (curvature 0.01 K) it can hold."},
      {"S2.3", Verdict::asked, "Can a step increase the loss although alpha <= 1/K?",
       "Yes: at theta = 1 the example with c = 2 takes the mean loss from 2.5 to 3.125 with alpha = 0.5."},
      {"S2.4", Verdict::wrong, "In expectation a step does not increase the loss for alpha <= 1/K.",
       "That is guaranteed only where |g|² is at least alpha K sigma² / (2 - alpha K). Nearer to the optimum "
       "the "
       "noise can outweigh the gradient, and where S2.1 holds with equality the expected loss grows."},
      {"S2.5", Verdict::incomplete, "E L(theta_N) - L* <= D²/(2 alpha N) + alpha sigma².",
       "Adding up the steps bounds the mean of E L over the steps and says nothing of its last value, which "
       "can lie above that mean. On the two examples here, with alpha up to 1/K, the last value never comes "
       "to "
       "more than half of the bound: its floor is alpha sigma²/(2 (2 - alpha K)), a quarter to a half of the "
       "bound's. D is the distance from the start to the optimum."},
      {"S2.6", Verdict::asked, "How does the guarantee for SGD differ from that for gradient descent?",
       "Gradient descent's bound K D²/(4N + 2) goes to 0; SGD's stops at alpha sigma², so its best fixed "
       "rate "
       "is D/(sigma sqrt(2N)). Where all examples can be solved at once there is no floor either."},
  };
}

}  // namespace

Experiment noise_floor() {
  Experiment e{"noise-floor", "L06", "What SGD with a constant step comes down to"};
  e.claim =
      "SGD with a constant step obeys D²/(2 alpha N) + alpha sigma² on average over its steps, comes down to "
      "a floor "
      "of alpha sigma²/(2 (2 - alpha K)) on a quadratic, and lowers the loss in expectation only where |g|² "
      "is above "
      "alpha K sigma²/(2 - alpha K); the printed inequality with alpha/2 is false.";
  e.source = "document 2, convergence of SGD, (i) to (iv)";
  e.protocol =
      "The examples (theta - 2)²/2 and (theta + 2)²/2: single steps by value, then many replicas as lanes "
      "for four "
      "rates; least squares with one random example in a step, a long run against the stationary covariance; "
      "gradient descent on Huber functions; least squares with more columns than rows.";
  e.pass =
      "the printed bound misses by alpha/2 exactly; floors within 4 standard errors; the drift changes its "
      "sign at "
      "2 sqrt(alpha/(2 - alpha)); the regression's floor within 1%; Huber to 1e-12; with more columns a loss "
      "below "
      "1e-20 on a straight line in log-loss.";
  e.claims = claims();
  e.parameters = {{"replicas", "runs of the two examples, as lanes", 200000, 10000, 1000, 1000000},
                  {"n", "rows of the regression", 60, 60, 20, 500},
                  {"d", "its columns", 5, 5, 2, 10},
                  {"lanes", "runs of the regression, as lanes", 4000, 2000, 500, 20000},
                  {"steps", "of each, after as many again by four", 2000, 1000, 1000, 20000}};
  e.also = {{{"n", 40}, {"d", 3}, {"replicas", 5000}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
