#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/params.h"

namespace runnel::params {
namespace {

constexpr double kMostEpochs = 1e9, kMostRows = 1e9;
constexpr double kMostSeed = 0x1p63;      // any 64 bits
constexpr double kLargestWhole = 0x1p53;  // integers beyond are not all numbers
constexpr double kLongestList = 1000;     // that a space makes

bool is_name(std::string_view name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

bool is_numeric(const Parameter& p) { return p.kind == Kind::real || p.kind == Kind::integer; }

std::string limits_of(const Parameter& p) {
  const Limits& l = p.limits;
  const bool low = std::isfinite(l.low);
  const bool high = std::isfinite(l.high);
  if (low && high)
    return fmt::format(
        "{} {} {} {}", l.low_open ? "above" : "from", from_number(l.low),
        l.high_open ? (l.low_open ? "and below" : "to below") : (l.low_open ? "and at most" : "to"),
        from_number(l.high));
  if (low) return fmt::format("{} {}", l.low_open ? "above" : "at least", from_number(l.low));
  if (high) return fmt::format("{} {}", l.high_open ? "below" : "at most", from_number(l.high));
  return "any number";
}

bool is_within(const Limits& l, double x) {
  return (l.low_open ? x > l.low : x >= l.low) && (l.high_open ? x < l.high : x <= l.high);
}

void check_number(const Parameter& p, double x) {
  if (!std::isfinite(x)) fail("{} is {}: it is a finite number", p.name, x);
  if (p.kind == Kind::integer && x != std::floor(x))
    fail("{} is {}: it is a whole number", p.name, from_number(x));
  if (!is_within(p.limits, x))
    fail("{} is {}: it is {}{}", p.name, from_number(x), limits_of(p),
         p.may_be_off         ? ", or off"
         : p.may_be_automatic ? ", or automatic"
                              : "");
  if (p.step <= 0) return;
  const double steps = std::round((x - p.limits.low) / p.step);
  if (std::abs(p.limits.low + steps * p.step - x) > 1e-9 * std::max(std::abs(x), p.step))
    fail("{} is {}: it goes from {} in steps of {}", p.name, from_number(x), from_number(p.limits.low),
         from_number(p.step));
}

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::real:
      return "real";
    case Kind::integer:
      return "integer";
    case Kind::choice:
      return "choice";
    case Kind::text:
      return "text";
    case Kind::list:
      return "list";
  }
  return "?";
}

std::string_view role_name(Role role) {
  switch (role) {
    case Role::traced:
      return "traced";
    case Role::fixed:
      return "fixed";
    case Role::budget:
      return "budget";
    case Role::patience:
      return "patience";
    case Role::seed:
      return "seed";
  }
  return "?";
}

void check(const Parameter& p, const Value& value) {
  if (value.is_nothing()) return;  // whether it may be missing, a configuration knows
  if (value.is_off() || value.is_automatic()) {
    if (value.is_off() ? !p.may_be_off : !p.may_be_automatic)
      fail("{} is \"{}\", which it cannot be", p.name, to_string(value));
    return;
  }
  if (is_numeric(p)) {
    if (!value.is_number())
      fail("{} is \"{}\": it is a {}, {}", p.name, to_string(value),
           p.kind == Kind::integer ? "whole number" : "number", limits_of(p));
    return check_number(p, value.number());
  }
  if (!value.is_text()) fail("{} is {}: it is a text", p.name, to_string(value));
  if (p.kind == Kind::choice) {
    if (std::find(p.words.begin(), p.words.end(), value.text()) == p.words.end())
      fail("{} is \"{}\"{}", p.name, value.text(), suggestion(value.text(), p.words));
    return;
  }
  if (p.canonical && p.canonical(value.text()) != value.text())
    fail("{} is \"{}\", which is written \"{}\"", p.name, value.text(), p.canonical(value.text()));
}

Value as_word(const Parameter& p, Value value) {
  if (value.is_number() && p.off_at && value.number() == *p.off_at) return Value::off();
  if (value.is_number() && p.automatic_at && value.number() == *p.automatic_at) return Value::automatic();
  return value;
}

Value read(const Parameter& p, std::string_view text) {
  if (text == "off" && p.may_be_off) return Value::off();
  if (text == "automatic" && p.may_be_automatic) return Value::automatic();
  Value value{std::string(text)};
  if (is_numeric(p)) {
    if (std::int64_t whole = 0; p.kind == Kind::integer) {  // a double has but 53 bits
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
      if (error == std::errc() && end == text.data() + text.size()) {
        const Value exactly = as_word(p, whole);
        check(p, exactly);
        return exactly;
      }
    }
    if (p.role == Role::seed) {  // those above 2^63 are as good as any
      std::uint64_t seed = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
      if (error == std::errc() && end == text.data() + text.size()) return static_cast<std::int64_t>(seed);
    }
    const std::optional<double> number = to_number(text);
    if (!number)
      fail("{} is \"{}\": it is a {}, {}", p.name, text, p.kind == Kind::integer ? "whole number" : "number",
           limits_of(p));
    value = *number;
    if (p.kind == Kind::integer && *number == std::floor(*number) && std::abs(*number) <= kLargestWhole)
      value = static_cast<std::int64_t>(*number);
    value = as_word(p, std::move(value));
  } else if (p.canonical) {
    value = p.canonical(value.text());
  }
  check(p, value);
  return value;
}

namespace {

std::int64_t list_number(const std::string& of, const Limits& limits, std::string_view text) {
  Parameter p{of, {}, Kind::integer, Role::fixed, limits};
  return read(p, text).integer();
}

std::string canonical_list(const std::string& name, const ListParts& parts, const std::string& text) {
  std::vector<std::int64_t> numbers;
  for (std::size_t begin = 0; begin <= text.size() && text != "none";) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    const std::string one = text.substr(begin, end - begin);
    if (one.empty() || !to_number(one))
      fail("{} is \"{}\": it is a list of whole numbers, as 64x64, or none", name, text);
    numbers.push_back(list_number(name, parts.elements, one));
    begin = end + 1;
  }
  return list_value(numbers).text();
}

// Every candidate trains for so long, on batches of so many rows, from a seed.
void expect_optional(const Parameter& p, const char* what) {
  if (p.role == Role::budget || p.role == Role::patience || p.role == Role::seed || p.is_batch)
    fail("{} is the {}, which cannot {}", p.name, p.is_batch ? "batch size" : role_name(p.role), what);
}

}  // namespace

