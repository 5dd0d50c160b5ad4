// L08: the test error peaks where there are as many columns as rows, and falls again behind.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/fail.h"
#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/polynomials.h"
#include "lab/slope.h"
#include "lab/statistics.h"
#include "lab/table.h"
#include "runnel/linalg.h"
#include "runnel/nn.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

// ---- normal columns ---------------------------------------------------------------------------------------

// n rows of `all` normal columns, of which the first d are used; true weights of norm 1, alike on all
// columns; noise of variance s2. What the unused columns add to y is noise to a fit of the used ones.
struct Setting {
  std::int64_t n = 0, all = 0;
  double s2 = 0;
  double weight() const { return 1 / std::sqrt(static_cast<double>(all)); }
  double noise(std::int64_t d) const { return 1 - static_cast<double>(d) / static_cast<double>(all) + s2; }
};

// The w of least norm among those of least squares, by QR: it has lanes, which the SVD's cut has not.
Array least_norm(const Array& x, const Array& y) {
  if (x.dim(0) >= x.dim(1)) {
    const Qr f = qr(x);
    return triangular_solve(f.r, matmul(transpose(f.q), y), false);
  }
  const Qr f = qr(transpose(x));
  return matmul(f.q, triangular_solve(f.r, y, false, true));
}

// The risk of a new row, its noise included, for each of `replicas` tables.
std::vector<double> risks(const Array& key, const Setting& s, std::int64_t d, std::int64_t replicas) {
  auto one = [&](const Array& number) {
    const Array own = random::fold_in(key, number);
    const Array x = normals(random::fold_in(own, 0), {s.n, s.all});
    const Array y = s.weight() * sum(x, 1) + std::sqrt(s.s2) * normals(random::fold_in(own, 1), {s.n});
    const Array w = least_norm(slice(x, 1, 0, d), y);
    return sum(square(w - s.weight())) + s.noise(d);
  };
  return jit(vmap(one))(arange(replicas)).to_doubles();
}

// Mean and deviation of that risk: with W a Wishart matrix of `more` degrees of freedom and size `less`, the
// fitted noise adds v tr W^-1 on average, whose moments are those of the inverse Wishart law (von Rosen,
// "Moments for the inverted Wishart distribution", Scandinavian Journal of Statistics 15, 1988).
struct Theory {
  double mean = 0, deviation = 0;
};
Theory theory(const Setting& s, std::int64_t d) {
  const auto n = static_cast<double>(s.n), columns = static_cast<double>(d);
  const double more = std::max(n, columns), less = std::min(n, columns), gap = more - less, v = s.noise(d);
  Theory t;
  t.mean = v * (1 + less / (gap - 1));
  const double of_trace = 2 * less / ((gap - 1) * (gap - 1) * (gap - 3)) * (1 + (less - 1) / gap);
  const double of_squares = less * (more - 1) / (gap * (gap - 1) * (gap - 3));
  t.deviation = v * std::sqrt(of_trace + 2 * of_squares);
  if (columns <= n) return t;
  // What the rows do not span of the true weights is lost: a share with a beta law.
  const double weights = columns / static_cast<double>(s.all), a = (columns - n) / 2, b = n / 2;
  t.mean += weights * (1 - n / columns);
  t.deviation = std::hypot(t.deviation, weights * std::sqrt(a * b / ((a + b) * (a + b) * (a + b + 1))));
  return t;
}

void normal_columns(Context& c) {
  const Setting s{c.whole("n"), c.whole("all"), 0.25};
  const std::int64_t replicas = c.whole("replicas"), n = s.n, step = std::max<std::int64_t>(5, s.all / 24);
  if (s.all < 2 * n) fail("[double-descent] all = {} and n = {}: at least 2 n columns are needed", s.all, n);
  c.part("The risk of least-norm fits to normal columns", {"S1.15"});
  std::vector<std::int64_t> ds{n / 2, n - 1, n, n + 1};
  for (std::int64_t d = step; d <= s.all; d += step) ds.push_back(d);
  std::sort(ds.begin(), ds.end());
  ds.erase(std::unique(ds.begin(), ds.end()), ds.end());
  std::vector<double> x, means, middles, tx, ty;
  double at_half = 0, at_peak = 0, last = 0, lowest_before = INFINITY;
  for (const std::int64_t d : ds) {
    const std::vector<double> found = risks(c.key(1), s, d, replicas);
    const Moments m = moments(found);
    x.push_back(static_cast<double>(d));
    means.push_back(m.mean);
    middles.push_back(median(found));
    if (d == n / 2) at_half = middles.back();
    if (d == n) at_peak = middles.back();
    if (d < n) lowest_before = std::min(lowest_before, m.mean);
    last = m.mean;
    if (std::abs(d - n) <= 3) continue;
    const Theory t = theory(s, d);
    tx.push_back(x.back());
    ty.push_back(t.mean);
    c.within(fmt::format("{} columns: mean risk", d), m.mean, t.mean,
             t.deviation / std::sqrt(static_cast<double>(replicas)));
  }
  c.at_least("median risk with n columns, over that with n / 2", at_peak / at_half, 10);
  c.at_most("mean risk with all columns, over the least with fewer than n", last / lowest_before, 1);
  Panel panel{
      "Normal columns: the risk against their number", {"columns used", Scale::log}, {"risk", Scale::log}};
  panel.points("mean", x, means);
  panel.points("median", x, middles);
  panel.line("theory", tx, ty).dashed = true;
  panel.mark("n", static_cast<double>(n));
  c.panel(panel);
}

