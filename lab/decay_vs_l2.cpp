// L09: decoupled weight decay and an L2 penalty are one thing for SGD, and two for Adam.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/regression.h"
#include "lab/table.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

using optim::Optimizer;
using optim::Rates;

bool every_leaf(std::size_t, const Array&) { return true; }
Optimizer with_decay(const Optimizer& rule) { return optim::chain({rule, optim::decay_weights(every_leaf)}); }
Optimizer with_l2(const Optimizer& rule) { return optim::chain({optim::add_l2(every_leaf), rule}); }

// The model x w + b with the penalty on w alone: (1/2n) sum r² + (alpha/2) |w|².
struct Model {
  Array w, b;
};

void penalty_on_weights(Context& c) {
  c.part("The penalty and its gradient", {"S0.12", "S4.13"});
  const double alpha = 0.3, n = c.number("n");
  const Rows rows = gaussian_rows(c.key(1), c.whole("n"), c.whole("d"));
  const Model at{normals(c.key(2), {c.whole("d")}), normals(c.key(3), {})};
  auto half = [&](const Model& m) -> Array { return 0.5 * mean(square(matmul(rows.x, m.w) + m.b - rows.t)); };
  auto loss = [&](const Model& m) -> Array { return half(m) + alpha / 2 * dot(m.w, m.w); };
  const Array r = matmul(rows.x, at.w) + at.b - rows.t, xr = matmul(transpose(rows.x), r);
  const Model g = grad(loss)(at);
  c.at_most("gradient by w, from xᵀr/n + alpha w", apart(g.w, xr / n + alpha * at.w), 1e-13);
  c.relative("gradient by b, from the mean of r, without the penalty", g.b.item(), mean(r).item(), 1e-12);
  // The same through the optimiser: a step of rate 1 is the gradient.
  auto is_weight = [](std::size_t, const Array& leaf) { return leaf.rank() > 0; };
  const Optimizer rule = optim::chain({optim::add_l2(is_weight), optim::sgd()});
  const auto from = optim::start(rule, at, {{"learning_rate", f64(1)}, {"l2", f64(alpha)}});
  auto slope = [&](const Model& m) { return grad(half)(m); };
  const Model next = optim::step(rule, slope, from).params;
  c.at_most("a step with add_l2 on w: distance of w", apart(next.w, at.w - g.w), 1e-14);
  c.absolute("the same: b", next.b.item(), at.b.item() - g.b.item(), 1e-14);
  const double lt = 0.2;
  auto squared = [&](const Array& w) -> Array { return squared_loss(rows, w) + lt * dot(w, w); };
  const Array a = matmul(rows.x, at.w) - rows.t;
  c.at_most("gradient of L + lt |w|², from (2/n) xᵀa + 2 lt w",
            apart(grad(squared)(at.w), 2 / n * matmul(transpose(rows.x), a) + 2 * lt * at.w), 1e-13);
}

// The weights after 1 … steps of a rule, with the gradient of the random example if `key` is given.
Array path_of(const Optimizer& rule, const Rates& rates, const Rows& rows, const Array& w0,
              std::int64_t steps, const std::optional<Array>& key = {}) {
  auto slope = [&](const Array& w, const Array& count) {
    return squared_slope(key ? draw(random::fold_in(*key, count), rows, 1) : rows, w);
  };
  auto see = [](const optim::Descent<Array>& at) { return at.params; };
  auto watched = [&](const Array& w) {
    return optim::watch(rule, slope, see, optim::start(rule, w, rates), steps).second;
  };
  return jit(watched)(w0);
}

