// Values and derivatives of expressions, by the engine's own transforms; and what they look like.
#include "runnel/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"
#include "expression/functions.h"
#include "runnel/ops.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

Array number(double value) { return Array::scalar(value, DType::f64); }

std::vector<double> point_of(const Expression& expression, const std::map<std::string, double>& at) {
  const std::vector<std::string> inputs = expression.inputs();
  for (const auto& [name, value] : at)
    if (std::find(inputs.begin(), inputs.end(), name) == inputs.end()) {
      if (inputs.empty()) fail("'{}' has a value, but the expression has no inputs", name);
      fail("'{}' has a value but is no input of the expression{}", name, suggestion(name, inputs));
    }
  std::vector<double> out;
  std::vector<std::string> missing;
  for (const std::string& name : inputs) {
    const auto found = at.find(name);
    if (found == at.end())
      missing.push_back(name);
    else
      out.push_back(found->second);
  }
  if (!missing.empty())
    fail("no value for {}: give it as --at {}=NUMBER", fmt::join(missing, ", "),
         fmt::join(missing, "=NUMBER,"));
  return out;
}

std::vector<double> numbers_of(const std::vector<Array>& arrays) {
  std::vector<double> out;
  for (const Array& array : arrays) out.push_back(array.item());
  return out;
}

}  // namespace

std::vector<ExpressionFunction> expression_functions() {
  std::vector<ExpressionFunction> out;
  for (const expression::Function& f : expression::functions())
    out.push_back({f.name, f.meaning, f.operands});
  return out;
}

std::vector<std::string> Expression::inputs() const {
  std::vector<std::string> out;
  for (const Node& node : nodes_)
    if (node.kind == Kind::input) out.push_back(node.name);
  return out;
}

std::vector<Array> Expression::all(const std::vector<Array>& inputs, const std::vector<Array>* shifts) const {
  std::vector<Array> out;
  std::size_t input = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.kind == Kind::input) {
      if (input == inputs.size()) fail("[expression] {} values for more inputs than that", inputs.size());
      out.push_back(inputs[input++]);
    } else if (node.kind == Kind::constant) {
      out.push_back(number(node.constant));
    } else {
      std::vector<Array> operands;
      for (const std::size_t operand : node.operands) operands.push_back(out[operand]);
      out.push_back(expression::find_function(node.function)->apply(operands));
    }
    if (shifts != nullptr) out.back() = out.back() + (*shifts)[i];
  }
  if (input != inputs.size()) fail("[expression] {} values for {} inputs", inputs.size(), input);
  return out;
}

Array Expression::operator()(const std::vector<Array>& inputs) const { return all(inputs).back(); }

NodeDerivatives differentiate(const Expression& expression, const std::map<std::string, double>& at) {
  std::vector<Array> point;
  for (const double value : point_of(expression, at)) point.push_back(number(value));
  NodeDerivatives out;
  out.values = numbers_of(expression.all(point));
  const auto nodes = [&](const std::vector<Array>& x) { return expression.all(x); };
  for (std::size_t i = 0; i < point.size(); ++i) {
    std::vector<Array> direction(point.size(), number(0));
    direction[i] = number(1);
    out.forward.push_back(numbers_of(jvp(nodes, point, direction).second));
  }
  // The result as a function of what is added to each node: its gradient at 0 holds the adjoints of all of
  // them.
  const auto shifted = [&](const std::vector<Array>& shifts) {
    return expression.all(point, &shifts).back();
  };
  out.reverse = numbers_of(grad(shifted)(std::vector<Array>(expression.nodes().size(), number(0))));
  return out;
}

Drawing drawing_of(const Expression& expression, const NodeDerivatives* numbers) {
  const std::vector<Expression::Node>& nodes = expression.nodes();
  const std::vector<std::string> inputs = expression.inputs();
  Drawing out;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Expression::Node& node = nodes[i];
    Drawing::Box box;
    if (node.kind == Expression::Kind::constant) {
      box = {Drawing::Kind::constant, {node.name}};
    } else {
      const bool input = node.kind == Expression::Kind::input;
      box.kind = input                   ? Drawing::Kind::input
                 : i + 1 == nodes.size() ? Drawing::Kind::result
                                         : Drawing::Kind::step;
      const std::string head = input ? node.name : fmt::format("{} = {}", node.name, node.text);
      box.lines.push_back(numbers == nullptr ? head : fmt::format("{} = {:.6g}", head, numbers->values[i]));
      if (numbers != nullptr) {
        std::string forward;
        if (!input)
          for (std::size_t k = 0; k < inputs.size(); ++k)
            forward += fmt::format("{}by {} {:.6g}", k == 0 ? "" : ", ", inputs[k], numbers->forward[k][i]);
        if (!forward.empty()) box.lines.push_back(forward);
        box.lines.push_back(fmt::format("result by it {:.6g}", numbers->reverse[i]));
      }
    }
    out.boxes.push_back(std::move(box));
    for (const std::size_t operand : node.operands) out.arrows.push_back({operand, i});
  }
  return out;
}

}  // namespace runnel