std::string when_it_takes_part(const Parameter& p) {
  std::string out;
  for (const Condition& when : p.when) {
    std::string values;
    for (std::size_t i = 0; i < when.values.size(); ++i)
      values += (i == 0 ? "" : i + 1 == when.values.size() ? " or " : ", ") + to_string(when.values[i]);
    out += fmt::format("{}{} is {}{}", out.empty() ? p.name + " takes part where " : " and ", when.name,
                       when.is_not ? "not " : "", values);
  }
  return out;
}

// ---- declaring -----------------------------------------------------------------------------------------

Declaration& Declaration::meaning(std::string text) {
  own().meaning = std::move(text);
  return *this;
}

Declaration& Declaration::log() {
  Parameter& p = own();
  if (!is_numeric(p) || p.limits.low <= 0) fail("{} is on a log scale, which is for numbers above 0", p.name);
  p.logarithmic = true;
  return *this;
}

Declaration& Declaration::step(double step) {
  Parameter& p = own();
  if (!is_numeric(p) || !std::isfinite(step) || step <= 0 || !std::isfinite(p.limits.low))
    fail("{} goes in steps of {}: steps are above 0, of numbers that begin somewhere", p.name, step);
  if (p.kind == Kind::integer && step != std::floor(step))
    fail("{} is a whole number and goes in steps of {}", p.name, from_number(step));
  if (std::isfinite(p.limits.high) && (p.limits.high - p.limits.low) / step > kLargestWhole)
    fail("{} goes from {} to {} in steps of {}: these are more steps than can be counted", p.name,
         from_number(p.limits.low), from_number(p.limits.high), from_number(step));
  p.step = step;
  if (p.standard) check(p, *p.standard);
  return *this;
}

