// What a search draws its candidates from: named parameters, counted through as a grid, drawn at random or
// laid out along a scrambled Sobol sequence. Each sampler is a function of the space and the seed alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/sweep.h"

namespace runnel::sweep {

// A parameter takes part only where another, or a field that is not searched, has one of these values.
struct Condition {
  std::string name;
  std::vector<std::string> values;
};

// One axis of a space. Its name is that of a field of Hyper, or `layers` and `width`, which together build
// `hidden`: as many layers, and a width for each of them.
struct Parameter {
  std::string name;
  std::vector<std::string> values = {};  // a choice; empty: the range from low to high, both ends included
  double low = 0, high = 0;
  bool logarithmic = false;
  bool integer = false;
  std::int64_t points = 0;  // that a grid takes of a range, the ends among them
  std::optional<Condition> when = {};
  std::string where = {};  // "space.toml:3:1", for messages
};

// "rate=0.001,0.01" as a choice, "rate=1e-4..1e-1" as a range (logarithmic where both ends are positive and a
// factor of 20 or more apart). Throws Error(input), naming the nearest parameter for an unknown name.
Parameter parse_parameter(const std::string& text);

// "rate=0.003,hidden=64" as a candidate: `base` with these values. Throws Error(input) for what is no value
// of a hyperparameter, and for one that is named twice.
Hyper parse_point(const Hyper& base, const std::string& text);

// Parameters as they are drawn: checked, `width` replaced by width1, width2, … of which the k-th takes part
// where there are k layers or more.
struct Space {
  Hyper base;  // fields that nobody varies
  std::vector<Parameter> parameters;
};

// Whether a parameter of the space takes part in a candidate that was drawn from it.
bool takes_part(const Space& space, const Parameter& parameter, const Hyper& candidate);
// The same by name; what is no parameter of the space always takes part.
bool takes_part(const Space& space, std::string_view name, const Hyper& candidate);

// Throws Error(input) for a name given twice, widths without layers, conditions on what cannot be.
Space make_space(const Hyper& base, const std::vector<Parameter>& parameters);

// The parameters of a TOML file. A key is a parameter's name, its value
//   a number or a text, which all candidates share; a text "low..high"; an array of values; or a table with
//   `values`, or `low` and `high` and, if wanted, `scale` ("linear", "log") and `points`; and `when`, a table
//   of one name and its value or array of values.
// Errors begin with file, line and column.
std::vector<Parameter> read_space_file(const std::string& path);

enum class Sampler { grid, random, sobol };
std::string_view sampler_name(Sampler sampler);
Sampler sampler_from_name(std::string_view name);  // throws Error(input) naming the nearest

// Every combination, the last parameter varying fastest, a parameter that does not take part counted once.
// Throws for a range that has no points and above a million candidates.
std::vector<Hyper> grid(const Space& space);
// `n` candidates by `sampler`; a longer list begins with the shorter one. The grid takes no number.
std::vector<Hyper> sample(const Space& space, Sampler sampler, std::int64_t n, std::uint64_t seed);

// The space as a JSON object: "parameters", an array in order, and "base", the fields that nobody varies.
std::string to_json(const Space& space);

}  // namespace runnel::sweep
