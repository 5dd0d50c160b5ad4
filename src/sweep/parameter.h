// What the parts of a space share: numbers in texts, and the names that are no fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runnel/space.h"

namespace runnel::sweep {

// The number that `text` is, from the parameter written as `whole`; throws Error(input).
double number(std::string_view whole, const std::string& text);

// `text` as a value of a parameter is shown: "1e-3" is "0.001". Throws Error(input) for what is no value of
// it.
std::string canonical(const std::string& name, const std::string& text);

// The name itself, whatever alias was used; throws Error(input) naming the nearest.
std::string parameter_name(std::string_view name);

// `layers`, `width`, and width1, width2, …: the names that are no fields of Hyper.
inline constexpr std::string_view kLayers = "layers";
inline constexpr std::string_view kWidth = "width";
bool builds_hidden(std::string_view name);

// read_space_file of a file's text; errors call it `path`.
std::vector<Parameter> parse_space(const std::string& path, std::string_view text);

// What a grid and a random search make at most.
inline constexpr std::int64_t kMostCandidates = 1'000'000;

// The value of a parameter at the quantile u, 0 <= u < 1.
std::string value_at(const Parameter& parameter, double u);
// The values that a grid takes.
std::vector<std::string> grid_values(const Parameter& parameter);

}  // namespace runnel::sweep
