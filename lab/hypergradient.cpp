// L01: the derivative of a training's loss by its learning rate, against a closed form.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/regression.h"
#include "lab/table.h"
#include "runnel/linalg.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

using optim::Optimizer;

struct Problem {
  Rows rows;
  Array w0;
};

Problem problem(const Array& key, std::int64_t n, std::int64_t d) {
  return {gaussian_rows(key, n, d), normals(random::fold_in(key, 2), {d})};
}

const auto weights_of = [](const optim::Descent<Array>& at) { return at.params; };

// The loss after t steps at rate eta, made of `segment` steps at a time, each computed again on the way back
// where `segment` is not 0.
Array loss_after(const Problem& p, const Array& eta, std::int64_t t, std::int64_t segment = 0) {
  const Optimizer rule = optim::sgd();
  auto slope = [&](const Array& w) { return squared_slope(p.rows, w); };
  auto at = optim::start(rule, p.w0, {{"learning_rate", eta}});
  if (segment == 0) return squared_loss(p.rows, optim::descend(rule, slope, at, t).params);
  auto some = [&](const optim::Descent<Array>& from, const Array&) {
    auto steps =
        checkpoint([&](const optim::Descent<Array>& d) { return optim::descend(rule, slope, d, segment); });
    return std::pair(steps(from), std::tuple<>());
  };
  return squared_loss(p.rows, scan_n(some, at, t / segment).first.params);
}

// By the singular values s of x: the residual a = x w0 - t has coordinates c in their basis, each of which
// shrinks by 1 - 2 eta s²/n in a step. No loop and no weights.
struct ClosedForm {
  std::vector<double> c, k;  // coordinates, and eigenvalues s² of K = xxᵀ
  double n = 0, rest = 0;    // rest: of the residual what no step reaches, squared (none for d >= n)

  explicit ClosedForm(const Problem& p) {
    const Svd f = svd(p.rows.x);
    const Array a = matmul(p.rows.x, p.w0) - p.rows.t;
    c = matmul(transpose(f.u), a).to_doubles();
    for (const double s : f.s.to_doubles()) k.push_back(s * s);
    n = static_cast<double>(p.rows.t.size());
    rest = square(norm(a)).item();
    for (const double one : c) rest -= one * one;
    if (p.rows.x.dim(1) >= p.rows.x.dim(0)) rest = 0;
  }
  template <class Term>
  double over(const Term& term) const {
    long double total = 0;
    for (std::size_t i = 0; i < c.size(); ++i) total += static_cast<long double>(c[i]) * c[i] * term(k[i]);
    return static_cast<double>(total);
  }
  double largest() const { return 2 * k[0] / n; }
  double loss(double eta, std::int64_t t) const {
    return (over([&](double s2) { return std::pow(1 - 2 * eta / n * s2, 2.0L * t); }) + rest) / n;
  }
  double slope(double eta, std::int64_t t) const {
    return -4.0 * static_cast<double>(t) / (n * n) *
           over([&](double s2) { return s2 * std::pow(1 - 2 * eta / n * s2, 2.0L * t - 1); });
  }
  double best_of_one_step() const {
    return n / 2 * over([](double s2) { return s2; }) / over([](double s2) { return s2 * s2; });
  }
};

// The greatest divisor of t that is at most its root.
std::int64_t segment_of(std::int64_t t) {
  std::int64_t best = 1;
  for (std::int64_t s = 1; s * s <= t; ++s)
    if (t % s == 0) best = s;
  return best;
}

