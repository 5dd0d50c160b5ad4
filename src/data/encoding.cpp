#include "data/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "data/named_encoding.h"
#include "data/utf8.h"

namespace runnel::data {
namespace {

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

char32_t character_of_windows1252(unsigned char byte) {
  // Where it differs from Latin-1: 0x80 to 0x9F
  // (www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT).
  static constexpr std::array<char32_t, 32> upper = {
      0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};
  return byte >= 0x80 && byte < 0xA0 ? upper[byte - 0x80u] : byte;
}

std::size_t line_at_end(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool is_surrogate(char32_t c) { return c >= 0xD800 && c < 0xE000; }

enum class Order { little, big };

char32_t unit16(std::string_view bytes, std::size_t at, Order order) {
  const auto a = static_cast<unsigned char>(bytes[at]), b = static_cast<unsigned char>(bytes[at + 1]);
  return order == Order::little ? static_cast<char32_t>(a | b << 8) : static_cast<char32_t>(a << 8 | b);
}

std::string from_utf16(std::string_view bytes, Order order, const std::string& label) {
  if (bytes.size() % 2 != 0) {
    fail("{}: truncated: UTF-16 has two bytes for a character, and the file ends after the first of them",
         label);
  }
  std::string out;
  out.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    char32_t c = unit16(bytes, i, order);
    if (is_surrogate(c)) {
      const char32_t low = i + 3 < bytes.size() ? unit16(bytes, i + 2, order) : 0;
      if (c >= 0xDC00 || low < 0xDC00 || low >= 0xE000) {
        fail(
            "{}, line {}: half of a pair of UTF-16 (0x{:04X}) stands alone; the file is damaged, or not "
            "UTF-16: give its encoding with --encoding",
            label, line_at_end(out), static_cast<unsigned>(c));
      }
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    }
    append_utf8(out, c);
  }
  return out;
}

std::string from_utf32(std::string_view bytes, Order order, const std::string& label) {
  if (bytes.size() % 4 != 0) {
    fail("{}: truncated: UTF-32 has four bytes for a character, and the file ends within them", label);
  }
  std::string out;
  out.reserve(bytes.size() / 4);
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const char32_t first = unit16(bytes, i, order), second = unit16(bytes, i + 2, order);
    const char32_t c = order == Order::little ? second << 16 | first : first << 16 | second;
    if (is_surrogate(c) || c > 0x10FFFF) {
      fail("{}, line {}: 0x{:08X} is no character of UTF-32; the file is damaged", label, line_at_end(out),
           static_cast<std::uint32_t>(c));
    }
    append_utf8(out, c);
  }
  return out;
}

// UTF-16 without a mark: read so, the file's beginning is text with an end of a line in it, and a quarter of
// it at least is ASCII (digits, separators). In the wrong order of bytes ASCII becomes letters of far
// scripts, and numbers of 16 bits have values that are no text.
bool reads_as_utf16(std::string_view bytes, Order order) {
  constexpr std::size_t most_bytes = 1 << 16;
  if (bytes.size() % 2 != 0) return false;
  const std::string_view sample = bytes.substr(0, most_bytes);
  std::size_t ascii = 0, ends_of_lines = 0;
  for (std::size_t i = 0; i < sample.size(); i += 2) {
    const char32_t c = unit16(sample, i, order);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
    if (c >= 0xFFFE) return false;
    ascii += c < 0x80;
    ends_of_lines += c == '\n' || c == '\r';
  }
  return ends_of_lines > 0 && ascii * 8 >= sample.size();
}

struct Mark {
  std::string_view bytes, name;
};

// The mark of UTF-32 begins with that of UTF-16, so it comes first.
constexpr std::string_view utf8 = "UTF-8", utf16le = "UTF-16LE", utf16be = "UTF-16BE", utf32le = "UTF-32LE",
                           utf32be = "UTF-32BE";
constexpr std::array<Mark, 5> marks = {Mark{{"\xEF\xBB\xBF", 3}, utf8}, Mark{{"\xFF\xFE\0\0", 4}, utf32le},
                                       Mark{{"\0\0\xFE\xFF", 4}, utf32be}, Mark{{"\xFF\xFE", 2}, utf16le},
                                       Mark{{"\xFE\xFF", 2}, utf16be}};

// Letter for letter, but for case, hyphens and underscores: utf8 is UTF-8.
bool same_name(std::string_view a, std::string_view b) {
  const auto plain = [](std::string_view name) {
    std::string out = lower(name);
    std::erase_if(out, [](char c) { return c == '-' || c == '_'; });
    return out;
  };
  return plain(a) == plain(b);
}

std::string as_utf8(std::string bytes, std::string_view name, std::size_t mark, const std::string& label) {
  const std::string_view rest = std::string_view(bytes).substr(mark);
  if (name == utf16le) return from_utf16(rest, Order::little, label);
  if (name == utf16be) return from_utf16(rest, Order::big, label);
  if (name == utf32le) return from_utf32(rest, Order::little, label);
  if (name == utf32be) return from_utf32(rest, Order::big, label);
  if (mark > 0) bytes.erase(0, mark);
  return bytes;
}

}  // namespace

