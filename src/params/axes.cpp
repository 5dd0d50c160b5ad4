#include <algorithm>
#include <cmath>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "params/axes.h"

namespace runnel::params {
namespace {

constexpr double kMostCounted = 100;  // integers that a grid counts through without being told points

std::size_t index_at(double u, std::size_t n) {
  return std::min(n - 1, static_cast<std::size_t>(u * static_cast<double>(n)));
}

// As it is shown, and within the range, which the rounding may not leave.
double shown(double x, const Limits& range) {
  return std::clamp(to_number(fmt::format("{:.6g}", x)).value(), range.low, range.high);
}

double warped(double x, bool logarithmic) { return logarithmic ? std::log(x) : x; }

// Values that `step` leaves of a range.
std::int64_t steps_in(const Varied& v) {
  return static_cast<std::int64_t>(std::floor((v.range.high - v.range.low) / v.step + 1e-9)) + 1;
}

Value whole(double x) { return static_cast<std::int64_t>(x); }

}  // namespace

std::string prefix(const Varied& v) { return v.where.empty() ? "" : v.where + ": "; }

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

Parameter axis_parameter(const Parameter& p, const Varied& v) {
  if (v.part == Varied::Part::whole) return p;
  const bool is_length = v.part == Varied::Part::length;
  Parameter out{v.name, {}, Kind::integer, Role::fixed, is_length ? p.parts.lengths : p.parts.elements};
  return out;
}

bool is_open(const Varied& v) { return v.values.empty() && !std::isfinite(v.range.high); }

// ---- values --------------------------------------------------------------------------------------------

double grid_size(const Varied& v) {
  if (!v.values.empty()) return static_cast<double>(v.values.size());
  if (v.points > 0) return static_cast<double>(v.points);
  const double all = v.step > 0 ? static_cast<double>(steps_in(v)) : v.range.high - v.range.low + 1;
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

Value Varied::at(double u) const {
  if (!values.empty()) return values[index_at(u, values.size())];
  if (step > 0) {
    const double x =
        range.low + static_cast<double>(index_at(u, static_cast<std::size_t>(steps_in(*this)))) * step;
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
  if (step > 0) return (std::round((x - range.low) / step) + 0.5) / static_cast<double>(steps_in(*this));
  const double low = warped(range.low, logarithmic);
  if (!integer) return (warped(x, logarithmic) - low) / (warped(range.high, logarithmic) - low);
  const double high = warped(range.high + 1, logarithmic);
  return ((warped(x, logarithmic) + warped(x + 1, logarithmic)) / 2 - low) / (high - low);
}

bool Varied::contains(const Value& value) const {
  if (!values.empty()) return std::find(values.begin(), values.end(), value) != values.end();
  return value.is_number() && value.number() >= range.low && value.number() <= range.high;
}

// ---- who depends on whom -------------------------------------------------------------------------------

bool holds(const Condition& when, const Value& value) {
  if (value.is_nothing()) return false;
  const bool among = std::find(when.values.begin(), when.values.end(), value) != when.values.end();
  return among != when.is_not;
}

const Varied* named(const std::vector<Varied>& all, const std::string& name) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const Varied& v) { return v.name == name; });
  return at == all.end() ? nullptr : &*at;
}

namespace {

// Whether `later` can only be known when `first` is.
bool depends(const Schema& schema, const Varied& later, const Varied& first) {
  if (later.when && later.when->name == first.name) return true;
  if (later.place == first.place)
    return later.part == Varied::Part::element && first.part == Varied::Part::length;
  for (const Condition& when : schema.parameters()[later.place].when)
    if (schema.place(when.name) == first.place) return true;
  return false;
}

}  // namespace

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

}  // namespace runnel::params