void trajectories(Context& c) {
  c.part("Ten steps of gradient descent and of SGD: decay lambda is the penalty lt = lambda / (2 eta)",
         {"S4.14", "S4.15"});
  const Rows rows = gaussian_rows(c.key(4), c.whole("n"), c.whole("d"));
  const Array w0 = normals(c.key(5), {c.whole("d")});
  const double lambda = c.number("lambda");
  const double eta = 0.7 / largest_curvature(rows), small = eta / static_cast<double>(c.whole("n"));
  for (const bool stochastic : {false, true}) {
    const double rate = stochastic ? small : eta;
    const std::optional<Array> key = stochastic ? std::optional(c.key(6)) : std::nullopt;
    const Rates rates{{"learning_rate", f64(rate)}};
    auto with = [&](const std::string& name, double value) {
      Rates all = rates;
      all[name] = f64(value);
      return all;
    };
    const Array decayed = path_of(with_decay(optim::sgd()), with("weight_decay", lambda), rows, w0, 10, key);
    const Array penalised = path_of(with_l2(optim::sgd()), with("l2", lambda / rate), rows, w0, 10, key);
    const Array plain = path_of(optim::sgd(), rates, rows, w0, 10, key);
    const std::string name = stochastic ? "SGD" : "gradient descent";
    for (const std::int64_t k : {1, 3, 10}) {
      c.at_most(fmt::format("{}, step {}: decay from the penalty lambda / (2 eta)", name, k),
                apart(row(penalised, k - 1), row(decayed, k - 1)), 1e-13);
      c.at_least(fmt::format("{}, step {}: decay from the document's lt = 0", name, k),
                 norm(row(plain, k - 1) - row(decayed, k - 1)).item(), 0.01);
    }
    if (stochastic) continue;
    // The document's step decays twice: by 1 - lambda, and in the gradient.
    const Array g = squared_slope(rows, w0), step = row(penalised, 0);
    const double lt = lambda / (2 * eta);
    c.at_most("one step with the penalty, from (1 - 2 eta lt) w0 - eta g",
              apart(step, (1 - 2 * eta * lt) * w0 - eta * g), 1e-14);
    const Array twice = (1 - lambda) * w0 - eta * (g + 2 * lt * w0);
    c.relative("the document's step is off by lambda |w0|", norm(twice - step).item(),
               lambda * norm(w0).item(), 1e-12);
  }
}

// The quadratic of curvatures (10, 0.1) about (1, 1).
const std::vector<double> curvatures{10, 0.1};
Array pull(const Array& w) { return vec(curvatures) * (w - 1); }
Array ends(const Optimizer& rule, const Rates& lanes, std::int64_t steps) {
  auto end = [&](const Rates& rates) {
    return optim::descend(rule, pull, optim::start(rule, zeros({2}), rates), steps).params;
  };
  return jit(vmap(end))(lanes);
}

struct Pair {
  std::string name;
  Optimizer rule;
  bool decoupled;
};
std::vector<Pair> pairs() {
  return {{"gradient descent, decoupled", with_decay(optim::sgd()), true},
          {"gradient descent, L2", with_l2(optim::sgd()), false},
          {"Adam, decoupled", with_decay(optim::adam()), true},
          {"Adam, L2", with_l2(optim::adam()), false}};
}

void quadratic(Context& c) {
  c.part("Where they end on a steep and a flat coordinate", {"S4.15"});
  const double eta = 0.01, lambda = 0.001;
  const double ridge0 = 10 / (10 + lambda / eta), ridge1 = 0.1 / (0.1 + lambda / eta);
  for (const Pair& pair : pairs()) {
    const Rates rates{
        {"learning_rate", vec({eta})},
        {pair.decoupled ? "weight_decay" : "l2", vec({pair.decoupled ? lambda : lambda / eta})}};
    const Array w = row(ends(pair.rule, rates, 20000), 0);
    if (pair.name != "Adam, decoupled") {
      c.absolute(pair.name + ": w1 at the ridge point h c / (h + lambda / eta)", w.at({0}), ridge0, 1e-6);
      c.absolute(pair.name + ": w2", w.at({1}), ridge1, 1e-6);
    } else {
      c.at_least(pair.name + ": distance of w2 from the ridge point", std::abs(w.at({1}) - ridge1), 0.3);
      c.report(pair.name + ": w1", w.at({0}));
      c.report(pair.name + ": w2", w.at({1}));
    }
  }
  c.note(
      "Adam's steps have the size of the rate whatever the gradient's is, so while a weight is off its "
      "optimum "
      "the pull of the loss is eta and that of the decay only lambda w: the loss wins in every coordinate, "
      "and "
      "curvature has no say in how much a weight is shrunk.");
}

