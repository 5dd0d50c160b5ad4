// L12: every gradient of the documents by reverse mode, forward mode, its formula and central differences.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/slope.h"
#include "lab/table.h"
#include "runnel/nn.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

using Function = std::function<Array(const Array&)>;

// A scalar function of one vector, the point at which it is audited, and what a document says of its
// gradient.
struct Audited {
  std::string name;
  Function f;
  Array at;
  Array formula;
};

double size_of(const Array& x) { return norm(x).item(); }
double apart(const Array& x, const Array& y) { return size_of(x - y) / size_of(y); }

// (f(at + h v) - f(at - h v)) / (2 h) for each row v of `directions`, as lanes.
Array central(const Function& f, const Array& at, const Array& directions, double h) {
  const auto lanes = vmap(f);
  return (lanes(at + h * directions) - lanes(at - h * directions)) / (2 * h);
}

// How far a gradient is from central differences: of every element, in units of what is allowed (1e-5 and
// 1e-3 of the element), and along directions, relative to the slopes along all of them.
struct Distance {
  double elements = 0, directions = 0;
};
Distance from_differences(const Context& c, const Audited& a, const Array& gradient) {
  constexpr double h = 1e-6;
  const std::int64_t n = a.at.dim(0);
  const Array slopes = central(a.f, a.at, eye(n, DType::f64), h);
  const Array allowed = 1e-5 + 1e-3 * abs(slopes);
  const Array drawn = normals(c.key(90), {8, n});
  const Array directions = drawn / sqrt(sum(square(drawn), 1, true));
  return {max(abs(gradient - slopes) / allowed).item(),
          apart(matmul(directions, gradient), central(a.f, a.at, directions, h))};
}

void audit(Context& c, const Audited& a) {
  const Array reverse = grad(a.f)(a.at), forward = jacobian_forward(a.f)(a.at);
  const Distance distance = from_differences(c, a, reverse);
  c.at_most(a.name + ": reverse against forward mode", apart(reverse, forward), 1e-12);
  c.at_most(a.name + ": reverse mode against the formula", apart(reverse, a.formula), 1e-12);
  c.at_most(a.name + ": worst element against differences, in units of what is allowed", distance.elements,
            1);
  c.at_most(a.name + ": along 8 directions against differences", distance.directions, 1e-7);
}

// A wrong formula is found out by either test.
void audit_wrong(Context& c, const Audited& a) {
  const Distance distance = from_differences(c, a, a.formula);
  c.at_least(a.name + ": worst element, in units of what is allowed", distance.elements, 1);
  c.at_least(a.name + ": along 8 directions", distance.directions, 1e-7);
  c.report(a.name + ": largest error of an element", max(abs(a.formula - grad(a.f)(a.at))).item());
}

// The ridge regression of documents 0 and 3: weights and, last, the bias.
struct Ridge {
  Array x, y, at;
  double alpha = 0.3;

  Array weights(const Array& theta) const { return slice(theta, 0, 0, x.dim(1)); }
  Array predicted(const Array& theta) const { return matmul(x, weights(theta)) + row(theta, x.dim(1)); }
  Array half_mse(const Array& theta) const { return nn::half_squared_error(predicted(theta), y); }
  Array mse(const Array& theta) const { return nn::squared_error(predicted(theta), y); }
  Array loss(const Array& theta) const { return half_mse(theta) + alpha / 2 * sum(square(weights(theta))); }
  // product / n + pull w, then `times` the mean residual.
  Array gradient(const Array& product, double pull, double times) const {
    const Array bias = times * mean(residual());
    return concatenate(
        {times * product / static_cast<double>(x.dim(0)) + pull * weights(at), expand_dims(bias, 0)});
  }
  Array residual() const { return predicted(at) - y; }
};

Ridge ridge_of(const Context& c, std::int64_t rows, std::int64_t columns) {
  return {normals(c.key(1), {rows, columns}), normals(c.key(2), {rows}), normals(c.key(3), {columns + 1})};
}

