// Initial weights.
#include <cmath>

#include "core/fail.h"
#include "nn/initial.h"
#include "nn/operand.h"
#include "ops/keys.h"
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

Dense initial_dense(const Array& key, std::size_t number, std::int64_t in, std::int64_t out,
                    std::optional<Activation> before, const Operand& bias, DType dtype) {
  const Array layer_key = random::child_key(key, number, domain::kLayers);
  Array w = !before                       ? lecun_normal(layer_key, in, out, dtype)
            : *before == Activation::relu ? he_normal(layer_key, in, out, dtype)
                                          : glorot_normal(layer_key, in, out, dtype);
  return {std::move(w), broadcast_to(in_dtype(bias, dtype), {out})};
}

}  // namespace runnel::nn
