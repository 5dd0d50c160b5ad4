// L21: the most likely line under normal noise is that of least squares; the most likely variance is too
// small.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/statistics.h"
#include "lab/table.h"
#include "runnel/linalg.h"
#include "runnel/nn.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

// theta: the weights and, last, s = sigma². The log of the density of y.
Array log_likelihood(const Array& theta, const Array& x, const Array& y) {
  const std::int64_t d = x.dim(1);
  const Array s = row(theta, d), r = y - matmul(x, slice(theta, 0, 0, d));
  return -0.5 * static_cast<double>(x.dim(0)) * log(2 * M_PI * s) - sum(square(r)) / (2 * s);
}

struct Study {
  Array x, truth, noise;  // noise (replicas, n)
  double sigma = 0;
  Array targets() const { return noise + matmul(x, truth); }
  double n() const { return static_cast<double>(x.dim(0)); }
  double d() const { return static_cast<double>(x.dim(1)); }
};

// (sum x xᵀ)^-1 sum x y for each row of `targets`: (replicas, d).
Array by_formula(const Array& x, const Array& targets) {
  const Array l = cholesky(matmul(transpose(x), x));
  const Array right = matmul(transpose(x), transpose(targets));
  return transpose(triangular_solve(l, triangular_solve(l, right), true, true));
}

Array variances(const Study& s, const Array& weights) {
  return mean(square(s.targets() - matmul(weights, transpose(s.x))), 1);
}

Array most_likely(const Study& s) {
  const Array w = by_formula(s.x, s.targets());
  return concatenate({w, expand_dims(variances(s, w), 1)}, 1);
}

void the_maximum(Context& c, const Study& s, const Array& theta) {
  const std::int64_t d = s.x.dim(1);
  const Array targets = s.targets(), weights = slice(theta, 1, 0, d);
  auto likelihood = [&](const Array& t, const Array& y) { return log_likelihood(t, s.x, y); };

  c.part("The most likely weights are those of least squares", {"S0.21", "S3.22"});
  const Array squares = transpose(nn::minimum_norm(s.x, transpose(targets)));
  c.at_most("largest difference over all replicas", max(abs(weights - squares)).item(), 1e-12);
  const Array slopes = jit(vmap(grad(likelihood)))(theta, targets);
  c.at_most("largest slope of the log-likelihood there, by reverse mode", max(abs(slopes)).item(), 1e-10);

  const Array first = row(theta, 0), y = row(targets, 0), variance = row(first, d);
  const auto of_first = [&](const Array& t) { return likelihood(t, y); };
  // The likelihood is quadratic in the weights, so Newton's method finds its maximum from anywhere in a step.
  const Array from = normals(c.key(9), {d});
  const auto by_weights = [&](const Array& w) {
    return of_first(concatenate({w, expand_dims(variance, 0)}));
  };
  const Array l = cholesky(-hessian(by_weights)(from));
  const Array newton = from + triangular_solve(l, triangular_solve(l, grad(by_weights)(from)), true, true);
  c.at_most("one Newton step from a random point, against it",
            max(abs(newton - slice(first, 0, 0, d))).item(), 1e-12);

  c.part("It is a maximum", {"S0.21", "S0.22"});
  const Array curvature = hessian(of_first)(first);
  const Array inner = -matmul(transpose(s.x), s.x) / variance;
  const double corner = -s.n() / (2 * square(variance).item());
  c.at_most("second derivatives by the weights against -xᵀx / s",
            norm(slice(curvature, {0, 0}, {d, d}) - inner).item() / norm(inner).item(), 1e-12);
  c.relative("second derivative by s against -n / (2 s²)", curvature.at({d, d}), corner, 1e-12);
  c.at_most("mixed ones, over the geometric mean of both",
            max(abs(slice(curvature, {0, d}, {d, d + 1}))).item() / std::sqrt(norm(inner).item() * -corner),
            1e-10);
  const std::vector<double> roots = sum(cholesky(-curvature) * eye(d + 1, DType::f64), 1).to_doubles();
  c.at_least("least pivot of the negative Hessian", *std::min_element(roots.begin(), roots.end()), 1e-6);
}

void printed_lines(Context& c, const Study& s) {
  const std::int64_t d = s.x.dim(1);
  const Array y = row(s.targets(), 0), w = normals(c.key(10), {d});
  const std::vector<double> several{0.5, 1, 2, 8};
  c.part("The lines of the derivation, away from the maximum", {"S0.23"});
  const Array r = matmul(s.x, w) - y;
  for (const double v : several) {
    const Array slopes = grad(log_likelihood)(concatenate({w, vec({v})}), s.x, y);
    const Array printed = matmul(transpose(s.x), r) / (2 * v), true_slopes = slice(slopes, 0, 0, d);
    c.at_most(fmt::format("s = {:g}: the slope by w against -2 times the printed one", v),
              norm(true_slopes + 2 * printed).item() / norm(true_slopes).item(), 1e-12);
  }
  c.part("The slope by s = sigma²", {"S3.22"});
  for (const double v : several) {
    const double slope = grad(log_likelihood)(concatenate({w, vec({v})}), s.x, y).at({d});
    c.relative(fmt::format("s = {:g}: against -n / (2 s) + sum r² / (2 s²)", v), slope,
               -s.n() / (2 * v) + sum(square(r)).item() / (2 * v * v), 1e-11);
  }
}

