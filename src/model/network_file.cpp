#include "model/network_file.h"

#include <cmath>

#include "core/fail.h"
#include "runnel/ops.h"

namespace runnel {
namespace {

std::string layer_name(std::size_t layer, char part) { return fmt::format("layers.{}.{}", layer, part); }

class NetworkReader {
 public:
  NetworkReader(const TensorsByName& file, std::string prefix,
                const std::function<void(const std::string&)>& damaged)
      : file_(file), prefix_(std::move(prefix)), damaged_(damaged) {}

  nn::Network read(const sweep::Hyper& hyper) {
    network_.body = hyper.body;
    read_layers();
    while (const Array* gain = find(fmt::format("norms.{}.gain", network_.norms.size())))
      network_.norms.push_back({*gain, needed(fmt::format("norms.{}.bias", network_.norms.size()))});
    if (const Array* frequency = find("periodic.frequency"))
      network_.periodic = nn::Periodic{*frequency, {needed("periodic.w"), needed("periodic.b")}};
    if (const Array* feature = find("columns.feature")) {
      network_.columns = nn::Columns{column_numbers(*feature)};
      if (const Array* low = find("columns.low")) {
        network_.columns->low = *low;
        network_.columns->high = needed("columns.high");
      }
    }
    for (std::size_t i = 0; i < network_.layers.size(); ++i) check_layer(i);
    check_norms();
    check_embedding();
    return network_;
  }

  std::size_t tensors() const { return tensors_; }

 private:
  const Array* find(const std::string& name) {
    const auto tensor = file_.find(prefix_ + name);
    if (tensor == file_.end()) return nullptr;
    ++tensors_;
    return tensor->second;
  }

  const Array& needed(const std::string& name) {
    const Array* tensor = find(name);
    if (tensor == nullptr) damaged_(fmt::format("the tensor '{}{}' is not there", prefix_, name));
    return *tensor;
  }

  void read_layers() {
    while (const Array* w = find(layer_name(network_.layers.size(), 'w')))
      network_.layers.push_back({*w, needed(layer_name(network_.layers.size(), 'b'))});
    if (network_.layers.empty())
      damaged_(fmt::format("the tensor '{}' is not there", prefix_ + layer_name(0, 'w')));
    const std::size_t n = network_.layers.size();
    if (is_residual() && n % 2 != 0) damaged_(fmt::format("{} layers for a residual network", n));
  }

  // Whole numbers from 0, stored as floats as all tensors are.
  Array column_numbers(const Array& stored) {
    if (stored.rank() != 1 || stored.size() == 0) damaged_("the embedding's columns are no list");
    for (const double value : stored.to_doubles())
      if (!(value >= 0 && value < 1e6 && value == std::floor(value)))
        damaged_(fmt::format("{} is no column that an embedding could take", value));
    return convert(stored, DType::i32);
  }

  bool is_residual() const { return network_.body == nn::Body::residual && network_.layers.size() > 1; }

  // The layer whose outputs layer i takes; of a residual network's entry, blocks and exit the stream is the
  // entry's.
  std::size_t before(std::size_t i) const {
    if (!is_residual()) return i - 1;
    const bool inside = i % 2 == 0;
    return inside ? i - 1 : 0;
  }

  void check_layer(std::size_t i) {
    const Array &w = network_.layers[i].w, &b = network_.layers[i].b;
    const auto say = [&](std::string_view what) {
      damaged_(
          fmt::format("layer {} {}: weights {}, bias {}", i, what, to_string(w.type()), to_string(b.type())));
    };
    if (w.rank() != 2 || b.rank() != 1 || w.dim(1) != b.dim(0))
      say("has weights and a bias that do not go together");
    if (w.dim(0) == 0 || w.dim(1) == 0) say("is empty");
    if (w.dtype() != b.dtype() || w.dtype() != network_.layers[0].w.dtype()) say("has a dtype of its own");
    if (i > 0 && w.dim(0) != network_.layers[before(i)].w.dim(1))
      say("does not take what the layer before it gives");
    const bool ends_block = is_residual() && i > 0 && i % 2 == 0;
    if (ends_block && w.dim(1) != network_.layers[0].w.dim(1)) say("does not give what its block takes");
    if (!finite(w) || !finite(b)) say("holds values that are not finite");
  }

  static bool finite(const Array& array) {
    for (const double value : array.to_doubles())
      if (!std::isfinite(value)) return false;
    return true;
  }

