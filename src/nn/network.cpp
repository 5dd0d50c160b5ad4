// Networks: lists of layers, made of an architecture, run, counted and named by the table of kinds.
#include <algorithm>

#include "core/fail.h"
#include "nn/layer.h"

namespace runnel::nn {
namespace {

// ---- from an architecture to layers ----

// Puts layers one behind another, numbers the dropouts and tells dense layers what they read.
class Stack {
 public:
  explicit Stack(const Architecture& a) : norm_(a.norm) {}

  void dense(std::vector<Layer>& to, std::int64_t inputs, std::int64_t units, bool activated) {
    to.push_back({"dense", {{"inputs", inputs}, {"units", units}, {"activated", activated ? 1 : 0}}});
  }
  void normed(std::vector<Layer>& to) const {
    if (norm_) to.push_back({"layer norm"});
  }
  void activated(std::vector<Layer>& to) {
    to.push_back({"activation"});
    to.push_back({"dropout", {{"number", dropouts_++}}});
  }

 private:
  bool norm_;
  std::int64_t dropouts_ = 0;
};

void add_mlp(std::vector<Layer>& to, const Architecture& a) {
  Stack stack(a);
  for (std::size_t i = 1; i + 1 < a.sizes.size(); ++i) {
    stack.dense(to, a.sizes[i - 1], a.sizes[i], true);
    stack.normed(to);
    stack.activated(to);
  }
  stack.dense(to, a.sizes[a.sizes.size() - 2], a.sizes.back(), false);
}

void add_residual(std::vector<Layer>& to, const Architecture& a) {
  Stack stack(a);
  const std::int64_t stream = a.sizes[1];
  stack.dense(to, a.sizes[0], stream, false);
  for (std::size_t i = 1; i + 1 < a.sizes.size(); ++i) {
    Layer block{"residual block"};
    stack.normed(block.inside);
    stack.dense(block.inside, stream, a.sizes[i], true);
    stack.activated(block.inside);
    stack.dense(block.inside, a.sizes[i], stream, false);
    to.push_back(std::move(block));
  }
  stack.normed(to);
  stack.dense(to, stream, a.sizes.back(), false);
}

// ---- leaves ----

// visit(name, array) for every array that is there, in the order of leaves; learnt or given ones.
template <class Layers, class Visit>
void visit_arrays(Layers& layers, bool learnt, Visit&& visit) {
  for (const LayerKind& kind : layer_table()) {
    const std::vector<Part>& parts = learnt ? kind.learnt : kind.given;
    if (parts.empty()) continue;
    std::size_t number = 0;
    visit_kind(layers, kind.name, [&](auto& layer) {
      auto& arrays = learnt ? layer.learnt : layer.given;
      for (std::size_t i = 0; i < arrays.size(); ++i) visit(parts.at(i), number, arrays[i]);
      ++number;
    });
  }
}

std::vector<Layer>::iterator find_kind(std::vector<Layer>& layers, std::string_view kind) {
  return std::find_if(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.kind == kind; });
}

Array forward(const Network& network, const Array& x, const Pass& pass) {
  if (network.layers.empty()) fail("[forward] a network without layers");
  return apply(network.layers, x, pass);
}

}  // namespace

// ---- layers one after another ----

Shape given_by(const std::vector<Layer>& layers, Shape in) {
  for (const Layer& layer : layers) in = kind_of(layer).gives(layer, in);
  return in;
}

std::int64_t read_by(const std::vector<Layer>& layers, std::int64_t gives) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
    gives = kind_of(*layer).reads(*layer, gives);
  return gives;
}

Array apply(const std::vector<Layer>& layers, Array x, const Pass& pass) {
  for (const Layer& layer : layers) x = kind_of(layer).apply(layer, x, pass);
  return x;
}

std::string part_name(const Part& part, std::size_t number) {
  return fmt::format(fmt::runtime(part.name), number);
}

// ---- networks ----

std::vector<Array*> Network::leaves() {
  std::vector<Array*> out;
  for (const bool learnt : {true, false})
    visit_arrays(layers, learnt, [&](const Part&, std::size_t, Array& array) { out.push_back(&array); });
  return out;
}

std::vector<const Array*> Network::leaves() const {
  std::vector<const Array*> out;
  for (const bool learnt : {true, false})
    visit_arrays(layers, learnt,
                 [&](const Part&, std::size_t, const Array& array) { out.push_back(&array); });
  return out;
}

