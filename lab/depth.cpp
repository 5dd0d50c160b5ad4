// L17: how far gradients come through many layers, and how smooth what they are gradients of is.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/table.h"
#include "runnel/nn.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

using nn::Activation;

constexpr std::int64_t depth = 20;

// An activation with the scale of its initial weights, variance gain / width, and the factor per layer that
// is listed for a width of 100.
struct Kind {
  const char* name;
  Activation activation;
  double gain, least, most;
};
constexpr Kind kinds[] = {{"sigmoid", Activation::sigmoid, 1, 0.22, 0.25},
                          {"tanh", Activation::tanh, 1, 0.88, 0.94},
                          {"ReLU", Activation::relu, 2, 0.95, 1.02}};

// ---- gradients through layers ----------------------------------------------------------------------------

// |dL/dh_l| for l = 0 (the input) to `depth` (the output y), of L = v . y with a random v. A vector that is
// added behind layer l, of value 0, has the derivative dL/dh_l.
Array gradient_norms(const Kind& kind, std::int64_t width, const Array& key) {
  const bool he = kind.activation == Activation::relu;
  auto init = he ? nn::he_normal : nn::lecun_normal;
  const double times = std::sqrt(kind.gain / (he ? 2 : 1));
  std::vector<Array> weights;
  for (std::int64_t l = 0; l < depth; ++l)
    weights.push_back(times * init(random::fold_in(key, static_cast<double>(l)), width, width, DType::f64));
  const Array x = normals(random::fold_in(key, 100), {width}),
              v = normals(random::fold_in(key, 101), {width});
  auto loss = [&](const Array& added) -> Array {
    Array h = x + row(added, 0);
    for (std::int64_t l = 0; l < depth; ++l)
      h = nn::activate(matmul(h, weights[static_cast<std::size_t>(l)]), kind.activation) + row(added, l + 1);
    return dot(h, v);
  };
  return sqrt(sum(square(grad(loss)(zeros({depth + 1, width}))), 1));
}

// Means over a standard normal z of f(z), by the trapezoidal rule, which is exact to rounding for these.
template <class F>
double normal_mean(const F& f) {
  constexpr int points = 4001;
  double total = 0;
  for (int i = 0; i < points; ++i) {
    const double z = -10 + 20.0 * i / (points - 1);
    total += f(z) * std::exp(-z * z / 2);
  }
  return total * 20 / (points - 1) / std::sqrt(2 * std::numbers::pi);
}

double value_of(Activation activation, double z) {
  if (activation == Activation::relu) return std::max(z, 0.0);
  return activation == Activation::tanh ? std::tanh(z) : 1 / (1 + std::exp(-z));
}
double slope_of(Activation activation, double z) {
  const double a = value_of(activation, z);
  if (activation == Activation::relu) return z > 0 ? 1 : 0;
  return activation == Activation::tanh ? 1 - a * a : a * (1 - a);
}

// What infinitely wide layers would do: the variance q of a layer's sums is the mean square of what comes in,
// times the gain, and squared gradients are multiplied by the gain times the mean of slope(sqrt(q) z)²:
// Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli, "Exponential expressivity in deep neural networks through
// transient chaos" (NeurIPS 2016), equations 3 and 7.
double wide_factor(const Kind& kind) {
  double mean_square = 1, log_factor = 0;
  for (std::int64_t l = 0; l < depth; ++l) {
    const double root = std::sqrt(kind.gain * mean_square);
    auto squared = [&](auto f) {
      return normal_mean([&](double z) { return std::pow(f(kind.activation, root * z), 2); });
    };
    log_factor += std::log(kind.gain * squared(slope_of)) / 2;
    mean_square = squared(value_of);
  }
  return std::exp(log_factor / depth);
}

// Less than a quarter is a matter of the weights' size, not of the slope alone.
void larger_weights(Context& c, std::int64_t width, std::int64_t seeds) {
  for (const double times : {2.0, 4.0, 8.0}) {
    const Kind kind{"sigmoid", Activation::sigmoid, times * times, 0, 1};
    const Array base = c.key(static_cast<std::uint32_t>(10 + times));
    auto of_seed = [&](const Array& i) {
      const Array norms = gradient_norms(kind, width, random::fold_in(base, i));
      return (log(slice(norms, 0, 0, 1)) - log(slice(norms, 0, depth, depth + 1))) /
             static_cast<double>(depth);
    };
    const Array logs = squeeze(jit(vmap(of_seed))(arange(seeds)), 1);
    const double factor = std::exp(mean(logs).item());
    const double error = std::sqrt(variance(logs, 0, 1).item() / static_cast<double>(seeds));
    const std::string name =
        fmt::format("sigmoid with {:g} times the deviation: factor for each layer", times);
    c.relative(name + ", against infinitely wide layers", factor, wide_factor(kind),
               4 * error + 4.0 / static_cast<double>(width));
    c.at_least(name, factor, 0.25);
    c.at_most(name, factor, 1);
  }
}

