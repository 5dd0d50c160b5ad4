// In which order the dates of a column stand.
#include <algorithm>

#include "data/blank.h"
#include "data/dates.h"

namespace runnel::data {
namespace {

using Order = DateFormat::Order;
using TextSpan = std::span<const std::string_view>;

bool reads_all(TextSpan texts, Order order) {
  return !texts.empty() && std::ranges::all_of(texts, [&](std::string_view s) {
    return parse_date(s, {.order = order}).has_value();
  });
}

bool is_of_digits(std::string_view s) { return std::ranges::all_of(without_blanks(s), is_digit); }

// Numbers of eight digits are dates where each is a day of a year that a table may tell of; one number may be
// that by chance.
bool are_compact_dates(TextSpan texts) {
  if (texts.size() < 2) return false;
  return std::ranges::all_of(texts, [](std::string_view s) {
    constexpr double first = 1900, end = 2101;
    if (without_blanks(s).size() != 8) return false;
    const auto moment = parse_date(s, {.order = Order::ymd});
    return moment && year_of(moment->local) >= first && year_of(moment->local) < end;
  });
}

// The order that is usual with the separator that stands in the text.
Order usual_order(std::string_view text) {
  const std::size_t at = text.find_first_of("./-");
  return at != std::string_view::npos && text[at] == '/' ? Order::mdy : Order::dmy;
}

// Day first and month first both read all texts.
DateGuess choose(TextSpan texts) {
  const auto differing = std::ranges::find_if(texts, [](std::string_view s) {
    return parse_date(s, {.order = Order::dmy}) != parse_date(s, {.order = Order::mdy});
  });
  if (differing == texts.end()) {
    // 01/01/2019 and 02/02/2019 alone.
    const auto parted = std::ranges::find_if(
        texts, [](std::string_view s) { return s.find_first_of("./-") != std::string_view::npos; });
    return {.format = {.order = usual_order(parted == texts.end() ? texts.front() : *parted)}};
  }
  const Order order = usual_order(*differing);
  return {.format = {.order = order},
          .other = DateFormat{.order = order == Order::dmy ? Order::mdy : Order::dmy},
          .example = std::string(*differing)};
}

}  // namespace

std::optional<DateGuess> find_date_format(std::span<const std::string_view> texts,
                                          std::optional<Order> wanted) {
  if (std::ranges::all_of(texts, is_of_digits) && !are_compact_dates(texts)) return std::nullopt;
  if (wanted && reads_all(texts, *wanted)) return DateGuess{.format = {.order = *wanted}};
  for (const Order order : {Order::ymd, Order::clock}) {
    if (reads_all(texts, order)) return DateGuess{.format = {.order = order}};
  }
  const bool day_first = reads_all(texts, Order::dmy), month_first = reads_all(texts, Order::mdy);
  if (day_first && month_first) return choose(texts);
  if (day_first) return DateGuess{.format = {.order = Order::dmy}};
  if (month_first) return DateGuess{.format = {.order = Order::mdy}};
  return std::nullopt;
}

}  // namespace runnel::data
