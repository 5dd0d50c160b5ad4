// L04: of all solutions of an underdetermined regression, which one does an optimiser find?
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
using optim::Rates;

Rows two_weights() { return {reshape(vec({2, 1}), {1, 2}), vec({2})}; }
Array residual(const Rows& rows, const Array& w) { return matmul(rows.x, w) - rows.t; }
// What of w is no combination of rows, over |whole|.
double off_span(const Array& basis, const Array& w, const Array& whole) {
  return norm(w - matmul(basis, matmul(transpose(basis), w))).item() / norm(whole).item();
}

// (a) The residual of a single row shrinks by the factor 1 - 2 eta |x|² in a step.
void two_weights_by_descent(Context& c) {
  c.part("Two weights, one row: gradient descent from zero",
         {"S1.10", "S1.11", "S1.12", "S4.1", "S4.5", "S4.6"});
  const Rows rows = two_weights();
  const Array first = squared_slope(rows, zeros({2}));
  c.exact("gradient at 0 by w1", first.at({0}), -8);
  c.exact("gradient at 0 by w2", first.at({1}), -4);
  const Array at = normals(c.key(1), {2}), matrix = Array({{8, 4}, {4, 2}}, DType::f64);
  c.at_most("gradient at random weights, from [[8,4],[4,2]] w - (8,4)",
            apart(squared_slope(rows, at), matmul(matrix, at) - vec({8, 4})), 1e-14);

  const std::vector<double> etas{0.02, 0.05, 0.1, 0.15, 0.19, 0.2, 0.21};
  const Optimizer rule = optim::sgd();
  auto slope = [&](const Array& w) { return squared_slope(rows, w); };
  auto watched = [&](const Rates& rates) {
    auto see = [](const optim::Descent<Array>& d) { return d.params; };
    return optim::watch(rule, slope, see, optim::start(rule, zeros({2}), rates), 400).second;
  };
  const Array path = jit(vmap(watched))(Rates{{"learning_rate", vec(etas)}});  // (lanes, steps, 2)
  for (std::size_t i = 0; i < etas.size(); ++i) {
    const Array steps = row(path, static_cast<std::int64_t>(i));
    const double factor = 1 - 10 * etas[i];
    double worst = 0, off_line = 0;
    bool flips_as_told = true;
    double before = -2;
    for (std::int64_t k = 0; k < 20; ++k) {
      const double w1 = steps.at({k, 0}), w2 = steps.at({k, 1}), r = 2 * w1 + w2 - 2;
      worst = std::max(worst, std::abs(r - factor * before));
      off_line = std::max(off_line, std::abs(w1 - 2 * w2));
      if (std::abs(r) > 1e-6) flips_as_told = flips_as_told && (r * before < 0) == (factor < 0);
      before = r;
    }
    const std::string name = fmt::format("eta {:g}", etas[i]);
    c.at_most(name + ": residual from (1 - 10 eta) times the one before", worst, 1e-12);
    c.at_most(name + ": distance from the line through (2, 1)", off_line, 1e-12);
    c.holds(name + (factor < 0 ? ": the residual flips at every step" : ": the residual never flips"),
            flips_as_told);
    const double last = std::abs(2 * steps.at({399, 0}) + steps.at({399, 1}) - 2);
    if (etas[i] < 0.2) {
      c.absolute(name + ": w1 of the limit", steps.at({399, 0}), 0.8, 1e-12);
      c.absolute(name + ": w2 of the limit", steps.at({399, 1}), 0.4, 1e-12);
    } else if (etas[i] == 0.2) {
      c.absolute(name + ": |residual| after 400 steps, a cycle of two", last, 2, 1e-10);
    } else {
      c.at_least(name + ": |residual| after 400 steps, which grow", last, 1e6);
    }
  }
  const Array limit = least_squares(rows);
  c.absolute("w1 of xᵀ(xxᵀ)^-1 t", limit.at({0}), 0.8, 1e-14);
  c.absolute("w2 of xᵀ(xxᵀ)^-1 t", limit.at({1}), 0.4, 1e-14);
  c.absolute("its norm", norm(limit).item(), 2 / std::sqrt(5.0), 1e-14);
}