  // A part that is a list of `size` finite numbers of the network's dtype.
  void check_list(const std::string& name, const Array& array, std::int64_t size) {
    if (array.shape() != Shape{size} || array.dtype() != network_.layers[0].w.dtype())
      damaged_(
          fmt::format("'{}{}' is {}, where ({},) is needed", prefix_, name, to_string(array.type()), size));
    if (!finite(array)) damaged_(fmt::format("'{}{}' holds values that are not finite", prefix_, name));
  }

  void check_norms() {
    if (network_.norms.empty()) return;
    const std::size_t layers = network_.layers.size();
    const std::size_t room = is_residual() ? layers / 2 : layers - 1;
    if (network_.norms.size() != room)
      damaged_(fmt::format("{} normalisations for {} layers", network_.norms.size(), layers));
    for (std::size_t i = 0; i < room; ++i) {
      const std::int64_t units = network_.layers[is_residual() ? 0 : i].w.dim(1);
      check_list(fmt::format("norms.{}.gain", i), network_.norms[i].gain, units);
      check_list(fmt::format("norms.{}.bias", i), network_.norms[i].bias, units);
    }
  }

  void check_embedding() {
    const bool pieces = network_.columns && network_.columns->low;
    if (network_.periodic.has_value() != (network_.columns && !pieces))
      damaged_("waves without their columns, or columns without a use");
    if (pieces) {
      const std::int64_t n = network_.columns->feature.dim(0);
      check_list("columns.low", *network_.columns->low, n);
      check_list("columns.high", *network_.columns->high, n);
      const std::vector<double> low = network_.columns->low->to_doubles();
      const std::vector<double> high = network_.columns->high->to_doubles();
      for (std::size_t i = 0; i < low.size(); ++i)
        if (!(low[i] < high[i])) damaged_(fmt::format("piece {} goes from {} to {}", i, low[i], high[i]));
    }
    if (!network_.periodic) return;
    const Array &frequency = network_.periodic->frequency, &w = network_.periodic->mix.w;
    const std::int64_t columns = network_.columns->feature.dim(0);
    if (w.rank() != 2 || w.dim(0) == 0 || w.dim(1) == 0 || w.dim(0) % 2 != 0 ||
        w.dtype() != network_.layers[0].w.dtype() || !finite(w))
      damaged_(fmt::format("'{}periodic.w' is {}", prefix_, to_string(w.type())));
    check_list("periodic.frequency", frequency, columns * (w.dim(0) / 2));
    check_list("periodic.b", network_.periodic->mix.b, w.dim(1));
  }

  const TensorsByName& file_;
  std::string prefix_;
  const std::function<void(const std::string&)>& damaged_;
  nn::Network network_ = {};
  std::size_t tensors_ = 0;
};

}  // namespace

void write_network(const nn::Network& network, const std::string& prefix, SafeTensors& file) {
  const DType dtype = network.layers.at(0).w.dtype();
  for (const auto& [name, part] : nn::named_parts(network))
    file.tensors.emplace_back(prefix + name, is_float(part.dtype()) ? part : convert(part, dtype));
}

TensorsByName by_name(const SafeTensors& file) {
  TensorsByName out;
  for (const auto& [name, array] : file.tensors) out.emplace(name, &array);
  return out;
}

nn::Network read_network(const TensorsByName& file, const std::string& prefix, const sweep::Hyper& hyper,
                         const std::function<void(const std::string&)>& damaged, std::size_t& tensors) {
  NetworkReader reader(file, prefix, damaged);
  nn::Network network = reader.read(hyper);
  tensors += reader.tensors();
  return network;
}

bool takes(const nn::Network& network, std::int64_t features) {
  const std::int64_t inputs = network.layers.front().w.dim(0);
  if (!network.columns) return inputs == features;
  for (const double column : network.columns->feature.to_doubles())
    if (column >= static_cast<double>(features)) return false;
  if (!network.periodic) return inputs == network.columns->feature.dim(0);
  return inputs == features + network.columns->feature.dim(0) * network.periodic->mix.w.dim(1);
}

std::vector<std::int64_t> hidden_widths(const nn::Network& network) {
  std::vector<std::int64_t> widths;
  const bool residual = network.body == nn::Body::residual;
  for (std::size_t i = residual ? 1 : 0; i + 1 < network.layers.size(); i += residual ? 2 : 1)
    widths.push_back(network.layers[i].b.dim(0));
  return widths;
}

}  // namespace runnel