void ridge_regression(Context& c, std::int64_t n, std::int64_t d) {
  c.part("Ridge regression: half the mean squared error and (alpha / 2) |w|²", {"S0.12"});
  const Ridge r = ridge_of(c, n, d);
  const Function loss = [&](const Array& theta) { return r.loss(theta); };
  const Array xr = matmul(transpose(r.x), r.residual());
  audit(c, {"loss", loss, r.at, r.gradient(xr, r.alpha, 1)});
  audit_wrong(c, {"wrong: (alpha / 2) w for alpha w", loss, r.at, r.gradient(xr, r.alpha / 2, 1)});

  c.part("The printed code: np.dot(X, yhat - y) / n, with as many rows as columns so that it runs",
         {"S0.13"});
  const Ridge square = ridge_of(c, d, d);
  const Function of_square = [&](const Array& theta) { return square.loss(theta); };
  const Array rows = matmul(square.x, square.residual());
  const Array columns = matmul(transpose(square.x), square.residual());
  audit(c, {"xᵀ", of_square, square.at, square.gradient(columns, square.alpha, 1)});
  audit_wrong(c, {"wrong: x for xᵀ", of_square, square.at, square.gradient(rows, square.alpha, 1)});
  bool refused = false;
  try {
    (void)matmul(r.x, r.residual());
  } catch (const Error&) {
    refused = true;
  }
  c.holds("with more rows than columns X r is refused for its shapes", n != d && refused);

  c.part("f_MSE_unreg: half of what it is named", {"S0.14"});
  const Function half = [&](const Array& theta) { return r.half_mse(theta); };
  const Function whole = [&](const Array& theta) { return r.mse(theta); };
  c.exact("mean squared error over what the code returns", whole(r.at).item() / half(r.at).item(), 2);
  audit(c, {"half", half, r.at, r.gradient(xr, 0, 1)});
  audit(c, {"whole", whole, r.at, r.gradient(xr, 0, 2)});
  audit_wrong(c, {"wrong: the gradient of the whole for the half", half, r.at, r.gradient(xr, 0, 2)});
}

// x3 = x1 + x2, x4 = x1 + x3, x5 = x3 x4, L = log x5.
struct Values {
  Array x3, x4, x5, loss;
};
Values graph_values(const Array& x) {
  const Array x1 = row(x, 0), x3 = x1 + row(x, 1), x4 = x1 + x3, x5 = x3 * x4;
  return {x3, x4, x5, log(x5)};
}
Array graph_loss(const Array& x) { return graph_values(x).loss; }
// By hand: 1/x3 and 1/x4 are all there is to it.
Array graph_gradient(double x1, double x2) {
  const double p = 1 / (x1 + x2), q = 1 / (2 * x1 + x2);
  return vec({p + 2 * q, p + q});
}
Array graph_hessian(double x1, double x2) {
  const double p = 1 / (x1 + x2), q = 1 / (2 * x1 + x2);
  return Array::from(
      std::vector<double>{-p * p - 4 * q * q, -p * p - 2 * q * q, -p * p - 2 * q * q, -p * p - q * q},
      {2, 2});
}

void computation_graph(Context& c) {
  c.part("The graph of document 2 at x1 = 1, x2 = 0", {"S2.7"});
  const double x1 = 1, x2 = 0;
  const Values values = jit(graph_values)(vec({x1, x2}));
  const double x3 = values.x3.item(), x4 = values.x4.item(), x5 = values.x5.item();
  c.exact("x3", x3, 1);
  c.exact("x4", x4, 2);
  c.exact("x5", x5, 2);
  c.relative("L", values.loss.item(), std::log(2.0), 1e-15);

  c.part("Its partial derivatives, first and second", {"S2.8"});
  const auto slope = [](const Function& f, double at) { return grad(f)(f64(at)).item(); };
  c.exact("dL/dx5", slope([](const Array& v) { return log(v); }, x5), 0.5);
  c.exact("dL/dx4", slope([&](const Array& v) { return log(x3 * v); }, x4), 0.5);
  c.exact("dL/dx3", slope([&](const Array& v) { return log(v * (x1 + v)); }, x3), 1.5);
  const Array at = vec({x1, x2}), g = grad(graph_loss)(at);
  c.exact("dL/dx2", g.at({1}), 1.5);
  c.exact("dL/dx1", g.at({0}), 2);
  audit(c, {"L", graph_loss, at, graph_gradient(x1, x2)});
  const Array drawn = random::uniform(c.key(4), {2}, 0.5, 2, DType::f64);
  for (const Array& point : {at, drawn}) {
    const std::string name =
        fmt::format("second derivatives at ({:.3g}, {:.3g})", point.at({0}), point.at({1}));
    const Array expected = graph_hessian(point.at({0}), point.at({1}));
    c.at_most(name + ", forward over reverse", apart(hessian(graph_loss)(point), expected), 1e-12);
    c.at_most(name + ", reverse over reverse", apart(jacobian(grad(graph_loss))(point), expected), 1e-12);
  }
}