std::vector<std::pair<std::string, Array>> named_parts(const Network& network) {
  std::vector<std::pair<std::string, Array>> out;
  for (const bool learnt : {true, false})
    visit_arrays(network.layers, learnt, [&](const Part& part, std::size_t number, const Array& array) {
      out.emplace_back(part_name(part, number), array);
    });
  return out;
}

std::vector<Dense> dense_layers(const Network& network) {
  std::vector<Dense> out;
  visit_kind(network.layers, "dense", [&](const Layer& layer) {
    out.push_back({layer.learnt.at(0), layer.learnt.at(1)});
  });
  return out;
}

std::vector<Layer> layers_of(const Architecture& a) {
  if (a.sizes.size() < 2)
    fail("[layers_of] {} sizes: what is read, hidden widths and outputs are needed", a.sizes.size());
  std::vector<Layer> out;
  if (a.embedded > 0)
    out.push_back(
        {"periodic", {{"columns", a.embedded}, {"frequencies", a.frequencies}, {"width", a.frequencies}}});
  if (a.body == Body::residual && a.sizes.size() > 2)
    add_residual(out, a);
  else
    add_mlp(out, a);
  return out;
}

// Kind by kind, as leaves are.
Network init_network(const Array& key, const Architecture& a, Activation activation, const Operand& bias,
                     const Operand& frequency_scale, DType dtype) {
  if (!is_float(dtype)) fail("[init_network] weights are f32 or f64, not {}", name_of(dtype));
  Network network{layers_of(a)};
  const Shape features{inputs_of(network)};
  for (const LayerKind& kind : layer_table()) {
    if (kind.init == nullptr) continue;
    std::size_t number = 0;
    walk(network.layers, features, [&](Layer& layer, const Shape& in) {
      if (layer.kind != kind.name) return;
      layer.learnt = kind.init(layer, in, {key, number++, activation, bias, frequency_scale, dtype});
    });
  }
  return network;
}

Network network_of(const std::vector<Dense>& layers) {
  Network network;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (l > 0) {
      network.layers.push_back({"activation"});
      network.layers.push_back({"dropout", {{"number", static_cast<std::int64_t>(l) - 1}}});
    }
    network.layers.push_back(
        {"dense", {{"activated", l + 1 < layers.size() ? 1 : 0}}, {layers[l].w, layers[l].b}});
  }
  return network;
}

Network with_columns(Network network, const std::optional<Columns>& columns) {
  if (!columns) return network;
  const auto waves = find_kind(network.layers, "periodic");
  const bool pieces = columns->low && columns->high;
  if ((waves != network.layers.end()) == pieces)
    fail("[with_columns] waves need columns without pieces, and a network without waves needs pieces");
  if (!pieces) {
    waves->given = {columns->feature};
    return network;
  }
  Layer layer{"linear pieces", {}, {}, {columns->feature, *columns->low, *columns->high}};
  if (const auto known = find_kind(network.layers, "linear pieces"); known != network.layers.end())
    *known = std::move(layer);
  else
    network.layers.insert(network.layers.begin(), std::move(layer));
  return network;
}

Array forward(const Network& network, const Array& x, Activation activation, const Operand& scale) {
  return forward(network, x, Pass{activation, scale, nullptr});
}

Array forward(const Network& network, const Array& x, Activation activation, const Operand& scale,
              const Dropout& dropout) {
  return forward(network, x, Pass{activation, scale, &dropout});
}

std::vector<Array> learnt_arrays(const Network& network) {
  std::vector<Array> out;
  visit_arrays(network.layers, true,
               [&](const Part&, std::size_t, const Array& array) { out.push_back(array); });
  return out;
}

std::int64_t parameter_count(const Network& network) { return parameter_count(learnt_arrays(network)); }

std::int64_t inputs_of(const Network& network) { return read_by(network.layers, 0); }

std::int64_t outputs_of(const Network& network) {
  return given_by(network.layers, {inputs_of(network)}).back();
}

DType dtype_of(const Network& network) {
  const std::vector<const Array*> leaves = network.leaves();
  if (leaves.empty()) fail("[dtype_of] a network without weights");
  return leaves.front()->dtype();
}

Counts counts_of(const std::vector<Layer>& layers) {
  Counts out;
  walk(layers, {read_by(layers, 0)}, [&](const Layer& layer, const Shape& in) {
    const LayerKind& kind = kind_of(layer);
    if (kind.shapes != nullptr)
      for (const Shape& shape : kind.shapes(layer, in).learnt) out.parameters += shape.product();
    if (kind.multiplications != nullptr) out.multiplications += kind.multiplications(layer, in);
    if (kind.made != nullptr) out.made += kind.made(layer, in);
  });
  return out;
}

}  // namespace runnel::nn
