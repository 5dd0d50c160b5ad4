// Models. So that changed bytes reach beyond the container, the input is a description of a model file in
// JSON:
//   {"tensors": {"layers.0.w": [2, 1], "columns.feature": {"values": [0]}},
//    "metadata": {"runnel_model": "1", "target": {...}, ...}}
// A tensor is a shape, filled with small numbers, or a list of values; metadata that are no texts are stored
// as the JSON that they are.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "artifact/model_file.h"
#include "artifact/safetensors.h"
#include "data/readers.h"
#include "runnel/predictor.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

using nlohmann::json;

std::optional<Array> tensor_from(const json& described) {
  constexpr std::int64_t most = 4096;
  std::vector<float> values;
  std::vector<std::int64_t> shape;
  if (described.is_object() && described.contains("values") && described["values"].is_array()) {
    for (const json& value : described["values"])
      values.push_back(value.is_number() ? value.get<float>() : std::numeric_limits<float>::quiet_NaN());
    shape = {static_cast<std::int64_t>(values.size())};
  } else {
    if (!described.is_array() || described.size() > 4) return {};
    std::int64_t count = 1;
    for (const json& extent : described) {
      if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > most) return {};
      shape.push_back(extent.get<std::int64_t>());
      count *= shape.back();
    }
    if (count > most) return {};
    for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i % 7) * 0.25f - 0.5f);
  }
  return Array::from<float>(values, Shape(shape));
}

std::optional<SafeTensors> file_from(const json& described) {
  if (!described.is_object() || !described.contains("tensors") || !described["tensors"].is_object() ||
      !described.contains("metadata") || !described["metadata"].is_object())
    return {};
  SafeTensors out;
  for (const auto& [name, shape] : described["tensors"].items()) {
    const std::optional<Array> tensor = tensor_from(shape);
    if (!tensor) return {};
    out.tensors.emplace_back(name, *tensor);
  }
  for (const auto& [key, value] : described["metadata"].items())
    out.metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return out;
}

// A table with the columns that the model reads, the same cells in each, and its block.
Table table_for(const Model& model, const std::vector<std::string>& cells) {
  const std::vector<std::string> names = model.preprocessor.needed_columns();
  const auto record = [&](const auto& text_of) {
    std::string out = "\"\"";  // a column that no model knows
    for (const std::string& name : names) {
      out += ",\"";
      for (const char c : text_of(name)) out.append(c == '"' ? 2 : 1, c);
      out += '"';
    }
    return out + '\n';
  };
  std::string text = record([](const std::string& name) { return name; });
  for (const std::string& cell : cells) text += record([&](const std::string&) { return cell; });
  ReadOptions options;
  options.header = true;
  options.separator = ',';
  Table table = data::read_text("rows", text, options);
  for (const Encoding& e : model.preprocessor.encodings())
    if (e.kind == Encoding::Kind::block)
      table.block = Block{e.column, {e.width}, std::vector<float>(table.rows * e.width, 0.5f)};
  return table;
}

void run(std::string_view bytes) {
  // Metadata are written as text by going as deep as they do.
  if (std::count_if(bytes.begin(), bytes.end(), [](char c) { return c == '[' || c == '{'; }) > 1000) return;
  const std::optional<SafeTensors> file = file_from(json::parse(bytes, nullptr, false));
  if (!file) return;
  std::string stored;
  if (!accepted([&] { stored = encode_safetensors(*file); })) return;
  Model model;
  if (!accepted([&] { model = decode_model("input", stored); })) return;
  (void)json::parse(model.provenance, nullptr, false).dump();  // as `runnel inspect` shows it
  const std::string written = encode_model(model);
  expect(encode_model(decode_model("again", written)) == written, "written and read again: the same bytes");
  const std::vector<std::vector<std::string>> rows = {
      {"1", "", "0.5"}, {"yes", "", "no"}, {"2019-01-02", "2020", ""}};
  for (const std::vector<std::string>& cells : rows) {
    accepted([&] {
      const Table table = table_for(model, cells);
      const Predictions predictions = Predictor(model).predict(table);
      expect(predictions.values.size() + predictions.labels.size() == 3, "every row has a prediction");
    });
  }
}

const Target target("model", run);

}  // namespace
}  // namespace runnel::fuzz