Table derivatives(Context& c, const Problem& p) {
  c.part("dL_t/deta by every mode, against the closed form", {"S1.6", "S4.10", "S4.12"});
  const ClosedForm closed(p);
  const double eta = 0.7 / closed.largest(), h = 1e-5 * eta;
  const Array w = normals(c.key(3), p.w0.shape());
  const Array by_hand = 2.0 / closed.n * matmul(transpose(p.rows.x), matmul(p.rows.x, w) - p.rows.t);
  c.at_most("the gradient of (1/n) |x w - t|², from (2/n) xᵀ(x w - t)",
            apart(squared_slope(p.rows, w), by_hand), 1e-13);
  Table table{"Relative error of dL_t/deta",
              {"t", "dL_t/deta", "forward", "reverse", "reverse, recomputed", "difference, h = 1e-5 eta"}};
  for (const std::int64_t t : {1, 2, 5, 20, 50}) {
    auto loss = [&](const Array& rate) -> Array { return loss_after(p, rate, t); };
    auto again = [&](const Array& rate) -> Array { return loss_after(p, rate, t, segment_of(t)); };
    const double expected = closed.slope(eta, t);
    const Array forward = jit([&](const Array& rate) { return jvp(loss, rate, f64(1)).second; })(f64(eta));
    const Array reverse = jit(grad(loss))(f64(eta)), recomputed = jit(grad(again))(f64(eta));
    const Array at = jit(vmap(loss))(vec({eta - h, eta, eta + h}));
    const double difference = (at.at({2}) - at.at({0})) / (2 * h);
    const std::string name = fmt::format("t = {}: ", t);
    c.relative(name + "L_t", at.at({1}), closed.loss(eta, t), 1e-12);
    // With more rows than columns L_t comes to rest on a floor: its slope is then rounding beside it.
    const double size = std::abs(expected) * eta / closed.loss(eta, t);
    auto slope_is = [&](const std::string& mode, double value, double tolerance) {
      if (size > 1e-6)
        c.relative(name + mode, value, expected, tolerance);
      else
        c.absolute(name + mode + ", times eta over L_t", value * eta / closed.loss(eta, t), 0, 1e-6);
    };
    slope_is("forward mode", forward.item(), 1e-12);
    slope_is("reverse mode, all stored", reverse.item(), 1e-11);
    c.holds(name + "reverse mode with states computed again: the same bits", same_bits(reverse, recomputed));
    if (size > 1e-3) c.relative(name + "central difference", difference, expected, 1e-7);
    auto error = [&](double value) { return fmt::format("{:.1e}", std::abs(value / expected - 1)); };
    table.rows.push_back({fmt::format("{}", t), fmt::format("{:.6g}", expected), error(forward.item()),
                          error(reverse.item()), error(recomputed.item()), error(difference)});
  }
  return table;
}

void one_step(Context& c, const Problem& p) {
  c.part("One step: its best rate", {"S4.10", "S4.12"});
  const ClosedForm closed(p);
  const Array a = matmul(p.rows.x, p.w0) - p.rows.t, xa = matmul(transpose(p.rows.x), a),
              ka = matmul(p.rows.x, xa);
  const double best = closed.n / 2 * square(norm(xa)).item() / square(norm(ka)).item();
  c.relative("eta* = (n/2) |xᵀa|² / |xxᵀa|², by the singular values", best, closed.best_of_one_step(), 1e-12);
  const Array g = squared_slope(p.rows, p.w0);
  const Array hg = hvp([&](const Array& w) -> Array { return squared_loss(p.rows, w); }, p.w0, g);
  c.relative("Cauchy's step g g / (g H g)", dot(g, g).item() / dot(g, hg).item(), best, 1e-12);
  auto slope_at = [&](double eta) {
    auto loss = [&](const Array& rate) -> Array { return loss_after(p, rate, 1); };
    return jvp(loss, f64(eta), f64(1)).second.item();
  };
  c.at_most("|dL_1/deta| at eta*, over that at 0", std::abs(slope_at(best) / slope_at(0)), 1e-12);
  const double eta = 0.7 / closed.largest();
  const Array g1 = squared_slope(p.rows, p.w0 - eta * g);
  c.relative("dL_1/deta at 0.7 / largest eigenvalue, from -g1ᵀg0", slope_at(eta), -dot(g1, g).item(), 1e-12);
  const Array moved = a - 2 * eta / closed.n * ka;
  c.relative("L_1, from (1/n) |(I - (2 eta/n) xxᵀ) a|²", loss_after(p, f64(eta), 1).item(),
             square(norm(moved)).item() / closed.n, 1e-13);
}