void without_noise(Context& c) {
  c.part("Without noise", {"S1.9"});
  const std::int64_t n = c.whole("n"), few = n / 4, many = c.whole("all"), replicas = c.whole("replicas");
  const std::vector<double> exact = risks(c.key(2), {n, few, 0}, few, replicas);
  c.at_most("fewer columns than rows: largest squared distance from the true weights",
            *std::max_element(exact.begin(), exact.end()), 1e-24);
  const Setting wide{n, many, 0};
  const Moments m = moments(risks(c.key(3), wide, many, replicas));
  c.within("more columns than rows: mean squared distance, against 1 - n / d", m.mean,
           1 - static_cast<double>(n) / static_cast<double>(many), m.error);
  c.part("With noise in the labels, fewer columns than rows", {"S1.9"});
  const Setting noisy{n, few, 0.25};
  const Moments found = moments(risks(c.key(4), noisy, few, replicas));
  const double excess = noisy.s2 * static_cast<double>(few) / static_cast<double>(n - few - 1);
  c.within("mean squared distance, against s² d / (n - d - 1)", found.mean - noisy.s2, excess, found.error);
}

// ---- polynomials ------------------------------------------------------------------------------------------

double half_mse(const Array& fitted, const Array& wanted) {
  return 0.5 * mean(square(fitted - wanted)).item();
}

// What a reference fit of another program gives (SVD in double precision), to the digits it was noted with.
struct Known {
  std::int64_t degree;
  double chebyshev, legendre, digits;  // relative
};
constexpr Known kKnown[] = {
    {2, 0.19386, 0.19386, 1e-4},    {3, 0.19343, 0.19343, 1e-4},   {4, 0.10255, 0.10255, 1e-4},
    {5, 0.10915, 0.10915, 1e-4},    {7, 0.17736, 0.17736, 1e-4},   {13, 1.07e9, 1.07e9, 9},
    {20, 1.6e10, 1.6e10, 9},        {30, 3.2e5, 4.9e5, 9},         {50, 0.712, 0.649, 8e-4},
    {70, 0.13281, 0.04927, 1.1e-4}, {100, 0.15994, 0.05068, 1e-4}, {200, 0.19468, 0.05581, 1e-4}};

void check_known(Context& c, const Polynomials& p, Basis basis, const std::vector<double>& errors) {
  for (const Known& known : kKnown) {
    if (known.degree > static_cast<std::int64_t>(errors.size()) + 1) continue;
    const double error = errors[static_cast<std::size_t>(known.degree - 2)];
    const double expected = basis == Basis::chebyshev ? known.chebyshev : known.legendre;
    const std::string name = fmt::format("{}, degree {}", basis_name(basis), known.degree);
    if (known.digits > 1) {
      c.at_most(name + ": log10 of the test error, off by", std::abs(std::log10(error / expected)), 1);
      continue;
    }
    c.relative(name + ": test error", error, expected, known.digits);
    if (known.degree <= 7 || known.degree >= 50) {
      const Array by_qr = least_norm(columns(basis, p.x, known.degree), p.y);
      c.relative(name + ": by QR instead of SVD",
                 half_mse(matmul(columns(basis, p.grid, known.degree), by_qr), p.truth), error, 1e-4);
    }
  }
}

// Gradient descent from 0 comes to the same fit where the columns are conditioned well.
void by_descent(Context& c, const Polynomials& p, std::int64_t degree) {
  c.part("Gradient descent from zero weights comes to the fit of least norm", {"S1.15"});
  const Array x = columns(Basis::legendre, p.x, degree), least = nn::minimum_norm(x, p.y);
  const std::vector<double> s = svd(x).s.to_doubles();
  const auto rule = optim::sgd({{"learning_rate", f64(1 / (s.front() * s.front()))}});
  const auto slope = slope_of([&](const Array& w) -> Array { return 0.5 * sum(square(matmul(x, w) - p.y)); });
  // Each step leaves a share 1 - (least / largest)² of the slowest residual.
  const double share = 1 - s.back() * s.back() / (s.front() * s.front());
  const auto steps = static_cast<std::int64_t>(std::ceil(std::log(1e-12) / std::log(share)));
  const auto descend = [&](const Array& from) {
    return optim::descend(rule, slope, optim::start(rule, from), steps).params;
  };
  const Array w = jit(descend)(zeros({degree + 1}));
  c.at_most(fmt::format("degree {} after {} steps: relative distance from it", degree, steps),
            norm(w - least).item() / norm(least).item(), 1e-9);
}