void exp_and_log(Context& c, std::int64_t n) {
  c.part("exp and log, and derivatives of their derivatives", {"S2.16"});
  const Array at = random::uniform(c.key(5), {n}, 0.3, 3, DType::f64);
  const Function exps = [](const Array& x) { return sum(exp(x)); };
  const Function logs = [](const Array& x) { return sum(log(x)); };
  audit(c, {"exp", exps, at, exp(at)});
  audit(c, {"log", logs, at, 1 / at});
  const auto second = [&](const Function& f) {
    return grad([&](const Array& x) -> Array { return sum(grad(f)(x)); })(at);
  };
  c.at_most("exp'' against exp", apart(second(exps), exp(at)), 1e-12);
  c.at_most("log'' against -1/x²", apart(second(logs), -1 / square(at)), 1e-12);
  const Function both = [](const Array& x) { return sum(log(1 + exp(x))); };
  audit(c, {"log(1 + exp(x))", both, at, logistic(at)});
  c.at_most("its second derivative against s (1 - s)", apart(second(both), logistic(at) * (1 - logistic(at))),
            1e-12);
}

void negative_log_likelihood(Context& c, std::int64_t n) {
  c.part("The negative log-likelihood of 0 and 1, from logits", {"S2.18"});
  constexpr double scale = 1.7;
  const Array y = convert(random::bernoulli(c.key(6), 0.5, {n}), DType::f64);
  const Function nll = [&](const Array& z) {
    return sum(nn::each::binary_cross_entropy_from_logits(scale * z, y));
  };
  const Array z = normals(c.key(7), {n});
  audit(c, {"scale (p - y)", nll, z, scale * (logistic(scale * z) - y)});
  const Array far = vec({-1e4, 1e4, -1e4, 1e4}), labels = vec({0, 0, 1, 1});
  const Function stable = [&](const Array& v) {
    return sum(nn::each::binary_cross_entropy_from_logits(v, labels));
  };
  const Function naive = [&](const Array& v) {
    const Array p = logistic(v);
    return -sum(labels * log(p) + (1 - labels) * log(1 - p));
  };
  c.exact("at logits of +-1e4, from logits", stable(far).item(), 2e4);
  c.holds("the gradient there is p - y, to the last bit", same_bits(grad(stable)(far), vec({0, 1, -1, 0})));
  c.holds("at logits of +-1e4, from probabilities: not a finite number", !std::isfinite(naive(far).item()));
}

// What only the engine knows by heart: a block with a skip, and where there is no derivative.
void block_and_kinks(Context& c) {
  c.part("A block x + W2 sigmoid(W1 x), and its gradient without the skip", {});
  const Array w1 = normals(c.key(8), {3, 4}), w2 = normals(c.key(9), {4, 3}), s = normals(c.key(10), {4});
  const Array x = normals(c.key(11), {4}), h = logistic(matmul(w1, x));
  const Function f = [&](const Array& v) {
    return 0.5 * sum(square(v + matmul(w2, logistic(matmul(w1, v))) - s));
  };
  const Array bar = x + matmul(w2, h) - s;
  const Array through = matmul(transpose(w1), matmul(transpose(w2), bar) * h * (1 - h));
  audit(c, {"block", f, x, through + bar});
  audit_wrong(c, {"wrong: no skip", f, x, through});

  c.part("Points without a derivative are told, not averaged", {});
  const std::pair<const char*, Function> kinks[] = {{"|x|", [](const Array& v) { return abs(v); }},
                                                    {"relu", [](const Array& v) { return relu(v); }}};
  for (const auto& [name, g] : kinks) {
    const auto value = [&, &k = g](double at) { return k(f64(at)).item(); };
    const double h0 = 1e-6, left = (value(0) - value(-h0)) / h0, right = (value(h0) - value(0)) / h0;
    c.absolute(fmt::format("{} at 0: its right slope less its left one", name), right - left,
               name[0] == '|' ? 2 : 1, 1e-9);
    c.report(fmt::format("{} at 0: left slope", name), left);
    c.report(fmt::format("{} at 0: right slope", name), right);
    c.exact(fmt::format("{} at 0: reverse mode", name), grad(g)(f64(0)).item(), 0);
    c.exact(fmt::format("{} at 0: forward mode", name), jvp(g, f64(0), f64(1)).second.item(), 0);
  }
  c.note(
      "At a kink the central difference gives the mean of both slopes, which is no derivative: for relu "
      "1/2. The engine's 0 is one of its subgradients, chosen and written down.");
}

