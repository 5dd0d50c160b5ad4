// What expressions may call.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runnel/array.h"

namespace runnel::expression {

struct Function {
  std::string name;
  std::string meaning;
  std::size_t operands;
  std::function<Array(const std::vector<Array>&)> apply;
  const char* sign = nullptr;  // "+" of what is written between operands, or in front of one
};

const std::vector<Function>& functions();
// Null for unknown names; knows ln, sigmoid, maximum, minimum and power as well.
const Function* find_function(const std::string& name);

}  // namespace runnel::expression