Panel paths() {
  const double eta = 0.01;
  Panel panel{
      "Ends as the decay grows, from lambda 1e-5 (right, above) to 1e-2", {"w1 (steep)"}, {"w2 (flat)"}};
  const std::vector<double> lambdas = by_ratio(1e-5, 1e-2, 16);
  std::vector<double> l2;
  for (const double lambda : lambdas) l2.push_back(lambda / eta);
  for (const Pair& pair : pairs()) {
    const Rates lanes{{"learning_rate", vec(std::vector<double>(lambdas.size(), eta))},
                      {pair.decoupled ? "weight_decay" : "l2", vec(pair.decoupled ? lambdas : l2)}};
    const Array w = ends(pair.rule, lanes, 20000);
    const std::vector<double> x = slice(w, 1, 0, 1).to_doubles(), y = slice(w, 1, 1, 2).to_doubles();
    if (pair.decoupled)
      panel.line(pair.name, x, y);
    else
      panel.points(pair.name, x, y);
  }
  panel.mark("optimum without either", 1, 1);
  return panel;
}

void run(Context& c) {
  penalty_on_weights(c);
  trajectories(c);
  quadratic(c);
  c.panel(paths());
  c.caption(
      "For gradient descent the points of the penalty lie on the line of decoupled decay; for Adam the two "
      "part: "
      "its penalty shrinks the flat weight, its decoupled decay hardly any.");
}

}  // namespace

Experiment decay_vs_l2() {
  Experiment e{"decay-vs-l2", "L09", "When weight decay is an L2 penalty"};
  e.claim =
      "Decoupled decay, w shrunk by 1 - lambda in every step, is the penalty lt |w|² with lt = lambda / (2 "
      "eta) for "
      "gradient descent and SGD, and is no penalty for Adam.";
  e.source = "document 4, question on weight decay and L2; document 0, linear model with L2";
  e.protocol =
      "A Gaussian regression, 10 steps with either, and 10 of SGD on the same random examples; then the "
      "quadratic "
      "with curvatures (10, 0.1) about (1, 1), lambda 0.001, eta 0.01, 20,000 steps of gradient descent and "
      "Adam "
      "with either. xᵀ is x transposed.";
  e.pass =
      "trajectories equal to 1e-13 with lt = lambda / (2 eta), apart by more than 0.01 with lt = 0; gradient "
      "descent "
      "and Adam with L2 at the ridge point to 1e-6, Adam with decoupled decay more than 0.3 away in the flat "
      "coordinate.";
  e.claims = {
      {"S0.12", Verdict::right, "The model x w + b with L2 on w and not on b.",
       "Its gradients are xᵀr/n + alpha w and the mean of r: a penalised bias would pull every prediction to "
       "0."},
      {"S4.13", Verdict::right, "The gradient of L + lt |w|² is (2/n) xᵀa + 2 lt w.", "It is."},
      {"S4.14", Verdict::wrong, "A step on the L2 loss is (1 - lambda) w0 - eta (gradient of the L2 loss).",
       "That shrinks the weights twice; a step on the L2 loss is (1 - 2 eta lt) w0 - eta g, and nothing "
       "else."},
      {"S4.15", Verdict::wrong, "Decay and penalty agree for lt = 0.",
       "They agree for lt = lambda / (2 eta), to the last digits over ten steps, and for gradient descent "
       "and SGD "
       "only: with Adam they end at different weights."},
  };
  e.parameters = {{"n", "rows", 15, 15, 2, 200},
                  {"d", "columns", 20, 20, 2, 200},
                  {"lambda", "decay in a step of gradient descent", 0.05, 0.05, 0.01, 0.5, false}};
  e.also = {{{"n", 30}, {"d", 8}, {"lambda", 0.1}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
