// Single cells and small texts: numbers, dates, truths, what messages show of them.
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "data/dates.h"
#include "data/encoding.h"
#include "data/numbers.h"
#include "data/truths.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

// nlohmann's writer refuses what is no UTF-8: another reading of the same definition (Unicode, table 3-7).
bool json_takes(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::vector<std::string_view> lines_of(std::string_view bytes) {
  std::vector<std::string_view> out;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    out.push_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return out;
}

// The lines as the different texts of a column: what is found reads all of them.
void expect_found_formats_read(std::string_view bytes) {
  const std::vector<std::string_view> texts = lines_of(bytes);
  if (texts.empty()) return;
  if (const auto guess = data::find_number_format(texts)) {
    for (const std::string_view text : texts)
      expect(data::parse_number(text, guess->format).has_value(), "a format that is found reads every text");
    expect(!guess->other || data::parse_number(guess->example, *guess->other) !=
                                data::parse_number(guess->example, guess->format),
           "another reading gives the example another value");
  }
  if (const auto guess = data::find_date_format(texts)) {
    for (const std::string_view text : texts) {
      const auto moment = data::parse_date(text, guess->format);
      expect(moment && std::isfinite(moment->utc), "a format that is found reads every text");
      if (guess->format.order == DateFormat::Order::clock) continue;
      const data::Calendar c = data::calendar_of(moment->local);
      expect(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 && c.elapsed >= 0 && c.elapsed < 1,
             "a date lies on the calendar");
    }
  }
  if (data::are_truths(texts))
    for (const std::string_view text : texts)
      expect(data::parse_truth(text).has_value(), "truths are truths each");
}

void run(std::string_view bytes) {
  const std::string text(bytes);
  if (const auto number = to_number(text); number && std::isfinite(*number)) {
    const auto again = to_number(from_number(*number));
    expect(again && *again == *number, "a number that is written reads back as itself");
    expect(data::parse_number(text, {}) == number, "the plain format reads what a program writes");
  }
  if (const auto year = data::to_year(text))
    expect(*year >= -1 && *year <= 10000, "a date lies in the years from 0 to 9999, but for its offset");
  expect(is_utf8(text) == json_takes(text), "UTF-8 is what others take for UTF-8");
  for (const char c : text)
    expect(is_utf8(data::from_windows1252(static_cast<unsigned char>(c))), "Windows-1252 becomes UTF-8");
  const std::string shown = shortened(text, 8);
  expect(shown.size() <= 11, "a shortened text is short");
  expect(!is_utf8(text) || is_utf8(shown), "a shortened text is a text");
  expect_found_formats_read(bytes);
}

const Target target("cells", run);

}  // namespace
}  // namespace runnel::fuzz
