// From a space to its candidates, and from texts to points.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "params/axes.h"

namespace runnel::params {

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

namespace {

// "a=1,b=2,3" as "a=1" and "b=2,3".
std::vector<std::string> named_values(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string piece(text.substr(begin, end - begin));
    if (piece.find('=') == std::string::npos && !out.empty())
      out.back() += ',' + piece;
    else
      out.push_back(piece);
    begin = end + 1;
  }
  return out;
}

}  // namespace

Configuration read_point(const Configuration& base, std::string_view text) {
  Configuration point = base;
  std::vector<std::size_t> seen;
  for (const std::string& part : named_values(text)) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size())
      fail("\"{}\" is not of the form name=value, as in rate=0.003,hidden=64", part);
    const Varied axis = axis_named(base.schema(), part.substr(0, equals));
    const Parameter& p = base.schema().parameters()[axis.place];
    const std::string value = part.substr(equals + 1);
    if (axis.part != Varied::Part::whole)
      fail("{} makes lists to draw from; a point has its own: {}=64x64", axis.name, p.name);
    if (value.find("..") != std::string::npos) fail("\"{}\": a point has one value, not a range", part);
    if (std::find(seen.begin(), seen.end(), axis.place) != seen.end()) fail("{} is given twice", p.name);
    seen.push_back(axis.place);
    point.set(p.name, read(p, value));
  }
  for (std::size_t i = 0; i < point.values().size(); ++i)
    if (point.values()[i].is_nothing() && point.takes_part(i))
      fail("\"{}\" says nothing of {}, which has no default", text, base.schema().parameters()[i].name);
  point.settle();
  for (const std::size_t place : seen)
    if (point.values()[place].is_nothing())
      fail("{}: {}", text, when_it_takes_part(base.schema().parameters()[place]));
  return point;
}

}  // namespace runnel::params
