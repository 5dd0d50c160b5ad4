// Spaces: from points of the unit cube to candidates, and the other way round.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/params.h"

namespace runnel::params {
namespace {

constexpr double kMostCandidates = 1e6;
constexpr double kMostCounted = 100;  // integers that a grid counts through without being told points

std::size_t index_at(double u, std::size_t n) {
  return std::min(n - 1, static_cast<std::size_t>(u * static_cast<double>(n)));
}

// As it is shown, and within the range, which the rounding may not leave.
double shown(double x, const Limits& range) {
  return std::clamp(to_number(fmt::format("{:.6g}", x)).value(), range.low, range.high);
}

double warped(double x, bool logarithmic) { return logarithmic ? std::log(x) : x; }

std::string prefix(const Varied& v) { return v.where.empty() ? "" : v.where + ": "; }

// How many values `step` leaves of a range: a whole number, which may be beyond 64 bits.
double steps_in(const Varied& v) { return std::floor((v.range.high - v.range.low) / v.step + 1e-9) + 1; }

// Of what lies beyond 64 bits the nearest within.
Value whole(double x) {
  if (x >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::max(x, -0x1p63));
}

// A number as the parameter has it; beyond 64 bits as it is, for `check` to name.
Value number_of(const Parameter& p, double x) {
  return p.kind == Kind::integer && x == std::floor(x) && std::abs(x) < 0x1p63 ? whole(x) : Value(x);
}

// How many values a grid takes of it.
double grid_size(const Varied& v) {
  if (!v.values.empty()) return static_cast<double>(v.values.size());
  if (v.points > 0) return static_cast<double>(v.points);
  const double all = v.step > 0 ? steps_in(v) : v.range.high - v.range.low + 1;
  if ((v.integer || v.step > 0) && all <= kMostCounted) return all;
  fail(
      "{}{} is a range, which a grid cannot count through: give its points, as in {}={}..{}:5, or draw at "
      "random",
      prefix(v), v.name, v.name, from_number(v.range.low), from_number(v.range.high));
}

std::vector<Value> grid_values(const Varied& v) {
  if (!v.values.empty()) return v.values;
  std::vector<Value> values;
  const auto add = [&](Value value) {
    if (values.empty() || !(values.back() == value)) values.push_back(std::move(value));
  };
  if (v.points == 0) {
    const double step = v.step > 0 ? v.step : 1;
    for (double k = 0; v.range.low + k * step <= v.range.high + 1e-9 * step; ++k)
      add(v.integer ? whole(v.range.low + k * step) : Value(shown(v.range.low + k * step, v.range)));
    return values;
  }
  const double low = warped(v.range.low, v.logarithmic);
  const double high = warped(v.range.high, v.logarithmic);
  for (std::int64_t i = 0; i < v.points; ++i) {
    const double t = v.points == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(v.points - 1);
    double x = low + t * (high - low);
    if (v.logarithmic) x = std::exp(x);
    if (v.step > 0) x = v.range.low + std::round((x - v.range.low) / v.step) * v.step;
    add(v.integer ? whole(std::clamp(std::round(x), v.range.low, v.range.high)) : Value(shown(x, v.range)));
  }
  return values;
}

// What an axis is made of: a parameter, or what stands for a part of a list.
Parameter axis_parameter(const Parameter& p, const Varied& v) {
  if (v.part == Varied::Part::whole) return p;
  const bool is_length = v.part == Varied::Part::length;
  Parameter out{v.name, {}, Kind::integer, Role::fixed, is_length ? p.parts.lengths : p.parts.elements};
  return out;
}

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
  check(p, as_word(p, number_of(p, range.low)));
  check(p, number_of(p, range.high));
}

// Whether nobody has said over what it is varied.
bool is_open(const Varied& v) { return v.values.empty() && !std::isfinite(v.range.high); }

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

// ---- one parameter -------------------------------------------------------------------------------------

Value Varied::at(double u) const {
  if (!values.empty()) return values[index_at(u, values.size())];
  if (step > 0) {
    const double steps = steps_in(*this);
    const double x = range.low + std::min(steps - 1, std::floor(u * steps)) * step;
    return integer ? whole(x) : Value(shown(x, range));
  }
  const double low = warped(range.low, logarithmic);
  const double high = warped(integer ? range.high + 1 : range.high, logarithmic);
  double x = low + u * (high - low);
  if (logarithmic) x = std::exp(x);
  return integer ? whole(std::clamp(std::floor(x), range.low, range.high)) : Value(shown(x, range));
}

double Varied::place_in_unit(const Value& value) const {
  if (!values.empty()) {
    const auto at = std::find(values.begin(), values.end(), value) - values.begin();
    return (static_cast<double>(at) + 0.5) / static_cast<double>(values.size());
  }
  const double x = value.number();
  if (step > 0) return (std::round((x - range.low) / step) + 0.5) / steps_in(*this);
  const double low = warped(range.low, logarithmic);
  if (!integer) return (warped(x, logarithmic) - low) / (warped(range.high, logarithmic) - low);
  const double high = warped(range.high + 1, logarithmic);
  return ((warped(x, logarithmic) + warped(x + 1, logarithmic)) / 2 - low) / (high - low);
}

bool Varied::contains(const Value& value) const {
  if (!values.empty()) return std::find(values.begin(), values.end(), value) != values.end();
  return value.is_number() && value.number() >= range.low && value.number() <= range.high;
}

// ---- what is varied ------------------------------------------------------------------------------------

Space::Space(Schema schema) : Space(std::make_shared<const Schema>(std::move(schema))) {}

Space::Space(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)), base_(schema_) {
  for (std::size_t i = 0; i < schema_->parameters().size(); ++i)
    if (!schema_->parameters()[i].standard) declared_.push_back(over_all(*schema_, i));
  by_default_.assign(declared_.size(), true);
  expand();
}

