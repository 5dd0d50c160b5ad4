#include "cli/replaced_model.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/model.h"

namespace runnel::cli {
namespace {

std::optional<Model> model_at(const std::string& path) {
  try {
    return Model::load(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// Whether the model was made of a table with these columns.
bool of_columns(const Model& model, const Table& table) {
  std::vector<std::string> was, is = table.names();
  for (const ColumnDecision& d : model.preprocessor.decisions()) was.push_back(d.name);
  if (table.block) is.push_back(table.block->name);
  return sorted(was) == sorted(is);
}

}  // namespace

std::vector<std::string> notes_of_replaced_model(const std::string& path, bool named, const Table& table,
                                                 const std::string& target) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  const std::optional<Model> model = model_at(path);
  if (!model && !named)
    fail("{}: is there already and is no Runnel model that can be read; name the model's file with -o", path);
  if (!model) return {};
  const std::string& of = model->target.column();
  if (of == target && of_columns(*model, table)) return {};
  return {fmt::format("{} holds a model of '{}'{} and will be replaced; -o FILE puts the new one elsewhere",
                      path, shortened(of), of == target ? " in a table of other columns" : "")};
}

}  // namespace runnel::cli