// Two steps on L + lt |w|²: w1 depends on eta through its update, w2 through its update and through w1.
void two_penalised_steps(Context& c, const Problem& p) {
  c.part("Two steps with an L2 penalty: eta enters every update, the penalty every gradient", {"S4.21"});
  const Optimizer rule =
      optim::chain({optim::add_l2([](std::size_t, const Array&) { return true; }), optim::sgd()});
  const double eta = 0.7 / ClosedForm(p).largest(), penalty = 0.1;
  auto penalised = [&](const Array& w, const Array& lt) -> Array {
    return squared_loss(p.rows, w) + lt * dot(w, w);
  };
  auto slope = [&](const Array& w) { return squared_slope(p.rows, w); };
  auto after = [&](const Array& rates, std::int64_t steps) {  // rates: eta and lt
    const auto from = optim::start(rule, p.w0, {{"learning_rate", row(rates, 0)}, {"l2", 2 * row(rates, 1)}});
    return optim::descend(rule, slope, from, steps).params;
  };
  auto loss = [&](const Array& rates) -> Array { return penalised(after(rates, 2), row(rates, 1)); };
  const Array at = vec({eta, penalty}), forward = jacobian_forward(loss)(at), reverse = grad(loss)(at);

  // The same along the edges of the graph w0 -> w1 -> w2 -> L, one factor each.
  auto g = [&](const Array& w) { return squared_slope(p.rows, w) + 2 * penalty * w; };
  auto pull = [&](const Array& w, const Array& v) {  // (I - eta H) v
    auto of = [&](const Array& u) -> Array { return penalised(u, f64(penalty)); };
    return v - eta * hvp(of, w, v);
  };
  const Array w1 = p.w0 - eta * g(p.w0), w2 = w1 - eta * g(w1), end = g(w2);
  const double by_eta = -dot(end, g(w1)).item() - dot(pull(w1, end), g(p.w0)).item();
  const double by_penalty =
      dot(w2, w2).item() - 2 * eta * dot(end, w1).item() - 2 * eta * dot(pull(w1, end), p.w0).item();
  c.at_most("w after two steps, from the updates written out", apart(after(at, 2), w2), 1e-14);
  c.relative("by eta, forward mode, from the graph's edges", forward.at({0}), by_eta, 1e-12);
  c.relative("by eta, reverse mode", reverse.at({0}), by_eta, 1e-12);
  c.relative("by the penalty, forward mode", forward.at({1}), by_penalty, 1e-12);
  c.relative("by the penalty, reverse mode", reverse.at({1}), by_penalty, 1e-12);
}

// Losses (instances, rates, steps) of many problems over many rates from 0 to 2 / largest eigenvalue.
struct Curves {
  std::vector<std::vector<double>> etas;
  Array training, validation, heavy_ball;
};

struct Lane {
  Problem p;
  Rows other;  // validation rows, of other weights
  Array etas;
};

Curves curves(Context& c, std::int64_t instances, std::int64_t points, std::int64_t steps) {
  std::vector<Array> x, t, w0, vx, vt, etas;
  Curves out;
  for (std::int64_t i = 0; i < instances; ++i) {
    const Array key = random::fold_in(c.key(2), i);
    const Problem p = problem(key, c.whole("n"), c.whole("d"));
    const Rows other = gaussian_rows(random::fold_in(key, 3), c.whole("n"), c.whole("d"));
    out.etas.push_back(evenly(0, 2 / largest_curvature(p.rows), points));
    x.push_back(p.rows.x), t.push_back(p.rows.t), w0.push_back(p.w0);
    vx.push_back(other.x), vt.push_back(other.t), etas.push_back(vec(out.etas.back()));
  }
  const Lane lanes{{{stack(x), stack(t)}, stack(w0)}, {stack(vx), stack(vt)}, stack(etas)};
  auto of_lane = [&](const Lane& lane) {
    auto slope = [&](const Array& w) { return squared_slope(lane.p.rows, w); };
    auto see = [&](const optim::Descent<Array>& at) {
      return std::pair(squared_loss(lane.p.rows, at.params), squared_loss(lane.other, at.params));
    };
    auto at_rate = [&](const Array& eta) {
      const Optimizer plain = optim::sgd(), heavy = optim::momentum();
      const optim::Rates rates{{"learning_rate", eta}};
      const auto [training, validation] =
          optim::watch(plain, slope, see, optim::start(plain, lane.p.w0, rates), steps).second;
      const auto rolled =
          optim::watch(heavy, slope, see, optim::start(heavy, lane.p.w0, rates), steps).second;
      return std::tuple(training, validation, rolled.first);
    };
    return vmap(at_rate)(lane.etas);
  };
  std::tie(out.training, out.validation, out.heavy_ball) = jit(vmap(of_lane))(lanes);
  return out;
}

// The least second difference over the largest loss of its curve, with where it is.
struct Bend {
  double value = 1e300;
  std::int64_t instance = 0, point = 0;
};
Bend least_bend(const Array& losses, std::int64_t step) {
  const Array at = slice(losses, 2, step - 1, step);
  const std::int64_t points = at.dim(1);
  const std::vector<double> all = at.to_doubles();
  Bend least;
  for (std::int64_t i = 0; i < at.dim(0); ++i) {
    const double* curve = all.data() + i * points;
    const double top = *std::max_element(curve, curve + points);
    for (std::int64_t j = 1; j + 1 < points; ++j) {
      const double bend = (curve[j - 1] - 2 * curve[j] + curve[j + 1]) / top;
      if (bend < least.value) least = {bend, i, j};
    }
  }
  return least;
}