// (b) The methods of the race. `settles`: its rate falls, since its steps do not shrink by themselves.
struct Method {
  std::string name;
  Optimizer rule;
  double rate;  // times 1 over the largest curvature where `by_curvature`
  bool by_curvature, stays;
  std::int64_t examples = 0;  // in a step; 0: all
  std::int64_t steps = 20000;
};

Optimizer settling(const Optimizer& rule) {
  return optim::chain({rule, optim::scheduled(optim::exponential_decay(1000, std::exp(-1.4)))});
}

std::vector<Method> methods() {
  const Rates sharp{{"eps", f64(1e-30)}};
  return {
      {"gradient descent", optim::sgd(), 1, true, true},
      {"SGD, one example", optim::sgd(), 0.1, true, true, 1},
      {"SGD, four examples", optim::sgd(), 0.3, true, true, 4},
      {"heavy ball", optim::momentum(), 0.5, true, true},
      {"Nesterov", optim::momentum(optim::Momentum::nesterov), 0.5, true, true},
      {"scalar AdaGrad", optim::adagrad_norm(), 0.5, false, true},
      {"full-matrix AdaGrad", optim::adagrad_full({{"eps", f64(1e-3)}}), 0.5, false, true, 0, 1000},
      {"AdaGrad", optim::adagrad(sharp), 0.5, false, false},
      {"RMSProp", settling(optim::rmsprop()), 0.05, false, false},
      {"Adam", settling(optim::adam()), 0.05, false, false},
      {"sign descent", settling(optim::sign_descent()), 0.05, false, false},
      {"Lion", settling(optim::lion()), 0.05, false, false},
  };
}

struct Task {
  Rows rows;
  Array curvature, key;
};

Task tasks(Context& c, std::int64_t count) {
  std::vector<Array> x, t, curvature, keys;
  const std::int64_t n = c.whole("n");
  for (std::int64_t i = 0; i < count; ++i) {
    const Array key = random::fold_in(c.key(2), i);
    const Rows rows = gaussian_rows(key, n, n * c.whole("wider"));
    x.push_back(rows.x);
    t.push_back(rows.t);
    curvature.push_back(f64(largest_curvature(rows)));
    keys.push_back(random::fold_in(key, 2));
  }
  return {{stack(x), stack(t)}, stack(curvature), stack(keys)};
}

Array end_of(const Method& method, const Task& task) {
  auto slope = [&](const Array& w, const Array& count) {
    if (method.examples == 0) return squared_slope(task.rows, w);
    return squared_slope(draw(random::fold_in(task.key, count), task.rows, method.examples), w);
  };
  const Array rate = method.by_curvature ? method.rate / task.curvature : f64(method.rate);
  const auto from = optim::start(method.rule, zeros({task.rows.x.dim(1)}), {{"learning_rate", rate}});
  return optim::descend(method.rule, slope, from, method.steps).params;
}

