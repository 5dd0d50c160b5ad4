// Spaces: what is varied.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "params/axes.h"

namespace runnel::params {
namespace {

Value whole(double x) { return static_cast<std::int64_t>(x); }

// The lower end may be a number that stands for a word: dropout=0..0.5.
void check_range(const Parameter& p, const Limits& range) {
  if (p.kind != Kind::real && p.kind != Kind::integer) fail("{} takes values, not a range", p.name);
  if (!std::isfinite(range.low) || !std::isfinite(range.high))
    fail("{} is varied over a range, which has two ends", p.name);
  if (range.low >= range.high)
    fail("{}: the range {}..{} is empty", p.name, from_number(range.low), from_number(range.high));
  if (!std::isfinite(range.high - range.low))
    fail("{}: the range {}..{} is wider than any number: bring its ends nearer together", p.name,
         from_number(range.low), from_number(range.high));
  constexpr double kLargestWhole = 0x1p53;  // whole numbers beyond are not all numbers
  if (p.kind == Kind::integer && (range.low < -kLargestWhole || range.high > kLargestWhole))
    fail("{}: the range {}..{} goes beyond the whole numbers that a double holds, up to 2^53", p.name,
         from_number(range.low), from_number(range.high));
  if (p.step > 0 && (range.high - range.low) / p.step > kLargestWhole)
    fail("{}: the range {}..{} has more steps of {} than can be counted", p.name, from_number(range.low),
         from_number(range.high), from_number(p.step));
  check(p, as_word(p, p.kind == Kind::integer && range.low == std::floor(range.low) ? whole(range.low)
                                                                                    : Value(range.low)));
  if (p.kind == Kind::integer && range.high != std::floor(range.high))
    fail("{} is {}: it is a whole number", p.name, from_number(range.high));
  check(p, p.kind == Kind::integer ? whole(range.high) : Value(range.high));
}

// Over everything that the parameter can be; open where that has no end.
Varied over_all(const Schema& schema, std::size_t place) {
  const Parameter& p = schema.parameters()[place];
  Varied v{p.name, place};
  if (p.kind == Kind::choice) {
    for (const std::string& word : p.words) v.values.emplace_back(word);
    return v;
  }
  if (p.kind == Kind::text || p.kind == Kind::list || !std::isfinite(p.limits.low) ||
      !std::isfinite(p.limits.high))
    return v;
  if (p.limits.low == p.limits.high) {
    v.values = {p.kind == Kind::integer ? whole(p.limits.low) : Value(p.limits.low)};
    return v;
  }
  v.range = p.limits;
  v.logarithmic = p.logarithmic;
  v.integer = p.kind == Kind::integer;
  v.step = p.step;
  return v;
}

}  // namespace

Space::Space(Schema schema) : Space(std::make_shared<const Schema>(std::move(schema))) {}

Space::Space(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)), base_(schema_) {
  for (std::size_t i = 0; i < schema_->parameters().size(); ++i)
    if (!schema_->parameters()[i].standard) declared_.push_back(over_all(*schema_, i));
  by_default_.assign(declared_.size(), true);
  expand();
}

Parameter Space::axis(std::string_view name) const {
  const Varied axis = axis_named(*schema_, name);
  return axis_parameter(schema_->parameters()[axis.place], axis);
}

Varied& Space::fresh(std::string_view name) {
  Varied axis = axis_named(*schema_, name);
  for (std::size_t i = 0; i < declared_.size(); ++i) {
    if (declared_[i].name != axis.name) continue;
    if (!by_default_[i]) fail("{}the space names {} twice", prefix(declared_[i]), axis.name);
    by_default_[i] = false;
    return declared_[i] = std::move(axis);
  }
  by_default_.push_back(false);
  return declared_.emplace_back(std::move(axis));
}