void convexity(Context& c, const Curves& all) {
  c.part("Is L_t convex in eta? With one rate for all steps, yes", {"S4.11"});
  const std::int64_t steps = all.training.dim(2);
  constexpr double rounding = 1e-13;  // of a second difference of numbers up to 1
  for (const std::int64_t t : {std::int64_t{1}, std::int64_t{2}, std::int64_t{5}, steps})
    c.at_least(fmt::format("t = {}: least second difference in {} problems, over the largest loss", t,
                           all.training.dim(0)),
               least_bend(all.training, t).value, -rounding);
  auto counter_example = [&](const std::string& what, const Array& losses, std::int64_t from) {
    std::int64_t t = from;
    Bend worst = least_bend(losses, t);
    while (worst.value > -1e-6 && t < steps) worst = least_bend(losses, ++t);
    c.at_most(fmt::format("{}: least second difference, over the largest loss", what), worst.value, -1e-6);
    c.note(fmt::format(
        "{} is not convex: after {} steps, problem {} bends down at eta = {:.5g}.", what, t, worst.instance,
        all.etas[static_cast<std::size_t>(worst.instance)][static_cast<std::size_t>(worst.point)]));
  };
  counter_example("The validation loss", all.validation, 2);
  counter_example("The training loss under heavy ball 0.9", all.heavy_ball, 2);
  // With x = eta times an eigenvalue, two steps of heavy ball 0.9 leave 1 - 2.9 x + x² of its coordinate.
  auto left = [](const Array& x) -> Array { return square(1 - 2.9 * x + x * x); };
  c.at_most("second derivative of (1 - 2.9 x + x²)² at x = 1.45", hessian(left)(f64(1.45)).item(), -1);
  c.note(
      "That square bends down where |x - 1.45| < 0.6, so with heavy ball the loss is not convex in the rate "
      "from "
      "the second step on.");
}

// L_2 of one rate for each of two steps.
void separate_rates(Context& c, const Problem& p) {
  c.part("With a rate of its own for each step, it is not", {"S4.11"});
  const Optimizer rule = optim::sgd();
  auto slope = [&](const Array& w) { return squared_slope(p.rows, w); };
  auto loss = [&](const Array& etas) -> Array {
    const auto first = optim::step(rule, slope, optim::start(rule, p.w0, {{"learning_rate", row(etas, 0)}}));
    const auto from = optim::start(rule, first.params, {{"learning_rate", row(etas, 1)}});
    return squared_loss(p.rows, optim::step(rule, slope, from).params);
  };
  std::vector<Array> at;
  const std::vector<double> grid = evenly(0, 2 / largest_curvature(p.rows), 21);
  for (const double one : grid)
    for (const double two : grid) at.push_back(vec({one, two}));
  const Array hessians = jit(vmap(hessian(loss)))(stack(at));
  double least = 1e300;
  std::size_t where = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::int64_t k = static_cast<std::int64_t>(i);
    const double a = hessians.at({k, 0, 0}), b = hessians.at({k, 0, 1}), d = hessians.at({k, 1, 1});
    const double smallest = (a + d) / 2 - std::hypot((a - d) / 2, b);
    if (smallest < least) least = smallest, where = i;
  }
  c.at_most("smallest eigenvalue of the Hessian by (eta1, eta2)", least, -1e-3);
  c.note(fmt::format("It is at eta1 = {:.5g}, eta2 = {:.5g}.", at[where].at({0}), at[where].at({1})));
}

Panel tangents(const Problem& p) {
  const ClosedForm closed(p);
  const double top = 2 / closed.largest();
  const std::vector<double> etas = evenly(0, 0.999 * top, 101);
  Panel panel{"Training loss against the rate", {"eta"}, {"L_t(eta)", Scale::log}};
  const Optimizer rule = optim::sgd();
  auto losses = [&](const Array& eta) {
    auto slope = [&](const Array& w) { return squared_slope(p.rows, w); };
    auto see = [&](const optim::Descent<Array>& at) { return squared_loss(p.rows, at.params); };
    return optim::watch(rule, slope, see, optim::start(rule, p.w0, {{"learning_rate", eta}}), 50).second;
  };
  const Array values = jit(vmap(losses))(vec(etas));
  const double at = 0.25 * top, reach = 0.06 * top;
  for (const std::int64_t t : {1, 2, 3, 5, 8, 12, 20, 30, 50}) {
    Series& series = panel.line(fmt::format("t = {}", t), etas, slice(values, 1, t - 1, t).to_doubles());
    series.faint = t != 1 && t != 5 && t != 20 && t != 50;
    if (series.faint) continue;
    auto loss = [&](const Array& rate) -> Array { return loss_after(p, rate, t); };
    const auto [value, slope] = jit(value_and_grad(loss))(f64(at));
    panel
        .line(fmt::format("tangent, t = {}", t), {at - reach, at + reach},
              {value.item() - reach * slope.item(), value.item() + reach * slope.item()})
        .dashed = true;
  }
  return panel;
}

