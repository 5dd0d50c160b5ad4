// Layer normalisation, residual blocks, and the networks that searches train.
#include "core/fail.h"
#include "nn/operand.h"
#include "ops/keys.h"
#include "runnel/nn.h"
#include "runnel/random.h"

namespace runnel::nn {
namespace {

Array embedded(const Network& network, const Array& x) {
  const bool pieces = network.columns && network.columns->low;
  if (network.periodic.has_value() != (network.columns && !pieces))
    fail("[forward] a network with waves needs its columns, and columns without pieces need waves");
  if (network.periodic) return forward(*network.periodic, *network.columns, x);
  return pieces ? linear_pieces(*network.columns, x) : x;
}

// What the layers and norms of a network do to the rows they get.
class Forward {
 public:
  Forward(const Network& network, Activation activation, const Operand& scale, const Dropout* dropout)
      : network_(network), activation_(activation), scale_(scale), dropout_(dropout) {}

  Array run(const Array& x) const {
    if (network_.layers.empty()) fail("[forward] a network without layers");
    const bool linear = network_.layers.size() == 1;
    const Array h = linear ? x : network_.body == Body::residual ? residual_body(x) : mlp_body(x);
    return forward(network_.layers.back(), h);
  }

 private:
  Array mlp_body(Array h) const {
    const std::size_t hidden = network_.layers.size() - 1;
    expect_norms(hidden);
    for (std::size_t l = 0; l < hidden; ++l)
      h = dropped(activate(normed(l, forward(network_.layers[l], h)), activation_, scale_), l);
    return h;
  }

  Array residual_body(const Array& x) const {
    const std::size_t blocks = (network_.layers.size() - 2) / 2;
    if (network_.layers.size() != 2 * blocks + 2)
      fail("[forward] {} layers: a residual network has an entry, two for each block, and an exit",
           network_.layers.size());
    expect_norms(blocks + 1);
    Array h = forward(network_.layers[0], x);
    for (std::size_t b = 0; b < blocks; ++b) {
      const Array z = forward(network_.layers[2 * b + 1], normed(b, h));
      h = h + forward(network_.layers[2 * b + 2], dropped(activate(z, activation_, scale_), b));
    }
    return normed(blocks, h);
  }

  void expect_norms(std::size_t needed) const {
    if (!network_.norms.empty() && network_.norms.size() != needed)
      fail("[forward] {} normalisations where the network has room for {}", network_.norms.size(), needed);
  }
  Array normed(std::size_t i, const Array& x) const {
    return network_.norms.empty() ? x : forward(network_.norms[i], x);
  }
  Array dropped(const Array& h, std::size_t l) const {
    return dropout_ == nullptr ? h : drop(h, *dropout_, static_cast<std::uint32_t>(l));
  }

