#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/params.h"

namespace runnel::params {

double Value::number() const {
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value_)) return *real;
  fail("\"{}\" is not a number", to_string(*this));
}

std::int64_t Value::integer() const {
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return *whole;
  const double real = number();
  if (real != std::floor(real) || std::abs(real) >= 0x1p63)
    fail("{} is not a whole number", to_string(*this));
  return static_cast<std::int64_t>(real);
}

const std::string& Value::text() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  fail("{} is not a text", to_string(*this));
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number() && a.is_integer() != b.is_integer()) return a.number() == b.number();
  return a.value_ == b.value_;
}

std::string to_string(const Value& value) {
  if (value.is_nothing()) return "-";
  if (value.is_off()) return "off";
  if (value.is_automatic()) return "automatic";
  if (value.is_text()) return value.text();
  return value.is_integer() ? fmt::format("{}", value.integer()) : from_number(value.number());
}

}  // namespace runnel::params
