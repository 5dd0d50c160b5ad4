#include "cli/report_graph.h"

#include <unistd.h>

#include <cmath>

#include "cli/output.h"
#include "core/fail.h"
#include "core/text.h"
#include "runnel/version.h"

namespace runnel::cli {
namespace {

using Kind = Expression::Kind;

// -0 is told as 0, and nan has no sign.
std::string digits(double value) { return std::isnan(value) ? "nan" : fmt::format("{:.6g}", value + 0.0); }

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// The first node that is no number any more, and why that may be.
std::string not_finite(const Expression& expression, const NodeDerivatives& numbers) {
  for (std::size_t i = 0; i < numbers.values.size(); ++i)
    if (!std::isfinite(numbers.values[i]))
      return fmt::format("{} is {} here, so nothing that follows from it means much\n",
                         expression.nodes()[i].name, digits(numbers.values[i]));
  for (std::size_t i = 0; i < numbers.reverse.size(); ++i)
    if (!std::isfinite(numbers.reverse[i]))
      return fmt::format("the result has no finite derivative by {} here\n", expression.nodes()[i].name);
  return "";
}

}  // namespace

std::string expression_text(const Expression& expression, const NodeDerivatives* numbers) {
  const Style style(STDOUT_FILENO);
  const std::vector<std::string> inputs = expression.inputs();
  const auto& nodes = expression.nodes();
  const std::string result = nodes.back().name;
  Columns table;
  std::vector<std::string> head = {"node", "is"};
  if (numbers != nullptr) {
    head.emplace_back("value");
    for (const std::string& name : inputs) head.push_back("d/d" + name);
    head.push_back("d" + result + "/d");
    for (std::size_t c = 2; c < head.size(); ++c) table.align_right(c);
  }
  table.add(head);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].kind == Kind::constant && nodes.size() > 1) continue;  // told where it is used
    std::vector<std::string> row = {nodes[i].name,
                                    nodes[i].kind == Kind::constant ? "constant" : nodes[i].text};
    if (numbers != nullptr) {
      row.push_back(digits(numbers->values[i]));
      for (const std::vector<double>& by : numbers->forward) row.push_back(digits(by[i]));
      row.push_back(digits(numbers->reverse[i]));
    }
    table.add(row);
  }
  std::string out = table.text();
  if (numbers == nullptr)
    out += fmt::format("Values and derivatives come with --at {}=NUMBER\n", fmt::join(inputs, "=NUMBER,"));
  else if (const std::string doubt = not_finite(expression, *numbers); !doubt.empty())
    out += style.warning("warning ") + doubt;
  return out;
}

Json expression_json(const Expression& expression, const std::string& text, const NodeDerivatives* numbers) {
  const std::vector<std::string> inputs = expression.inputs();
  Json list = Json::array();
  for (std::size_t i = 0; i < expression.nodes().size(); ++i) {
    const Expression::Node& node = expression.nodes()[i];
    Json one = {{"name", node.name},
                {"kind", node.kind == Kind::input      ? "input"
                         : node.kind == Kind::constant ? "constant"
                                                       : "call"}};
    if (node.kind == Kind::call) {
      one["function"] = node.function;
      one["operands"] = node.operands;
    }
    if (node.kind == Kind::constant) one["value"] = node.constant;
    if (numbers != nullptr) {
      one["value"] = number(numbers->values[i]);
      Json forward = Json::object();
      for (std::size_t k = 0; k < inputs.size(); ++k) forward[inputs[k]] = number(numbers->forward[k][i]);
      one["forward"] = forward;
      one["reverse"] = number(numbers->reverse[i]);
    }
    list.push_back(one);
  }
  return {{"schema", json_schema}, {"version", RUNNEL_VERSION}, {"expression", text}, {"nodes", list}};
}

std::string network_steps_text(const Model& model, const std::string& path) {
  Columns table;
  for (const std::size_t column : {2u, 4u}) table.align_right(column);
  table.add({"step", "what", "width", "learnt", "parameters"});
  std::int64_t total = 0;
  const std::vector<nn::Step> steps = nn::steps_of(model.network, models::activation_of(model.configuration));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const nn::Step& step = steps[i];
    std::string what = step.what;
    if (step.from.size() > 1) what += fmt::format(" with step {}", step.from.back());
    table.add({std::to_string(i), what, std::to_string(step.gives.product()), step.learnt,
               step.parameters > 0 ? grouped(static_cast<std::size_t>(step.parameters)) : ""});
    total += step.parameters;
  }
  std::string out = fmt::format("{}: {} parameters\n", path, grouped(static_cast<std::size_t>(total)));
  if (!model.others.empty())
    out = fmt::format("{}: {} networks, whose predictions are averaged; the first has {} parameters\n", path,
                      1 + model.others.size(), grouped(static_cast<std::size_t>(total)));
  return out + table.text();
}

Json network_steps_json(const Model& model, const std::string& path) {
  Json steps = Json::array();
  for (const nn::Step& step : nn::steps_of(model.network, models::activation_of(model.configuration)))
    steps.push_back({{"what", step.what},
                     {"width", step.gives.product()},
                     {"learnt", step.learnt},
                     {"parameters", step.parameters},
                     {"from", step.from}});
  return {{"schema", json_schema},
          {"version", RUNNEL_VERSION},
          {"model", path},
          {"networks", 1 + model.others.size()},
          {"steps", steps}};
}

}  // namespace runnel::cli