Table race(Context& c) {
  const std::int64_t instances = c.whole("instances");
  const std::vector<Method> all = methods();
  const Task lanes = tasks(c, instances);
  auto ends_of = [&](const Task& task) {
    std::vector<Array> ends;
    for (const Method& method : all) ends.push_back(end_of(method, task));
    return stack(ends);
  };
  const Array ends = jit(vmap(ends_of))(lanes);  // (instances, methods, d)

  Table table{"Where each ends, over |minimum norm| (the farthest for those that find it, else the nearest)",
              {"method", "distance from the minimum norm", "part outside the rows' span", "residual"}};
  for (std::size_t m = 0; m < all.size(); ++m) {
    const bool stays = all[m].stays;
    if (m == 0)
      c.part("Methods whose steps are combinations of rows: they find the minimum norm",
             {"S1.13", "S1.16", "S1.17", "S1.19", "S4.1"});
    if (!stays && all[m - 1].stays)
      c.part("Methods that scale each coordinate by itself: they solve, but elsewhere",
             {"S1.18", "S1.19", "S4.8"});
    double distance = stays ? 0 : 1e300, outside = distance, worst = 0;
    for (std::int64_t i = 0; i < instances; ++i) {
      const Rows rows{row(lanes.rows.x, i), row(lanes.rows.t, i)};
      const Array w = row(row(ends, i), static_cast<std::int64_t>(m)), least = least_squares(rows);
      const double apart_here = apart(w, least), outside_here = off_span(row_space(rows.x), w, least);
      distance = stays ? std::max(distance, apart_here) : std::min(distance, apart_here);
      outside = stays ? std::max(outside, outside_here) : std::min(outside, outside_here);
      worst = std::max(worst, norm(residual(rows, w)).item());
    }
    const double tolerance = all[m].name == "full-matrix AdaGrad" ? 1e-8 : 1e-12;
    c.at_most(all[m].name + ": residual", worst, 1e-8);
    if (stays) {
      c.at_most(all[m].name + ": distance from the minimum norm", distance, tolerance);
      c.at_most(all[m].name + ": part outside the rows' span", outside, tolerance);
    } else {
      c.at_least(all[m].name + ": distance from the minimum norm", distance, 0.1);
      c.at_least(all[m].name + ": part outside the rows' span", outside, 0.1);
    }
    table.rows.push_back({all[m].name, fmt::format("{:.2g}", distance), fmt::format("{:.2g}", outside),
                          fmt::format("{:.2g}", worst)});
  }
  return table;
}

// (c) One row: steps of one size in every coordinate end at t sign(x) / norm1(x), which has the least largest
// weight of all solutions (by Hölder's inequality |t| <= norm1(x) norminf(w)).
void one_row(Context& c) {
  c.part("One row: AdaGrad, RMSProp, Adam, Lion and sign descent end at t sign(x) / |x|_1",
         {"S1.18", "S1.19"});
  const Rates sharp{{"eps", f64(1e-30)}};
  const std::vector<std::pair<std::string, Optimizer>> rules{
      {"AdaGrad", optim::adagrad(sharp)},
      {"RMSProp", settling(optim::rmsprop(sharp))},
      {"Adam", settling(optim::adam(sharp))},
      {"Lion", settling(optim::lion())},
      {"sign descent", settling(optim::sign_descent())},
  };
  const Rows rows = gaussian_rows(c.key(3), 1, 5);
  const double size = sum(abs(rows.x)).item(), t = rows.t.item();
  const Array expected = row(sign(rows.x), 0) * (t / size);
  auto end_of_rule = [](const Optimizer& rule, const Rows& of, const Array& rate) {
    auto slope = [&](const Array& w) { return squared_slope(of, w); };
    return optim::descend(rule, slope, optim::start(rule, zeros({of.x.dim(1)}), {{"learning_rate", rate}}),
                          20000)
        .params;
  };
  for (const auto& [name, rule] : rules) {
    const Array w = jit([&](const Rows& of) { return end_of_rule(rule, of, f64(0.05)); })(rows);
    c.at_most(name + ": largest distance of a weight", max(abs(w - expected)).item(), 1e-10);
    c.absolute(name + ": its largest weight, the least there is", max(abs(w)).item(), std::abs(t) / size,
               1e-10);
  }
  const Array basis = row_space(rows.x), other = normals(c.key(4), {1000, 5});
  const Array shifts = other - matmul(matmul(other, basis), transpose(basis));
  c.at_least("least largest weight of 1000 other solutions, over that",
             min(max(abs(expected + shifts), 1)).item() / (std::abs(t) / size), 1);
  const std::vector<double> etas{0.02, 0.1, 0.5, 2, 10};
  const Optimizer adagrad = rules[0].second;
  const Array w =
      jit(vmap([&](const Array& eta) { return end_of_rule(adagrad, two_weights(), eta); }))(vec(etas));
  for (std::int64_t i = 0; i < w.dim(0); ++i)
    for (std::int64_t j = 0; j < 2; ++j)
      c.absolute(fmt::format("AdaGrad on x = (2, 1), t = 2, eta {:g}: w{}", etas[i], j + 1), w.at({i, j}),
                 2.0 / 3, 1e-10);
  c.absolute("the norm there, above 0.894427", norm(row(w, 0)).item(), std::sqrt(8.0) / 3, 1e-10);
}

