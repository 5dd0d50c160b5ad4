// Dense layers: x w + b.
#include "core/fail.h"
#include "nn/initial.h"
#include "nn/layer.h"
#include "nn/operand.h"

namespace runnel::nn {
namespace {

Dense dense_of(const Layer& layer) { return {layer.learnt.at(0), layer.learnt.at(1)}; }

struct Sizes {
  std::int64_t inputs, units;
};
Sizes sizes_of(const Layer& layer) {
  if (!layer.learnt.empty() && layer.learnt[0].rank() == 2)
    return {layer.learnt[0].dim(0), layer.learnt[0].dim(1)};
  return {attribute(layer, "inputs"), attribute(layer, "units")};
}

Shape gives(const Layer& layer, const Shape& in) {
  const auto [inputs, units] = sizes_of(layer);
  if (inputs < 1 || units < 1)
    fail("[dense] a layer of {} inputs and {} outputs: both must be at least 1", inputs, units);
  if (in != Shape{inputs})
    fail("[dense] a layer of {} inputs does not take rows of {}", inputs, to_string(in));
  return {units};
}

std::int64_t reads(const Layer& layer, std::int64_t) { return sizes_of(layer).inputs; }

PartShapes shapes(const Layer& layer, const Shape&) {
  const auto [inputs, units] = sizes_of(layer);
  return {{{inputs, units}, {units}}};
}

std::vector<Array> init(const Layer& layer, const Shape&, const Start& start) {
  const auto before_activation = layer.attributes.find("activated");
  const bool activated = before_activation != layer.attributes.end() && before_activation->second != 0;
  const auto [inputs, units] = sizes_of(layer);
  const Dense dense =
      initial_dense(start.key, start.number, inputs, units,
                    activated ? std::optional(start.activation) : std::nullopt, start.bias, start.dtype);
  return {dense.w, dense.b};
}

Array apply(const Layer& layer, const Array& x, const Pass&) { return forward(dense_of(layer), x); }

double multiplications(const Layer& layer, const Shape&) {
  const auto [inputs, units] = sizes_of(layer);
  return static_cast<double>(inputs) * static_cast<double>(units);
}

std::int64_t made(const Layer& layer, const Shape&) { return sizes_of(layer).units; }

void draw(const Layer& layer, Steps& steps) { steps.add("dense", gives(layer, steps.gives()), layer, 0, 2); }

std::string text(const Layer& layer, Activation) {
  const auto [inputs, units] = sizes_of(layer);
  return fmt::format("{} -> {}", inputs, units);
}

std::vector<LayerSample> samples() {
  return {{{"dense", {{"inputs", 3}, {"units", 4}}}, {3}},
          {{"dense", {{"inputs", 3}, {"units", 1}, {"activated", 1}}}, {3}}};
}

}  // namespace

LayerKind dense_kind() {
  return {.name = "dense",
          .meaning = "a product with a matrix of weights, and a bias: x w + b",
          // "activated": an activation follows, for which initial weights are made.
          .attributes = {"inputs", "units", "activated"},
          .learnt = {{"layers.{}.w"}, {"layers.{}.b"}},
          .gives = gives,
          .reads = reads,
          .shapes = shapes,
          .init = init,
          .apply = apply,
          .multiplications = multiplications,
          .made = made,
          .draw = draw,
          .text = text,
          .begins_line = true,
          .samples = samples};
}

Array forward(const Dense& layer, const Array& x) {
  if (x.rank() != 2 || layer.w.rank() != 2 || x.dim(1) != layer.w.dim(0))
    fail("[forward] x {} and w {}: a batch (n, in) and weights (in, out) are needed", to_string(x.shape()),
         to_string(layer.w.shape()));
  if (layer.b.shape() != Shape{layer.w.dim(1)})
    fail("[forward] w {} and b {}: the bias needs one number per output", to_string(layer.w.shape()),
         to_string(layer.b.shape()));
  return matmul(x, layer.w) + layer.b;
}

Array l2_penalty(const Dense& layer, const Operand& alpha) {
  return in_dtype(alpha, layer.w.dtype()) * 0.5 * sum(square(layer.w));
}

}  // namespace runnel::nn
