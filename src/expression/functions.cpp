#include "expression/functions.h"

#include <algorithm>
#include <numbers>
#include <string_view>

#include "ops/table.h"
#include "runnel/ops.h"

namespace runnel::expression {
namespace {

// Rows of the op table that take numbers and give a number.
bool is_of_numbers(const Op& op) {
  const std::string_view name = op.name;
  return op.fusion == Fusion::elementwise && op.element && op.attributes.empty() && op.operands >= 1 &&
         op.operands <= 2 && !name.starts_with("logical") && name != "stop_gradient" && name != "eq" &&
         name != "ne" && name != "lt" && name != "le" && name != "gt" && name != "ge";
}

const char* sign_of(std::string_view name) {
  for (const auto& [op, sign] :
       {std::pair("add", "+"), {"sub", "-"}, {"mul", "*"}, {"div", "/"}, {"pow", "^"}, {"neg", "-"}})
    if (name == op) return sign;
  return nullptr;
}

std::vector<Function> all_functions() {
  std::vector<Function> out;
  for (const Op& op : op_table())
    if (is_of_numbers(op))
      out.push_back({op.name, op.meaning, static_cast<std::size_t>(op.operands),
                     [&op](const std::vector<Array>& in) { return bind_op(op, in)[0]; }, sign_of(op.name)});
  const auto add = [&](const char* name, const char* meaning, Array (*f)(const Array&)) {
    out.push_back({name, meaning, 1, [f](const std::vector<Array>& in) { return f(in[0]); }});
  };
  add("square", "x times x", [](const Array& x) { return square(x); });
  add("relu", "x where it is positive, else 0", [](const Array& x) { return relu(x); });
  add("softplus", "log(1 + exp(x))", [](const Array& x) { return softplus(x); });
  add("tan", "sin(x) / cos(x)", [](const Array& x) -> Array { return sin(x) / cos(x); });
  add("log2", "logarithm to the base 2", [](const Array& x) -> Array { return log(x) / std::numbers::ln2; });
  add("log10", "logarithm to the base 10",
      [](const Array& x) -> Array { return log(x) / std::numbers::ln10; });
  std::sort(out.begin(), out.end(), [](const Function& a, const Function& b) { return a.name < b.name; });
  return out;
}

}  // namespace

const std::vector<Function>& functions() {
  static const std::vector<Function> all = all_functions();
  return all;
}

const Function* find_function(const std::string& name) {
  std::string known = name;
  for (const auto& [other, own] : {std::pair("ln", "log"),
                                   {"sigmoid", "logistic"},
                                   {"maximum", "max"},
                                   {"minimum", "min"},
                                   {"power", "pow"}})
    if (name == other) known = own;
  const auto at = std::find_if(functions().begin(), functions().end(),
                               [&](const Function& f) { return f.name == known; });
  return at == functions().end() ? nullptr : &*at;
}

}  // namespace runnel::expression