// (d) What a start adds outside the span of the rows stays.
void other_starts(Context& c) {
  c.part("From other weights than zero, and Pythagoras", {"S1.13", "S1.14"});
  const std::int64_t n = c.whole("n"), d = n * c.whole("wider");
  const Rows rows = gaussian_rows(c.key(5), n, d);
  const Array from = normals(c.key(6), {d}), basis = row_space(rows.x), least = least_squares(rows);
  const Optimizer rule = optim::sgd({{"learning_rate", f64(1 / largest_curvature(rows))}});
  auto descent = [&](const Array& w) {
    auto slope = [&](const Array& v) { return squared_slope(rows, v); };
    return optim::descend(rule, slope, optim::start(rule, w), 5000).params;
  };
  const Array end = jit(descent)(from);
  const Array by_shift = least_squares({rows.x, rows.t - matmul(rows.x, from)}) + from;
  const Array by_projector = least + from - matmul(basis, matmul(transpose(basis), from));
  c.at_most("distance from xᵀ(xxᵀ)^-1 (t - x w0) + w0", apart(end, by_shift), 1e-12);
  c.at_most("distance from xᵀ(xxᵀ)^-1 t + (I - P) w0", apart(end, by_projector), 1e-12);
  const double w2 = square(norm(least)).item(), end2 = square(norm(end)).item();
  c.absolute("(w - w1)ᵀw over |w1|², w the minimum norm and w1 this limit",
             dot(least - end, least).item() / end2, 0, 1e-12);
  c.relative("|w|² + |w1 - w|²", w2 + square(norm(end - least)).item(), end2, 1e-12);
}

// (e) More rows than columns.
std::int64_t rank_of(const Array& a) {
  const std::vector<double> s = svd(a).s.to_doubles();
  return std::count_if(s.begin(), s.end(), [&](double value) { return value > 1e-10 * s[0]; });
}

void more_rows(Context& c) {
  c.part("More rows than columns: xxᵀ cannot be inverted, xᵀx can, and the limit is unique",
         {"S1.7", "S1.8", "S4.4"});
  const std::int64_t n = 60, d = 8;
  const Rows rows = gaussian_rows(c.key(7), n, d);
  c.exact("rank of xxᵀ (60, 60)", static_cast<double>(rank_of(matmul(rows.x, transpose(rows.x)))), d);
  c.exact("rank of xᵀx (8, 8)", static_cast<double>(rank_of(matmul(transpose(rows.x), rows.x))), d);
  const Array wide = gaussian_rows(c.key(8), d, n).x;
  c.exact("with 8 rows of 60: rank of xxᵀ (8, 8)",
          static_cast<double>(rank_of(matmul(wide, transpose(wide)))), d);
  const double limit = 2 / largest_curvature(rows);
  const std::vector<double> shares{0.5, 0.5, 0.99, 1.01};
  const Array from = concatenate({zeros({1, d}), normals(c.key(9), {3, d})});
  const Optimizer rule = optim::sgd();
  auto descent = [&](const Array& w, const Array& rate) {
    auto slope = [&](const Array& v) { return squared_slope(rows, v); };
    return optim::descend(rule, slope, optim::start(rule, w, {{"learning_rate", rate}}), 5000).params;
  };
  const Array ends = jit(vmap(descent))(from, vec(shares) * limit), best = least_squares(rows);
  c.at_most("from zero: distance from (xᵀx)^-1 xᵀt", apart(row(ends, 0), best), 1e-12);
  c.at_most("from elsewhere", apart(row(ends, 1), best), 1e-12);
  c.at_most("with 0.99 of the rate 2 / largest eigenvalue", apart(row(ends, 2), best), 1e-12);
  c.at_least("with 1.01 of it", apart(row(ends, 3), best), 1e6);
}