namespace {

// The axis that a name is of, without what it is varied over.
Varied axis_named(const Schema& schema, std::string_view name) {
  for (std::size_t i = 0; i < schema.parameters().size(); ++i) {
    const Parameter& p = schema.parameters()[i];
    if (p.kind != Kind::list) continue;
    for (const auto part : {Varied::Part::length, Varied::Part::element}) {
      Varied v{part == Varied::Part::length ? p.parts.length : p.parts.element, i};
      v.part = part;
      if (v.name == name) return v;
    }
  }
  const std::size_t place = schema.place(name);
  return {schema.parameters()[place].name, place};
}

}  // namespace

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

bool holds(const Condition& when, const Value& value) {
  if (value.is_nothing()) return false;
  const bool among = std::find(when.values.begin(), when.values.end(), value) != when.values.end();
  return among != when.is_not;
}

const Varied* named(const std::vector<Varied>& all, const std::string& name) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const Varied& v) { return v.name == name; });
  return at == all.end() ? nullptr : &*at;
}

// Whether `later` can only be known when `first` is.
bool depends(const Schema& schema, const Varied& later, const Varied& first) {
  if (later.when && later.when->name == first.name) return true;
  if (later.place == first.place)
    return later.part == Varied::Part::element && first.part == Varied::Part::length;
  for (const Condition& when : schema.parameters()[later.place].when)
    if (schema.place(when.name) == first.place) return true;
  return false;
}

// The axes, each behind those it depends on.
std::vector<std::size_t> in_order(const Schema& schema, const std::vector<Varied>& varied) {
  std::vector<std::size_t> order;
  std::vector<bool> placed(varied.size(), false);
  const auto is_ready = [&](std::size_t i) {
    for (std::size_t j = 0; j < varied.size(); ++j)
      if (!placed[j] && j != i && depends(schema, varied[i], varied[j])) return false;
    return true;
  };
  while (order.size() < varied.size()) {
    const std::size_t before = order.size();
    for (std::size_t i = 0; i < varied.size(); ++i) {
      if (placed[i] || !is_ready(i)) continue;
      order.push_back(i);
      placed[i] = true;
    }
    if (order.size() > before) continue;
    const auto at = std::find(placed.begin(), placed.end(), false) - placed.begin();
    const Varied& v = varied[static_cast<std::size_t>(at)];
    fail("{}{} depends on itself, in a circle", prefix(v), v.name);
  }
  return order;
}

