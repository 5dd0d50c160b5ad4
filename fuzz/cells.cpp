// Single cells and small texts: numbers, dates, UTF-8, what messages show of them.
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/dates.h"
#include "data/text.h"
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

void run(std::string_view bytes) {
  const std::string text(bytes);
  if (const auto number = data::to_number(text); number && std::isfinite(*number)) {
    const auto again = data::to_number(data::from_number(*number));
    expect(again && *again == *number, "a number that is written reads back as itself");
  }
  if (const auto year = data::to_year(text))
    expect(*year >= 0 && *year <= 10000, "a date lies in the years from 0 to 9999");
  expect(data::is_utf8(text) == json_takes(text), "UTF-8 is what others take for UTF-8");
  expect(data::is_utf8(data::from_latin1(text)), "Latin-1 becomes UTF-8");
  const std::string shown = data::shortened(text, 8);
  expect(shown.size() <= 11, "a shortened text is short");
  expect(!data::is_utf8(text) || data::is_utf8(shown), "a shortened text is a text");
}

const Target target("cells", run);

}  // namespace
}  // namespace runnel::fuzz