// The documents' proof that SGD finds the minimum norm.
void sgd_proof(Context& c) {
  c.part("SGD on single examples: why it stays, and two slips of the published proof",
         {"S1.16", "S4.2", "S4.3"});
  const std::int64_t n = c.whole("n"), d = n * c.whole("wider");
  const Rows rows = gaussian_rows(c.key(10), n, d);
  const Array w = normals(c.key(11), {d}), x0 = row(rows.x, 0);
  const Rows one{slice(rows.x, 0, 0, 1), slice(rows.t, 0, 0, 1)};
  const Array derived = squared_slope(one, w), by_hand = 2 * x0 * (dot(x0, w) - row(rows.t, 0));
  c.at_most("gradient of an example's loss, from 2 x (x w - t)", apart(derived, by_hand), 1e-13);
  c.relative("the document's term, with its further 1/n, is off by the part",
             apart(by_hand / static_cast<double>(n), derived), 1 - 1.0 / static_cast<double>(n), 1e-12);
  c.exact("rank of xᵀx for one example (a matrix of d by d)", static_cast<double>(rank_of(outer(x0, x0))), 1);

  const Optimizer rule = optim::sgd({{"learning_rate", f64(0.1 / largest_curvature(rows))}});
  auto slope = [&](const Array& v, const Array& count) {
    return squared_slope(draw(random::fold_in(c.key(12), count), rows, 1), v);
  };
  auto see = [](const optim::Descent<Array>& at) { return at.params; };
  auto watched = [&](const Array& from) {
    return optim::watch(rule, slope, see, optim::start(rule, from), 100).second;
  };
  const Array path = jit(watched)(zeros({d})), basis = row_space(rows.x), least = least_squares(rows);
  double outside = 0, unsolved = 1e300;
  for (std::int64_t k = 0; k < path.dim(0); ++k) {
    outside = std::max(outside, off_span(basis, row(path, k), least));
    unsolved = std::min(unsolved, min(abs(residual(rows, row(path, k)))).item());
  }
  c.at_most("largest part of 100 iterates outside the rows' span", outside, 1e-12);
  c.at_least("smallest residual of any example at any of them: none is solved exactly", unsolved, 1e-12);
}

// Where the loss (2 w1 + w2 - 2)² has one value: a line on either side of the solutions.
void add_contours(Panel& panel) {
  for (const double root : {-2.0, -1.5, -1.0, -0.5, 0.5, 1.0}) {
    const auto w2 = [&](double w1) { return 2 + root - 2 * w1; };
    panel.line("", {-1, 2}, {w2(-1), w2(2)}).faint = true;
  }
  panel.series.back().name = "contours of the loss: 0.25, 1, 2.25, 4";
}