// Linear regression by t steps of gradient descent: L(eta) = aᵀ M^(2t) a / n with M = I - (2 eta / n) K,
// K = x xᵀ and a = x w0 - y. Its k-th derivative has K^k M^(2t - k) in the middle.
struct Training {
  Array x, y, w0, k, a;
  std::int64_t steps = 0;
  double n = 0;

  Array loss(const Array& eta) const {
    const auto gradient =
        slope_of([&](const Array& w) -> Array { return nn::squared_error(matmul(x, w), y); });
    const auto rule = optim::sgd();
    const auto from = optim::start(rule, w0, {{"learning_rate", eta}});
    return nn::squared_error(matmul(x, optim::descend(rule, gradient, from, steps).params), y);
  }
  double derivative(double eta, int order) const {
    Array v = a;
    double factor = 1 / n;
    for (int i = 0; i < order; ++i) {
      v = matmul(k, v);
      factor *= -2 / n * static_cast<double>(2 * steps - i);
    }
    for (std::int64_t i = 0; i < 2 * steps - order; ++i) v = v - 2 * eta / n * matmul(k, v);
    return factor * dot(a, v).item();
  }
  // The largest eigenvalue of K, by its powers.
  double largest() const {
    Array v = a;
    for (int i = 0; i < 300; ++i) v = matmul(k, v) / size_of(v);
    return size_of(matmul(k, v)) / size_of(v);
  }
};

void steps_of_differences(Context& c) {
  c.part("Differences of a hypergradient: too wide, then too narrow", {"S0.12"});
  const std::int64_t n = c.whole("n"), d = c.whole("d"), steps = c.whole("steps");
  const Array x = normals(c.key(20), {n, d}), y = normals(c.key(21), {n}), w0 = normals(c.key(22), {d});
  const Training t{x, y, w0, matmul(x, transpose(x)), matmul(x, w0) - y, steps, static_cast<double>(n)};
  const double eta = 0.7 / (2 / t.n * t.largest()), exact = t.derivative(eta, 1);
  const auto loss = [&](const Array& e) { return t.loss(e); };
  const double forward = jit([&](const Array& e) { return jvp(loss, e, f64(1)).second; })(f64(eta)).item();
  const double reverse = jit(grad(loss))(f64(eta)).item();
  c.relative("forward mode against the closed form", forward, exact, 1e-12);
  c.relative("reverse mode against forward mode", reverse, forward, 1e-12);

  const std::vector<double> widths = by_ratio(1e-1, 1e-13, 25);
  std::vector<double> etas{eta};
  for (const double h : widths) {
    etas.push_back(eta * (1 + h));
    etas.push_back(eta * (1 - h));
  }
  const std::vector<double> losses = jit(vmap(loss))(vec(etas)).to_doubles();
  std::vector<double> central_errors, one_sided_errors;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const double up = losses[1 + 2 * i], down = losses[2 + 2 * i], above = etas[1 + 2 * i],
                 below = etas[2 + 2 * i];
    central_errors.push_back(std::abs((up - down) / (above - below) / exact - 1));
    one_sided_errors.push_back(std::abs((up - losses[0]) / (above - eta) / exact - 1));
  }
  const auto least = std::min_element(central_errors.begin(), central_errors.end());
  const double at = widths[static_cast<std::size_t>(least - central_errors.begin())];
  c.at_most("least error of central differences", *least, 1e-8);
  c.at_least("the relative h of the least error", at, 1e-7);
  c.at_most("the relative h of the least error", at, 1e-4);
  for (const std::size_t i : {2U, 4U}) {
    const double h = widths[i] * eta, expected = h * h / 6 * t.derivative(eta, 3) / exact;
    c.relative(fmt::format("error at a relative h of {:.0e} against h² L''' / (6 L')", widths[i]),
               central_errors[i], std::abs(expected), widths[i] > 5e-3 ? 0.05 : 1e-3);
  }
  c.report("least error of one-sided differences",
           *std::min_element(one_sided_errors.begin(), one_sided_errors.end()));
  Panel panel{"Three ways to a hypergradient", {"relative h", Scale::log}, {"relative error", Scale::log}};
  panel.line("central differences", widths, central_errors);
  panel.line("one-sided differences", widths, one_sided_errors);
  const double own = std::max(std::abs(forward / exact - 1), 1e-17);
  panel.line("forward mode", {widths.front(), widths.back()}, {own, own}).dashed = true;
  c.panel(panel);
}