Panel through_layers(Context& c) {
  c.part("Gradients on their way back through 20 layers", {"S2.10"});
  const std::int64_t width = c.whole("width"), seeds = c.whole("seeds");
  Panel panel{"Gradient norms through 20 layers",
              {"layers that the gradient has come back through"},
              {"gradient norm over that at the output", Scale::log}};
  const std::vector<double> layers = evenly(0, depth, depth + 1);
  for (std::size_t k = 0; k < std::size(kinds); ++k) {
    const Kind& kind = kinds[k];
    const Array base = c.key(static_cast<std::uint32_t>(1 + k));
    auto of_seed = [&](const Array& i) { return gradient_norms(kind, width, random::fold_in(base, i)); };
    const Array norms = jit(vmap(of_seed))(arange(seeds));  // (seeds, depth + 1)
    const Array logs = reverse(log(norms / slice(norms, 1, depth, depth + 1)), {1});
    const Array per_layer = squeeze(slice(logs, 1, depth, depth + 1), 1) / static_cast<double>(depth);
    const double error = std::sqrt(variance(per_layer, 0, 1).item() / static_cast<double>(seeds));
    const double factor = std::exp(mean(per_layer).item());
    const std::string name = fmt::format("{}: factor for each layer", kind.name);
    c.report(name, factor, factor * error);
    c.at_least(name, factor, kind.least);
    c.at_most(name, factor, kind.most);
    c.relative(name + ", against infinitely wide layers", factor, wide_factor(kind),
               4 * error + 2.0 / static_cast<double>(width));
    c.report(fmt::format("{}: left of the gradient after 20 layers", kind.name),
             std::exp(mean(slice(logs, 1, depth, depth + 1)).item()));
    const Array middle = mean(logs, 0), spread = sqrt(variance(logs, 0, 1));
    Series& line = panel.line(kind.name, layers, exp(middle).to_doubles());
    line.low = exp(middle - spread).to_doubles();
    line.high = exp(middle + spread).to_doubles();
  }
  larger_weights(c, width, seeds);
  c.note("Bands in the picture are one standard deviation over seeds, of the logarithm.");
  return panel;
}

// ---- smoothness ------------------------------------------------------------------------------------------

// The largest |f(x)| over a fine grid of [-8, 8], which has 0 and no other special point.
template <class F>
double largest(const F& f) {
  constexpr std::int64_t half = 16000;
  const Array x = (convert(arange(2 * half + 1), DType::f64) - static_cast<double>(half)) / 2000;
  return max(abs(vmap(f)(x))).item();
}

void constants(Context& c) {
  c.part("The largest first and second derivatives", {"S2.10", "S2.13"});
  struct Case {
    const char* name;
    Activation activation;
    double first, second;
  };
  for (const Case& k : {Case{"sigmoid", Activation::sigmoid, 0.25, std::sqrt(3.0) / 18},
                        Case{"tanh", Activation::tanh, 1, 4 * std::sqrt(3.0) / 9}}) {
    auto f = [&](const Array& x) -> Array { return nn::activate(x, k.activation); };
    c.absolute(fmt::format("{}: first", k.name), largest(grad(f)), k.first, 1e-6);
    c.absolute(fmt::format("{}: second", k.name), largest(grad(grad(f))), k.second, 1e-6);
  }
  for (const double s : {0.5, 1.0, 4.0}) {
    auto loss = [&](const Array& z) -> Array {
      return nn::binary_cross_entropy_from_logits(reshape(s * z, {1}), zeros({1}));
    };
    c.relative(fmt::format("cross-entropy of {:g} z: second, s² / 4", s), largest(grad(grad(loss))),
               s * s / 4, 1e-6);
  }
}

// A network of one hidden layer whose first unit is exactly at 0 for its one example; `shift` moves that
// unit's bias across.
struct AtKink {
  nn::Mlp mlp;
  Array x, y;
};
AtKink at_kink(const Array& key, std::int64_t width) {
  AtKink at{nn::init_mlp(key, {width, width, 1}, Activation::relu, 0, DType::f64),
            normals(random::fold_in(key, 77), {1, width}), f64(2)};
  nn::Dense& in = at.mlp.layers[0];
  const Array first = equal(arange(width), 0);
  in.b = select(first, -row(matmul(at.x, in.w), 0), in.b);
  return at;
}

Array loss_gradient(const AtKink& at, Activation activation, double shift) {
  nn::Mlp moved = at.mlp;
  Array& b = moved.layers[0].b;
  b = b + shift * convert(equal(arange(b.dim(0)), 0), DType::f64);
  auto loss = [&](const nn::Mlp& m) -> Array {
    return nn::half_squared_error(reshape(nn::forward(m, at.x, activation), {1}), reshape(at.y, {1}));
  };
  std::vector<Array> flat;
  for (const Array& leaf : tree::flatten(grad(loss)(moved))) flat.push_back(reshape(leaf, {leaf.size()}));
  return concatenate(flat);
}