void expect_closed(const std::vector<Varied>& varied) {
  for (const Varied& v : varied)
    if (is_open(v)) fail("{} has no default and no end: set it, or say over what it is varied", v.name);
}

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
    for (const Value& value : v.when->values)
      if (!on->contains(value))
        fail("{}{} depends on {} = {}, a value that {} never has", prefix(v), v.name, v.when->name,
             to_string(value), v.when->name);
  }
  in_order(*schema_, varied_);
}

// ---- candidates ----------------------------------------------------------------------------------------

// A candidate in the making: axis by axis, each behind those it depends on.
class Space::Making {
 public:
  explicit Making(const Space& space) : space_(space), now_(space.base_), values_(space.varied_.size()) {}

  // Whether the axis takes part, as far as is known.
  bool takes_part(std::size_t i) const {
    const Varied& v = space_.varied_[i];
    if (!now_.takes_part(v.place)) return false;
    if (v.part == Varied::Part::element) {
      for (std::size_t j = 0; j < values_.size(); ++j)
        if (space_.varied_[j].place == v.place && space_.varied_[j].part == Varied::Part::length)
          return values_[j].is_number() && values_[j].integer() >= v.element;
    }
    return !v.when || holds(*v.when, known(v.when->name));
  }

  void set(std::size_t i, Value value) {
    const Varied& v = space_.varied_[i];
    const Parameter& p = space_.schema_->parameters()[v.place];
    values_[i] = as_word(p, std::move(value));
    now_.set(p.name, v.part == Varied::Part::whole ? values_[i] : list_so_far(v.place));
  }
  // As it was before it was set.
  void take_back(std::size_t i) {
    const Varied& v = space_.varied_[i];
    const std::string& name = space_.schema_->parameters()[v.place].name;
    values_[i] = Value();
    now_.set(name, v.part == Varied::Part::element ? list_so_far(v.place) : space_.base_.values()[v.place]);
  }

  Configuration made() const {
    Configuration out = now_;
    out.settle();
    return out;
  }

 private:
  Value known(const std::string& name) const {
    for (std::size_t j = 0; j < values_.size(); ++j)
      if (space_.varied_[j].name == name) return values_[j];
    return space_.base_[name];
  }

  // Elements that are not known yet are as small as they can be.
  Value list_so_far(std::size_t place) const {
    std::vector<std::int64_t> numbers;
    const auto least = static_cast<std::int64_t>(space_.schema_->parameters()[place].parts.elements.low);
    for (std::size_t j = 0; j < values_.size(); ++j)
      if (const Varied& v = space_.varied_[j];
          v.place == place && v.part == Varied::Part::length && values_[j].is_number())
        numbers.assign(static_cast<std::size_t>(values_[j].integer()), least);
    for (std::size_t j = 0; j < values_.size(); ++j)
      if (const Varied& v = space_.varied_[j]; v.place == place && v.part == Varied::Part::element &&
                                               values_[j].is_number() && v.element <= std::ssize(numbers))
        numbers[static_cast<std::size_t>(v.element - 1)] = values_[j].integer();
    return list_value(numbers);
  }

  const Space& space_;
  Configuration now_;
  std::vector<Value> values_;  // of the axes; nothing where one takes no part, or is not known yet
};

