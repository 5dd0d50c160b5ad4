#include "artifact/network_file.h"

#include <cmath>

#include "core/fail.h"
#include "models/schema.h"
#include "nn/layer.h"
#include "runnel/ops.h"

namespace runnel {
namespace {

// The layers of a candidate's network, of sizes that its tensors will tell.
std::vector<nn::Layer> layers_of(const params::Configuration& c) {
  nn::Architecture a{{1}, models::body_of(c), models::has_norm(c)};
  for (const std::int64_t width : models::hidden_of(c)) a.sizes.push_back(width);
  a.sizes.push_back(1);
  if (models::embedding_of(c) == nn::Embedding::periodic) a.embedded = a.frequencies = 1;
  std::vector<nn::Layer> layers = nn::layers_of(a);
  if (models::embedding_of(c) == nn::Embedding::linear_pieces)
    layers.insert(layers.begin(), {"linear pieces"});
  return layers;
}

class NetworkReader {
 public:
  NetworkReader(const TensorsByName& file, std::string prefix,
                const std::function<void(const std::string&)>& damaged)
      : file_(file), prefix_(std::move(prefix)), damaged_(damaged) {}

  nn::Network read(const params::Configuration& configuration) {
    const std::size_t hidden = models::hidden_of(configuration).size();
    if (hidden > file_.size())
      damaged_(
          fmt::format("{} tensors, where the hyperparameters say {} hidden layers", file_.size(), hidden));
    network_.layers = layers_of(configuration);
    for (const nn::LayerKind& kind : nn::layer_table()) {
      std::size_t number = 0;
      nn::visit_kind(network_.layers, kind.name, [&](nn::Layer& layer) { fill(layer, kind, number++); });
    }
    try {
      check();
    } catch (const Error& e) {
      damaged_(fmt::format("{}: {}", at_, e.what()));
    }
    return network_;
  }

  std::size_t tensors() const { return tensors_; }

 private:
  void fill(nn::Layer& layer, const nn::LayerKind& kind, std::size_t number) {
    for (const nn::Part& part : kind.learnt) layer.learnt.push_back(needed(part, number));
    for (const nn::Part& part : kind.given) layer.given.push_back(needed(part, number));
  }

  Array needed(const nn::Part& part, std::size_t number) {
    const std::string name = prefix_ + nn::part_name(part, number);
    const auto tensor = file_.find(name);
    if (tensor == file_.end()) damaged_(fmt::format("the tensor '{}' is not there", name));
    ++tensors_;
    return part.whole ? column_numbers(name, *tensor->second) : *tensor->second;
  }

  // Whole numbers from 0, stored as floats as all tensors are.
  Array column_numbers(const std::string& name, const Array& stored) {
    if (stored.rank() != 1 || stored.size() == 0) damaged_(fmt::format("'{}' is no list of columns", name));
    for (const double value : stored.to_doubles())
      if (!(value >= 0 && value < 1e6 && value == std::floor(value)))
        damaged_(fmt::format("'{}': {} is no column that an embedding could take", name, value));
    return convert(stored, DType::i32);
  }

  // Every array is what its layer needs, and every layer takes what the one before it gives.
  void check() {
    dtype_ = nn::dtype_of(network_);
    std::map<std::string, std::size_t> numbers;
    const auto visit = [&](const nn::Layer& layer, const Shape& in) {
      const nn::LayerKind& kind = nn::kind_of(layer);
      const std::size_t number = numbers[layer.kind]++;
      at_ = fmt::format("{} {}", layer.kind, number);
      if (kind.shapes == nullptr) return;
      const nn::PartShapes shapes = kind.shapes(layer, in);
      for (std::size_t i = 0; i < kind.learnt.size(); ++i)
        check_array(kind.learnt[i], number, layer.learnt[i], shapes.learnt.at(i));
      for (std::size_t i = 0; i < kind.given.size(); ++i)
        check_array(kind.given[i], number, layer.given[i], shapes.given.at(i));
      if (kind.check != nullptr) kind.check(layer);
    };
    nn::walk(network_.layers, {nn::inputs_of(network_)}, visit);
  }

  void check_array(const nn::Part& part, std::size_t number, const Array& array, const Shape& shape) const {
    const std::string name = prefix_ + nn::part_name(part, number);
    if (array.shape() != shape)
      fail("'{}' is {}, where {} is needed", name, to_string(array.type()), to_string(shape));
    if (part.whole) return;
    if (array.dtype() != dtype_) fail("'{}' has a dtype of its own: {}", name, to_string(array.type()));
    for (const double value : array.to_doubles())
      if (!std::isfinite(value)) fail("'{}' holds values that are not finite", name);
  }

  const TensorsByName& file_;
  std::string prefix_;
  const std::function<void(const std::string&)>& damaged_;
  nn::Network network_ = {};
  DType dtype_ = DType::f32;  // of its weights
  std::string at_;            // the layer that is being checked
  std::size_t tensors_ = 0;
};

}  // namespace

void write_network(const nn::Network& network, const std::string& prefix, SafeTensors& file) {
  const DType dtype = nn::dtype_of(network);
  for (const auto& [name, part] : nn::named_parts(network))
    file.tensors.emplace_back(prefix + name, is_float(part.dtype()) ? part : convert(part, dtype));
}

TensorsByName by_name(const SafeTensors& file) {
  TensorsByName out;
  for (const auto& [name, array] : file.tensors) out.emplace(name, &array);
  return out;
}

nn::Network read_network(const TensorsByName& file, const std::string& prefix,
                         const params::Configuration& configuration,
                         const std::function<void(const std::string&)>& damaged, std::size_t& tensors) {
  NetworkReader reader(file, prefix, damaged);
  nn::Network network = reader.read(configuration);
  tensors += reader.tensors();
  return network;
}

std::vector<std::int64_t> hidden_widths(const nn::Network& network) {
  std::vector<std::int64_t> widths;
  nn::walk(network.layers, {nn::inputs_of(network)}, [&](const nn::Layer& layer, const Shape& in) {
    const auto activated = layer.attributes.find("activated");
    if (activated != layer.attributes.end() && activated->second != 0)
      widths.push_back(nn::kind_of(layer).gives(layer, in).back());
  });
  return widths;
}

}  // namespace runnel
