#include "data/nearly.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/text.h"
#include "data/dates.h"
#include "data/list.h"
#include "data/numbers.h"

namespace runnel::data {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

// The way in which most of the texts could be read: those that are something alone.
std::optional<ColumnFormat> find_most(const std::vector<std::string_view>& texts) {
  std::vector<std::string_view> numbers, dates;
  for (const std::string_view text : texts) {
    if (find_number_format({&text, 1})) numbers.push_back(text);
    if (find_date_format({&text, 1})) dates.push_back(text);
  }
  if (numbers.size() >= dates.size()) {
    if (const auto guess = find_number_format(numbers); guess && !numbers.empty())
      return ColumnFormat{.type = ColumnType::number, .number = guess->format};
  }
  if (const auto guess = find_date_format(dates))
    return ColumnFormat{.type = ColumnType::date, .date = guess->format};
  return std::nullopt;
}

bool reads(std::string_view text, const ColumnFormat& format) {
  return format.type == ColumnType::date ? parse_date(text, format.date).has_value()
                                         : parse_number(text, format.number).has_value();
}

}  // namespace

std::optional<Nearly> nearly(const Column& column) {
  if (column.type != ColumnType::text) return std::nullopt;
  // Most columns of texts hold no number and no date, which the different texts tell without a look at the
  // rows.
  std::vector<std::string_view> texts;
  for (std::size_t code = 0; code < column.texts.count_different(); ++code)
    texts.push_back(column.texts.different(code));
  if (!find_most(texts)) return std::nullopt;
  std::vector<std::size_t> count(column.texts.count_different()), first(count.size(), nowhere);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_missing(row)) continue;
    const std::uint32_t code = column.texts.code(row);
    if (count[code]++ == 0) first[code] = row;
  }
  texts.clear();
  for (std::size_t code = 0; code < count.size(); ++code)
    if (count[code] > 0) texts.push_back(column.texts.different(code));
  const auto format = find_most(texts);
  if (!format) return std::nullopt;
  Nearly out;
  out.format = *format;
  for (std::size_t code = 0; code < count.size(); ++code) {
    if (count[code] == 0) continue;
    out.present += count[code];
    if (reads(column.texts.different(code), *format))
      out.read += count[code];
    else
      out.odd.emplace_back(column.texts.different(code), first[code]);
  }
  if (out.odd.empty() || out.read * 10 < out.present * 9) return std::nullopt;
  std::sort(out.odd.begin(), out.odd.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return out;
}

std::string nearly_text(const Table& table, const Column& column) {
  const auto found = nearly(column);
  if (!found) return "";
  constexpr std::size_t most_words = 5;
  const std::string_view text = found->odd[0].first;
  std::string out = fmt::format("most are {}, but '{}' is not ({})", describe(found->format), shortened(text),
                                table.where(found->odd[0].second));
  if (found->odd.size() > most_words)
    return out + fmt::format(", nor are {} other texts", grouped(found->odd.size() - 1));
  std::vector<std::string> words;
  for (const auto& [word, row] : found->odd) words.emplace_back(word);
  return out + fmt::format(": --missing {} would make it a column of {}", shell_quoted(joined_list(words)),
                           found->format.type == ColumnType::date ? "dates" : "numbers");
}

}  // namespace runnel::data
