#include "cli/model_data.h"

#include <nlohmann/json.hpp>

namespace runnel::cli {
namespace {

void inherit(const Model& model, const ReadArguments& given, ReadOptions& options) {
  const auto provenance = nlohmann::json::parse(model.provenance, nullptr, /*allow_exceptions=*/false);
  if (!provenance.is_object() || !provenance.contains("read") || !provenance["read"].is_object()) return;
  const auto& read = provenance["read"];
  if (!options.header && read.contains("header") && read["header"].is_boolean()) {
    options.header = read["header"].get<bool>();
  }
  if (!given.missing.empty() || !read.contains("missing") || !read["missing"].is_array()) return;
  std::vector<std::string> words;
  for (const auto& word : read["missing"]) {
    if (!word.is_string()) return;
    words.push_back(word.get<std::string>());
  }
  options.missing = words;
}

}  // namespace

void add_model_and_data(CLI::App& app, ModelDataArguments& arguments) {
  app.add_option("MODEL", arguments.model, "A model that `runnel fit` wrote")->required()->type_name("");
  app.add_option("DATA", arguments.data, data_help)->required()->type_name("");
  add_read_options(app, arguments.read);
}

ModelData read_model_and_data(const ModelDataArguments& arguments) {
  ReadOptions options = read_options(arguments.read);
  Model model = Model::load(arguments.model);
  inherit(model, arguments.read, options);
  Table table = read_table(arguments.data, options);
  std::vector<std::string> notes = table.notes;
  for (std::string& note : model.preprocessor.notes(table)) notes.push_back(std::move(note));
  return {std::move(model), std::move(table), std::move(notes)};
}

}  // namespace runnel::cli
