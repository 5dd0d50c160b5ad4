#include "data/arff_tokens.h"

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_quote(char c) { return c == '\'' || c == '"'; }

// The size of the quoted text at the front, with its quotes; npos when it is not closed.
std::size_t quoted_size(std::string_view s) {
  for (std::size_t i = 1; i < s.size(); ++i) {
    if (s[i] == '\\') {
      ++i;
    } else if (s[i] == s[0]) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// What stands in quotes, which Weka writes with a backslash before quotes, % and backslashes, and for ends of
// lines and tabs.
std::string resolved(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    const char c = s[++i];
    out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
  }
  return out;
}

std::string_view without_blanks_before(std::string_view s) {
  while (!s.empty() && is_blank(s[0])) s.remove_prefix(1);
  return s;
}

// Calls f(i) for each character outside quotes, until it gives true; a quote opens where a word begins.
template <class F>
std::size_t find_outside_quotes(std::string_view s, F f) {
  bool word_begins = true;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (word_begins && is_quote(s[i])) {
      const std::size_t size = quoted_size(s.substr(i));
      if (size == std::string_view::npos) return size;
      i += size - 1;
      word_begins = false;
      continue;
    }
    if (f(i)) return i;
    word_begins = is_blank(s[i]) || s[i] == ',' || s[i] == '{';
  }
  return std::string_view::npos;
}

}  // namespace

ArffWord take_word(const ArffPlace& place, std::string_view& rest, std::string_view ends) {
  rest = without_blanks_before(rest);
  ArffWord out;
  if (!rest.empty() && is_quote(rest[0])) {
    const std::size_t size = quoted_size(rest);
    if (size == std::string_view::npos) {
      fail("{}, line {}: a quote is opened and not closed on the line: {}", place.path, place.line,
           shortened(rest));
    }
    out = {resolved(rest.substr(1, size - 2)), true};
    rest.remove_prefix(size);
    return out;
  }
  std::size_t size = 0;
  while (size < rest.size() && !is_blank(rest[size]) && ends.find(rest[size]) == std::string_view::npos)
    ++size;
  out.text = rest.substr(0, size);
  rest.remove_prefix(size);
  return out;
}

std::vector<ArffWord> split_values(const ArffPlace& place, std::string_view list) {
  std::vector<ArffWord> out;
  const auto take_one = [&](std::string_view& rest, bool commas) {
    rest = without_blanks_before(rest);
    if (rest.empty() || is_quote(rest[0]) || !commas) {
      out.push_back(take_word(place, rest, ""));
      rest = without_blanks_before(rest);
    } else {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      out.push_back({std::string(trimmed(rest.substr(0, comma))), false});
      rest.remove_prefix(comma);
    }
    if (out.back().text.empty() && !out.back().quoted) {
      fail("{}, line {}: value {} is empty; a missing value is written ?", place.path, place.line,
           out.size());
    }
  };
  const bool commas =
      find_outside_quotes(list, [&](std::size_t i) { return list[i] == ','; }) != std::string_view::npos;
  std::string_view rest = list;
  while (true) {
    take_one(rest, commas);
    if (rest.empty()) return out;
    if (!commas) continue;
    if (rest[0] != ',') {
      fail("{}, line {}: a comma is expected behind the quoted value {}", place.path, place.line,
           shortened(out.back().text));
    }
    rest.remove_prefix(1);
  }
}

std::string_view without_comment(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t comment = find_outside_quotes(
      line, [&](std::size_t i) { return line[i] == '%' && (i == 0 || is_blank(line[i - 1])); });
  return trimmed(line.substr(0, comment));
}

}  // namespace runnel::data
