#include "data/levels.h"

#include <algorithm>
#include <cmath>

#include "data/numbers.h"
#include "data/truths.h"

namespace runnel::data {
namespace {

constexpr std::size_t shared = ~std::size_t{0};  // a value of several texts

// What makes two texts of a column the same but for their spelling: the number, or 0 and 1 for truths.
std::optional<double> value_in(std::string_view text, const ColumnFormat& format) {
  if (format.type == ColumnType::truth) {
    const auto truth = parse_truth(text);
    return truth ? std::optional(*truth ? 1.0 : 0.0) : std::nullopt;
  }
  const auto number = read_number(text, format.number);
  if (!number && format.truths)
    if (const auto truth = parse_truth(text)) return *truth ? 1.0 : 0.0;
  // -0 and 0 are one value; infinities and nan are words. Beyond 2^53 a double may stand for several numbers.
  constexpr double exact = 0x1p53;
  return number && std::abs(*number) < exact ? std::optional(*number + 0.0) : std::nullopt;
}

}  // namespace

Levels::Levels(const std::vector<std::string>& texts, const ColumnFormat& format,
               const std::vector<std::string>& twins)
    : format_(format), texts_(texts) {
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    by_text_.emplace(texts_[i], i);
    const auto value = value_of(texts_[i]);
    if (!value) continue;
    const auto [at, fresh] = by_value_.emplace(*value, i);
    if (!fresh) at->second = shared;
    if (std::find(twins.begin(), twins.end(), texts_[i]) != twins.end()) at->second = shared;
  }
}

std::optional<double> Levels::value_of(std::string_view text) const { return value_in(text, format_); }

std::optional<std::size_t> Levels::find(std::string_view cell) const {
  if (const auto at = by_text_.find(cell); at != by_text_.end()) return at->second;
  const auto value = value_of(cell);
  if (!value) return std::nullopt;
  const auto at = by_value_.find(*value);
  if (at == by_value_.end() || at->second == shared) return std::nullopt;
  return at->second;
}

std::vector<std::string> twins_of(const std::vector<std::string>& levels,
                                  const std::vector<std::string_view>& all, const ColumnFormat& format) {
  std::unordered_map<double, std::size_t> count;
  for (const std::string_view text : all)
    if (const auto value = value_in(text, format)) ++count[*value];
  std::vector<std::string> out;
  for (const std::string& level : levels)
    if (const auto value = value_in(level, format); value && count[*value] > 1) out.push_back(level);
  return out;
}

}  // namespace runnel::data