Declaration& Declaration::fixed() {
  Parameter& p = own();
  if (p.role != Role::traced && p.role != Role::fixed)
    fail("{} is the {}, which is never fixed", p.name, role_name(p.role));
  p.role = Role::fixed;
  return *this;
}

Declaration& Declaration::standard(Value value) {
  check(own(), value);
  own().standard = std::move(value);
  return *this;
}

Declaration& Declaration::may_be_off(std::optional<double> read_from) {
  expect_optional(own(), "be off");
  own().may_be_off = true;
  own().off_at = read_from;
  return *this;
}

Declaration& Declaration::may_be_automatic(std::optional<double> read_from) {
  Parameter& p = own();
  if (p.role != Role::fixed && p.role != Role::traced)
    fail("{} is the {}, which cannot be automatic", p.name, role_name(p.role));
  p.may_be_automatic = true;
  p.automatic_at = read_from;
  return *this;
}

Declaration& Declaration::when(const std::string& name, std::vector<Value> values) {
  return add({name, std::move(values)});
}

Declaration& Declaration::unless(const std::string& name, std::vector<Value> values) {
  return add({name, std::move(values), true});
}

Declaration& Declaration::alias(std::string name) {
  for (const Parameter& other : all_)
    if (other.name == name ||
        std::find(other.aliases.begin(), other.aliases.end(), name) != other.aliases.end())
      fail("the schema has {} twice", name);
  own().aliases.push_back(std::move(name));
  return *this;
}

Declaration& Declaration::rare() {
  own().is_rare = true;
  return *this;
}

Declaration& Declaration::add(Condition condition) {
  Parameter& p = own();
  const std::string& name = condition.name;
  expect_optional(p, "depend on another");
  const auto end = all_.begin() + static_cast<std::ptrdiff_t>(place_);
  const auto before = std::find_if(all_.begin(), end, [&](const auto& q) { return q.name == name; });
  if (before == end) fail("{} depends on {}, which is not declared before it", p.name, name);
  if (before->role == Role::traced)
    fail("{} depends on {}, which is traced: whether it takes part would differ from lane to lane", p.name,
         name);
  if (condition.values.empty()) fail("{} depends on no value of {}", p.name, name);
  for (const Value& value : condition.values) check(*before, value);
  p.when.push_back(std::move(condition));
  return *this;
}

namespace {

void expect_numbers_between(const std::string& name, const Limits& limits) {
  if (std::isnan(limits.low) || std::isnan(limits.high) || limits.low > limits.high)
    fail("{} goes from {} to {}: there is no number between", name, limits.low, limits.high);
  if (std::isfinite(limits.low) && std::isfinite(limits.high) && !std::isfinite(limits.high - limits.low))
    fail("{} goes from {} to {}, which is wider than any number: bring its ends nearer together", name,
         limits.low, limits.high);
}

void expect_whole(const std::string& name, const Limits& limits) {
  for (const double end : {limits.low, limits.high})
    if (std::isfinite(end) && (end != std::floor(end) || std::abs(end) > kLargestWhole))
      fail("{} is a whole number and goes from {} to {}", name, from_number(limits.low),
           from_number(limits.high));
}

}  // namespace

Declaration Schema::add(Parameter p) {
  if (!is_name(p.name))
    fail("\"{}\" is no name of a hyperparameter: names are letters, digits and _, a letter first", p.name);
  for (const Parameter& other : parameters_)
    if (other.name == p.name ||
        std::find(other.aliases.begin(), other.aliases.end(), p.name) != other.aliases.end())
      fail("the schema has {} twice", p.name);
  expect_numbers_between(p.name, p.limits);
  parameters_.push_back(std::move(p));
  return {parameters_, parameters_.size() - 1};
}

Declaration Schema::real(const std::string& name, Limits limits) {
  return add({name, {}, Kind::real, Role::traced, limits});
}

