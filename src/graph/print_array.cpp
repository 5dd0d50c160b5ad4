// Printing arrays as NumPy does.
#include <algorithm>
#include <cmath>
#include <ostream>

#include "core/fail.h"
#include "runnel/array.h"

namespace runnel {
namespace {

constexpr std::int64_t kSummarizeAbove = 1000;  // elements
constexpr std::int64_t kEdge = 3;               // elements shown at each end of a shortened axis
constexpr std::size_t kLineWidth = 75;
constexpr int kPrecision = 8;

// The shortest text that reads back as the same value of its dtype, at most kPrecision digits after the point.
std::string decimal(double value, DType dtype, bool scientific) {
  const std::string exact = dtype == DType::f32 ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  if (scientific) return fmt::format("{:.{}e}", value, kPrecision);
  std::string fixed = fmt::format("{:.{}f}", value, kPrecision);
  if (exact.find('e') == std::string::npos) {
    const auto point = exact.find('.');
    const std::size_t digits = point == std::string::npos ? 0 : exact.size() - point - 1;
    if (digits < kPrecision) fixed = fmt::format("{:.{}f}", value, digits);
  }
  if (fixed.find('.') == std::string::npos) return fixed + ".";
  fixed.erase(fixed.find_last_not_of('0') + 1);
  return fixed;
}

class Printer {
 public:
  explicit Printer(const Array& array) : array_(array), values_(array.to_doubles()), strides_(row_major(array.shape())) {
    summarize_ = array.size() > kSummarizeAbove;
    choose_notation();
    visit(0, 0, [&](std::int64_t i) { width_ = std::max(width_, text(i).size()); });
    if (is_float(array.dtype())) align_points();
  }

  std::string print() const {
    if (array_.rank() == 0) return is_float(array_.dtype()) ? trimmed_point(text(0)) : text(0);
    if (array_.size() == 0) return "[]";
    return axis(0, 0, 1);
  }

 private:
  static std::string trimmed_point(std::string s) { return s.ends_with('.') ? s + "0" : s; }

  template <class F>
  void visit(std::size_t depth, std::int64_t offset, F f) const {
    if (depth == array_.shape().size()) return f(offset);
    const std::int64_t n = array_.shape()[depth];
    for (std::int64_t i = 0; i < n; ++i) {
      if (shortened(n) && i == kEdge) i = n - kEdge;
      visit(depth + 1, offset + i * strides_[depth], f);
    }
  }
  bool shortened(std::int64_t n) const { return summarize_ && n > 2 * kEdge; }

  void choose_notation() {
    double largest = 0;
    double smallest = INFINITY;
    visit(0, 0, [&](std::int64_t i) {
      const double a = std::abs(values_[static_cast<std::size_t>(i)]);
      if (!std::isfinite(a) || a == 0) return;
      largest = std::max(largest, a);
      smallest = std::min(smallest, a);
    });
    scientific_ = largest >= 1e8 || (largest > 0 && smallest < 1e-4) || (largest > 0 && largest / smallest > 1e3 && smallest < 1e-4);
  }

  void align_points() {
    std::size_t whole = 0;
    visit(0, 0, [&](std::int64_t i) {
      const std::string s = text(i);
      const std::size_t point = std::min(s.find('.'), s.size());
      whole = std::max(whole, point);
      fraction_ = std::max(fraction_, s.size() - point);
    });
    width_ = whole + fraction_;
  }

  std::string text(std::int64_t i) const {
    const double v = values_[static_cast<std::size_t>(i)];
    switch (array_.dtype()) {
      case DType::boolean: return v != 0 ? "True" : "False";
      case DType::i32:
      case DType::u32: return fmt::format("{}", static_cast<std::int64_t>(v));
      default: break;
    }
    if (!std::isfinite(v)) return std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
    return decimal(v, array_.dtype(), scientific_);
  }

  std::string cell(std::int64_t i) const {
    std::string s = text(i);
    if (fraction_ > 0) {
      const std::size_t point = std::min(s.find('.'), s.size());
      if (point < s.size()) s += std::string(fraction_ - (s.size() - point), ' ');
    }
    return s.size() < width_ ? std::string(width_ - s.size(), ' ') + s : s;
  }

  std::string axis(std::size_t depth, std::int64_t offset, std::size_t indent) const {
    const std::int64_t n = array_.shape()[depth];
    const bool last = depth + 1 == array_.shape().size();
    const std::string line_break = std::string(last ? 1 : array_.shape().size() - depth - 1, '\n') + std::string(indent, ' ');
    std::string out = "[";
    std::size_t column = indent;
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) out += last ? " " : line_break;
      if (shortened(n) && i == kEdge) {
        out += last ? "... " : "..." + line_break;
        i = n - kEdge;
      }
      if (last) {
        const std::string s = cell(offset + i * strides_[depth]);
        if (i > 0 && column + s.size() + 1 > kLineWidth) {
          out.back() = '\n';
          out += std::string(indent, ' ');
          column = indent;
        }
        out += s;
        column += s.size() + 1;
      } else {
        out += axis(depth + 1, offset + i * strides_[depth], indent + 1);
      }
    }
    return out + "]";
  }

  const Array& array_;
  std::vector<double> values_;
  Strides strides_;
  bool summarize_ = false;
  bool scientific_ = false;
  std::size_t width_ = 0;
  std::size_t fraction_ = 0;
};

}  // namespace

std::string to_string(const Array& array) {
  if (array.is_traced()) return fmt::format("Array(traced {})", to_string(array.type()));
  return Printer(array).print();
}

std::ostream& operator<<(std::ostream& out, const Array& array) { return out << to_string(array); }

}  // namespace runnel
