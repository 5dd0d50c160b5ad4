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

// What one of the different texts comes to.
struct Meaning {
  double value = nan, local = nan;
  bool missing = false, unread = false;
};

// Truths are also read in a column of 0 and 1: what was 1 in one file is TRUE in another.
Meaning as_number(std::string_view text, const ColumnFormat& format) {
  if (const auto number = parse_number(text, format.number))
    return {*number, nan, std::isnan(*number), false};
  if (format.truths)
    if (const auto truth = parse_truth(text)) return {*truth ? 1.0 : 0.0, nan};
  return {nan, nan, false, true};
}

Meaning meaning_of(std::string_view text, const ColumnFormat& format, const MissingWords& missing) {
  if (missing.contains(text)) return {nan, nan, true, false};
  switch (format.type) {
    case ColumnType::text:
      return {};
    case ColumnType::number:
      return as_number(text, format);
    case ColumnType::truth:
      if (const auto truth = parse_truth(text)) return {*truth ? 1.0 : 0.0, nan};
      return {nan, nan, false, true};
    case ColumnType::date:
      if (const auto moment = parse_date(text, format.date)) return {moment->utc, moment->local};
      return {nan, nan, false, true};
  }
  return {};
}

void fill_numbers(const std::vector<Meaning>& meanings, const std::vector<std::uint8_t>& absent,
                  Column& column) {
  const std::size_t rows = column.texts.size();
  const bool offsets =
      column.type == ColumnType::date && std::any_of(meanings.begin(), meanings.end(), [](const Meaning& m) {
        return !std::isnan(m.value) && m.local != m.value;
      });
  column.numbers.assign(rows, nan);
  if (offsets) column.local.assign(rows, nan);
  for (std::size_t row = 0; row < rows; ++row) {
    if (!absent.empty() && absent[row]) continue;
    const Meaning& m = meanings[column.texts.code(row)];
    column.numbers[row] = m.value;
    if (offsets) column.local[row] = m.local;
    if (m.unread && column.unread++ == 0) column.first_unread = row;
  }
}

}  // namespace

Column read_as(std::string name, Texts texts, const std::vector<std::uint8_t>& absent,
               const ColumnFormat& format, const MissingWords& missing) {
  Column column{.name = std::move(name),
                .type = format.type,
                .number = format.number,
                .truths = format.truths,
                .date = format.date,
                .texts = std::move(texts)};
  std::vector<Meaning> meanings;
  meanings.reserve(column.texts.count_different());
  for (std::size_t code = 0; code < column.texts.count_different(); ++code)
    meanings.push_back(meaning_of(column.texts.different(code), format, missing));
  if (format.type != ColumnType::text) {
    fill_numbers(meanings, absent, column);
    return column;
  }
  column.missing.resize(column.texts.size());
  for (std::size_t row = 0; row < column.texts.size(); ++row)
    column.missing[row] = (!absent.empty() && absent[row]) || meanings[column.texts.code(row)].missing;
  return column;
}

std::vector<std::string_view> present_texts(const Texts& texts, const std::vector<std::uint8_t>& absent,
                                            const MissingWords& missing) {
  std::vector<std::uint8_t> stands(texts.count_different(), absent.empty() ? 1 : 0);
  for (std::size_t row = 0; row < absent.size(); ++row)
    if (!absent[row]) stands[texts.code(row)] = 1;
  std::vector<std::string_view> out;
  for (std::size_t code = 0; code < texts.count_different(); ++code)
    if (stands[code] && !missing.contains(texts.different(code))) out.push_back(texts.different(code));
  return out;
}

}  // namespace runnel::data
