// A model as one safetensors file: the network as tensors, everything else as text in the metadata.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "data/readers.h"
#include "data/text.h"
#include "model/output_file.h"
#include "model/safetensors.h"
#include "runnel/model.h"

namespace runnel {
namespace {

constexpr const char* format_key = "runnel_model";
constexpr const char* format_number = "1";  // rises when an older program could no longer read the file

std::string layer_name(std::size_t layer, char part) { return fmt::format("layers.{}.{}", layer, part); }

std::string hyper_json(const sweep::Hyper& hyper) {
  nlohmann::ordered_json out;
  for (const sweep::HyperField& field : sweep::hyper_fields()) out[field.name] = field.get(hyper);
  return out.dump();
}

// ---- reading: one place that knows the file's name and says what is wrong with it
// --------------------------

class Reader {
 public:
  Reader(std::string path, SafeTensors file) : path_(std::move(path)), file_(std::move(file)) {}

  const std::string& text(const char* key) const {
    const auto it = file_.metadata.find(key);
    if (it == file_.metadata.end()) fail("{}: damaged: the model's metadata lacks '{}'", path_, key);
    return it->second;
  }

  double number(const char* key) const {
    const auto value = data::to_number(text(key));
    if (!value || !std::isfinite(*value)) damaged(fmt::format("'{}' is no number: '{}'", key, text(key)));
    return *value;
  }

  std::uint64_t whole(const char* key) const { return whole(key, text(key)); }

  void check_format() const {
    const auto it = file_.metadata.find(format_key);
    if (it == file_.metadata.end()) {
      fail(
          "{}: a safetensors file, but not a Runnel model (its metadata has no '{}'); `runnel fit` writes "
          "models",
          path_, format_key);
    }
    if (it->second != format_number) {
      fail("{}: a model of format {}; this version of Runnel reads format {}", path_, it->second,
           format_number);
    }
  }

  nn::Mlp network() const {
    nn::Mlp out;
    while (const Array* w = file_.find(layer_name(out.layers.size(), 'w'))) {
      const std::string bias = layer_name(out.layers.size(), 'b');
      const Array* b = file_.find(bias);
      if (b == nullptr) damaged(fmt::format("the tensor '{}' is not there", bias));
      out.layers.push_back({*w, *b});
    }
    if (out.layers.empty()) damaged("the tensor 'layers.0.w' is not there");
    if (file_.tensors.size() != 2 * out.layers.size()) {
      damaged(fmt::format("{} tensors for {} layers", file_.tensors.size(), out.layers.size()));
    }
    for (std::size_t i = 0; i < out.layers.size(); ++i) check_layer(out, i);
    return out;
  }

  sweep::Hyper hyper() const {
    sweep::Hyper out;
    try {
      const auto json = nlohmann::json::parse(text("hyper"));
      for (const auto& [name, value] : json.items()) {
        const std::string text_of_value = value.get<std::string>();
        if (name == "seed") {
          out.seed = whole("seed", text_of_value);  // all 64 bits, of which a double would keep 53
        } else {
          sweep::hyper_field(name).set(out, text_of_value);
        }
      }
    } catch (const nlohmann::json::exception& e) {
      damaged(fmt::format("the hyperparameters cannot be read ({})", e.what()));
    }
    return out;
  }

  // The stored preprocessing names a feature for each number of a block, so a width is compared with the
  // network's inputs before it is believed.
  void check_widths(const nn::Mlp& network) const {
    const std::int64_t inputs = network.layers.front().w.dim(0);
    try {
      const auto json = nlohmann::json::parse(text("preprocessor"));
      for (const auto& encoding : json.at("encodings")) {
        if (encoding.at("width").get<std::uint64_t>() > static_cast<std::uint64_t>(inputs)) {
          damaged("the preprocessing has a block wider than the network's inputs");
        }
      }
    } catch (const nlohmann::json::exception& e) {
      damaged(fmt::format("the preprocessing cannot be read ({})", e.what()));
    }
  }

  [[noreturn]] void damaged(const std::string& what) const { fail("{}: damaged: {}", path_, what); }

 private:
  std::uint64_t whole(std::string_view key, const std::string& digits) const {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      damaged(fmt::format("'{}' is no whole number: '{}'", key, digits));
    }
    return value;
  }

