// L14: the best line through XOR says 1/2 everywhere; two hidden units represent it exactly.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/slope.h"
#include "lab/table.h"
#include "runnel/linalg.h"
#include "runnel/nn.h"
#include "runnel/optim.h"
#include "runnel/train.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

const double root33 = std::sqrt(33.0);

Array points() { return Array::from(std::vector<double>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}); }
Array targets() { return vec({0, 1, 1, 0}); }

// theta = (w1, w2, b).
Array line(const Array& theta, const Array& x) { return matmul(x, slice(theta, 0, 0, 2)) + row(theta, 2); }
Array loss(const Array& theta) { return nn::squared_error(line(theta, points()), targets()); }

void partial_derivatives(Context& c) {
  c.part("The partial derivatives of J = (1/4) sum (w x + b - y)²", {"S0.9", "S0.10", "S3.7"});
  double by_formula = 0, difference = 0;
  const Array drawn = normals(c.key(1), {20, 3}), slopes = vmap(grad(loss))(drawn);
  for (std::int64_t i = 0; i < drawn.dim(0); ++i) {
    const double w1 = drawn.at({i, 0}), w2 = drawn.at({i, 1}), b = drawn.at({i, 2});
    const double expected[] = {(2 * w1 + w2 + 2 * b - 1) / 2, (w1 + 2 * w2 + 2 * b - 1) / 2,
                               (2 * w1 + 2 * w2 + 4 * b - 2) / 2};
    for (std::int64_t j = 0; j < 3; ++j)
      by_formula = std::max(by_formula, std::abs(slopes.at({i, j}) - expected[j]));
    difference = std::max(difference, std::abs(slopes.at({i, 0}) - slopes.at({i, 1}) - (w1 - w2) / 2));
  }
  c.at_most("largest difference from the printed formulas at 20 random points", by_formula, 1e-13);
  c.at_most("the first less the second, against (w1 - w2) / 2", difference, 1e-13);
}

void best_line(Context& c) {
  c.part("The best line", {"S0.11", "S3.7"});
  const nn::Dense fit = nn::least_squares(points(), targets());
  c.absolute("least squares, w1", fit.w.at({0}), 0, 1e-12);
  c.absolute("least squares, w2", fit.w.at({1}), 0, 1e-12);
  c.absolute("least squares, b", fit.b.item(), 0.5, 1e-12);
  const Array curvature = hessian(loss)(zeros({3})), best = vec({0, 0, 0.5});
  // The loss is quadratic, so a Newton step solves the normal equations.
  const Array l = cholesky(curvature);
  const Array solved = -triangular_solve(l, triangular_solve(l, grad(loss)(zeros({3}))), true, true);
  c.at_most("normal equations against (0, 0, 1/2)", max(abs(solved - best)).item(), 1e-12);
  c.absolute("J there", loss(best).item(), 0.25, 1e-14);
  const std::vector<double> eigen = svd(curvature).s.to_doubles();
  c.absolute("largest eigenvalue of the Hessian against (7 + sqrt 33) / 4", eigen[0], (7 + root33) / 4, 1e-6);
  c.absolute("the middle one against 1/2", eigen[1], 0.5, 1e-6);
  c.absolute("the least against (7 - sqrt 33) / 4", eigen[2], (7 - root33) / 4, 1e-6);
}

