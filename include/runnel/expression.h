// Expressions of numbers as people write them, their computation graph, and the value and the derivatives at
// every node of it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/array.h"
#include "runnel/drawing.h"

namespace runnel {

// What a name in front of brackets, or a sign between two operands, stands for.
struct ExpressionFunction {
  std::string name;
  std::string meaning;
  std::size_t operands;
};
// All that an expression may call: the elementwise ops of numbers, and functions built from them.
std::vector<ExpressionFunction> expression_functions();

class Expression {
 public:
  enum class Kind { input, constant, call };
  struct Node {
    Kind kind = Kind::call;
    std::string name;      // of an input or of a value that the text names, else "v1", "v2", …
    std::string function;  // of a call
    double constant = 0;
    std::vector<std::size_t> operands;  // earlier nodes
    std::string text;                   // what it is, of its operands' names: "v1 * v2"
  };

  // "log((x1 + x2) * (2*x1 + x2))", or with names for what is used more than once: "s = x1 + x2; s * log(s)".
  // Numbers, names, + - * / ^ (or **; from the right, and before a sign: -x^2 is -(x^2)), brackets,
  // functions, the constants pi and e. Throws Error(input) that shows the place of a mistake.
  static Expression parse(std::string_view text);

  // In an order in which operands come first; inputs in the order in which the text has them. The last is the
  // result.
  const std::vector<Node>& nodes() const { return nodes_; }
  std::vector<std::string> inputs() const;

  // The result at f64 scalars for the inputs, in their order: a function that can be differentiated.
  Array operator()(const std::vector<Array>& inputs) const;
  // Every node; `shifts`, where they are given, are added to the nodes one by one.
  std::vector<Array> all(const std::vector<Array>& inputs, const std::vector<Array>* shifts = nullptr) const;

 private:
  friend class ExpressionParser;
  std::vector<Node> nodes_;
};

// At one point, for every node of an expression.
struct NodeDerivatives {
  std::vector<double> values;
  std::vector<std::vector<double>>
      forward;                  // [input][node]: the node's derivative by the input (forward mode)
  std::vector<double> reverse;  // the result's derivative by the node (reverse mode)
};
// Throws Error(input) for inputs without a value, naming them, and for names that are no inputs.
NodeDerivatives differentiate(const Expression& expression, const std::map<std::string, double>& at);

// The graph as a drawing; with the numbers on every node where they are given.
Drawing drawing_of(const Expression& expression, const NodeDerivatives* numbers = nullptr);

}  // namespace runnel
