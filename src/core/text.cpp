#include "core/text.h"

#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace runnel {

std::string_view trimmed(std::string_view s) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && space(s.front())) s.remove_prefix(1);
  while (!s.empty() && space(s.back())) s.remove_suffix(1);
  return s;
}

bool is_word(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(),
                                   [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::optional<double> to_number(std::string_view s) {
  if (s.size() > 1 && s[0] == '+' && s[1] != '-') s.remove_prefix(1);
  if (s.empty()) return std::nullopt;
  double value = 0;
  const auto [end, error] = fast_float::from_chars(s.data(), s.data() + s.size(), value);
  if (end != s.data() + s.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Some releases report overflow, some return the infinity; a number too small to hold is zero.
    if (std::abs(value) < 1) return value;
    return s[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::string from_number(double x) {
  if (x == 0) return "0";
  // fmt writes 1e+16 and above, and whole numbers of any size below, in their shortest form.
  return fmt::format("{}", x);
}

std::string grouped(std::size_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string counted(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(n), noun, n == 1 ? "" : "s");
}

std::string shortened(std::string_view s, std::size_t most) {
  std::string out(s.substr(0, most));
  if (s.size() > most) {
    // Do not cut a UTF-8 character in two.
    while (!out.empty() && (static_cast<unsigned char>(s[out.size()]) & 0xC0u) == 0x80u) out.pop_back();
    out += "...";
  }
  for (char& c : out) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return out;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain = "_-+=:,./@%^";
  const auto needs_none = [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || static_cast<unsigned char>(c) >= 0x80 || plain.find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), needs_none)) return std::string(word);
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

namespace {

// Levenshtein's distance, two rows at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min({row[j] + (a[i] == b[j] ? 0u : 1u), row[j + 1] + 1, next[j] + 1});
    }
    std::swap(row, next);
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& names) {
  const std::string wanted = lower(name);
  std::string best;
  // At most a third of the letters (and always two) may differ.
  std::size_t least = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  for (const std::string& candidate : names) {
    const std::string have = lower(candidate);
    std::size_t distance = edit_distance(wanted, have);
    // A part of a name is near it too: "popularity" for "track_popularity".
    if (wanted.size() >= 4 && have.find(wanted) != std::string::npos) {
      distance = std::min<std::size_t>(distance, 2);
    }
    if (distance < least && distance < std::max(wanted.size(), have.size())) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& names) {
  const std::string near = nearest(name, names);
  if (!near.empty()) return fmt::format("; did you mean '{}'?", near);
  if (names.empty()) return "";
  constexpr std::size_t most = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    list += (i ? ", " : "") + shortened(names[i]);
  }
  if (names.size() > most) list += fmt::format(", ... ({} in all)", names.size());
  return "; there are: " + list;
}

}  // namespace runnel
