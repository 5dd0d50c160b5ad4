#include <algorithm>
#include <charconv>
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
  if (value.is_integer()) return fmt::format("{}", value.integer());
  return value.number() == 0 && std::signbit(value.number()) ? "-0" : from_number(value.number());
}

std::vector<std::int64_t> list_of(const Value& value) {
  std::vector<std::int64_t> out;
  const std::string& text = value.text();
  for (std::size_t begin = 0; begin <= text.size() && text != "none";) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    if (error != std::errc() || stop != text.data() + end)
      fail("\"{}\" is not a list of whole numbers, as 64x64, or none", text);
    out.push_back(number);
    begin = end + 1;
  }
  return out;
}

Value list_value(const std::vector<std::int64_t>& numbers) {
  return numbers.empty() ? std::string("none") : fmt::format("{}", fmt::join(numbers, "x"));
}

}  // namespace runnel::params
