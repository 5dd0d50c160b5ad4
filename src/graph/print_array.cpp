// Printing arrays as NumPy prints them: the same choice of notation, alignment, wrapping and shortening.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <iterator>
#include <ostream>

#include "core/fail.h"
#include "runnel/array.h"

namespace runnel {
namespace {

constexpr std::int64_t kSummarizeAbove = 1000;  // elements
constexpr std::int64_t kEdge = 3;               // elements shown at each end of a shortened axis
constexpr std::size_t kLineWidth = 75;
constexpr std::size_t kPrecision = 8;  // most digits after the point

// ---- numbers -------------------------------------------------------------------------------------------

// The fewest digits that read back as the same value of its dtype, d.ddd times ten to the exponent.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal shortest(double magnitude, DType dtype) {
  char text[64];
  const auto format = std::chars_format::scientific;
  const char* end = dtype == DType::f32
                        ? std::to_chars(text, text + 64, static_cast<float>(magnitude), format).ptr
                        : std::to_chars(text, text + 64, magnitude, format).ptr;
  Decimal out;
  const char* begin = text;
  const char* e = std::find(begin, end, 'e');
  std::copy_if(begin, e, std::back_inserter(out.digits), [](char c) { return c != '.'; });
  out.exponent = std::stoi(std::string(e + 1, end));
  return out;
}

std::string sign_of(double value) { return std::signbit(value) ? "-" : ""; }

void trim_zeros(std::string& s) { s.erase(s.find_last_not_of('0') + 1); }

// "12.5", "3.", "0.001": all its digits, or rounded to `precision` digits after the point.
std::string positional(double value, DType dtype, std::size_t precision) {
  const Decimal d = shortest(std::abs(value), dtype);
  const auto digits = static_cast<int>(d.digits.size());
  if (digits - 1 - d.exponent > static_cast<int>(precision)) {
    std::string rounded = fmt::format("{:.{}f}", value, precision);
    trim_zeros(rounded);
    return rounded;
  }
  std::string all = d.digits;
  int point = d.exponent + 1;
  if (point <= 0) {
    all.insert(0, static_cast<std::size_t>(1 - point), '0');
    point = 1;
  }
  if (point > static_cast<int>(all.size())) all.append(static_cast<std::size_t>(point) - all.size(), '0');
  std::string fraction = all.substr(static_cast<std::size_t>(point));
  trim_zeros(fraction);
  return sign_of(value) + all.substr(0, static_cast<std::size_t>(point)) + "." + fraction;
}

// The three parts of "-1.25e-07".
struct Scientific {
  std::string whole, fraction, exponent;
};
// At least `fewest` digits behind the point: where the shortest text has less, those of the value itself.
Scientific scientific(double value, DType dtype, std::size_t fewest = 0) {
  const Decimal d = shortest(std::abs(value), dtype);
  std::string fraction = d.digits.substr(1);
  std::string whole = d.digits.substr(0, 1);
  int exponent = d.exponent;
  if (fraction.size() > kPrecision || fraction.size() < fewest) {
    const std::string text = fmt::format("{:.{}e}", std::abs(value), fewest > 0 ? fewest : kPrecision);
    const std::size_t e = text.find('e');
    whole = text.substr(0, 1);
    fraction = text.substr(2, e - 2);
    exponent = std::stoi(text.substr(e + 1));
  }
  if (fewest == 0) trim_zeros(fraction);
  return {sign_of(value) + whole, fraction,
          fmt::format("{}{:02}", exponent < 0 ? "-" : "+", std::abs(exponent))};
}

std::string not_finite(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

// A number on its own is printed to its last digit.
std::string lone_number(double value, DType dtype) {
  if (!std::isfinite(value)) return not_finite(value);
  const double magnitude = std::abs(value);
  if (magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16)) {
    const std::string s = positional(value, dtype, 1000);
    return s.ends_with('.') ? s + "0" : s;
  }
  const Decimal d = shortest(magnitude, dtype);
  const std::string fraction = d.digits.size() > 1 ? "." + d.digits.substr(1) : "";
  return fmt::format("{}{}{}e{}{:02}", sign_of(value), d.digits[0], fraction, d.exponent < 0 ? "-" : "+",
                     std::abs(d.exponent));
}

std::string padded(const std::string& s, std::size_t width) {
  return std::string(width - std::min(width, s.size()), ' ') + s;
}

// How the elements of one array are written, so that they stand below each other.
class FloatFormat {
 public:
  FloatFormat(const std::vector<double>& shown, DType dtype) : dtype_(dtype) {
    std::vector<double> finite;
    std::copy_if(shown.begin(), shown.end(), std::back_inserter(finite),
                 [](double v) { return std::isfinite(v); });
    scientific_ = needs_exponents(finite);
    for (double v : finite) scientific_ ? measure_scientific(v) : measure_positional(v);
    if (scientific_) right_ = fraction_ + exponent_ + 1;
    for (double v : shown)
      if (!std::isfinite(v)) {
        const std::size_t size = not_finite(v).size();
        left_ = std::max(left_, size - std::min(size, right_ + 1));
      }
  }

