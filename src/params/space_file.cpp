// Spaces in TOML files.
// toml++ asserts of some files what it then reports as an error: where assertions count, they would end the
// program instead.
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/params.h"

namespace runnel::params {
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

// What is wrong with it is told with its place.
template <class F>
auto placed(const std::string& path, const toml::source_region& at, const F& f) {
  try {
    return f();
  } catch (const Error& e) {
    fail("{}: {}", place(path, at), e.what());
  }
}

std::vector<Value> values_of(const std::string& path, const toml::node& node, const Parameter& p) {
  std::vector<Value> values;
  const auto take = [&](const toml::node& one) {
    const std::string text = scalar_text(path, one);
    values.push_back(placed(path, one.source(), [&] { return read(p, text); }));
  };
  if (const toml::array* array = node.as_array()) {
    if (array->empty()) fail("{}: {} has no values", place(path, node.source()), p.name);
    for (const toml::node& one : *array) take(one);
  } else {
    take(node);
  }
  return values;
}

class File {
 public:
  File(Space& space, const std::string& path) : space_(space), path_(path) {}

  // The parameter's name.
  std::string take(const toml::key& key, const toml::node& node) {
    const Parameter axis = placed(path_, key.source(), [&] { return space_.axis(key.str()); });
    const toml::table* table = node.as_table();
    if (const auto text = node.value_exact<std::string>(); text && text->find("..") != std::string::npos)
      placed(path_, node.source(), [&] { space_.vary(axis.name + "=" + *text); });
    else if (table != nullptr && table->get("values") == nullptr)
      take_range(*table, key, axis);
    else
      take_values(table != nullptr ? *table->get("values") : node, key, axis);
    space_.told_at(axis.name, place(path_, key.source()));
    if (table != nullptr) take_rest(*table, axis);
    return axis.name;
  }

 private:
  void take_values(const toml::node& node, const toml::key& key, const Parameter& axis) {
    std::vector<Value> values = values_of(path_, node, axis);
    placed(path_, key.source(), [&] { space_.vary(axis.name, std::move(values)); });
  }

  void take_range(const toml::table& table, const toml::key& key, const Parameter& axis) {
    check_keys(table);
    const toml::node* low = table.get("low");
    const toml::node* high = table.get("high");
    const std::string where = place(path_, key.source());
    if (low == nullptr || high == nullptr)
      fail("{}: {} needs `values`, or both `low` and `high`", where, axis.name);
    const double ends[] = {number_at(path_, *low, "low"), number_at(path_, *high, "high")};
    if (ends[0] >= ends[1])
      fail("{}: the range is empty: low is {}, high {}", place(path_, high->source()), ends[0], ends[1]);
    std::int64_t points = 0;
    if (const toml::node* node = table.get("points")) {
      points = node->value_exact<std::int64_t>().value_or(0);
      if (points < 1 || points > std::int64_t{kMostCandidates})
        fail("{}: points is a whole number from 1 to {}", place(path_, node->source()),
             grouped(kMostCandidates));
    }
    placed(path_, key.source(), [&] { space_.range(axis.name, ends[0], ends[1], points); });
    if (const toml::node* scale = table.get("scale")) {
      const auto text = scale->value_exact<std::string>();
      if (!text || (*text != "log" && *text != "linear"))
        fail("{}: there is no scale {}{}", place(path_, scale->source()),
             text ? "\"" + *text + "\"" : "like this", suggestion(text.value_or(""), {"log", "linear"}));
      if (*text == "log" && ends[0] <= 0)
        fail("{}: a logarithmic range begins above 0", place(path_, low->source()));
      space_.scale(axis.name, *text == "log");
    }
  }

  void check_keys(const toml::table& table) const {
    const std::vector<std::string> known{"values", "low", "high", "scale", "points", "when"};
    for (const auto& [key, value] : table)
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        fail("{}: a parameter has no `{}`{}", place(path_, key.source()), key.str(),
             suggestion(key.str(), known));
    if (table.get("values") == nullptr) return;
    for (const char* key : {"low", "high", "scale", "points"})
      if (const toml::node* other = table.get(key))
        fail("{}: `{}` does not go with `values`", place(path_, other->source()), key);
  }

  void take_rest(const toml::table& table, const Parameter& axis) {
    check_keys(table);
    const toml::node* node = table.get("when");
    if (node == nullptr) return;
    const toml::table* when = node->as_table();
    if (when == nullptr || when->size() != 1)
      fail("{}: `when` is a table of one name and its values, as {{ optimizer = \"momentum\" }}",
           place(path_, node->source()));
    const auto first = when->begin();  // it holds what its * refers to
    const toml::key& key = first->first;
    const Parameter on = placed(path_, key.source(), [&] { return space_.axis(key.str()); });
    std::vector<Value> values = values_of(path_, first->second, on);
    space_.when(axis.name, {on.name, std::move(values)});
  }

  static constexpr int kMostCandidates = 1'000'000;
  Space& space_;
  const std::string& path_;
};

// Goes through a file before toml++ does, and fails at a character beyond ASCII that stands outside texts and
// comments, at a quotation mark or bracket that opens within a word, and at a = within a value. These are no
// TOML, or of no use in a space; but toml++ 3.3 asks in words, which to it a = does not end, whether such a
// character is a blank, in a way that is defined for few of them.
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
      follow(c);
      if (c != ' ' && c != '\t' && c != '\r') before_ = c;
      if (quote)
        take_text(c);
      else
        take(1);
    }
  }

 private:
  [[noreturn]] void wrong(std::string_view what) const { fail("{}:{}:{}: {}", path_, line_, column_, what); }

  // Where keys are, and where values.
  void follow(char c) {
    if (c == '=') {
      if (in_value_ || (!open_.empty() && open_.back() == '[')) wrong("a = stands within a value");
      in_value_ = true;
    }
    if (c == '\n' || c == ',' || c == '{') in_value_ = false;
    if (c == '[' || c == '{') open_ += c;
    if (c != ']' && c != '}') return;
    in_value_ = true;
    if (!open_.empty()) open_.pop_back();
  }

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
  std::string open_;       // brackets, the innermost last
  bool in_value_ = false;  // behind the = of a key; in an array unknown
  char before_ = '\n';     // the last character outside texts and comments that is no blank
};

}  // namespace

std::vector<std::string> read_space(Space& space, const std::string& path, std::string_view text) {
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
  // In the order of the file, which the table does not keep.
  using Entry = std::pair<const toml::key*, const toml::node*>;
  std::vector<Entry> entries;
  for (const auto& [key, node] : file) entries.emplace_back(&key, &node);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    const toml::source_position one = a.first->source().begin, other = b.first->source().begin;
    return std::pair(one.line, one.column) < std::pair(other.line, other.column);
  });
  std::vector<std::string> names;
  File reader(space, path);
  for (const auto& [key, node] : entries) names.push_back(reader.take(*key, *node));
  return names;
}

}  // namespace runnel::params
