// Spaces: from points of the unit cube to candidates, and the other way round.
#include <algorithm>
#include <cmath>
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

// Values that `step` leaves of a range.
std::int64_t steps_in(const Varied& v) {
  return static_cast<std::int64_t>(std::floor((v.range.high - v.range.low) / v.step + 1e-9)) + 1;
}

Value whole(double x) { return static_cast<std::int64_t>(x); }

// How many values a grid takes of it.
double grid_size(const Parameter& p, const Varied& v) {
  if (!v.values.empty()) return static_cast<double>(v.values.size());
  if (v.points > 0) return static_cast<double>(v.points);
  const double all = v.step > 0 ? static_cast<double>(steps_in(v)) : v.range.high - v.range.low + 1;
  if ((v.integer || v.step > 0) && all <= kMostCounted) return all;
  fail(
      "{} is a range, which a grid cannot count through: give its points, as in {}={}..{}:5, or draw at "
      "random",
      p.name, p.name, from_number(v.range.low), from_number(v.range.high));
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

void check_range(const Parameter& p, const Limits& range) {
  if (p.kind != Kind::real && p.kind != Kind::integer) fail("{} takes values, not a range", p.name);
  if (!std::isfinite(range.low) || !std::isfinite(range.high))
    fail("{} is varied over a range, which has two ends", p.name);
  if (range.low >= range.high)
    fail("{}: the range {}..{} is empty", p.name, from_number(range.low), from_number(range.high));
  check(p, p.kind == Kind::integer ? whole(range.low) : Value(range.low));
  if (p.kind == Kind::integer && range.high != std::floor(range.high))
    fail("{} is {}: it is a whole number", p.name, from_number(range.high));
  if (range.high > p.limits.high) check(p, Value(range.high));
}

// Whether nobody has said over what it is varied.
bool is_open(const Varied& v) { return v.values.empty() && !std::isfinite(v.range.high); }

// Over everything that the parameter can be; open where that has no end.
Varied over_all(const Schema& schema, std::size_t place) {
  const Parameter& p = schema.parameters()[place];
  Varied v{place};
  if (p.kind == Kind::choice) {
    for (const std::string& word : p.words) v.values.emplace_back(word);
    return v;
  }
  if (p.kind == Kind::text || !std::isfinite(p.limits.low) || !std::isfinite(p.limits.high)) return v;
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

// ---- all of them ---------------------------------------------------------------------------------------

Space::Space(Schema schema) : schema_(std::make_shared<const Schema>(std::move(schema))), base_(schema_) {
  for (std::size_t i = 0; i < schema_->parameters().size(); ++i)
    if (!schema_->parameters()[i].standard) varied_.push_back(over_all(*schema_, i));
}

Varied& Space::varied(const std::string& name) {
  const std::size_t place = schema_->place(name);
  const auto at = std::lower_bound(varied_.begin(), varied_.end(), place,
                                   [](const Varied& v, std::size_t wanted) { return v.place < wanted; });
  if (at != varied_.end() && at->place == place) return *at;
  return *varied_.insert(at, {place});
}

Space& Space::set(const std::string& name, Value value) {
  base_.set(name, std::move(value));
  std::erase_if(varied_, [&](const Varied& v) { return v.place == schema_->place(name); });
  return *this;
}

Space& Space::vary(const std::string& name, std::vector<Value> values) {
  const Parameter& p = (*schema_)[name];
  if (values.empty()) fail("{} is varied over no value", name);
  std::vector<Value> distinct;
  for (Value& value : values) {
    params::check(p, value);
    if (value.is_nothing()) fail("{} is varied over nothing", name);
    if (std::find(distinct.begin(), distinct.end(), value) == distinct.end())
      distinct.push_back(std::move(value));
  }
  Varied& v = varied(name);
  v = {v.place, std::move(distinct)};
  return *this;
}

Space& Space::range(const std::string& name, double low, double high, std::int64_t points) {
  const Parameter& p = (*schema_)[name];
  const Limits range{low, high};
  check_range(p, range);
  if (points < 0 || static_cast<double>(points) > kMostCandidates)
    fail("{}: a grid takes from 1 to {} points of a range, not {}", name,
         grouped(static_cast<std::size_t>(kMostCandidates)), points);
  Varied& v = varied(name);
  v = {v.place,
       {},
       range,
       p.logarithmic || (range.low > 0 && range.high / range.low >= 20),
       p.kind == Kind::integer,
       p.step,
       points};
  return *this;
}

Space& Space::vary(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    fail("\"{}\" is not of the form name=value,value,… or name=low..high", text);
  const std::string name(text.substr(0, equals));
  const Parameter& p = (*schema_)[name];
  const std::string_view rest = text.substr(equals + 1);
  if (const std::size_t dots = rest.find(".."); dots != std::string_view::npos && p.kind != Kind::text) {
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
    return range(name, *ends[0], *ends[1], points);
  }
  std::vector<Value> values;
  for (std::size_t begin = 0; begin <= rest.size();) {
    const std::size_t end = std::min(rest.find(',', begin), rest.size());
    values.push_back(read(p, rest.substr(begin, end - begin)));
    begin = end + 1;
  }
  return vary(name, std::move(values));
}

namespace {

void expect_closed(const Schema& schema, const std::vector<Varied>& varied) {
  for (const Varied& v : varied)
    if (is_open(v))
      fail("{} has no default and no end: set it, or say over what it is varied",
           schema.parameters()[v.place].name);
}

// Every value of varied[depth], varied[depth + 1], …
void count_through(const std::vector<Varied>& varied, std::size_t depth,
                   const std::vector<std::vector<Value>>& values, Configuration& now,
                   std::vector<Configuration>& out) {
  if (depth == varied.size()) {
    if (static_cast<double>(out.size()) >= kMostCandidates)
      fail("the grid has more than {} candidates", grouped(static_cast<std::size_t>(kMostCandidates)));
    out.push_back(now);
    out.back().settle();
    return;
  }
  const std::size_t place = varied[depth].place;
  if (!now.takes_part(place)) return count_through(varied, depth + 1, values, now, out);
  for (const Value& value : values[depth]) {
    now.set(now.schema().parameters()[place].name, value);
    count_through(varied, depth + 1, values, now, out);
  }
}

}  // namespace

Configuration Space::at(std::span<const double> point) const {
  if (point.size() != varied_.size())
    fail("a point of {} coordinates in a space of {}", point.size(), counted(varied_.size(), "parameter"));
  expect_closed(*schema_, varied_);
  Configuration out = base_;
  for (std::size_t i = 0; i < point.size(); ++i)
    out.set(schema_->parameters()[varied_[i].place].name, varied_[i].at(point[i]));
  out.settle();
  return out;
}

std::vector<Configuration> Space::grid() const {
  expect_closed(*schema_, varied_);
  double least = 1;  // parameters with a condition may add to it
  std::vector<std::vector<Value>> values;
  for (const Varied& v : varied_) {
    const Parameter& p = schema_->parameters()[v.place];
    const double size = grid_size(p, v);
    if (p.when.empty()) least *= size;
    if (least > kMostCandidates || size > kMostCandidates)
      fail("the grid has more than {} candidates", grouped(static_cast<std::size_t>(kMostCandidates)));
  }
  for (const Varied& v : varied_) values.push_back(grid_values(v));
  std::vector<Configuration> out;
  Configuration now = base_;
  count_through(varied_, 0, values, now, out);
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

}  // namespace runnel::params
