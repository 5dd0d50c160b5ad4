// Activations.
#include "core/fail.h"
#include "nn/layer.h"
#include "nn/operand.h"

namespace runnel::nn {

std::string_view activation_name(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return "relu";
    case Activation::tanh:
      return "tanh";
    case Activation::sigmoid:
      return "sigmoid";
  }
  fail("[activation_name] unknown activation {}", static_cast<int>(activation));
}

Array activate(const Array& x, Activation activation, const Operand& scale) {
  const bool plain = scale.weak() && scale.value() == 1;
  const Array z = plain ? x : x * in_dtype(scale, x.dtype());
  switch (activation) {
    case Activation::relu:
      return relu(z);
    case Activation::tanh:
      return tanh(z);
    case Activation::sigmoid:
      return logistic(z);
  }
  fail("[activate] unknown activation {}", static_cast<int>(activation));
}

// Which activation, and of what multiple, a forward pass says for all layers of a network.
LayerKind activation_kind() {
  return {
      .name = "activation",
      .meaning = "the activation of the network, number by number",
      .gives = [](const Layer&, const Shape& in) { return in; },
      .reads = [](const Layer&, std::int64_t gives) { return gives; },
      .apply = [](const Layer&, const Array& x,
                  const Pass& pass) { return activate(x, pass.activation, pass.scale); },
      .draw =
          [](const Layer&, Steps& steps) {
            steps.add(std::string(activation_name(steps.activation())), steps.gives());
          },
      .text = [](const Layer&, Activation activation) { return std::string(activation_name(activation)); },
      .samples =
          [] {
            return std::vector<LayerSample>{{{"activation"}, {4}}, {{"activation"}, {2, 3, 4}}};
          }};
}

}  // namespace runnel::nn