// n s / sigma² has the chi-squared law with n - d degrees of freedom: mean n - d, variance 2 (n - d).
void the_bias(Context& c, const Study& s, const Array& theta) {
  c.part("The most likely variance is too small by (n - d) / n", {"S0.22"});
  const std::vector<double> found = slice(theta, 1, s.x.dim(1), s.x.dim(1) + 1).to_doubles();
  const double sigma2 = s.sigma * s.sigma, degrees = s.n() - s.d();
  const double expected = sigma2 * degrees / s.n(), deviation = sigma2 * std::sqrt(2 * degrees) / s.n();
  const auto replicas = static_cast<double>(found.size());
  const Moments m = moments(found);
  c.within("mean over replicas", m.mean, expected, m.error);
  c.within("mean times n / (n - d), against sigma²", m.mean * s.n() / degrees, sigma2,
           m.error * s.n() / degrees);
  // The fourth moment of that law is 3 + 12 / (n - d) of its variance squared.
  c.within("deviation over replicas", m.deviation, deviation,
           deviation * std::sqrt((2 + 12 / degrees) / (4 * replicas)));
  Panel panel{"The most likely sigma² of every replica", {"sigma²"}, {"probability density"}};
  const double high = expected + 4.5 * deviation;
  const Histogram h = histogram(found, 0, high, 60);
  panel.bars("replicas", h.middles, h.densities);
  std::vector<double> density;
  for (const double v : h.middles) {
    const double q = v * s.n() / sigma2, k = degrees / 2;
    density.push_back(std::exp((k - 1) * std::log(q) - q / 2 - k * std::log(2.0) - std::lgamma(k)) * s.n() /
                      sigma2);
  }
  panel.line("chi-squared law", h.middles, density).dashed = true;
  panel.mark("true", sigma2);
  panel.mark("expected: (n - d) / n of it", expected);
  panel.mark("mean, corrected", m.mean * s.n() / degrees);
  c.panel(panel);
}

void run(Context& c) {
  const std::int64_t n = c.whole("n"), d = c.whole("d");
  if (n < d + 3) fail("[gaussian-mle] n = {} and d = {}: at least d + 3 rows are needed", n, d);
  const double sigma = c.number("sigma");
  const Study s{normals(c.key(1), {n, d}), normals(c.key(2), {d}),
                sigma * normals(c.key(3), {c.whole("replicas"), n}), sigma};
  const Array theta = most_likely(s);
  the_maximum(c, s, theta);
  printed_lines(c, s);
  the_bias(c, s, theta);
  c.caption(
      "Estimates of the variance by maximum likelihood lie below the true one on average, because the "
      "fitted line has used up d of the n residuals' freedom.");
}

}  // namespace

Experiment gaussian_mle() {
  Experiment e{"gaussian-mle", "L21", "Is maximum likelihood least squares, and is its variance right?"};
  e.claim =
      "With normal noise the most likely weights are those of least squares; the most likely variance is "
      "too small on average, by the factor (n - d)/n.";
  e.source = "documents 0 and 3, the question on maximum likelihood";
  e.protocol =
      "n = 12 rows, d = 4 columns, sigma = 1.7 and 200,000 draws of the noise as lanes: the likelihood's "
      "slope at the estimate by reverse mode, its Hessian, least squares by SVD, the mean of sigma² over "
      "the draws.";
  e.pass =
      "slopes below 1e-10; weights as least squares to 1e-12; the mean of sigma² within 4 standard errors "
      "of sigma² (n - d)/n = 1.926667; the Hessian negative definite.";
  e.claims = {
      {"S0.21", Verdict::right, "The most likely w is (sum x xᵀ)^-1 sum x y, that of the mean squared error.",
       "So it is, where sum x xᵀ can be inverted."},
      {"S0.22", Verdict::incomplete, "The most likely sigma² is the mean squared residual.",
       "It is, but it is too small on average: its mean is sigma² (n - d)/n, since d weights were fitted."},
      {"S0.23", Verdict::wrong, "grad log P = (1 / (2 sigma²)) sum (xᵀw - y) x.",
       "That has the sign of the negative log-likelihood and half its size; set to 0 it gives the right w "
       "all the same."},
      {"S3.22", Verdict::right, "The same results, derived with P for log P.",
       "They are right: the slope by s = sigma² is -n/(2s) + sum r²/(2s²)."},
  };
  e.parameters = {{"n", "rows", 12, 12, 5, 100},
                  {"d", "columns", 4, 4, 1, 50},
                  {"sigma", "deviation of the noise", 1.7, 1.7, 0.2, 5, false},
                  {"replicas", "draws of the noise", 200000, 20000, 1000, 1000000}};
  e.also = {{{"n", 30}, {"d", 7}, {"sigma", 0.6}, {"replicas", 10000}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