void polynomials(Context& c) {
  const Polynomials p = fourteen_points();
  const std::int64_t most = c.whole("degree"), n = p.x.dim(0);
  Panel panel{"Polynomials: the test error against the number of columns",
              {"columns", Scale::log},
              {"half the mean squared error", Scale::log}};
  Panel curves{"Fits of three degrees (Legendre)", {"x"}, {"y", Scale::linear, -2.5, 2.5}};
  std::map<Basis, std::vector<double>> errors;
  for (const Basis basis : {Basis::chebyshev, Basis::legendre}) {
    c.part(
        fmt::format("Least-norm polynomials through 14 noisy points of sin 10x, {} basis", basis_name(basis)),
        {"S1.15"});
    std::vector<double> counts;
    for (std::int64_t degree = 2; degree <= most; ++degree) {
      const Array w = nn::minimum_norm(columns(basis, p.x, degree), p.y);
      const Array fitted = matmul(columns(basis, p.grid, degree), w);
      errors[basis].push_back(half_mse(fitted, p.truth));
      counts.push_back(static_cast<double>(degree + 1));
      if (basis == Basis::legendre && (degree == 4 || degree == 13 || degree == 70))
        curves.line(fmt::format("degree {}", degree), p.grid.to_doubles(), fitted.to_doubles());
    }
    check_known(c, p, basis, errors[basis]);
    panel.line(std::string(basis_name(basis)), counts, errors[basis]);
    const auto begin = errors[basis].begin();
    const double before = *std::min_element(begin, begin + (n - 3)),
                 behind = *std::min_element(begin + (n - 1), errors[basis].end());
    c.report("least error with fewer columns than points", before);
    c.report("least error with more", behind);
    c.at_least("error at degree 13, where there are as many columns as points", errors[basis][11], 1e8);
    const auto worst = std::max_element(begin, errors[basis].end()) - begin;
    c.exact("columns at which the error is largest", counts[static_cast<std::size_t>(worst)],
            basis == Basis::chebyshev ? 21 : 22);
    if (basis != Basis::legendre) continue;
    c.at_most("the least error with more columns, over that of degree 4", behind / errors[basis][2], 0.5);
    const Array sixth = least_norm(columns(basis, p.x, 6), p.y);
    c.relative("the error of degree 6, by QR instead of SVD",
               half_mse(matmul(columns(basis, p.grid, 6), sixth), p.truth), errors[basis][4], 1e-8);
    c.at_least("the least error with more columns, over that of degree 6", behind / errors[basis][4], 1);
    c.note(
        "Degree 6 beats every degree behind the peak: 0.035061 in both bases, by SVD and by QR. A list of "
        "errors that leaves degree 6 out (4: 0.1026, 7: "
        "0.1774, 70: 0.0493) lets the second descent look lower than the first.");
  }
  double apart = 0;
  for (std::size_t i = 0; i + 2 <= 10; ++i)
    apart = std::max(apart, std::abs(errors[Basis::legendre][i] / errors[Basis::chebyshev][i] - 1));
  c.at_most("up to degree 10 both bases give one fit: relative difference of errors", apart, 1e-6);
  c.at_least("at the highest degree they do not: ratio of their errors",
             errors[Basis::chebyshev].back() / errors[Basis::legendre].back(), 1.5);
  panel.mark("as many columns as points", static_cast<double>(n));
  curves.points("points", p.x.to_doubles(), p.y.to_doubles());
  curves.line("sin 10x", p.grid.to_doubles(), p.truth.to_doubles()).dashed = true;
  c.panel(panel);
  c.panel(curves);
  by_descent(c, p, most);
  c.note(
      "The reference errors are known to five digits, of degree 50 to three (0.712 and 0.649): a tolerance "
      "is never below half of the last digit. QR and SVD agree to 1e-4 everywhere.");
}

// ---- bias and variance ------------------------------------------------------------------------------------