Value Space::value_of(const Configuration& candidate, const Varied& axis) const {
  const Value& value = candidate.values()[axis.place];
  if (value.is_nothing()) return {};
  if (axis.when) {
    const Varied* on = named(varied_, axis.when->name);
    if (!holds(*axis.when, on != nullptr ? value_of(candidate, *on) : candidate[axis.when->name])) return {};
  }
  if (axis.part == Varied::Part::whole) return value;
  const std::vector<std::int64_t> numbers = list_of(value);
  if (axis.part == Varied::Part::length) return static_cast<std::int64_t>(numbers.size());
  if (axis.element < 1 || axis.element > std::ssize(numbers)) return {};
  return numbers[static_cast<std::size_t>(axis.element - 1)];
}

Configuration Space::at(std::span<const double> point) const {
  if (point.size() != varied_.size())
    fail("a point of {} coordinates in a space of {}", point.size(), counted(varied_.size(), "parameter"));
  expect_closed(varied_);
  Making making(*this);
  for (const std::size_t i : in_order(*schema_, varied_))
    if (making.takes_part(i)) making.set(i, varied_[i].at(point[i]));
  return making.made();
}

std::vector<Configuration> Space::grid() const {
  expect_closed(varied_);
  double least = 1;  // axes with a condition may add to it
  std::vector<std::vector<Value>> values;
  for (const Varied& v : varied_) {
    const double size = grid_size(v);
    const bool always =
        schema_->parameters()[v.place].when.empty() && !v.when && v.part != Varied::Part::element;
    if (always) least *= size;
    if (least > kMostCandidates || size > kMostCandidates)
      fail("the grid has more than {} candidates", grouped(static_cast<std::size_t>(kMostCandidates)));
  }
  for (const Varied& v : varied_) values.push_back(grid_values(v));
  const std::vector<std::size_t> order = in_order(*schema_, varied_);
  std::vector<Configuration> out;
  Making making(*this);
  // Every value of the axes order[depth], order[depth + 1], …
  const auto count_through = [&](const auto& self, std::size_t depth) -> void {
    if (depth == order.size()) {
      if (static_cast<double>(out.size()) >= kMostCandidates)
        fail("the grid has more than {} candidates", grouped(static_cast<std::size_t>(kMostCandidates)));
      out.push_back(making.made());
      return;
    }
    const std::size_t i = order[depth];
    if (!making.takes_part(i)) return self(self, depth + 1);
    for (const Value& value : values[i]) {
      making.set(i, value);
      self(self, depth + 1);
    }
    making.take_back(i);
  };
  count_through(count_through, 0);
  return out;
}

void Space::check(const Configuration& candidate) const {
  expect_same_schema(candidate.schema(), *schema_, "a candidate");
  Configuration settled = candidate;
  settled.settle();
  if (!(settled == candidate)) fail("a candidate sets what takes no part in it: {}", to_string(candidate));
  for (std::size_t i = 0; i < candidate.values().size(); ++i)
    params::check(schema_->parameters()[i], candidate.values()[i]);
}

Configuration read_point(const Configuration& base, std::string_view text) {
  Configuration point = base;
  std::vector<std::size_t> seen;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part(text.substr(begin, end - begin));
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size())
      fail("\"{}\" is not of the form name=value", part);
    const Varied axis = axis_named(base.schema(), part.substr(0, equals));
    const Parameter& p = base.schema().parameters()[axis.place];
    const std::string value = part.substr(equals + 1);
    if (axis.part != Varied::Part::whole)
      fail("{} makes lists to draw from; a point has its own: {}=64x64", axis.name, p.name);
    if (value.find("..") != std::string::npos) fail("\"{}\": a point has one value, not a range", part);
    if (std::find(seen.begin(), seen.end(), axis.place) != seen.end()) fail("{} is given twice", p.name);
    seen.push_back(axis.place);
    point.set(p.name, read(p, value));
    begin = end + 1;
  }
  point.settle();
  for (const std::size_t place : seen)
    if (point.values()[place].is_nothing())
      fail("{}: {}", text, when_it_takes_part(base.schema().parameters()[place]));
  return point;
}

}  // namespace runnel::params
