#include "data/row_features.h"

#include <cmath>
#include <limits>

#include "core/fail.h"
#include "core/text.h"
#include "data/numbers.h"
#include "data/typed.h"
#include "data/unread.h"

namespace runnel::data {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Where the reading does not know a column (models of old): as programs write them.
ColumnFormat usual_format(const Encoding& e) {
  switch (e.kind) {
    case Encoding::Kind::date:
      return {.type = ColumnType::date,
              .date = {e.clock ? DateFormat::Order::clock : DateFormat::Order::ymd}};
    case Encoding::Kind::levels:
    case Encoding::Kind::boolean_text:
      return {.type = ColumnType::text};
    default:
      return {};
  }
}

bool is_number_kind(const Encoding& e) {
  return e.kind == Encoding::Kind::number || e.kind == Encoding::Kind::date;
}

// The default words of ReadOptions, where the reading tells of none.
const std::vector<std::string>& words_of(const Reading& reading) {
  static const std::vector<std::string> usual = ReadOptions{}.missing;
  return reading.columns.empty() && reading.missing.empty() ? usual : reading.missing;
}

[[noreturn]] void fail_unread(std::string_view cell, const std::string& column, ColumnType type) {
  fail(
      "[predict] column '{}': '{}' cannot be read as {}, as the column's values were in training; an empty "
      "cell is a missing value",
      column, shortened(cell), plural_of(type));
}

}  // namespace

RowFeatures::RowFeatures(const Preprocessor& preprocessor, const Reading& reading)
    : missing_(words_of(reading)), standardizes_(preprocessor.standardizes()), clip_(preprocessor.clip()) {
  for (const Encoding& e : preprocessor.encodings()) {
    const ColumnFormat* known = reading.find(e.column);
    Part& part = parts_.emplace_back(Part{e, known != nullptr ? *known : usual_format(e)});
    part.first = features_;
    features_ += feature_count(e);
    if (e.kind == Encoding::Kind::block) {
      for (std::size_t j = 0; j < e.width; ++j) names_.push_back(fmt::format("{}[{}]", e.column, j));
      continue;
    }
    names_.push_back(e.column);
    if (is_number_kind(e)) continue;
    part.levels = std::make_unique<const Levels>(e.levels, part.format, e.twins);
    for (const std::string& level : e.levels)
      part.numeric_levels = part.numeric_levels || parse_number(level, {}).has_value();
  }
}

void RowFeatures::expect_count(std::size_t cells) const {
  if (cells == names_.size()) return;
  const std::string names = names_.size() > 40 ? fmt::format("{} ... {}", names_.front(), names_.back())
                                               : fmt::format("{}", fmt::join(names_, ", "));
  fail("[predict] a row of {} where the model reads {}: {}", counted(cells, "cell"), names_.size(), names);
}

template <class T, class Cell>
void RowFeatures::write_all(std::span<const Cell> cells, T* out) const {
  expect_count(cells.size());
  std::fill(out, out + features_, T{0});
  std::size_t cell = 0;
  for (const Part& part : parts_) {
    T* to = out + part.first;
    const Encoding& e = part.encoding;
    if (e.kind != Encoding::Kind::block) {
      put(part, cells[cell++], to);
      continue;
    }
    const std::span<const Cell> values = cells.subspan(cell, e.width);
    cell += e.width;
    if constexpr (std::is_same_v<Cell, double>) {
      const bool words = missing_.has_numbers();
      std::vector<double> present;
      if (words) {
        present.assign(values.begin(), values.end());
        for (double& value : present)
          if (missing_.contains(value)) value = nan;
      }
      Features<T>(standardizes_, clip_).block(e, words ? present.data() : values.data(), to);
    } else {
      std::vector<double> numbers;
      for (const std::string_view text : values) numbers.push_back(number_of(part, text));
      Features<T>(standardizes_, clip_).block(e, numbers.data(), to);
    }
  }
}

template <class T>
void RowFeatures::write(std::span<const std::string_view> cells, T* out) const {
  write_all(cells, out);
}

template <class T>
void RowFeatures::write(std::span<const double> cells, T* out) const {
  write_all(cells, out);
}

// Of an array.
double RowFeatures::number_of(const Part& part, std::string_view cell) const {
  const Meaning m = meaning_of(trimmed(cell), {}, missing_);
  if (m.unread) fail_unread(cell, part.encoding.column, ColumnType::number);
  return m.value;
}

template <class T>
void RowFeatures::put_number(const Part& part, double value, double local, T* out) const {
  const Encoding& e = part.encoding;
  if (std::isinf(value))
    fail("[predict] column '{}': an infinite value; give a number, or nothing where it is missing", e.column);
  if (part.format.type == ColumnType::date) value = date_trend(value, part.format.date.order);
  Features<T>(standardizes_, clip_).number(e, value, local, out);
}

template <class T>
void RowFeatures::put(const Part& part, std::string_view given, T* out) const {
  const Encoding& e = part.encoding;
  const Features<T> features(standardizes_, clip_);
  const std::string_view cell = trimmed(given);
  const Meaning m = meaning_of(cell, part.format, missing_);
  if (m.unread) fail_unread(cell, e.column, part.format.type);
  const bool text = part.format.type == ColumnType::text;
  const bool missing = m.missing || (!text && std::isnan(m.value));
  if (e.only_indicator) return features.indicator(missing, out);
  if (is_number_kind(e)) {
    double value = m.value;
    if (text && !missing) {  // numbers by declaration
      const auto number = parse_number(cell, {});
      if (!number) fail_unread(cell, e.column, ColumnType::number);
      value = *number;
    }
    return put_number(part, value, m.local, out);
  }
  const auto level = missing ? std::nullopt : part.levels->find(cell);
  if (e.kind == Encoding::Kind::boolean_text) return features.boolean_text(e, level, out);
  features.levels(e, level, missing, out);
}

template <class T>
void RowFeatures::put(const Part& part, double value, T* out) const {
  const Encoding& e = part.encoding;
  const Features<T> features(standardizes_, clip_);
  const bool missing = std::isnan(value) || missing_.contains(value);
  if (e.only_indicator) return features.indicator(missing, out);
  if (is_number_kind(e)) return put_number(part, missing ? nan : value, missing ? nan : value, out);
  const bool truths = part.format.type == ColumnType::truth;
  if (!missing && !truths && !part.numeric_levels)
    fail("[predict] column '{}' holds words ({}, ...), which no number is; give the row as texts", e.column,
         e.levels.empty() ? "none" : shortened(e.levels[0]));
  const auto level = missing ? std::nullopt : part.levels->find(from_number(value));
  if (e.kind == Encoding::Kind::boolean_text) return features.boolean_text(e, level, out);
  features.levels(e, level, missing, out);
}

template void RowFeatures::write(std::span<const std::string_view>, float*) const;
template void RowFeatures::write(std::span<const std::string_view>, double*) const;
template void RowFeatures::write(std::span<const double>, float*) const;
template void RowFeatures::write(std::span<const double>, double*) const;

}  // namespace runnel::data