  std::string operator()(double v) const {
    if (!std::isfinite(v)) return padded(not_finite(v), left_ + right_ + 1);
    if (!scientific_) {
      const std::string s = positional(v, dtype_, kPrecision);
      const std::size_t point = s.find('.');
      return padded(s.substr(0, point), left_) + s.substr(point) +
             std::string(right_ - (s.size() - point - 1), ' ');
    }
    const Scientific s = scientific(v, dtype_, fraction_);
    const std::string zeros(exponent_ - s.exponent.size(), '0');
    return padded(s.whole, left_) + "." + s.fraction + "e" + s.exponent[0] + zeros + s.exponent.substr(1);
  }

 private:
  static bool needs_exponents(const std::vector<double>& finite) {
    double largest = 0;
    double smallest = INFINITY;
    for (double v : finite) {
      if (v == 0) continue;
      largest = std::max(largest, std::abs(v));
      smallest = std::min(smallest, std::abs(v));
    }
    return largest > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e3);
  }
  void measure_scientific(double v) {
    const Scientific s = scientific(v, dtype_);
    left_ = std::max(left_, s.whole.size());
    fraction_ = std::max(fraction_, s.fraction.size());
    exponent_ = std::max(exponent_, s.exponent.size());
  }
  void measure_positional(double v) {
    const std::string s = positional(v, dtype_, kPrecision);
    const std::size_t point = s.find('.');
    left_ = std::max(left_, point);
    right_ = std::max(right_, s.size() - point - 1);
  }

  DType dtype_;
  bool scientific_ = false;
  std::size_t left_ = 0;   // characters before the point
  std::size_t right_ = 0;  // and behind it
  std::size_t fraction_ = 0;
  std::size_t exponent_ = 0;  // digits and sign
};

// ---- arrays --------------------------------------------------------------------------------------------

class Printer {
 public:
  explicit Printer(const Array& array)
      : array_(array), values_(array.to_doubles()), strides_(row_major(array.shape())) {
    summarize_ = array.size() > kSummarizeAbove;
    std::vector<double> shown;
    visit(0, 0, [&](std::int64_t i) { shown.push_back(values_[static_cast<std::size_t>(i)]); });
    if (is_float(array.dtype())) {
      format_ = FloatFormat(shown, array.dtype());
    } else {
      std::size_t width = array.dtype() == DType::boolean ? 5 : 0;
      for (double v : shown) width = std::max(width, whole(v).size());
      format_ = [this, width](double v) { return padded(whole(v), width); };
    }
  }

  std::string print() const {
    if (array_.rank() == 0)
      return is_float(array_.dtype()) ? lone_number(values_[0], array_.dtype()) : whole(values_[0]);
    if (array_.size() == 0) return "[]";
    return axis(0, 0, kLineWidth);
  }

 private:
  std::string whole(double v) const {
    if (array_.dtype() == DType::boolean) return v != 0 ? "True" : "False";
    return fmt::format("{}", static_cast<std::int64_t>(v));
  }

  bool shortened(std::int64_t n) const { return summarize_ && n > 2 * kEdge; }

  // f(offset) for each element that is shown.
  template <class F>
  void visit(std::size_t depth, std::int64_t offset, F f) const {
    if (depth == array_.shape().size()) return f(offset);
    const std::int64_t n = array_.shape()[depth];
    for (std::int64_t i = 0; i < n; ++i) {
      if (shortened(n) && i == kEdge) i = n - kEdge;
      visit(depth + 1, offset + i * strides_[depth], f);
    }
  }

  // The items of one axis, "..." among them where it is shortened.
  template <class Item>
  std::vector<std::string> items(std::size_t depth, std::int64_t offset, Item item) const {
    const std::int64_t n = array_.shape()[depth];
    std::vector<std::string> out;
    for (std::int64_t i = 0; i < n; ++i) {
      if (shortened(n) && i == kEdge) {
        out.push_back("...");
        i = n - kEdge;
      }
      out.push_back(item(offset + i * strides_[depth]));
    }
    return out;
  }

  std::string axis(std::size_t depth, std::int64_t offset, std::size_t width) const {
    const std::string indent(depth + 1, ' ');
    if (depth + 1 == array_.shape().size())
      return wrapped(
          items(depth, offset, [&](std::int64_t i) { return format_(values_[static_cast<std::size_t>(i)]); }),
          indent, width - 1);
    const std::string between = std::string(array_.shape().size() - depth - 1, '\n') + indent;
    const auto rows = items(depth, offset, [&](std::int64_t i) { return axis(depth + 1, i, width - 1); });
    return fmt::format("[{}]", fmt::join(rows, between));
  }

  static std::string wrapped(const std::vector<std::string>& words, const std::string& indent,
                             std::size_t width) {
    std::string out = "[";
    std::size_t column = indent.size();
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (column + words[i].size() > width && column > indent.size()) {
        out.erase(out.find_last_not_of(' ') + 1);
        out += "\n" + indent;
        column = indent.size();
      }
      out += words[i];
      column += words[i].size() + 1;
      if (i + 1 < words.size()) out += ' ';
    }
    return out + "]";
  }

  const Array& array_;
  std::vector<double> values_;
  Strides strides_;
  bool summarize_ = false;
  std::function<std::string(double)> format_;
};

}  // namespace

std::string to_string(const Array& array) {
  if (array.is_traced()) return fmt::format("Array(traced {})", to_string(array.type()));
  return Printer(array).print();
}

std::ostream& operator<<(std::ostream& out, const Array& array) { return out << to_string(array); }

}  // namespace runnel