  const Network& network_;
  Activation activation_;
  const Operand& scale_;
  const Dropout* dropout_;
};

// Sizes of the layers one after another, as (in, out).
std::vector<std::pair<std::int64_t, std::int64_t>> residual_layers(const std::vector<std::int64_t>& sizes) {
  const std::int64_t stream = sizes[1];
  std::vector<std::pair<std::int64_t, std::int64_t>> out{{sizes.front(), stream}};
  for (std::size_t i = 1; i + 1 < sizes.size(); ++i) {
    out.emplace_back(stream, sizes[i]);
    out.emplace_back(sizes[i], stream);
  }
  out.emplace_back(stream, sizes.back());
  return out;
}

std::vector<Dense> init_residual(const Array& key, const std::vector<std::int64_t>& sizes,
                                 Activation activation, const Operand& bias, DType dtype) {
  std::vector<Dense> layers;
  for (const auto& [in, out] : residual_layers(sizes)) {
    const std::size_t l = layers.size();
    const Array layer_key = random::child_key(key, l, domain::kLayers);
    const bool before_activation = l % 2 == 1 && l < 2 * (sizes.size() - 2);
    Array w = !before_activation               ? lecun_normal(layer_key, in, out, dtype)
              : activation == Activation::relu ? he_normal(layer_key, in, out, dtype)
                                               : glorot_normal(layer_key, in, out, dtype);
    layers.push_back({std::move(w), broadcast_to(in_dtype(bias, dtype), {out})});
  }
  return layers;
}

std::vector<LayerNorm> init_norms(const Architecture& a, DType dtype) {
  std::vector<LayerNorm> norms;
  const auto add = [&](std::int64_t units) {
    norms.push_back({Array::ones({units}, dtype), Array::zeros({units}, dtype)});
  };
  for (std::size_t i = 1; i + 1 < a.sizes.size(); ++i) add(a.body == Body::mlp ? a.sizes[i] : a.sizes[1]);
  if (a.body == Body::residual && !norms.empty()) add(a.sizes[1]);
  return norms;
}

Periodic init_waves(const Array& key, const Architecture& a, const Operand& frequency_scale, DType dtype) {
  const std::int64_t k = a.frequencies;
  if (k < 1) fail("[init_network] {} frequencies for each embedded column: at least one is needed", k);
  const Array normal = random::normal(random::child_key(key, 0, domain::kWaves), {a.embedded * k}, dtype);
  return {normal * in_dtype(frequency_scale, dtype),
          {he_normal(random::child_key(key, 1, domain::kWaves), 2 * k, k, dtype), Array::zeros({k}, dtype)}};
}

}  // namespace

Array forward(const LayerNorm& norm, const Array& x, double eps) {
  if (x.rank() != 2 || norm.gain.shape() != Shape{x.dim(1)} || norm.bias.shape() != norm.gain.shape())
    fail("[layer_norm] x {} with gain {} and bias {}: a batch (n, units) and two of (units,) are needed",
         to_string(x.shape()), to_string(norm.gain.shape()), to_string(norm.bias.shape()));
  const Array centred = x - mean(x, 1, true);
  return centred * rsqrt(mean(square(centred), 1, true) + eps) * norm.gain + norm.bias;
}

Array residual(const Dense& in, const Dense& out, const Array& x, Activation activation,
               const Operand& scale) {
  return x + forward(out, activate(forward(in, x), activation, scale));
}

Network init_network(const Array& key, const Architecture& a, Activation activation, const Operand& bias,
                     const Operand& frequency_scale, DType dtype) {
  Network network;
  network.body = a.body;
  if (a.body == Body::residual && a.sizes.size() > 2)
    network.layers = init_residual(key, a.sizes, activation, bias, dtype);
  else
    network.layers = init_mlp(key, a.sizes, activation, bias, dtype).layers;
  if (a.norm) network.norms = init_norms(a, dtype);
  if (a.embedded > 0) network.periodic = init_waves(key, a, frequency_scale, dtype);
  return network;
}

Array forward(const Network& network, const Array& x, Activation activation, const Operand& scale) {
  return Forward(network, activation, scale, nullptr).run(embedded(network, x));
}

Array forward(const Network& network, const Array& x, Activation activation, const Operand& scale,
              const Dropout& dropout) {
  return Forward(network, activation, scale, &dropout).run(embedded(network, x));
}

std::vector<std::pair<std::string, Array>> named_parts(const Network& network) {
  std::vector<std::pair<std::string, Array>> out;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    out.emplace_back(fmt::format("layers.{}.w", i), network.layers[i].w);
    out.emplace_back(fmt::format("layers.{}.b", i), network.layers[i].b);
  }
  for (std::size_t i = 0; i < network.norms.size(); ++i) {
    out.emplace_back(fmt::format("norms.{}.gain", i), network.norms[i].gain);
    out.emplace_back(fmt::format("norms.{}.bias", i), network.norms[i].bias);
  }
  if (network.periodic) {
    out.emplace_back("periodic.frequency", network.periodic->frequency);
    out.emplace_back("periodic.w", network.periodic->mix.w);
    out.emplace_back("periodic.b", network.periodic->mix.b);
  }
  if (!network.columns) return out;
  out.emplace_back("columns.feature", network.columns->feature);
  if (network.columns->low) out.emplace_back("columns.low", *network.columns->low);
  if (network.columns->high) out.emplace_back("columns.high", *network.columns->high);
  return out;
}

std::int64_t parameter_count(const Network& network) {
  Network learnt = network;
  learnt.columns.reset();
  return parameter_count<Network>(learnt);
}

}  // namespace runnel::nn
