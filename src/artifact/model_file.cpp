// A model as one safetensors file: the network as tensors, everything else as text in the metadata.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/model_file.h"
#include "artifact/network_file.h"
#include "artifact/output_file.h"
#include "artifact/safetensors.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/readers.h"
#include "runnel/model.h"

namespace runnel {
namespace {

constexpr const char* format_key = "runnel_model";
// Rises when an older program could no longer read the file, or would misread it. 2 has networks that are
// more than layers, and ensembles; 3 says how columns are read, and features of a network in doubles are
// doubles; 4 has words for what is off or automatic, and only what takes part.
constexpr const char* newest_format = "4";
constexpr std::array<std::string_view, 4> formats = {"1", "2", "3", newest_format};

constexpr int deepest = 100;  // brackets within brackets

// What takes part, as texts.
nlohmann::ordered_json hyper_json(const params::Configuration& configuration) {
  nlohmann::ordered_json out;
  for (std::size_t i = 0; i < configuration.values().size(); ++i)
    if (const params::Value& value = configuration.values()[i]; !value.is_nothing())
      out[configuration.schema().parameters()[i].name] = to_string(value);
  return out;
}

std::string prefix_of(std::size_t other) { return fmt::format("others.{}.", other); }

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
    const auto value = to_number(text(key));
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
    if (std::find(formats.begin(), formats.end(), it->second) == formats.end()) {
      fail("{}: a model of format {}; this version of Runnel reads formats up to {}", path_, it->second,
           newest_format);
    }
  }

  bool has_reading() const { return file_.metadata.contains("reading"); }

  // The first network and the ensemble's further ones, and nothing else.
  void read_networks(Model& model) const {
    const auto complain = [&](const std::string& what) { damaged(what); };
    const TensorsByName named = by_name(file_);
    std::size_t tensors = 0;
    model.network = read_network(named, "", model.configuration, complain, tensors);
    const std::vector<params::Configuration> hypers = others();
    for (std::size_t i = 0; i < hypers.size(); ++i)
      model.others.push_back({read_network(named, prefix_of(i), hypers[i], complain, tensors), hypers[i]});
    read_stops(model);
    if (file_.tensors.size() != tensors)
      damaged(fmt::format("{} tensors for networks that have {}", file_.tensors.size(), tensors));
  }

  params::Configuration hyper() const {
    try {
      return hyper_from(nlohmann::json::parse(text("hyper")));
    } catch (const nlohmann::json::exception& e) {
      damaged(fmt::format("the hyperparameters cannot be read ({})", e.what()));
    }
  }

  // The stored preprocessing names a feature for each number of a block, so a width is compared with the
  // network's inputs before it is believed.
  void check_widths(const nn::Network& network) const {
    const std::int64_t inputs = nn::inputs_of(network);
    try {
      const auto json = nlohmann::json::parse(text("preprocessor"));
      std::uint64_t left = static_cast<std::uint64_t>(inputs);
      for (const auto& encoding : json.at("encodings")) {
        const auto& width = encoding.at("width");
        if (!width.is_number_unsigned() || width.get<std::uint64_t>() > left) {
          damaged("the preprocessing has a block wider than the network's inputs");
        }
        left -= width.get<std::uint64_t>();
      }
    } catch (const nlohmann::json::exception& e) {
      damaged(fmt::format("the preprocessing cannot be read ({})", e.what()));
    }
  }

  // What made the model, in JSON. It is shown as it stands, by writers that go as deep as it does.
  const std::string& provenance() const {
    const std::string& json = text("provenance");
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
      const char c = json[i];
      if (c == '"') quoted = !quoted;
      if (quoted && c == '\\') ++i;
      if (quoted) continue;
      depth += (c == '[' || c == '{') - (c == ']' || c == '}');
      if (depth > deepest)
        damaged(fmt::format("its provenance has more than {} brackets within each other", deepest));
    }
    return json;
  }

  [[noreturn]] void damaged(const std::string& what) const { fail("{}: damaged: {}", path_, what); }

 private:
  params::Configuration hyper_from(const nlohmann::json& json) const {
    params::Configuration out(models::network_schema());
    for (const auto& [name, value] : json.items())
      out.set(name, params::read(out.schema()[name], value.get<std::string>()));
    out.settle();  // models of earlier versions have a value for everything
    return out;
  }

  // Only models of a search that was stopped say after which epochs.
  void read_stops(Model& model) const {
    const auto stored = file_.metadata.find("stopped_after");
    if (stored == file_.metadata.end()) return;
    const auto json = nlohmann::json::parse(stored->second, nullptr, /*allow_exceptions=*/false);
    const bool fits = json.is_array() && json.size() == 1 + model.others.size() &&
                      std::all_of(json.begin(), json.end(), [](const auto& stop) {
                        return stop.is_number_unsigned() && stop.template get<std::uint64_t>() < (1ULL << 62);
                      });
    if (!fits) damaged("'stopped_after' is no list of epochs, one for each network");
    model.stopped_after = json[0].get<std::int64_t>();
    for (std::size_t i = 0; i < model.others.size(); ++i)
      model.others[i].stopped_after = json[i + 1].get<std::int64_t>();
  }

  std::vector<params::Configuration> others() const {
    std::vector<params::Configuration> out;
    const auto stored = file_.metadata.find("others");
    if (stored == file_.metadata.end()) return out;
    try {
      for (const auto& json : nlohmann::json::parse(stored->second)) out.push_back(hyper_from(json));
    } catch (const nlohmann::json::exception& e) {
      damaged(fmt::format("the hyperparameters of the ensemble cannot be read ({})", e.what()));
    }
    return out;
  }

  std::uint64_t whole(std::string_view key, const std::string& digits) const {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      damaged(fmt::format("'{}' is no whole number: '{}'", key, digits));
    }
    return value;
  }

  std::string path_;
  SafeTensors file_;
};

