// Perceptrons.
#include "core/fail.h"
#include "nn/initial.h"
#include "nn/operand.h"
#include "runnel/nn.h"

namespace runnel::nn {
namespace {

Array hidden_layers(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale,
                    const Dropout* dropout) {
  if (mlp.layers.empty()) fail("[forward] a perceptron without layers");
  Array h = x;
  for (std::size_t l = 0; l + 1 < mlp.layers.size(); ++l) {
    h = activate(forward(mlp.layers[l], h), activation, scale);
    if (dropout != nullptr) h = drop(h, *dropout, static_cast<std::uint32_t>(l));
  }
  return h;
}

}  // namespace

Mlp init_mlp(const Array& key, const std::vector<std::int64_t>& sizes, Activation activation,
             const Operand& bias, DType dtype) {
  if (sizes.size() < 2)
    fail("[init_mlp] {} sizes: the number of inputs and of outputs are needed", sizes.size());
  if (!is_float(dtype)) fail("[init_mlp] weights are f32 or f64, not {}", name_of(dtype));
  Mlp mlp;
  const std::size_t last = sizes.size() - 2;
  for (std::size_t l = 0; l <= last; ++l)
    mlp.layers.push_back(initial_dense(key, l, sizes[l], sizes[l + 1],
                                       l < last ? std::optional(activation) : std::nullopt, bias, dtype));
  return mlp;
}

Array forward(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale) {
  const Array h = hidden_layers(mlp, x, activation, scale, nullptr);
  return forward(mlp.layers.back(), h);
}

Array forward(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale,
              const Dropout& dropout) {
  const Array h = hidden_layers(mlp, x, activation, scale, &dropout);
  return forward(mlp.layers.back(), h);
}

Array l2_penalty(const Mlp& mlp, const Operand& alpha) {
  if (mlp.layers.empty()) fail("[l2_penalty] a perceptron without layers");
  Array total = sum(square(mlp.layers[0].w));
  for (std::size_t l = 1; l < mlp.layers.size(); ++l) total = total + sum(square(mlp.layers[l].w));
  return in_dtype(alpha, total.dtype()) * 0.5 * total;
}

}  // namespace runnel::nn