double quotient(const AtKink& at, Activation activation, double distance) {
  return norm(loss_gradient(at, activation, distance / 2) - loss_gradient(at, activation, -distance / 2))
             .item() /
         distance;
}

Panel across_a_kink(Context& c) {
  c.part("The gradient of a ReLU network's loss has no Lipschitz constant", {"S2.10", "S2.13"});
  const AtKink at = at_kink(c.key(9), 16);
  const std::vector<double> distances = by_ratio(1e-7, 1e-1, 13);
  std::vector<double> relu, smooth;
  for (const double d : distances) {
    relu.push_back(quotient(at, Activation::relu, d));
    smooth.push_back(quotient(at, Activation::tanh, d));
  }
  // Across the kink only the first unit's own derivatives jump, by residual times its outgoing weight, for
  // its bias and for each of its incoming weights times x.
  const double out = nn::forward(at.mlp, at.x, Activation::relu).item(), residual = out - at.y.item();
  const double weight = at.mlp.layers[1].w.at({0, 0});
  const double jump = std::abs(residual * weight) * std::sqrt(1 + sum(square(at.x)).item());
  for (std::size_t i = 0; i < 5; ++i)
    c.relative(fmt::format("ReLU, {:.1e} apart: quotient times distance, against the jump", distances[i]),
               relu[i] * distances[i], jump, 1e-4);
  c.absolute("ReLU: slope of log quotient against log distance",
             std::log(relu[4] / relu[0]) / std::log(distances[4] / distances[0]), -1, 1e-3);
  c.relative("tanh: the quotient stays as it is when the distance is a hundredth", smooth[4], smooth[8],
             1e-2);
  Panel panel{
      "Across a kink", {"distance", Scale::log}, {"change of the gradient over distance", Scale::log}};
  panel.line("ReLU", distances, relu);
  panel.line("tanh", distances, smooth);
  panel
      .line("the jump over the distance", {distances.front(), distances.back()},
            {jump / distances.front(), jump / distances.back()})
      .dashed = true;
  return panel;
}

void run(Context& c) {
  c.panel(through_layers(c));
  constants(c);
  c.panel(across_a_kink(c));
  c.caption(
      "Every sigmoid layer leaves about a quarter of the gradient; tanh and ReLU layers with fitting weights "
      "leave nearly all. But across a kink of a ReLU the gradient jumps, however short the way.");
}

}  // namespace

Experiment depth_experiment() {
  Experiment e{"depth", "L17", "Gradients through depth, and smoothness"};
  e.claim =
      "A sigmoid layer shrinks gradients to about a quarter, a tanh layer mildly, a ReLU layer with weights "
      "of "
      "variance 2/n hardly; but the gradient of a ReLU network's loss is not Lipschitz.";
  e.source = "document 2, problem 3 (tricks for stable gradients) and its extra credit";
  e.protocol =
      "20 layers of one width, weights of variance 1/n (2/n for ReLU), no biases; norms of the gradient of a "
      "random direction at every layer, over seeds as lanes, beside what infinitely wide layers would do. "
      "Derivatives on a grid of 32,001 points. The gradient of a small network's loss on both sides of a "
      "kink.";
  e.pass =
      "the geometric mean of the factor per layer lies in [0.22, 0.25] for sigmoid, [0.88, 0.94] for tanh "
      "and "
      "[0.95, 1.02] for ReLU; the largest derivatives are 1/4, 1, sqrt(3)/18 and 4 sqrt(3)/9 to 1e-6; the "
      "ReLU "
      "quotient grows like 1/distance.";
  e.claims = {
      {"S2.10", Verdict::asked, "Why do ReLUs help where sigmoids and tanh do not?",
       "The slope of a sigmoid is at most 1/4, so with weights of variance 1/n a gradient keeps less than a "
       "quarter of its length through a layer. Larger weights carry more of it: 0.41, 0.61 and 0.86 at 2, 4 "
       "and 8 times that deviation, and beyond about 10 times it grows from layer to layer. tanh and ReLU "
       "layers with weights of the right size keep "
       "nearly all. ReLU pays with kinks, at which gradients jump."},
      {"S2.13", Verdict::asked, "What do these tricks do to the Lipschitz constant of the gradient?",
       "Smooth units have one, from second derivatives of at most sqrt(3)/18 (sigmoid) and 4 sqrt(3)/9 "
       "(tanh), "
       "and cross-entropy of s z has s²/4; with ReLU there is none, since the gradient jumps at kinks."},
  };
  e.parameters = {{"width", "units of a layer", 100, 100, 64, 400}, {"seeds", "networks", 30, 30, 12, 1000}};
  e.also = {{{"width", 140}, {"seeds", 20}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