void bias_and_variance(Context& c) {
  c.part("Squared bias and variance make up the mean squared error", {"S2.14"});
  const std::int64_t sets = c.whole("sets") / 4 * 4;
  const Array grid = vec(evenly(0, 1, 101)), truth = sin(10 * grid), key = c.key(5);
  Table table{"Fits to resampled sets of 14 points",
              {"degree", "squared bias", "variance", "mean squared error"}};
  for (const std::int64_t degree : {2, 4, 7}) {
    auto fit = [&](const Array& number) {
      const Array own = random::fold_in(key, number);
      const Array x = random::uniform(random::fold_in(own, 0), {14}, 0, 1, DType::f64);
      const Array y = sin(10 * x) + 0.1 * normals(random::fold_in(own, 1), {14});
      const Array w = least_norm(columns(Basis::legendre, x, degree), y);
      return matmul(columns(Basis::legendre, grid, degree), w);
    };
    const Array fits = jit(vmap(fit))(arange(sets));
    const double bias = mean(square(mean(fits, 0) - truth)).item(),
                 spread = mean(variance(fits, 0, 0)).item();
    const double error = mean(square(fits - truth)).item();
    c.relative(fmt::format("degree {}: their sum against the error", degree), bias + spread, error, 1e-12);
    table.rows.push_back({fmt::format("{}", degree), fmt::format("{:.4g}", bias),
                          fmt::format("{:.4g}", spread), fmt::format("{:.4g}", error)});
    // The mean of several fits has their bias and a part of their variance.
    const Array fours = mean(reshape(fits, {sets / 4, 4, grid.dim(0)}), 1);
    const double averaged = mean(square(fours - truth)).item();
    c.at_most(fmt::format("degree {}: the error of means of four fits, over that of one", degree),
              averaged / error, 1);
  }
  c.table(table);
}

void run(Context& c) {
  normal_columns(c);
  without_noise(c);
  polynomials(c);
  bias_and_variance(c);
  c.caption(
      "The test error of normal columns rises towards as many columns as rows, where the only fit through "
      "all "
      "points swings wildly, and falls again behind, where the smoothest of many fits is taken. That of "
      "polynomials rises there too, but is largest some columns later.");
}

}  // namespace

Experiment double_descent() {
  Experiment e{"double-descent", "L08", "Does a larger model always overfit more?"};
  e.claim =
      "The test risk of least-norm fits to normal columns peaks where there are as many columns as rows and "
      "falls again behind; that of polynomials through 14 points is largest later, at 21 or 22 columns; fits "
      "with more columns depend on the basis, those with fewer do not; squared bias and "
      "variance make up the error.";
  e.source = "document 1, exercise on polynomial regression; document 2, question 4 (bias and variance)";
  e.protocol =
      "(a) 120 normal columns of which d are used, 40 rows, noise variance 0.25, 400 tables as lanes, "
      "against the closed form. (b) 14 noisy points of sin 10x, polynomials of degree 2 to 200 in two "
      "bases, by SVD, QR and gradient descent. (c) degrees 2, 4, 7 on 2,000 resampled sets.";
  e.pass =
      "(a) the mean within 4 standard errors for d outside n ± 3; the median at d = n above ten times that "
      "at n/2. (b) reference errors to 1e-4 for degrees up to 7 and from 50, to a factor of ten between 11 "
      "and 30; one fit in both bases to 1e-6 up to degree 10; the least error behind n (Legendre) below "
      "half of that at degree 4. (c) the identity to 1e-12.";
  e.claims = {
      {"S1.9", Verdict::asked, "Does the fit generalise perfectly if the labels have no noise?",
       "With fewer columns than rows, yes: it is the true model, and noise of variance s² adds s² d/(n - d - "
       "1) "
       "for normal columns; with more columns a share 1 - n/d of the squared weights is lost on average."},
      {"S1.15", Verdict::asked, "Does a higher polynomial degree always overfit more?",
       "No. For the 14 points the error passes 1e8 at degree 13, which has 14 columns, and is largest at 22 "
       "columns here (Legendre basis; Chebyshev 21; the numbers at the peak are good to their order of "
       "magnitude). Beyond, it falls again, with the Legendre basis to 0.05, which is better than every "
       "small "
       "degree but 6."},
      {"S2.14", Verdict::asked, "Name three ways to a better trade-off of bias and variance.",
       "Both add up to the error, so what counts is their sum; averaging several fits, for one, keeps the "
       "bias and lowers the variance."},
  };
  e.parameters = {{"n", "rows of normal columns", 40, 20, 20, 100},
                  {"all", "normal columns in all", 120, 60, 40, 400},
                  {"replicas", "tables of normal columns", 400, 400, 100, 20000},
                  {"degree", "the highest of the polynomials", 200, 100, 71, 400},
                  {"sets", "resampled", 2000, 500, 100, 20000}};
  e.also = {{{"n", 24}, {"all", 80}, {"degree", 75}, {"sets", 300}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
