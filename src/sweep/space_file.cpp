// Spaces in TOML files.
// toml++ asserts of some files what it then reports as an error: where assertions count, they would end the
// program instead.
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "data/readers.h"
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
         suggestion(text.value_or(""), {"log", "linear"}));
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
    if (p.points < 2 || p.points > kMostCandidates)
      fail("{}: points is a whole number from 2 to {}", place(path, points->source()),
           grouped(kMostCandidates));
  }
}

void read_table(const std::string& path, const toml::table& table, Parameter& p) {
  const std::vector<std::string> known{"values", "low", "high", "scale", "points", "when"};
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      fail("{}: a parameter has no `{}`{}", place(path, key.source()), key.str(),
           suggestion(key.str(), known));
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

// Goes through a file before toml++ does, and fails at a character beyond ASCII that stands outside texts and
// comments, and at a quotation mark or bracket that opens within a word. The first is no TOML, the others are
// of no use in a space; but toml++ 3.3 asks in words whether such a character is a blank, in a way that is
// defined for few of them.
class Glance {
 public:
  Glance(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  void check() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        take(text_.find('\n', at_) - at_);
        continue;
      }
      const bool quote = c == '"' || c == '\'';
      if ((quote || c == '[' || c == '{') &&
          std::string_view("\n=[{,").find(before_) == std::string_view::npos)
        wrong(fmt::format("{} opens within a word", c));
      if (static_cast<unsigned char>(c) >= 0x80)
        wrong("a character beyond ASCII stands outside texts and comments");
      if (c != ' ' && c != '\t' && c != '\r') before_ = c;
      if (quote)
        take_text(c);
      else
        take(1);
    }
  }

 private:
  [[noreturn]] void wrong(std::string_view what) const { fail("{}:{}:{}: {}", path_, line_, column_, what); }

  // Up to the quotes that close it; of a text of one line up to the line's end where they are missing.
  void take_text(char quote) {
    const std::string three(3, quote);
    const bool long_text = text_.substr(at_).starts_with(three);
    take(long_text ? 3 : 1);
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (!long_text && (c == quote || c == '\n')) return take(1);
      if (long_text && text_.substr(at_).starts_with(three)) {
        // Two quotes may stand before the closing three.
        return take(std::min<std::size_t>(text_.find_first_not_of(quote, at_) - at_, 5));
      }
      const bool escape = c == '\\' && quote == '"';
      // Lines that are joined by a \ at their end are read by the same question.
      if (escape && at_ + 1 < text_.size() && (text_[at_ + 1] <= ' ' || text_[at_ + 1] > '~'))
        wrong("a \\ in a text stands before one of b t n f r u U \" and \\");
      take(escape ? 2 : 1);
    }
  }

  void take(std::size_t bytes) {
    for (const char c : text_.substr(at_, bytes)) {
      if (c == '\n') ++line_;
      if (c == '\n') column_ = 0;
      if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u) ++column_;
    }
    at_ += std::min(bytes, text_.size() - at_);
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t at_ = 0, line_ = 1, column_ = 1;
  char before_ = '\n';  // the last character outside texts and comments that is no blank
};

}  // namespace

std::vector<Parameter> parse_space(const std::string& path, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Glance(path, text).check();
  // A key may be dotted, and each dot nests a table in another, which toml++ takes apart one within the
  // other: a long enough key would exhaust the stack.
  constexpr std::size_t most_dots = 10'000;
  if (static_cast<std::size_t>(std::count(text.begin(), text.end(), '.')) > most_dots)
    fail("{}: more than {} dots: no space needs so many", path, grouped(most_dots));
  toml::table file;
  try {
    file = toml::parse(text);
  } catch (const toml::parse_error& e) {
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

std::vector<Parameter> read_space_file(const std::string& path) {
  return parse_space(path, data::read_bytes(path));
}

}  // namespace runnel::sweep
