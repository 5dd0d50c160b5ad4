// L18: clipping each example's gradient moves the answer from the mean towards the median.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/statistics.h"
#include "lab/table.h"
#include "runnel/optim.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

using optim::Optimizer;

// Where descent on the mean of clipped gradients of (theta - c_i)²/2 ends, for each threshold.
std::vector<double> ends(const Array& examples, const std::vector<double>& thresholds) {
  const Optimizer rule = optim::sgd({{"learning_rate", f64(1)}});
  auto loss = [](const Array& theta, const Array& c) -> Array { return square(theta - c) / 2; };
  auto end = [&](const Array& threshold) {
    auto slope = [&](const Array& theta) {
      return optim::value_and_clipped_grad(loss, theta, examples, threshold).second;
    };
    return optim::descend(rule, slope, optim::start(rule, f64(-1)), 4000).params;
  };
  return jit(vmap(end))(vec(thresholds)).to_doubles();
}

// Huber's location estimate by bisection: the theta at which the clipped distances add up to 0.
double huber_location(const std::vector<double>& c, double threshold) {
  double low = *std::min_element(c.begin(), c.end()), high = *std::max_element(c.begin(), c.end());
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    double pull = 0;
    for (const double one : c) pull += std::clamp(one - middle, -threshold, threshold);
    (pull > 0 ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

const std::vector<double> thresholds{0.1, 1, 2, 4, 8, 100};

Panel outlier(Context& c) {
  c.part("Examples at 0 and one far off: the fixed point", {"S2.11"});
  const double n = c.number("n"), far = c.number("far");
  std::vector<double> examples(static_cast<std::size_t>(c.whole("n")), 0);
  examples.back() = far;
  auto expected = [&](double tau) { return std::min(tau / (n - 1), far / n); };
  const std::vector<double> at = ends(vec(examples), thresholds);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::string name = fmt::format("threshold {:g}: ", thresholds[i]);
    c.absolute(name + "fixed point, from min(tau / (n - 1), mean)", at[i], expected(thresholds[i]), 1e-9);
    c.absolute(name + "by bisection of Huber's equation", at[i], huber_location(examples, thresholds[i]),
               1e-9);
  }
  Panel panel{"The fixed point against the threshold", {"threshold", Scale::log}, {"fixed point"}};
  const std::vector<double> fine = by_ratio(0.05, 200, 60);
  std::vector<double> theory;
  for (const double tau : fine) theory.push_back(expected(tau));
  panel.line("min(tau / (n - 1), mean)", fine, theory).dashed = true;
  panel.points("descent on clipped gradients", thresholds, at);
  panel.mark("mean", {}, far / n);
  panel.mark("median", {}, 0.0);
  return panel;
}

Panel random_examples(Context& c) {
  c.part(
      "Random examples with heavy tails: Huber's estimate, the median for small thresholds, the mean for "
      "large",
      {"S2.11"});
  const std::int64_t count = 2 * c.whole("n") + 1;  // odd: one median
  const Array z = normals(c.key(1), {2, count});
  const Array examples = row(z, 0) / (0.2 + abs(row(z, 1)));
  const std::vector<double> values = examples.to_doubles();
  const std::vector<double> taus = by_ratio(0.01, 100, 9);
  const std::vector<double> at = ends(examples, taus);
  for (std::size_t i = 0; i < taus.size(); ++i)
    c.absolute(fmt::format("threshold {:.3g}: fixed point, from Huber's by bisection", taus[i]), at[i],
               huber_location(values, taus[i]), 1e-9);
  c.absolute("threshold 100: the mean", at.back(), mean(examples).item(), 1e-12);
  c.at_most("threshold 0.01: distance from the median, over the threshold times the examples",
            std::abs(at[0] - median(values)) / (0.01 * static_cast<double>(count)), 1);
  Panel panel{"Random examples", {"threshold", Scale::log}, {"fixed point"}};
  panel.line("descent on clipped gradients", taus, at);
  panel.mark("mean", {}, mean(examples).item());
  panel.mark("median", {}, median(values));
  return panel;
}

// What a clipping rule makes of gradients (rows, 2).
Array clipped(const Optimizer& rule, const Array& gradients) {
  auto one = [&](const Array& g) { return optim::update(rule, g, optim::init(rule, g), g).first; };
  return vmap(one)(gradients);
}

void two_ways(Context& c) {
  c.part("The threshold on |g|² and the two meanings of clipping", {"S2.11"});
  const double g_squared = 9;
  const Array gradients = 20 * normals(c.key(2), {1000, 2});
  const Array sizes = sqrt(sum(square(gradients), 1));
  const Array by_norm = clipped(optim::clip_by_global_norm(std::sqrt(g_squared)), gradients);
  const Array by_value = clipped(optim::clip_by_value(std::sqrt(g_squared)), gradients);
  const Array squares = sum(square(by_norm), 1);
  c.at_most("clipped to the norm sqrt(G): largest |g|² over G", max(squares).item() / g_squared, 1 + 1e-14);
  const Array kept = select(sizes <= std::sqrt(g_squared), max(abs(by_norm - gradients), 1), 0);
  c.exact("gradients below the threshold: largest change", max(kept).item(), 0);
  auto largest_turn = [&](const Array& after) {  // the sine of the angle
    const Array cross =
        slice(gradients, 1, 0, 1) * slice(after, 1, 1, 2) - slice(gradients, 1, 1, 2) * slice(after, 1, 0, 1);
    return max(abs(squeeze(cross, 1)) / (sizes * sqrt(sum(square(after), 1)))).item();
  };
  c.at_most("clipping by the norm: largest turn of the direction (sine)", largest_turn(by_norm), 1e-14);
  c.at_least("clipping each coordinate: largest turn", largest_turn(by_value), 0.1);
  const Array to_g = clipped(optim::clip_by_global_norm(g_squared), gradients);
  c.relative("clipped to the norm G instead: largest |g|² over G",
             max(sum(square(to_g), 1)).item() / g_squared, g_squared, 1e-14);
}

void smoothness(Context& c) {
  c.part("What clipping and scaling do to the Lipschitz constant of the gradient", {"S2.13"});
  const Optimizer rule = optim::clip_by_global_norm(1);
  const Array a = 3 * normals(c.key(3), {2000, 2}), b = a + normals(c.key(4), {2000, 2});
  const Array before = sqrt(sum(square(a - b), 1)),
              after = sqrt(sum(square(clipped(rule, a) - clipped(rule, b)), 1));
  c.at_most("clipped gradients differ by no more than the gradients: largest ratio",
            max(after / before).item(), 1 + 1e-12);
  const Array z = vec(evenly(-4, 4, 2001));
  for (const double scale : {0.25, 1.0, 4.0, 16.0}) {
    auto loss = [&](const Array& logit) -> Array { return softplus(scale * logit); };
    const Array curvature = jit(vmap(hessian(loss)))(z);
    c.absolute(fmt::format("log-loss of {:g} z: largest second derivative over scale²/4", scale),
               max(curvature).item() / (scale * scale / 4), 1, 1e-12);
  }
}

void run(Context& c) {
  c.panel(outlier(c));
  c.panel(random_examples(c));
  two_ways(c);
  smoothness(c);
  c.caption(
      "Descent on clipped gradients ends at Huber's estimate: near the median for small thresholds, at the "
      "mean for large ones. For those between, it usually lies between the two, but with some examples it "
      "does not (--seed 1).");
}

}  // namespace

