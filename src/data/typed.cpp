// From the texts of a column to what they mean, by a format that is known.
#include "data/typed.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/dates.h"
#include "data/numbers.h"
#include "data/truths.h"

namespace runnel::data {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Truths are also read in a column of 0 and 1: what was 1 in one file is TRUE in another.
Meaning as_number(std::string_view text, const ColumnFormat& format, const MissingWords& missing) {
  const auto number = read_number(text, format.number);
  // -999 is missing however the column writes it: -999,0.
  if (number && missing.contains(*number)) return {nan, nan, true, false};
  if (number) return {*number, nan, std::isnan(*number), false};
  if (format.truths)
    if (const auto truth = parse_truth(text)) return {*truth ? 1.0 : 0.0, nan};
  return {nan, nan, false, true};
}

}  // namespace

Meaning meaning_of(std::string_view text, const ColumnFormat& format, const MissingWords& missing) {
  // A number is missing by its value, which the format tells: -1.000 may be -1000.
  const bool by_text = format.type == ColumnType::number;
  if (by_text ? missing.contains_text(text) : missing.contains(text)) return {nan, nan, true, false};
  switch (format.type) {
    case ColumnType::text:
      return {nan, nan};
    case ColumnType::number:
      return as_number(text, format, missing);
    case ColumnType::truth:
      if (const auto truth = parse_truth(text)) return {*truth ? 1.0 : 0.0, nan};
      return {nan, nan, false, true};
    case ColumnType::date:
      if (const auto moment = parse_date(text, format.date)) return {moment->utc, moment->local};
      return {nan, nan, false, true};
  }
  return {nan, nan};
}

namespace {

void fill_numbers(const std::vector<Meaning>& meanings, const std::vector<Meaning>& plain,
                  const std::vector<std::uint8_t>& absent, Column& column) {
  const std::size_t rows = column.texts.size();
  const bool offsets =
      column.type == ColumnType::date && std::any_of(meanings.begin(), meanings.end(), [](const Meaning& m) {
        return !std::isnan(m.value) && m.local != m.value;
      });
  column.numbers.assign(rows, nan);
  if (offsets) column.local.assign(rows, nan);
  for (std::size_t row = 0; row < rows; ++row) {
    if (!absent.empty() && absent[row]) continue;
    const bool is_plain = !plain.empty() && column.plain[row];
    const Meaning& m = (is_plain ? plain : meanings)[column.texts.code(row)];
    column.numbers[row] = m.value;
    if (offsets) column.local[row] = m.local;
    if (m.unread && column.unread++ == 0) column.first_unread = row;
  }
}

std::vector<Meaning> meanings_of(const Texts& texts, const ColumnFormat& format,
                                 const MissingWords& missing) {
  std::vector<Meaning> out;
  out.reserve(texts.count_different());
  for (std::size_t code = 0; code < texts.count_different(); ++code)
    out.push_back(meaning_of(texts.different(code), format, missing));
  return out;
}

}  // namespace

Column read_as(RawColumn raw, const ColumnFormat& format, const MissingWords& missing) {
  Column column{.name = std::move(raw.name),
                .type = format.type,
                .number = format.number,
                .truths = format.truths,
                .date = format.date,
                .texts = std::move(raw.texts)};
  column.plain = std::move(raw.plain);
  const std::vector<Meaning> meanings = meanings_of(column.texts, format, missing);
  if (format.type != ColumnType::text) {
    std::vector<Meaning> plain;
    if (!column.plain.empty() && format.type == ColumnType::number && format.number != NumberFormat{}) {
      ColumnFormat as_written = format;
      as_written.number = {};
      plain = meanings_of(column.texts, as_written, missing);
    }
    fill_numbers(meanings, plain, raw.absent, column);
    return column;
  }
  column.missing.resize(column.texts.size());
  for (std::size_t row = 0; row < column.texts.size(); ++row)
    column.missing[row] =
        (!raw.absent.empty() && raw.absent[row]) || meanings[column.texts.code(row)].missing;
  return column;
}

PresentTexts present_texts(const RawColumn& column, const MissingWords& missing) {
  const Texts& texts = column.texts;
  const bool every_row = column.absent.empty() && column.plain.empty();
  std::vector<std::uint8_t> stands(texts.count_different(), every_row ? 1 : 0), written = stands;
  for (std::size_t row = 0; !every_row && row < texts.size(); ++row) {
    if (!column.absent.empty() && column.absent[row]) continue;
    stands[texts.code(row)] = 1;
    if (column.plain.empty() || !column.plain[row]) written[texts.code(row)] = 1;
  }
  PresentTexts out;
  for (std::size_t code = 0; code < texts.count_different(); ++code) {
    const std::string_view text = texts.different(code);
    if (!stands[code] || missing.contains(text)) continue;
    out.all.push_back(text);
    if (written[code]) out.written.push_back(text);
  }
  return out;
}

}  // namespace runnel::data
