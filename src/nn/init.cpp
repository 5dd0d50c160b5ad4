// Initial weights.
#include <cmath>

#include "core/fail.h"
#include "nn/operand.h"
#include "ops/keys.h"
#include "runnel/nn.h"
#include "runnel/random.h"

namespace runnel::nn {
namespace {

void expect_sizes(const char* what, std::int64_t in, std::int64_t out) {
  if (in < 1 || out < 1)
    fail("[{}] a layer of {} inputs and {} outputs: both must be at least 1", what, in, out);
}

Array normal_of_variance(const Array& key, std::int64_t in, std::int64_t out, double variance, DType dtype) {
  return random::normal(random::child_key(key, 0, domain::kWeights), {in, out}, dtype) * std::sqrt(variance);
}

Array hidden_weights(Activation activation, const Array& key, std::int64_t in, std::int64_t out,
                     DType dtype) {
  return activation == Activation::relu ? he_normal(key, in, out, dtype) : glorot_normal(key, in, out, dtype);
}

}  // namespace

Array he_normal(const Array& key, std::int64_t in, std::int64_t out, DType dtype) {
  expect_sizes("he_normal", in, out);
  return normal_of_variance(key, in, out, 2.0 / static_cast<double>(in), dtype);
}

Array lecun_normal(const Array& key, std::int64_t in, std::int64_t out, DType dtype) {
  expect_sizes("lecun_normal", in, out);
  return normal_of_variance(key, in, out, 1.0 / static_cast<double>(in), dtype);
}

Array glorot_normal(const Array& key, std::int64_t in, std::int64_t out, DType dtype) {
  expect_sizes("glorot_normal", in, out);
  return normal_of_variance(key, in, out, 2.0 / static_cast<double>(in + out), dtype);
}

Array glorot_uniform(const Array& key, std::int64_t in, std::int64_t out, DType dtype) {
  expect_sizes("glorot_uniform", in, out);
  const double limit = std::sqrt(6.0 / static_cast<double>(in + out));  // variance limit² / 3
  return random::uniform(random::child_key(key, 0, domain::kWeights), {in, out}, -limit, limit, dtype);
}

Mlp init_mlp(const Array& key, const std::vector<std::int64_t>& sizes, Activation activation,
             const Operand& bias, DType dtype) {
  if (sizes.size() < 2)
    fail("[init_mlp] {} sizes: the number of inputs and of outputs are needed", sizes.size());
  if (!is_float(dtype)) fail("[init_mlp] weights are f32 or f64, not {}", name_of(dtype));
  Mlp mlp;
  const std::size_t last = sizes.size() - 2;
  for (std::size_t l = 0; l <= last; ++l) {
    const Array layer_key = random::child_key(key, l, domain::kLayers);
    Array w = l == last ? lecun_normal(layer_key, sizes[l], sizes[l + 1], dtype)
                        : hidden_weights(activation, layer_key, sizes[l], sizes[l + 1], dtype);
    mlp.layers.push_back({w, broadcast_to(in_dtype(bias, dtype), {sizes[l + 1]})});
  }
  return mlp;
}

}  // namespace runnel::nn