Declaration Schema::integer(const std::string& name, Limits limits) {
  expect_whole(name, limits);
  return add({name, {}, Kind::integer, Role::traced, limits});
}

Declaration Schema::choice(const std::string& name, std::vector<std::string> words) {
  if (words.empty()) fail("{} is a choice of nothing", name);
  for (const std::string& word : words) {
    if (word == "off" || word == "automatic")
      fail("{} has the choice \"{}\", which is a word for every parameter: declare that it may be that", name,
           word);
    if (word.empty() || word.find_first_of(",\n") != std::string::npos)
      fail("{} has the choice \"{}\": a word is not empty, and has no comma and no end of a line", name,
           word);
  }
  for (std::size_t i = 0; i < words.size(); ++i)
    if (std::find(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), words[i]) !=
        words.begin() + static_cast<std::ptrdiff_t>(i))
      fail("{} has the choice \"{}\" twice", name, words[i]);
  Parameter p{name, {}, Kind::choice, Role::fixed, {}};
  p.words = std::move(words);
  return add(std::move(p));
}

Declaration Schema::text(const std::string& name, std::function<std::string(const std::string&)> canonical) {
  Parameter p{name, {}, Kind::text, Role::fixed, {}};
  p.canonical = std::move(canonical);
  return add(std::move(p));
}

Declaration Schema::list(const std::string& name, ListParts parts) {
  Parameter p{name, {}, Kind::list, Role::fixed, {}};
  for (const std::string& part : {parts.length, parts.element})
    if (!is_name(part)) fail("\"{}\" is no name of a part of {}", part, name);
  for (const auto& [part, limits] :
       {std::pair(parts.length, parts.lengths), std::pair(parts.element, parts.elements)}) {
    expect_numbers_between(part, limits);
    expect_whole(part, limits);
  }
  // A space has an axis for each place in a list, and elements that are as small as they can be.
  if (parts.lengths.low < 0 || parts.lengths.high > kLongestList)
    fail("{} goes from {} to {}: a list of a space has from 0 to {} numbers", parts.length,
         from_number(parts.lengths.low), from_number(parts.lengths.high), kLongestList);
  if (!std::isfinite(parts.elements.low)) fail("{} has no least number, which it needs", parts.element);
  p.canonical = [name, parts](const std::string& text) { return canonical_list(name, parts, text); };
  p.parts = std::move(parts);
  return add(std::move(p));
}

Declaration Schema::budget(const std::string& name, std::int64_t standard) {
  if (place_of(Role::budget))
    fail("the schema has two budgets, {} and {}", parameters_[*place_of(Role::budget)].name, name);
  Declaration out = add({name, "epochs of training", Kind::integer, Role::budget, {1, kMostEpochs}});
  return out.standard(standard);
}

Declaration Schema::batch(const std::string& name, std::int64_t standard) {
  if (place_of_batch())
    fail("the schema has two batch sizes, {} and {}", parameters_[*place_of_batch()].name, name);
  Parameter p{name, "rows in a step", Kind::integer, Role::fixed, {1, kMostRows}};
  p.is_batch = true;
  Declaration out = add(std::move(p));
  return out.standard(standard);
}

Declaration Schema::patience(const std::string& name, Value standard) {
  if (place_of(Role::patience))
    fail("the schema has two patiences, {} and {}", parameters_[*place_of(Role::patience)].name, name);
  Parameter p{name,
              "epochs without a better one after which training ends, with the best",
              Kind::integer,
              Role::patience,
              {1, kMostEpochs}};
  p.may_be_off = true;
  p.off_at = 0;
  return add(std::move(p)).standard(std::move(standard));
}

Declaration Schema::seed(const std::string& name, std::int64_t standard) {
  if (place_of(Role::seed))
    fail("the schema has two seeds, {} and {}", parameters_[*place_of(Role::seed)].name, name);
  Declaration out =
      add({name, "of all that a candidate draws", Kind::integer, Role::seed, {-kMostSeed, kMostSeed}});
  return out.standard(standard);
}

