#include "cli/model_data.h"

#include <nlohmann/json.hpp>

#include "cli/read_options.h"

namespace runnel::cli {
namespace {

// What an older model remembers of its data's reading stands in its provenance.
void inherit_provenance(const Model& model, Reading& reading) {
  const auto provenance = nlohmann::json::parse(model.provenance, nullptr, /*allow_exceptions=*/false);
  if (!provenance.is_object() || !provenance.contains("read") || !provenance["read"].is_object()) return;
  const auto& read = provenance["read"];
  if (read.contains("header") && read["header"].is_boolean()) reading.header = read["header"].get<bool>();
  if (!read.contains("missing") || !read["missing"].is_array()) return;
  for (const auto& word : read["missing"])
    if (word.is_string()) reading.missing.push_back(word.get<std::string>());
}

void inherit(const Model& model, const ReadArguments& given, ReadOptions& options) {
  Reading reading = model.reading;
  if (reading.columns.empty()) inherit_provenance(model, reading);
  if (!options.header) options.header = reading.header;
  if (!reading.missing.empty()) options.missing = missing_words(given.missing, reading.missing);
  if (!reading.columns.empty()) options.reading = std::move(reading);
}

}  // namespace

void add_model_and_data(CLI::App& app, ModelDataArguments& arguments) {
  app.add_option("MODEL", arguments.model, "A model that `runnel fit` wrote")->required()->type_name("");
  app.add_option("DATA", arguments.data, data_help)->required()->type_name("");
  add_read_options(app, arguments.read);
}

ModelAndReading read_model(const ModelDataArguments& arguments) {
  ReadOptions options = read_options(arguments.read);
  Model model = Model::load(arguments.model);
  inherit(model, arguments.read, options);
  return {std::move(model), std::move(options)};
}

ModelData read_model_and_data(const ModelDataArguments& arguments) {
  auto [model, options] = read_model(arguments);
  Table table = read_table(arguments.data, options);
  refuse_idle_reading(arguments.read, table);
  std::vector<std::string> notes = table.notes;
  for (std::string& note : model.preprocessor.notes(table)) notes.push_back(std::move(note));
  return {std::move(model), std::move(table), std::move(notes)};
}

}  // namespace runnel::cli
