// Computation graphs and networks in words and keys.
#pragma once

#include <string>

#include "cli/report.h"
#include "runnel/expression.h"
#include "runnel/model.h"

namespace runnel::cli {

// With values and derivatives where they are given.
std::string expression_text(const Expression& expression, const NodeDerivatives* numbers);
Json expression_json(const Expression& expression, const std::string& text, const NodeDerivatives* numbers);

std::string network_steps_text(const Model& model, const std::string& path);
Json network_steps_json(const Model& model, const std::string& path);

}  // namespace runnel::cli