void descents(Context& c) {
  c.part("Gradient descent from random starts, as lanes", {"S0.11"});
  const std::int64_t starts = c.whole("starts"), records = 120;
  const auto rule = optim::sgd({{"learning_rate", f64(0.5)}});
  auto path = [&](const Array& from) {
    const auto [end, losses] = optim::watch(
        rule, slope_of(loss), [](const auto& at) { return loss(at.params); }, optim::start(rule, from),
        records, 2);
    return std::pair(end.params, losses);
  };
  const auto [ends, losses] = jit(vmap(path))(2 * normals(c.key(2), {starts, 3}));
  c.at_most("largest distance from (0, 0, 1/2)", max(abs(ends - vec({0, 0, 0.5}))).item(), 1e-12);
  c.at_most("largest distance of J from 1/4", max(abs(slice(losses, 1, records - 1, records) - 0.25)).item(),
            1e-14);
  Panel panel{"Every line ends at 1/4", {"step"}, {"J", Scale::log}};
  for (std::int64_t i = 0; i < std::min<std::int64_t>(starts, 25); ++i) {
    const std::vector<double> all = row(losses, i).to_doubles();
    std::vector<double> steps;
    for (std::size_t k = 0; k < 20; ++k) steps.push_back(static_cast<double>(2 * (k + 1)));
    panel.line("", steps, {all.begin(), all.begin() + 20}).faint = true;
  }
  panel.mark("1/4", {}, 0.25);
  c.panel(panel);
}

// max(0, x1 + x2) - 2 max(0, x1 + x2 - 1).
nn::Mlp by_hand() {
  const Array in = Array::ones({2, 2}, DType::f64);
  return {{{in, vec({0, -1})}, {Array::from(std::vector<double>{1, -2}, {2, 1}), vec({0})}}};
}

void two_units(Context& c) {
  c.part("Two hidden units, set by hand", {"S0.11"});
  const Array out = squeeze(nn::forward(by_hand(), points(), nn::Activation::relu), 1);
  for (std::int64_t i = 0; i < 4; ++i)
    c.exact(fmt::format("output at ({:g}, {:g})", points().at({i, 0}), points().at({i, 1})), out.at({i}),
            targets().at({i}));
  c.note(
      "That the best line says 1/2 everywhere is a limit of lines and not of learning: one layer more, and "
      "the four points are met exactly.");
}

// How many of `inits` random starts of a 2-2-1 network come to fit all four points.
void learning(Context& c, nn::Activation activation, const std::string& name) {
  const std::int64_t inits = c.whole("inits"), steps = c.whole("steps");
  train::Recipe recipe;
  recipe.sizes = {2, 2, 1};
  recipe.activation = activation;
  recipe.dtype = DType::f64;
  recipe.scaled = recipe.l2 = false;
  const Array key = c.key(activation == nn::Activation::relu ? 3 : 4), x = points(), y = targets();
  auto loss_after = [&](const Array& number) {
    train::Rates rates;
    for (Array* rate : {&rates.l2, &rates.dropout, &rates.clip, &rates.bias}) *rate = f64(0);
    rates.rate = f64(0.02);
    rates.momentum = f64(0.9);
    rates.beta2 = f64(0.999);
    rates.scale = f64(1);
    rates.key = random::fold_in(key, number);
    const Array rows = broadcast_to(arange(4), {steps, 4});
    const auto state = train::steps(recipe, train::start(recipe, rates), rates, x, y, rows).first;
    return train::loss(recipe, state.weights(), rates, x, y);
  };
  const std::vector<double> losses = jit(vmap(loss_after))(arange(inits)).to_doubles();
  const auto solved =
      static_cast<double>(std::count_if(losses.begin(), losses.end(), [](double l) { return l < 1e-3; }));
  const double share = solved / static_cast<double>(inits);
  c.report(fmt::format("{}: share of random starts that come to fit all four points", name), share,
           std::sqrt(share * (1 - share) / static_cast<double>(inits)));
  c.at_most(fmt::format("{}: the least loss, which no line has below 1/4", name),
            *std::min_element(losses.begin(), losses.end()), 1e-3);
}

