// Expressions. What the nodes say they are is an expression too, and comes to the same value.
#include "runnel/expression.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/text.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

using Kind = Expression::Kind;

// "v1 = x + 1; v1 * v1": every call by its own text, of the names of its operands.
std::string as_text(const Expression& expression) {
  std::string out;
  const auto& nodes = expression.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool last = i + 1 == nodes.size();
    if (last)
      out += nodes[i].kind == Kind::call ? nodes[i].text : nodes[i].name;
    else if (nodes[i].kind == Kind::call)
      out += nodes[i].name + " = " + nodes[i].text + "; ";
  }
  return out;
}

// At a point where each input of `names` has another value.
double value_of(const Expression& expression, const std::vector<std::string>& names) {
  std::vector<Array> point;
  for (const std::string& input : expression.inputs()) {
    const auto at = std::find(names.begin(), names.end(), input);
    expect(at != names.end(), "written and read again: no other inputs");
    point.push_back(Array::scalar(0.75 + static_cast<double>(at - names.begin()), DType::f64));
  }
  return expression(point).item();
}

void run(std::string_view bytes) {
  Expression expression;
  if (!accepted([&] { expression = Expression::parse(bytes); })) return;
  const auto& nodes = expression.nodes();
  expect(!nodes.empty(), "an expression has nodes");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    expect(is_utf8(nodes[i].text) && !nodes[i].name.empty(), "every node has a name and a text");
    for (const std::size_t operand : nodes[i].operands) expect(operand < i, "operands come first");
  }
  expect(drawing_of(expression).boxes.size() == nodes.size(), "every node is drawn");

  constexpr std::size_t few = 100;  // larger ones take long to compute
  if (nodes.size() > few) return;
  const Expression again = Expression::parse(as_text(expression));
  const std::vector<std::string> names = expression.inputs();
  expect(again.inputs().size() == names.size(), "written and read again: as many inputs");
  const double a = value_of(expression, names), b = value_of(again, names);
  expect(
      std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b)),
      "written and read again: the same value");
}

const Target target("expression", run);

}  // namespace
}  // namespace runnel::fuzz