// A network may be in order and yet not belong to the rest of the file.
void check_network(const Reader& reader, const Model& model, const Member& member) {
  const auto features = static_cast<std::int64_t>(model.preprocessor.features().size());
  if (nn::inputs_of(member.network) != features) {
    reader.damaged(fmt::format("the preprocessing gives {} features, the network takes {}", features,
                               nn::inputs_of(member.network)));
  }
  const std::size_t classes = model.target.classes().size();
  const std::int64_t outputs = nn::outputs_of(member.network);
  const bool regression = model.target.task() == Task::regression;
  const bool fits = regression ? classes == 0 && outputs == 1
                               : classes >= 2 && (outputs == static_cast<std::int64_t>(classes) ||
                                                  (outputs == 1 && classes == 2));
  if (!fits) {
    reader.damaged(fmt::format("{} outputs of the network for a {} target of {} classes", outputs,
                               task_name(model.target.task()), classes));
  }
  const std::vector<std::int64_t> widths = hidden_widths(member.network);
  const std::vector<std::int64_t> said = models::hidden_of(member.configuration);
  if (widths != said) {
    reader.damaged(fmt::format("the hyperparameters say hidden layers of {}, the network has {}",
                               fmt::join(said, "x"), fmt::join(widths, "x")));
  }
}

void check_fit(const Reader& reader, const Model& model) {
  check_network(reader, model, {model.network, model.configuration});
  for (const Member& member : model.others) check_network(reader, model, member);
  const auto metrics = metrics_of(model.target.task());
  if (std::find(metrics.begin(), metrics.end(), model.metric) == metrics.end()) {
    reader.damaged(fmt::format("the metric {} does not go with a {} target",
                               models::metric_name(model.metric), task_name(model.target.task())));
  }
}

}  // namespace

std::string encode_model(const Model& model) {
  SafeTensors file;
  write_network(model.network, "", file);
  file.metadata = {{format_key, model.narrow_features ? "2" : newest_format},
                   {"version", model.version},
                   {"target", model.target.to_json()},
                   {"preprocessor", model.preprocessor.to_json()},
                   {"hyper", hyper_json(model.configuration).dump()},
                   {"metric", std::string(models::metric_name(model.metric))},
                   {"loss", std::string(models::loss_name(model.loss))},
                   {"target_mean", fmt::format("{}", model.target_mean)},
                   {"target_scale", fmt::format("{}", model.target_scale)},
                   {"seed", fmt::format("{}", model.seed)},
                   {"provenance", model.provenance}};
  if (!model.narrow_features) file.metadata["reading"] = model.reading.to_json();
  auto hypers = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < model.others.size(); ++i) {
    write_network(model.others[i].network, prefix_of(i), file);
    hypers.push_back(hyper_json(model.others[i].configuration));
  }
  if (!model.others.empty()) file.metadata["others"] = hypers.dump();
  auto stops = nlohmann::ordered_json::array({model.stopped_after});
  for (const Member& member : model.others) stops.push_back(member.stopped_after);
  const bool any = std::any_of(stops.begin(), stops.end(), [](const auto& stop) { return stop != 0; });
  if (any) file.metadata["stopped_after"] = stops.dump();
  return encode_safetensors(file);
}

Model decode_model(const std::string& path, std::string_view bytes) {
  const Reader reader(path, decode_safetensors(path, bytes));
  reader.check_format();
  Model model;
  try {
    model.configuration = reader.hyper();
    reader.read_networks(model);
    reader.check_widths(model.network);
    model.target = Target::from_json(reader.text("target"));
    model.preprocessor = Preprocessor::from_json(reader.text("preprocessor"));
    // Older models do not say how columns are read: each file is read as it is found.
    model.narrow_features = !reader.has_reading();
    if (reader.has_reading()) model.reading = Reading::from_json(reader.text("reading"));
    model.metric = models::metric_from_name(reader.text("metric"));
    model.loss = models::loss_from_name(reader.text("loss"));
  } catch (const Error& e) {
    // What these say does not name the file; what the reader says does.
    if (std::string_view(e.what()).starts_with(path)) throw;
    fail("{}: {}", path, e.what());
  }
  model.target_mean = reader.number("target_mean");
  model.target_scale = reader.number("target_scale");
  model.seed = reader.whole("seed");
  model.version = reader.text("version");
  model.provenance = reader.provenance();
  check_fit(reader, model);
  return model;
}

void Model::save(const std::string& path) const { write_file(path, encode_model(*this)); }

Model Model::load(const std::string& path) { return decode_model(path, data::read_bytes(path)); }

bool is_model_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<char, 9> first = {};
  in.read(first.data(), first.size());
  return in.gcount() == static_cast<std::streamsize>(first.size()) &&
         looks_like_safetensors({first.data(), first.size()});
}

}  // namespace runnel