  void check_layer(const nn::Mlp& network, std::size_t i) const {
    const Array &w = network.layers[i].w, &b = network.layers[i].b;
    const auto say = [&](std::string_view what) {
      damaged(
          fmt::format("layer {} {}: weights {}, bias {}", i, what, to_string(w.type()), to_string(b.type())));
    };
    if (w.rank() != 2 || b.rank() != 1 || w.dim(1) != b.dim(0))
      say("has weights and a bias that do not go together");
    if (w.dim(0) == 0 || w.dim(1) == 0) say("is empty");
    if (w.dtype() != b.dtype() || w.dtype() != network.layers[0].w.dtype()) say("has a dtype of its own");
    if (i > 0 && w.dim(0) != network.layers[i - 1].w.dim(1))
      say("does not take what the layer before it gives");
    for (const Array& part : {w, b}) {
      for (const double value : part.to_doubles()) {
        if (!std::isfinite(value)) say("holds values that are not finite");
      }
    }
  }

  std::string path_;
  SafeTensors file_;
};

// The parts of a file may each be in order and yet not belong together.
void check_fit(const Reader& reader, const Model& model) {
  const auto& layers = model.network.layers;
  const auto features = static_cast<std::int64_t>(model.preprocessor.features().size());
  if (features != layers.front().w.dim(0)) {
    reader.damaged(fmt::format("the preprocessing gives {} features, the network takes {}", features,
                               layers.front().w.dim(0)));
  }
  const std::size_t classes = model.target.classes().size();
  const std::int64_t outputs = layers.back().b.dim(0);
  const bool regression = model.target.task() == Task::regression;
  const bool fits = regression ? classes == 0 && outputs == 1
                               : classes >= 2 && (outputs == static_cast<std::int64_t>(classes) ||
                                                  (outputs == 1 && classes == 2));
  if (!fits) {
    reader.damaged(fmt::format("{} outputs of the network for a {} target of {} classes", outputs,
                               task_name(model.target.task()), classes));
  }
  std::vector<std::int64_t> widths;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) widths.push_back(layers[i].b.dim(0));
  if (widths != model.hyper.hidden) {
    reader.damaged(fmt::format("the hyperparameters say hidden layers of {}, the network has {}",
                               fmt::join(model.hyper.hidden, "x"), fmt::join(widths, "x")));
  }
  const auto metrics = metrics_of(model.target.task());
  if (std::find(metrics.begin(), metrics.end(), model.metric) == metrics.end()) {
    reader.damaged(fmt::format("the metric {} does not go with a {} target", sweep::metric_name(model.metric),
                               task_name(model.target.task())));
  }
}

}  // namespace

void Model::save(const std::string& path) const {
  SafeTensors file;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    file.tensors.emplace_back(layer_name(i, 'w'), network.layers[i].w);
    file.tensors.emplace_back(layer_name(i, 'b'), network.layers[i].b);
  }
  file.metadata = {{format_key, format_number},
                   {"version", version},
                   {"target", target.to_json()},
                   {"preprocessor", preprocessor.to_json()},
                   {"hyper", hyper_json(hyper)},
                   {"metric", std::string(sweep::metric_name(metric))},
                   {"loss", std::string(sweep::loss_name(loss))},
                   {"target_mean", fmt::format("{}", target_mean)},
                   {"target_scale", fmt::format("{}", target_scale)},
                   {"seed", fmt::format("{}", seed)},
                   {"provenance", provenance}};
  write_file(path, encode_safetensors(file));
}

Model Model::load(const std::string& path) {
  const Reader reader(path, decode_safetensors(path, data::read_bytes(path)));
  reader.check_format();
  Model model;
  model.network = reader.network();
  reader.check_widths(model.network);
  try {
    model.target = Target::from_json(reader.text("target"));
    model.preprocessor = Preprocessor::from_json(reader.text("preprocessor"));
    model.hyper = reader.hyper();
    model.metric = sweep::metric_from_name(reader.text("metric"));
    model.loss = sweep::loss_from_name(reader.text("loss"));
  } catch (const Error& e) {
    // What these say does not name the file; what the reader says does.
    if (std::string_view(e.what()).starts_with(path)) throw;
    fail("{}: {}", path, e.what());
  }
  model.target_mean = reader.number("target_mean");
  model.target_scale = reader.number("target_scale");
  model.seed = reader.whole("seed");
  model.version = reader.text("version");
  model.provenance = reader.text("provenance");
  check_fit(reader, model);
  return model;
}

bool is_model_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<char, 9> first = {};
  in.read(first.data(), first.size());
  return in.gcount() == static_cast<std::streamsize>(first.size()) &&
         looks_like_safetensors({first.data(), first.size()});
}

}  // namespace runnel
