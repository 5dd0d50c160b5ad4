// The axes of a space: what they are called, what lies on them, which of them depend on which.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runnel/params.h"

namespace runnel::params {

inline constexpr double kMostCandidates = 1e6;

// What an error on an axis of a file begins with: "space.toml:3:1: ", or nothing.
std::string prefix(const Varied& axis);

// The axis that a name is of, without what it is varied over. Throws Error(input) naming the nearest.
Varied axis_named(const Schema& schema, std::string_view name);
// What an axis can be: its parameter, or what stands for a part of a list.
Parameter axis_parameter(const Parameter& parameter, const Varied& axis);

// Whether nobody has said over what it is varied; throws Error(input) for one of these.
bool is_open(const Varied& axis);
void expect_closed(const std::vector<Varied>& axes);

// The values that a grid takes, and how many they are. Throws Error(input) for a range without points.
double grid_size(const Varied& axis);
std::vector<Value> grid_values(const Varied& axis);

bool holds(const Condition& when, const Value& value);  // never of nothing
// Null for a name that no axis has.
const Varied* named(const std::vector<Varied>& axes, const std::string& name);
// The places of the axes, each behind those it depends on. Throws Error(input) for a circle.
std::vector<std::size_t> in_order(const Schema& schema, const std::vector<Varied>& axes);

}  // namespace runnel::params