Panel plane() {
  Panel panel{"One row, x = (2, 1), t = 2", {"w1"}, {"w2"}};
  panel.equal = true;
  panel.x.low = panel.y.low = -0.2;
  panel.x.high = panel.y.high = 1.2;
  add_contours(panel);
  panel.line("solutions: the loss is 0", {-1, 2}, {4, -2});
  const double r = 2 / std::sqrt(5.0);
  std::vector<double> x, y;
  for (const double angle : evenly(0, 1.5707963267948966, 60)) {
    x.push_back(r * std::cos(angle));
    y.push_back(r * std::sin(angle));
  }
  panel.line("norm 2/sqrt(5): touches at (0.8, 0.4)", x, y).dashed = true;
  panel.line("largest weight 2/3: touches at (2/3, 2/3)", {0, 2.0 / 3, 2.0 / 3}, {2.0 / 3, 2.0 / 3, 0})
      .dashed = true;
  const std::vector<std::pair<std::string, Optimizer>> rules{
      {"gradient descent", optim::sgd({{"learning_rate", f64(0.02)}})},
      {"AdaGrad", optim::adagrad({{"learning_rate", f64(0.1)}})},
      {"Adam, eps 10", optim::adam({{"learning_rate", f64(0.1)}, {"eps", f64(10)}})},
      {"sign descent", optim::chain({optim::sign_descent({{"learning_rate", f64(0.05)}}),
                                     optim::scheduled(optim::exponential_decay(20, 0.5))})},
  };
  const Rows rows = two_weights();
  for (const auto& [name, rule] : rules) {
    auto slope = [&](const Array& w) { return squared_slope(rows, w); };
    auto see = [](const optim::Descent<Array>& at) { return at.params; };
    auto watched = [&](const Array& from) {
      return optim::watch(rule, slope, see, optim::start(rule, from), 150).second;
    };
    const Array path = concatenate({zeros({1, 2}), jit(watched)(zeros({2}))});
    // Sign descent goes where AdaGrad goes: dashes show both.
    panel.line(name, slice(path, 1, 0, 1).to_doubles(), slice(path, 1, 1, 2).to_doubles()).dashed =
        name == "sign descent";
  }
  panel.mark("minimum norm", 0.8, 0.4);
  panel.mark("least largest weight", 2.0 / 3, 2.0 / 3);
  return panel;
}

void run(Context& c) {
  two_weights_by_descent(c);
  c.table(race(c));
  one_row(c);
  other_starts(c);
  more_rows(c);
  sgd_proof(c);
  c.panel(plane());
  c.caption(
      "All solutions lie on a line, and the contours of the loss beside it. Gradient descent goes straight "
      "across them, along the row, to the point nearest to zero; AdaGrad and sign descent move both weights "
      "alike and reach the corner of a square.");
}

