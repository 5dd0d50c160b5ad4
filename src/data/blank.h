// Blanks in cells: what people and programs put between a number and its unit, or around either.
#pragma once

#include <cstddef>
#include <string_view>

namespace runnel::data {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The bytes of the blank that s begins with: a space, a tab, or one of the spaces U+00A0 (no-break), U+2009
// (thin) and U+202F (narrow no-break), which spreadsheets and browsers write; 0 when there is none.
inline std::size_t blank_at_front(std::string_view s) {
  if (s.empty()) return 0;
  if (s[0] == ' ' || s[0] == '\t') return 1;
  if (s.starts_with("\xC2\xA0")) return 2;
  return s.starts_with("\xE2\x80\x89") || s.starts_with("\xE2\x80\xAF") ? 3 : 0;
}

inline std::size_t blank_at_back(std::string_view s) {
  if (s.empty()) return 0;
  if (s.back() == ' ' || s.back() == '\t') return 1;
  if (s.ends_with("\xC2\xA0")) return 2;
  return s.ends_with("\xE2\x80\x89") || s.ends_with("\xE2\x80\xAF") ? 3 : 0;
}

// Takes the blanks off the front of s; whether there was one.
inline bool skip_blanks(std::string_view& s) {
  const std::size_t before = s.size();
  while (const std::size_t bytes = blank_at_front(s)) s.remove_prefix(bytes);
  return s.size() != before;
}

inline void drop_blanks_behind(std::string_view& s) {
  while (const std::size_t bytes = blank_at_back(s)) s.remove_suffix(bytes);
}

inline std::string_view without_blanks(std::string_view s) {
  skip_blanks(s);
  drop_blanks_behind(s);
  return s;
}

}  // namespace runnel::data