void run(Context& c) {
  ridge_regression(c, c.whole("n"), 6);
  computation_graph(c);
  exp_and_log(c, c.whole("n"));
  negative_log_likelihood(c, c.whole("n"));
  block_and_kinks(c);
  steps_of_differences(c);
  c.caption(
      "The error of differences falls with their width until rounding takes over, so it has the shape of a "
      "V; derivatives by the chain rule have no width to choose.");
}

}  // namespace

Experiment gradient_audit() {
  Experiment e{"gradient-audit", "L12", "Is every gradient in the documents right?"};
  e.claim =
      "Every gradient of the documents agrees between reverse mode, forward mode, its formula and central "
      "differences; the wrong ones among them are found out.";
  e.source = "documents 0 and 2 (ridge regression, the computation graph, the log-likelihood classifier)";
  e.protocol =
      "For each function: reverse mode against forward mode, against its formula, and against central "
      "differences with h = 1e-6, element by element and along 8 random directions. Wrong formulas must "
      "fail: x for xᵀ, half the penalty, a lost 1/2, no skip. Then h from 1e-1 to 1e-13 on the derivative "
      "of a training's loss by its learning rate. Forward mode stands where a complex step could.";
  e.pass =
      "reverse against forward mode and formula to 1e-12; against differences 1e-5 + 1e-3 of each element "
      "and 1e-7 along directions; wrong formulas rejected by both; the least error of differences below "
      "1e-8, at a relative h between 1e-7 and 1e-4; kinks told, not averaged.";
  e.claims = {
      {"S0.12", Verdict::right,
       "The ridge loss has the gradients xᵀr/n + alpha w, and mean(r) for the bias, which is not penalised.",
       "So it is: four ways to the derivative agree, and half the penalty would be noticed."},
      {"S0.13", Verdict::wrong, "The code computes np.dot(X, yhat - y) / n + alpha w.",
       "It must be X.T: with another number of rows than of columns the shapes do not fit, and with as "
       "many of each it runs and gives a wrong gradient."},
      {"S0.14", Verdict::ambiguous, "f_MSE_unreg returns the unregularised mean squared error.",
       "It returns half of it, so that numbers reported from it are half as large as those the task asks "
       "for."},
      {"S2.7", Verdict::asked, "Compute x3, x4, x5 and L = log x5 at x1 = 1, x2 = 0.",
       "x3 = 1, x4 = 2, x5 = 2, and L = log 2 = 0.693147."},
      {"S2.8", Verdict::asked, "Compute all partial derivatives by back-propagation.",
       "dL/dx5 = 1/2, dL/dx4 = 1/2, dL/dx3 = 3/2, dL/dx2 = 3/2, dL/dx1 = 2; the second derivatives are -2, "
       "-3/2, -5/4."},
      {"S2.16", Verdict::asked, "Write a class that differentiates exp and log.",
       "exp is its own derivative and log has 1/x; derivatives of derivatives follow by applying the same "
       "rules again."},
      {"S2.18", Verdict::asked, "Minimise the negative log-likelihood of a sigmoid with a scale.",
       "Its derivative by the logit is scale (p - y), and only if it is computed from the logit does it "
       "stay finite where p rounds to 0 or 1."},
  };
  e.parameters = {{"n", "rows", 15, 15, 7, 200},
                  {"d", "columns of the trained regression", 20, 20, 2, 200},
                  {"steps", "of its training", 50, 50, 2, 500}};
  e.also = {{{"n", 30}, {"d", 10}, {"steps", 20}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