std::vector<Claim> claims() {
  return {
      {"S1.7", Verdict::right, "With full rank xᵀx can be inverted if n > d, and xxᵀ otherwise.",
       "So it is: the product of the smaller size has full rank; the other one has not, unless n = d."},
      {"S1.8", Verdict::asked, "Where does gradient descent end for d < n, and is that unique?",
       "At (xᵀx)^-1 xᵀt from every start, as long as the rate is below 2 over the largest eigenvalue of "
       "(2/n) xᵀx."},
      {"S1.10", Verdict::asked, "Which weights solve x = (2, 1), t = 2?",
       "The line 2 w1 + w2 = 2: one equation for two weights."},
      {"S1.11", Verdict::asked,
       "Which way does gradient descent go from 0, does that change, where does it end?",
       "Along (2, 1) all the time, to (0.8, 0.4); with a rate above 0.1 it jumps over the solution at every "
       "step, "
       "at 0.2 for ever, and above that it diverges."},
      {"S1.12", Verdict::asked, "Which solution has the smallest norm?",
       "(0.8, 0.4), of norm 2/sqrt(5) = 0.894."},
      {"S1.13", Verdict::asked, "For d > n, does gradient descent from 0 have a unique limit?",
       "Yes, xᵀ(xxᵀ)^-1 t; from another start, that plus the part of the start that is at right angles to "
       "all "
       "rows, which no step can touch."},
      {"S1.14", Verdict::asked, "What is (w - w1)ᵀw for another solution w1?",
       "0: the two differ at right angles to the rows, so |w1|² = |w|² + |w1 - w|² and w is the shortest."},
      {"S1.16", Verdict::right, "SGD on single examples from 0 finds the minimum norm if it solves all rows.",
       "Yes: each step is a multiple of a row, so the weights never leave the rows' span, which holds only "
       "one "
       "solution."},
      {"S1.17", Verdict::asked, "Does mini-batch SGD as well?", "Yes, for the same reason."},
      {"S1.18", Verdict::asked, "Does AdaGrad find the minimum norm?",
       "No: it scales each coordinate by itself; with one row it ends at t sign(x) / |x|_1, where the "
       "largest "
       "weight, not the norm, is the least."},
      {"S1.19", Verdict::asked, "Do RMSProp and Adam?",
       "No, and with one row, from a state of zero and with eps near 0, they end where AdaGrad does; heavy "
       "ball, Nesterov, and AdaGrad with one number "
       "or "
       "a whole matrix for all coordinates do."},
      {"S4.1", Verdict::right, "The minimum-norm solution is xᵀ(xxᵀ)^-1 t.", "It is, for rows of full rank."},
      {"S4.2", Verdict::wrong, "An example's term in a step is 2/(b n) xᵀ(x w - t).",
       "There is no 1/n: the mean is over the b examples of the batch only. The proof does not mind, since "
       "the "
       "term is a multiple of the row either way."},
      {"S4.3", Verdict::wrong,
       "Setting one example's gradient to zero gives w = xᵀt / (xᵀx), a multiple of the row.",
       "xᵀx is a d by d matrix of rank 1 here and cannot be divided by, and in general no step solves an "
       "example exactly; what proves it is that every step adds a multiple of a row to 0."},
      {"S4.4", Verdict::wrong, "When n > d, xxᵀ is invertible.",
       "It is n by n and has rank d, so it is not; xᵀx is."},
      {"S4.5", Verdict::right, "The solution is (0.8, 0.4) = (2/5) (2, 1).", "It is."},
      {"S4.6", Verdict::right, "The gradient is [[8,4],[4,2]] w - (8,4).", "It is, with n = 1."},
      {"S4.8", Verdict::incomplete, "RMSProp does not always reach the minimum-norm solution.",
       "It does not, as this shows with RMSProp itself; what the document ran was another method (see "
       "not-rmsprop)."},
  };
}

}  // namespace

Experiment min_norm() {
  Experiment e{"min-norm", "L04", "Which optimiser finds the minimum-norm solution"};
  e.claim =
      "From zero, gradient descent, SGD, momentum, and AdaGrad with one number or a whole matrix for all "
      "coordinates stay in the span of the rows and reach xᵀ(xxᵀ)^-1 t; AdaGrad, RMSProp, Adam, Lion and "
      "sign "
      "descent do not, and with one row reach t sign(x) / |x|_1, the solution with the least largest weight.";
  e.source = "document 1, implicit bias (all questions); document 4, its answers";
  e.protocol =
      "x = (2, 1), t = 2 with seven rates as lanes; twelve optimisers in one program on random Gaussian "
      "rows, "
      "several instances as lanes, with rates that fall where steps do not shrink by themselves; one row of "
      "five "
      "columns; a start other than zero; ranks with more rows than columns. xᵀ is x transposed.";
  e.pass =
      "residual factor 1 - 10 eta to 1e-12, with flips and divergence where it says; every method's residual "
      "below 1e-8; distance from the minimum norm below 1e-12 (1e-8 with the full matrix) for the first "
      "kind, "
      "above 0.1 for the second; one row to 1e-10; limits from other starts and Pythagoras to 1e-12.";
  e.claims = claims();
  e.parameters = {{"n", "rows", 10, 10, 2, 12},
                  {"wider", "columns for each row", 4, 4, 3, 8},
                  {"instances", "random problems, as lanes", 8, 2, 1, 64}};
  e.also = {{{"n", 6}, {"wider", 6}, {"instances", 1}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
