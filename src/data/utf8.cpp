#include "data/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {
namespace {

// How many bytes the character at the front has; 0 when it is none of UTF-8.
std::size_t character_size(std::string_view s) {
  const auto byte = [&](std::size_t i) -> unsigned { return static_cast<unsigned char>(s[i]); };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return s.size() >= 2 && follows(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (s.size() < 3 || !follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;   // a shorter form exists
    if (lead == 0xED && byte(1) >= 0xA0) return 0;  // half of a surrogate pair
    return 3;
  }
  if (s.size() < 4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;   // a shorter form exists
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;  // above U+10FFFF
  return 4;
}

}  // namespace

std::size_t first_not_utf8(std::string_view bytes) {
  constexpr std::uint64_t high_bits = 0x8080808080808080u;
  std::size_t i = 0;
  while (i < bytes.size()) {
    // ASCII goes sixteen bytes at a time.
    while (i + 16 <= bytes.size()) {
      std::uint64_t a = 0, b = 0;
      std::memcpy(&a, bytes.data() + i, 8);
      std::memcpy(&b, bytes.data() + i + 8, 8);
      if (((a | b) & high_bits) != 0) break;
      i += 16;
    }
    // Then one character at a time, up to where ASCII may begin again.
    for (const std::size_t stop = std::min(bytes.size(), i + 16); i < stop;) {
      const std::size_t size = character_size(bytes.substr(i));
      if (size == 0) return i;
      i += size;
    }
  }
  return std::string_view::npos;
}

std::size_t line_of(std::string_view text, std::size_t place) {
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
}

void check_utf8(std::string_view text, const std::string& label) {
  const std::size_t bad = first_not_utf8(text);
  if (bad == std::string_view::npos) return;
  fail(
      "{}, line {}: the byte 0x{:02X} is not UTF-8 here; give the encoding of this file with --encoding, or "
      "no "
      "encoding: then cells that are not UTF-8 are read as Windows-1252",
      label, line_of(text, bad), static_cast<unsigned char>(text[bad]));
}

}  // namespace runnel::data
