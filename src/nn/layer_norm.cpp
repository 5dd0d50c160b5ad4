// Layer normalisation.
#include "core/fail.h"
#include "nn/layer.h"

namespace runnel::nn {
namespace {

Shape gives(const Layer&, const Shape& in) {
  if (in.rank() != 1) fail("[layer norm] rows of {}: a list of units is needed", to_string(in));
  return in;
}

PartShapes shapes(const Layer&, const Shape& in) { return {{{in.back()}, {in.back()}}}; }

std::vector<Array> init(const Layer&, const Shape& in, const Start& start) {
  return {Array::ones({in.back()}, start.dtype), Array::zeros({in.back()}, start.dtype)};
}

Array apply(const Layer& layer, const Array& x, const Pass&) {
  return forward(LayerNorm{layer.learnt.at(0), layer.learnt.at(1)}, x);
}

}  // namespace

LayerKind layer_norm_kind() {
  return {
      .name = "layer norm",
      .meaning = "the units of each row brought to mean 0 and variance 1, then a gain and a bias",
      .learnt = {{"norms.{}.gain"}, {"norms.{}.bias"}},
      .gives = gives,
      .reads = [](const Layer&, std::int64_t units) { return units; },
      .shapes = shapes,
      .init = init,
      .apply = apply,
      .made = [](const Layer&, const Shape& in) { return in.back(); },
      .draw = [](const Layer& layer, Steps& steps) { steps.add("layer norm", steps.gives(), layer, 0, 2); },
      .text = [](const Layer&, Activation) { return std::string("layer norm"); },
      .samples =
          [] {
            return std::vector<LayerSample>{{{"layer norm"}, {5}}, {{"layer norm"}, {1}}};
          }};
}

Array forward(const LayerNorm& norm, const Array& x, double eps) {
  if (x.rank() != 2 || norm.gain.shape() != Shape{x.dim(1)} || norm.bias.shape() != norm.gain.shape())
    fail("[layer_norm] x {} with gain {} and bias {}: a batch (n, units) and two of (units,) are needed",
         to_string(x.shape()), to_string(norm.gain.shape()), to_string(norm.bias.shape()));
  const Array centred = x - mean(x, 1, true);
  return centred * rsqrt(mean(square(centred), 1, true) + eps) * norm.gain + norm.bias;
}

}  // namespace runnel::nn