Panel validation_curve(const Curves& all) {
  std::int64_t t = 2;
  Bend worst = least_bend(all.validation, t);
  while (worst.value > -1e-6 && t < all.validation.dim(2)) worst = least_bend(all.validation, ++t);
  const Array one = row(all.validation, worst.instance);
  Panel panel{"Validation loss of one problem: not convex", {"eta"}, {"validation loss"}};
  const std::vector<double>& etas = all.etas[static_cast<std::size_t>(worst.instance)];
  panel.line(fmt::format("t = {}", t), etas, slice(one, 1, t - 1, t).to_doubles());
  panel.mark("bends down", etas[static_cast<std::size_t>(worst.point)]);
  return panel;
}

void run(Context& c) {
  const Problem p = problem(c.key(1), c.whole("n"), c.whole("d"));
  c.table(derivatives(c, p));
  one_step(c, p);
  two_penalised_steps(c, p);
  const Curves all = curves(c, c.whole("instances"), 400, 10);
  convexity(c, all);
  separate_rates(c, p);
  c.panel(tangents(p));
  c.panel(validation_curve(all));
  c.caption(
      "The loss after t steps against the learning rate is one bowl, and the tangents computed through the "
      "training touch it; the validation loss of the same training may have several bends.");
}

}  // namespace

Experiment hypergradient() {
  Experiment e{"hypergradient", "L01", "The derivative of a training by its learning rate"};
  e.claim =
      "After t steps of gradient descent on a linear regression, L_t(eta) = (1/n) aᵀ(I - (2 eta/n) K)^(2t) a "
      "with "
      "K = xxᵀ and a = x w0 - t; its derivative -(4t/n²) aᵀK (I - (2 eta/n) K)^(2t-1) a is what "
      "differentiating "
      "through the training gives, and L_t is convex in a rate that all steps share.";
  e.source = "document 4, questions 2.1.1 to 2.2.3 on hypergradients; document 1, gradient of the regression";
  e.protocol =
      "A Gaussian regression, eta 0.7 over the largest eigenvalue, t = 1, 2, 5, 20, 50: forward mode, "
      "reverse "
      "mode with all states stored and with states computed again, central differences, and the closed form "
      "by "
      "singular values (in the place of a complex step). Then second differences over 400 rates in [0, 2 / "
      "largest eigenvalue] of many problems as lanes. xᵀ is x transposed.";
  e.pass =
      "forward mode to 1e-12, reverse mode to 1e-11 and the same bits when states are computed again, "
      "differences "
      "to 1e-7; dL_1/deta below 1e-12 of its size at the best rate; no bend down in the training loss, and "
      "one "
      "found in the validation loss, under heavy ball, and with separate rates.";
  e.claims = {
      {"S1.6", Verdict::asked, "What is the gradient of (1/n) |x w - t|²?", "(2/n) xᵀ(x w - t)."},
      {"S4.10", Verdict::right, "L_1 = (1/n) aᵀ(I - (2 eta/n) xxᵀ)² a with a = x w0 - t.",
       "It is: a step shrinks the residual along each eigenvector of xxᵀ by its own factor."},
      {"S4.11", Verdict::asked, "Is L_1 convex in eta? (Not answered.)",
       "Yes, and so is L_t for every t while all steps share one rate; it is not with a rate for each step, "
       "not "
       "with momentum, and the validation loss is not either."},
      {"S4.12", Verdict::right, "dL_1/deta is 0 at eta* = (n/2) |xᵀa|² / |xxᵀa|².",
       "It is; that is Cauchy's step, and in general dL_1/deta = -g1ᵀg0: the rate should grow while "
       "successive "
       "gradients agree."},
      {"S4.21", Verdict::asked, "What does the graph of two steps with an L2 penalty look like?",
       "w0, w1, w2 in a row, each by its loss and gradient; the penalty enters every loss and gradient, eta "
       "every "
       "update, and the derivative by either is a sum over these places."},
  };
  e.parameters = {{"n", "rows", 15, 15, 2, 100},
                  {"d", "columns", 20, 20, 2, 100},
                  {"instances", "problems searched for bends, as lanes", 100, 20, 10, 1000}};
  e.also = {{{"n", 8}, {"d", 12}}, {{"n", 24}, {"d", 6}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
