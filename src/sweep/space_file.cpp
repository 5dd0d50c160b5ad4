// Spaces in TOML files.
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "data/text.h"
#include "sweep/parameter.h"

namespace runnel::sweep {
namespace {

std::string place(const std::string& path, const toml::source_region& at) {
  return fmt::format("{}:{}:{}", path, at.begin.line, at.begin.column);
}

// One value of a parameter, as text.
std::string scalar_text(const std::string& path, const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto integer = node.value_exact<std::int64_t>()) return fmt::format("{}", *integer);
  if (const auto real = node.value_exact<double>()) return fmt::format("{}", *real);
  fail("{}: a number or a text is wanted here", place(path, node.source()));
}

double number_at(const std::string& path, const toml::node& node, const std::string& key) {
  const auto value = node.value<double>();
  if (!value || node.is_boolean() || !std::isfinite(*value))
    fail("{}: {} is a number", place(path, node.source()), key);
  return *value;
}

// What is wrong with a value is told with its place.
void check_value(const std::string& path, const toml::node& node, const std::string& name,
                 const std::string& text) {
  try {
    canonical(name, text);
  } catch (const Error& e) {
    fail("{}: {}", place(path, node.source()), e.what());
  }
}

std::vector<std::string> values_of(const std::string& path, const toml::node& node, const std::string& name) {
  std::vector<std::string> values;
  const auto take = [&](const toml::node& one) {
    values.push_back(scalar_text(path, one));
    check_value(path, one, name, values.back());
  };
  if (const toml::array* array = node.as_array()) {
    if (array->empty()) fail("{}: {} has no values", place(path, node.source()), name);
    for (const toml::node& one : *array) take(one);
  } else {
    take(node);
  }
  return values;
}

Condition condition_of(const std::string& path, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr || table->size() != 1)
    fail("{}: `when` is a table of one name and its values, as {{ optimizer = \"momentum\" }}",
         place(path, node.source()));
  const auto first = table->begin();  // it holds what its * refers to
  const toml::key& key = first->first;
  Condition condition;
  try {
    condition.name = parameter_name(key.str());
  } catch (const Error& e) {
    fail("{}: {}", place(path, key.source()), e.what());
  }
  condition.values = values_of(path, first->second, condition.name);
  return condition;
}

void read_scale(const std::string& path, const toml::node& node, Parameter& p) {
  const auto text = node.value_exact<std::string>();
  if (!text || (*text != "log" && *text != "linear"))
    fail("{}: there is no scale {}{}", place(path, node.source()), text ? "\"" + *text + "\"" : "like this",
         data::suggestion(text.value_or(""), {"log", "linear"}));
  p.logarithmic = *text == "log";
}

// low, high, scale and points, beside a range's usual scale.
void read_range(const std::string& path, const toml::table& table, Parameter& p) {
  const toml::node* low = table.get("low");
  const toml::node* high = table.get("high");
  if (low == nullptr || high == nullptr)
    fail("{}: {} needs `values`, or both `low` and `high`", p.where, p.name);
  const double ends[] = {number_at(path, *low, "low"), number_at(path, *high, "high")};
  if (ends[0] >= ends[1])
    fail("{}: the range is empty: low is {}, high {}", place(path, high->source()), ends[0], ends[1]);
  try {
    const Parameter usual = parse_parameter(fmt::format("{}={}..{}", p.name, ends[0], ends[1]));
    p.low = usual.low;
    p.high = usual.high;
    p.logarithmic = usual.logarithmic;
    p.integer = usual.integer;
  } catch (const Error& e) {
    fail("{}: {}", p.where, e.what());
  }
  if (const toml::node* scale = table.get("scale")) read_scale(path, *scale, p);
  if (p.logarithmic && p.low <= 0) fail("{}: a logarithmic range begins above 0", place(path, low->source()));
  if (const toml::node* points = table.get("points")) {
    p.points = points->value_exact<std::int64_t>().value_or(0);
    if (p.points < 2) fail("{}: points is a whole number of at least 2", place(path, points->source()));
  }
}

void read_table(const std::string& path, const toml::table& table, Parameter& p) {
  const std::vector<std::string> known{"values", "low", "high", "scale", "points", "when"};
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      fail("{}: a parameter has no `{}`{}", place(path, key.source()), key.str(),
           data::suggestion(key.str(), known));
  }
  if (const toml::node* when = table.get("when")) p.when = condition_of(path, *when);
  const toml::node* values = table.get("values");
  if (values == nullptr) return read_range(path, table, p);
  for (const char* key : {"low", "high", "scale", "points"})
    if (const toml::node* other = table.get(key))
      fail("{}: `{}` does not go with `values`", place(path, other->source()), key);
  p.values = values_of(path, *values, p.name);
}

Parameter parameter_of(const std::string& path, const toml::key& key, const toml::node& node) {
  Parameter p;
  p.where = place(path, key.source());
  try {
    p.name = parameter_name(key.str());
  } catch (const Error& e) {
    fail("{}: {}", p.where, e.what());
  }
  if (const toml::table* table = node.as_table()) {
    read_table(path, *table, p);
    return p;
  }
  if (const auto text = node.value_exact<std::string>(); text && is_range(*text)) {
    const std::string where = p.where;
    try {
      p = parse_parameter(p.name + "=" + *text);
    } catch (const Error& e) {
      fail("{}: {}", place(path, node.source()), e.what());
    }
    p.where = where;
    return p;
  }
  p.values = values_of(path, node, p.name);
  return p;
}

}  // namespace

std::vector<Parameter> read_space_file(const std::string& path) {
  toml::table file;
  try {
    file = toml::parse_file(path);
  } catch (const toml::parse_error& e) {
    if (e.source().begin.line == 0) fail("{}: the file cannot be read", path);
    fail("{}: {}", place(path, e.source()), e.description());
  }
  if (file.empty()) fail("{}: the space has no parameters", path);
  std::vector<Parameter> parameters;
  for (const auto& [key, node] : file) parameters.push_back(parameter_of(path, key, node));
  // In the order of the file, which the table does not keep.
  std::vector<std::pair<toml::source_position, std::size_t>> order;
  for (const auto& [key, node] : file) order.emplace_back(key.source().begin, order.size());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  std::vector<Parameter> sorted;
  for (const auto& [at, i] : order) sorted.push_back(parameters[i]);
  return sorted;
}

}  // namespace runnel::sweep