Varied& Space::declared(std::string_view name) {
  const std::string wanted = axis_named(*schema_, name).name;
  for (Varied& v : declared_)
    if (v.name == wanted) return v;
  fail("{} is not varied", name);
}

Space& Space::set(const std::string& name, Value value) {
  base_.set(name, std::move(value));
  const std::size_t place = schema_->place(name);
  for (std::size_t i = declared_.size(); i-- > 0;) {
    if (declared_[i].place != place) continue;
    declared_.erase(declared_.begin() + static_cast<std::ptrdiff_t>(i));
    by_default_.erase(by_default_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  expand();
  return *this;
}

Space& Space::vary(const std::string& name, std::vector<Value> values) {
  const Parameter p = axis(name);
  if (values.empty()) fail("{} is varied over no value", name);
  std::vector<Value> distinct;
  for (Value& value : values) {
    params::check(p, value);
    if (value.is_nothing()) fail("{} is varied over nothing", name);
    if (std::find(distinct.begin(), distinct.end(), value) == distinct.end())
      distinct.push_back(std::move(value));
  }
  fresh(name).values = std::move(distinct);
  expand();
  return *this;
}

Space& Space::range(const std::string& name, double low, double high, std::int64_t points) {
  const Parameter p = axis(name);
  const Limits range{low, high};
  check_range(p, range);
  if (points < 0 || static_cast<double>(points) > kMostCandidates)
    fail("{}: a grid takes from 1 to {} points of a range, not {}", name,
         grouped(static_cast<std::size_t>(kMostCandidates)), points);
  Varied& v = fresh(name);
  v.range = range;
  v.logarithmic = low > 0 && (p.logarithmic || high / low >= 20);
  v.integer = p.kind == Kind::integer;
  v.step = p.step;
  v.points = points;
  expand();
  return *this;
}

Space& Space::vary(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    fail("\"{}\" is not of the form name=value,value,… or name=low..high", text);
  const Parameter p = axis(text.substr(0, equals));
  const std::string_view rest = text.substr(equals + 1);
  if (const std::size_t dots = rest.find(".."); dots != std::string_view::npos && p.kind != Kind::text) {
    if (p.kind != Kind::real && p.kind != Kind::integer)
      fail("\"{}\": {} takes values, not a range", text, p.name);
    std::string_view high = rest.substr(dots + 2);
    std::int64_t points = 0;
    if (const std::size_t colon = high.find(':'); colon != std::string_view::npos) {
      const std::optional<double> number = to_number(high.substr(colon + 1));
      if (!number || *number < 1 || *number != std::floor(*number) || *number > kMostCandidates)
        fail("\"{}\": the points of a range are a whole number from 1 to {}", text,
             grouped(static_cast<std::size_t>(kMostCandidates)));
      points = static_cast<std::int64_t>(*number);
      high = high.substr(0, colon);
    }
    const std::optional<double> ends[2] = {to_number(rest.substr(0, dots)), to_number(high)};
    if (rest.find(',') != std::string_view::npos)
      fail("\"{}\": a range does not stand beside values; give one of them", text);
    if (!ends[0] || !ends[1]) fail("\"{}\": a range goes from number to number", text);
    return range(p.name, *ends[0], *ends[1], points);
  }
  std::vector<Value> values;
  for (std::size_t begin = 0; begin <= rest.size();) {
    const std::size_t end = std::min(rest.find(',', begin), rest.size());
    values.push_back(read(p, rest.substr(begin, end - begin)));
    begin = end + 1;
  }
  return vary(p.name, std::move(values));
}

Space& Space::scale(const std::string& name, bool logarithmic) {
  Varied& v = declared(name);
  if (logarithmic && (!v.values.empty() || v.range.low <= 0))
    fail("{}{}: a logarithmic range begins above 0", prefix(v), v.name);
  v.logarithmic = logarithmic;
  expand();
  return *this;
}

Space& Space::when(const std::string& name, Condition condition) {
  Varied& v = declared(name);
  const Parameter on = axis(condition.name);
  condition.name = on.name;
  for (const Value& value : condition.values) params::check(on, value);
  if (on.name == v.name) fail("{}{} cannot depend on itself", prefix(v), v.name);
  v.when = std::move(condition);
  expand();
  return *this;
}

Space& Space::told_at(const std::string& name, std::string where) {
  declared(name).where = std::move(where);
  expand();
  return *this;
}

namespace {

const Varied* part_of(const std::vector<Varied>& all, std::size_t place, Varied::Part part) {
  for (const Varied& v : all)
    if (v.place == place && v.part == part) return &v;
  return nullptr;
}

std::int64_t most_of(const Varied& v) {
  double most = std::isfinite(v.range.high) ? v.range.high : 0;
  for (const Value& value : v.values) most = std::max(most, value.number());
  return static_cast<std::int64_t>(most);
}

}  // namespace

// An element of a list becomes an axis for each place that the list can have.
void Space::expand() {
  varied_.clear();
  for (const Varied& v : declared_) {
    const Varied* length = part_of(declared_, v.place, Varied::Part::length);
    if (v.part != Varied::Part::element || length == nullptr) {
      varied_.push_back(v);
      continue;
    }
    for (std::int64_t k = 1; k <= most_of(*length); ++k) {
      Varied one = v;
      one.name = fmt::format("{}{}", v.name, k);
      one.element = k;
      varied_.push_back(std::move(one));
    }
  }
}

namespace {

std::string joined(const std::vector<Value>& values) {
  std::string out;
  for (const Value& value : values) out += (out.empty() ? "" : " or ") + to_string(value);
  return out;
}

}  // namespace

void Space::expect_sound() const {
  expect_closed(varied_);
  for (const Varied& v : declared_) {
    if (v.part == Varied::Part::whole) continue;
    const bool is_length = v.part == Varied::Part::length;
    const ListParts& parts = schema_->parameters()[v.place].parts;
    if (part_of(declared_, v.place, is_length ? Varied::Part::element : Varied::Part::length) == nullptr)
      fail("{}{} and {} go together: {} is missing (as in layers=1..3 and width=8..64)", prefix(v),
           parts.length, parts.element, is_length ? parts.element : parts.length);
    if (part_of(declared_, v.place, Varied::Part::whole) != nullptr)
      fail("{}{} and {} build `{}`, which the space gives as well: leave one out", prefix(v), parts.length,
           parts.element, schema_->parameters()[v.place].name);
    if (!is_length && v.when)
      fail("{}a {} takes part where its place in the list does: leave its `when` out, or give it to {}",
           prefix(v), v.name, parts.length);
  }
  for (const Varied& v : declared_) {
    if (!v.when) continue;
    const Varied* on = named(varied_, v.when->name);
    if (on == nullptr && axis_named(*schema_, v.when->name).part != Varied::Part::whole)
      fail("{}{} depends on {}, which the space does not give", prefix(v), v.name, v.when->name);
    if (on == nullptr) {
      if (holds(*v.when, base_[v.when->name])) continue;
      fail("{}{} depends on {} = {}, but {} is {} for all candidates", prefix(v), v.name, v.when->name,
           joined(v.when->values), v.when->name, to_string(base_[v.when->name]));
    }
    if (on->values.empty() && !on->integer && on->step == 0 && on->points == 0)
      fail("{}{} depends on {} = {}, which draws from the range {}..{} hardly ever are: give {} as values",
           prefix(v), v.name, v.when->name, joined(v.when->values), from_number(on->range.low),
           from_number(on->range.high), v.when->name);
    for (const Value& value : v.when->values)
      if (!on->contains(value))
        fail("{}{} depends on {} = {}, a value that {} never has", prefix(v), v.name, v.when->name,
             to_string(value), v.when->name);
  }
  in_order(*schema_, varied_);
}

}  // namespace runnel::params