Experiment clipping() {
  Experiment e{"clipping", "L18", "Clipping moves the answer"};
  e.claim =
      "Clipping each example's gradient by its norm turns the mean into Huber's location estimate; a "
      "threshold on the "
      "squared norm means clipping to its root.";
  e.source = "document 2, problem 3 (iii) and its extra question";
  e.protocol =
      "Examples (theta - c)²/2 with c = 0, 0, 0, 0, 10; thresholds as lanes, descent on the mean of clipped "
      "gradients; "
      "the same on random examples with heavy tails; clipping by norm and by coordinate of random gradients "
      "in the "
      "plane.";
  e.pass =
      "fixed points at min(tau/4, 2) to 1e-9, and at Huber's estimate by bisection; clipping by the norm "
      "keeps the "
      "direction to 1e-14, by coordinate it does not.";
  e.claims = {
      {"S2.11", Verdict::ambiguous, "Truncate the gradient when |g|² > G.",
       "The threshold is on the square, so the norm is cut to sqrt(G); cutting each coordinate instead turns "
       "the "
       "direction. Done for each example it moves the optimum: examples at 0, 0, 0, 0, 10 with mean 2 give "
       "tau/4 for "
       "thresholds tau below 8."},
      {"S2.13", Verdict::asked, "What do these measures do to the Lipschitz constant of the gradient?",
       "Clipping never makes it larger; scaling logits by s multiplies the largest curvature of the "
       "log-loss, 1/4, by "
       "s² (for ReLU see depth)."},
  };
  e.parameters = {{"n", "examples, all but one at 0", 5, 5, 3, 100},
                  {"far", "where that one is", 10, 10, 1, 90, false}};
  e.also = {{{"n", 8}, {"far", 30}}, {{"n", 21}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