std::string from_windows1252(unsigned char byte) {
  std::string out;
  append_utf8(out, character_of_windows1252(byte));
  return out;
}

Decoded decode(std::string bytes, const std::string& encoding, const std::string& label) {
  Decoded out;
  const auto mark =
      std::find_if(marks.begin(), marks.end(), [&](const Mark& m) { return bytes.starts_with(m.bytes); });
  if (mark != marks.end()) {
    const std::string_view family = mark->name.substr(0, mark->name.find_first_of("LB"));
    if (!encoding.empty() && !same_name(encoding, mark->name) && !same_name(encoding, family)) {
      out.notes.push_back(fmt::format(
          "the file's first bytes are the mark of {}, and it is read so, not as {}", family, encoding));
    }
    out.text = as_utf8(std::move(bytes), mark->name, mark->bytes.size(), label);
    if (mark->name != utf8) {
      out.notes.push_back(fmt::format("the text is {}", family));
    } else if (!encoding.empty()) {
      check_utf8(out.text, label);
    } else {
      out.utf8 = first_not_utf8(out.text) == std::string::npos;
    }
    return out;
  }
  if (same_name(encoding, utf8)) {
    check_utf8(bytes, label);
    out.text = std::move(bytes);
    return out;
  }
  if (!encoding.empty()) {
    out.text = from_named(bytes, encoding, label);
    return out;
  }
  constexpr std::size_t first_bytes = 1 << 16;
  if (std::string_view(bytes).substr(0, first_bytes).find('\0') != std::string_view::npos) {
    for (const auto& [order, name] : {std::pair{Order::little, utf16le}, std::pair{Order::big, utf16be}}) {
      if (!reads_as_utf16(bytes, order)) continue;
      out.text = as_utf8(std::move(bytes), name, 0, label);
      out.notes.push_back(fmt::format("the text is {}, without a mark that says so", name));
      return out;
    }
  }
  out.utf8 = first_not_utf8(bytes) == std::string::npos;
  out.text = std::move(bytes);
  return out;
}

OtherCells decode_cells(std::string& given, std::string_view separators) {
  std::array<bool, 256> ends_cell = {}, ends_value = {};  // the second: without quotes
  for (const char c : separators) ends_value[static_cast<unsigned char>(c)] = true;
  ends_value['\n'] = ends_value['\r'] = true;
  ends_cell = ends_value;
  ends_cell['"'] = true;
  const std::string_view text = given;
  const auto ends = [&](std::size_t i) { return ends_cell[static_cast<unsigned char>(text[i])]; };

  std::string out;
  out.reserve(text.size() + text.size() / 16);
  std::size_t cells = 0, first_line = 0;
  std::size_t done = 0;
  bool counted_cell = false;  // the cell that `done` stands in
  while (true) {
    const std::size_t bad = first_not_utf8(text.substr(done));
    if (bad == std::string_view::npos) break;
    std::size_t begin = done + bad, end = begin;
    while (begin > done && !ends(begin - 1)) --begin;
    while (end < text.size() && !ends(end)) ++end;
    const auto between = text.substr(done, begin - done);
    counted_cell = counted_cell && std::none_of(between.begin(), between.end(), [&](char c) {
                     return ends_value[static_cast<unsigned char>(c)];
                   });
    out += between;
    if (first_line == 0) first_line = line_at_end(out);
    for (std::size_t i = begin; i < end; ++i)
      append_utf8(out, character_of_windows1252(static_cast<unsigned char>(text[i])));
    cells += !counted_cell;
    counted_cell = true;
    done = end;
  }
  out += text.substr(done);
  given = std::move(out);
  return {cells, first_line};
}

std::string OtherCells::note() const {
  return count == 1 ? fmt::format("a cell in line {} is not UTF-8 and read as Windows-1252", first_line)
                    : fmt::format(
                          "{} are not UTF-8 and read as Windows-1252 (the first in line {}); another "
                          "encoding is given with --encoding",
                          counted(count, "cell"), first_line);
}

}  // namespace runnel::data