std::size_t Schema::place(std::string_view given) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].name == given) return i;
  std::string name(given);
  std::replace(name.begin(), name.end(), '-', '_');
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& p = parameters_[i];
    if (p.name == name || std::find(p.aliases.begin(), p.aliases.end(), name) != p.aliases.end()) return i;
    names.push_back(p.name);
    if (p.kind == Kind::list) names.insert(names.end(), {p.parts.length, p.parts.element});
  }
  if (names.empty()) fail("there is no hyperparameter \"{}\": the schema is empty", given);
  fail("there is no hyperparameter \"{}\"{}", given, suggestion(given, names));
}

std::optional<std::size_t> Schema::place_of(Role role) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].role == role) return i;
  return std::nullopt;
}

std::optional<std::size_t> Schema::place_of_batch() const {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].is_batch) return i;
  return std::nullopt;
}

void expect_same_schema(const Schema& has, const Schema& wanted, const std::string& what) {
  const std::vector<Parameter>&a = has.parameters(), &b = wanted.parameters();
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i >= a.size()) fail("{} is of another schema, which has no {}", what, b[i].name);
    if (i >= b.size() || a[i].name != b[i].name || a[i].kind != b[i].kind || a[i].role != b[i].role)
      fail("{} is of another schema, whose parameter {} is {}", what, i + 1, a[i].name);
  }
}

// ---- values for all ------------------------------------------------------------------------------------

Configuration::Configuration(std::shared_ptr<const Schema> schema)
    : schema_(std::move(schema)), values_(std::make_shared<std::vector<Value>>()) {
  if (!schema_) fail("a configuration needs a schema");
  for (const Parameter& p : schema_->parameters()) values_->push_back(p.standard.value_or(Value()));
}

std::vector<Value>& Configuration::own_values() {
  if (values_.use_count() > 1) values_ = std::make_shared<std::vector<Value>>(*values_);
  return *values_;
}

Configuration::Configuration(std::shared_ptr<const Schema> schema, std::vector<Value> values)
    : schema_(std::move(schema)), values_(std::make_shared<std::vector<Value>>(std::move(values))) {
  if (!schema_) fail("a configuration needs a schema");
  if (values_->size() != schema_->parameters().size())
    fail("{} values for {}", values_->size(), counted(schema_->parameters().size(), "hyperparameter"));
  for (std::size_t i = 0; i < values_->size(); ++i) check(schema_->parameters()[i], (*values_)[i]);
}

void Configuration::set(std::string_view name, Value value) {
  const std::size_t place = schema_->place(name);
  check(schema_->parameters()[place], value);
  own_values()[place] = std::move(value);
}

bool Configuration::takes_part(std::size_t place) const {
  for (const Condition& when : schema_->parameters()[place].when) {
    const std::size_t on = schema_->place(when.name);
    if (!takes_part(on)) return false;
    const auto at = std::find(when.values.begin(), when.values.end(), (*values_)[on]);
    if ((at != when.values.end()) == when.is_not) return false;
  }
  return true;
}

void Configuration::settle() {
  for (std::size_t i = 0; i < values_->size(); ++i) {
    if (!takes_part(i)) {
      if (!(*values_)[i].is_nothing()) own_values()[i] = Value();
    } else if ((*values_)[i].is_nothing()) {
      fail("{} has no value: it has no default, so that a search varies it or sets it",
           schema_->parameters()[i].name);
    }
  }
}

bool is_worth_telling(const Parameter& p, const Value& value) {
  return !value.is_nothing() && !(p.is_rare && p.standard && value == *p.standard);
}

std::string to_string(const Configuration& configuration) {
  std::string out;
  for (std::size_t i = 0; i < configuration.values().size(); ++i) {
    if (configuration.values()[i].is_nothing()) continue;
    if (!out.empty()) out += ' ';
    out += configuration.schema().parameters()[i].name + '=' + to_string(configuration.values()[i]);
  }
  return out;
}

}  // namespace runnel::params
