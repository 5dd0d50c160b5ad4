// Layers, perceptrons, dropout.
#include "core/fail.h"
#include "core/philox.h"
#include "nn/operand.h"
#include "ops/table.h"
#include "runnel/nn.h"

namespace runnel::nn {
namespace {

void expect_rate(const Array& rate) {
  if (rate.rank() != 0 || !is_float(rate.dtype()))
    fail("[dropout] the rate is one number, f32 or f64, got {}; lanes of rates come from vmap",
         to_string(rate.type()));
  if (!rate.is_traced() && !(rate.item() >= 0 && rate.item() < 1))
    fail("[dropout] a rate of {}: it must be at least 0 and below 1", rate.item());
}

// The number of each of n examples, u32.
Array example_numbers(const Array& rows, std::int64_t n) {
  if (rows.rank() > 1 || (rows.rank() == 1 && rows.dim(0) != n))
    fail("[dropout] rows {} for a batch of {}: one number per example, or a scalar for the first",
         to_string(rows.type()), n);
  if (rows.rank() == 1) return convert(rows, DType::u32);
  return convert(rows, DType::u32) + arange(n, DType::u32);
}

// A unit falls when its 16 random bits are below this: rate 2^16, rounded up. 16 bits are exact in both float
// types, so a mask does not depend on the model's dtype.
Array bound_of(const Array& rate) { return convert(neg(floor(neg(rate * 0x1p16))), DType::u32); }

// (n, units), true where the unit falls. Every example is a lane of one Philox call, keyed by its own number.
Array falls(const Array& x, const Dropout& dropout, std::uint32_t layer) {
  static const Op& philox = find_op("philox");
  const std::int64_t n = x.dim(0);
  if (dropout.key.dtype() != DType::u32 || dropout.key.shape() != Shape{2})
    fail("[dropout] the key is u32(2,) as random::key gives it, got {}", to_string(dropout.key.type()));
  const Array keys = broadcast_to(expand_dims(dropout.key, 1), {2, n});
  const Array layers = Array::full({n}, domain::kFirstMask + layer, DType::u32);
  const Array streams = stack({example_numbers(dropout.rows, n), layers});
  const Array bits = bind_op(philox, {keys, streams}, {{"n", x.dim(1)}, {"halves", std::int64_t{1}}})[0];
  return less(transpose(bits), bound_of(dropout.rate));
}

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

Array drop(const Array& x, const Dropout& dropout, std::uint32_t layer) {
  if (x.rank() != 2) fail("[dropout] {}: a batch (n, units) is needed", to_string(x.type()));
  expect_rate(dropout.rate);
  const Array kept = x * in_dtype(1 / (1 - dropout.rate), x.dtype());
  return select(falls(x, dropout, layer), 0, kept);
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

Array forward(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale) {
  const Array h = hidden_layers(mlp, x, activation, scale, nullptr);
  return forward(mlp.layers.back(), h);
}

Array forward(const Mlp& mlp, const Array& x, Activation activation, const Operand& scale,
              const Dropout& dropout) {
  const Array h = hidden_layers(mlp, x, activation, scale, &dropout);
  return forward(mlp.layers.back(), h);
}

Array l2_penalty(const Dense& layer, const Operand& alpha) {
  return in_dtype(alpha, layer.w.dtype()) * 0.5 * sum(square(layer.w));
}

Array l2_penalty(const Mlp& mlp, const Operand& alpha) {
  if (mlp.layers.empty()) fail("[l2_penalty] a perceptron without layers");
  Array total = sum(square(mlp.layers[0].w));
  for (std::size_t l = 1; l < mlp.layers.size(); ++l) total = total + sum(square(mlp.layers[l].w));
  return in_dtype(alpha, total.dtype()) * 0.5 * total;
}

}  // namespace runnel::nn
