#include "fit/weights.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"
#include "runnel/ops.h"

namespace runnel {

namespace {

std::vector<data::NamedText> named_weights(const std::string& text) {
  try {
    return data::split_named_list(text);
  } catch (const Error& e) {
    fail(
        "class weights {}; a name with a comma in it stands in double quotes, as in '\"low, "
        "cheap\"=2,high=3'",
        e.what());
  }
}

}  // namespace

ClassWeights class_weights_from(const std::string& text) {
  ClassWeights out;
  if (text == "none") return out;
  if (text == "balanced") {
    out.balanced = true;
    return out;
  }
  if (text.find('=') == std::string::npos)
    fail("class weights '{}': give balanced, none, or weights by name as yes=3,no=1{}", text,
         suggestion(text, {"balanced", "none"}));
  for (auto& [name, weight] : named_weights(text)) {
    const auto value = to_number(weight);
    if (!value || !std::isfinite(*value) || *value < 0)
      fail("class weights '{}': '{}={}' is not a class, '=' and a number of at least 0", text, name, weight);
    for (const auto& [other, of_other] : out.of)
      if (other == name) fail("class weights '{}': the class '{}' stands there twice", text, name);
    out.of.emplace_back(std::move(name), *value);
  }
  return out;
}

void expect_classes(const ClassWeights& weights, const Target& target) {
  if (weights.any() && target.task() == Task::regression)
    fail("class weights are of classes, and the target '{}' holds numbers; --weight COLUMN weighs rows",
         target.column());
  for (const auto& [name, weight] : weights.of)
    if (std::find(target.classes().begin(), target.classes().end(), name) == target.classes().end())
      fail("class weights: there is no class '{}'{}", name, suggestion(name, target.classes()));
}

namespace {

std::vector<double> of_classes(const Weighing& w, std::span<const std::size_t> rows) {
  const std::vector<std::string>& classes = w.target.classes();
  std::vector<double> out(classes.size(), 1.0);
  for (const auto& [name, weight] : w.classes.of)
    out[static_cast<std::size_t>(std::find(classes.begin(), classes.end(), name) - classes.begin())] = weight;
  if (!w.classes.balanced) return out;
  std::vector<double> count(classes.size(), 0.0);
  for (const std::size_t row : rows) count[static_cast<std::size_t>(w.y.y[row])] += 1;
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (count[c] > 0)
      out[c] = static_cast<double>(rows.size()) / (static_cast<double>(classes.size()) * count[c]);
  return out;
}

}  // namespace

std::optional<Array> training_weights(const Weighing& w, std::span<const std::size_t> rows, DType dtype) {
  if (w.column.empty() && !w.classes.any()) return std::nullopt;
  std::vector<double> weights(rows.size(), 1.0);
  if (!w.column.empty()) weights = row_weights(w.table, w.column, rows);
  if (w.classes.any()) {
    const std::vector<double> of_class = of_classes(w, rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
      weights[i] *= of_class[static_cast<std::size_t>(w.y.y[rows[i]])];
  }
  double mean = 0;
  for (double v : weights) mean += v / static_cast<double>(weights.size());
  if (!(mean > 0)) fail("every training row has the weight 0: there is nothing to learn from");
  for (double& v : weights) v /= mean;
  return convert(Array::from(weights, {static_cast<std::int64_t>(weights.size())}), dtype);
}

}  // namespace runnel