void surfaces(Context& c) {
  const std::vector<double> side = evenly(-0.25, 1.25, 31);
  std::vector<double> grid;
  for (const double b : side)
    for (const double a : side) grid.insert(grid.end(), {a, b});
  const auto size = static_cast<std::int64_t>(side.size());
  const Array at = Array::from(grid, {size * size, 2});
  auto map = [&](const std::string& title, const Array& values) {
    Panel panel{title, {"x1"}, {"x2"}};
    panel.map = HeatMap{"output", Scale::linear, side, side, {}};
    for (std::int64_t i = 0; i < size; ++i)
      panel.map->values.push_back(slice(values, 0, i * size, (i + 1) * size).to_doubles());
    for (std::int64_t i = 0; i < 4; ++i)
      panel.mark(fmt::format("{:g}", targets().at({i})), points().at({i, 0}), points().at({i, 1}));
    c.panel(panel);
  };
  map("The best line: 1/2 everywhere", line(vec({0, 0, 0.5}), at));
  map("Two hidden units", squeeze(nn::forward(by_hand(), at, nn::Activation::relu), 1));

  Panel slice_of{"J of lines with w1 = w2 = w", {"w"}, {"b"}};
  const std::vector<double> ws = evenly(-1, 1, 31), bs = evenly(-0.5, 1.5, 31);
  slice_of.map = HeatMap{"J", Scale::linear, ws, bs, {}};
  for (const double b : bs) {
    std::vector<double> values;
    for (const double w : ws) values.push_back(loss(vec({w, w, b})).item());
    slice_of.map->values.push_back(values);
  }
  slice_of.mark("1/4", 0, 0.5);
  c.panel(slice_of);
}

void run(Context& c) {
  partial_derivatives(c);
  best_line(c);
  descents(c);
  two_units(c);
  c.part("Training a 2-2-1 network from random starts, as lanes (Adam, rate 0.02)", {});
  learning(c, nn::Activation::relu, "relu");
  learning(c, nn::Activation::tanh, "tanh");
  surfaces(c);
  c.caption(
      "No line does better on XOR than 1/2 everywhere, and descent finds it from any start; with two "
      "hidden units the four points are met exactly.");
}

}  // namespace

Experiment xor_() {
  Experiment e{"xor", "L14", "The best line through XOR, and a network that represents it"};
  e.claim =
      "The best affine fit to XOR is w = 0, b = 1/2 with J = 1/4; one hidden layer of two relu units "
      "represents XOR exactly.";
  e.source = "documents 0 and 3, the question on XOR";
  e.protocol =
      "Partial derivatives at random points, normal equations, the Hessian's eigenvalues; gradient descent "
      "from 100 random starts as lanes; h = max(0, x1 + x2), max(0, x1 + x2 - 1), output h1 - 2 h2; 1,000 "
      "random initialisations of 2-2-1 networks as lanes.";
  e.pass =
      "(0, 0, 1/2) to 1e-12, J = 1/4 to 1e-14; eigenvalues (7 ± sqrt 33)/4 and 1/2 to 1e-6; the hand-set "
      "network gives exactly 0, 1, 1, 0; the share of starts that solve it is told with its standard error.";
  e.claims = {
      {"S0.9", Verdict::right, "dJ/dw1 = (2 w1 + w2 + 2b - 1)/2, and so on for w2 and b.",
       "All three are right."},
      {"S0.10", Verdict::right, "Subtracting one from the other gives w1 - w2 = 0.",
       "The difference is (w1 - w2)/2 = 0, from which the same follows."},
      {"S0.11", Verdict::right, "The best line has w = (0, 0) and b = 1/2.",
       "It is the only best one, says 1/2 everywhere and leaves J = 1/4; two hidden units leave nothing."},
      {"S3.7", Verdict::right, "The same by another derivation.",
       "The result is right; on the way x is pulled out of sums, a factor 1/2 is lost and a target 1 is "
       "written as 2."},
  };
  e.parameters = {{"starts", "of gradient descent", 100, 100, 2, 100000},
                  {"inits", "random networks of each kind", 1000, 100, 50, 20000},
                  {"steps", "of their training", 2000, 1000, 1000, 20000}};
  e.also = {{{"starts", 13}, {"inits", 60}, {"steps", 1200}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
