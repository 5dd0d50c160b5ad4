// The words of ARFF: what stands between separators, in quotes or not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

struct ArffWord {
  std::string text;     // without its quotes, backslashes resolved
  bool quoted = false;  // '?' in quotes is a text, and bare a missing value
};

// Where in an ARFF file a line stands, for messages.
struct ArffPlace {
  const std::string& path;
  std::size_t line;
};

// The word at the front of `rest` up to a blank or one of `ends`, in quotes (' or ") or not; takes it away,
// and the blanks before it. Fails for a quote that is not closed on the line.
ArffWord take_word(const ArffPlace& place, std::string_view& rest, std::string_view ends);

// The values of a list: what stands between commas, or between blanks where there is no comma outside quotes.
// Fails for an empty one.
std::vector<ArffWord> split_values(const ArffPlace& place, std::string_view list);

// A line without its comment: a % at its beginning, or behind a blank, outside quotes; and without blanks at
// both ends.
std::string_view without_comment(std::string_view line);

}  // namespace runnel::data
