#include "data/aligned.h"

#include <algorithm>
#include <cctype>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_end(char c) { return c == '\n' || c == '\r'; }

struct Record {
  std::vector<std::string_view> fields;  // with their quotes
  std::string_view end;                  // the end of its line, as it stands; empty at the end of the text
};

// The size of the quoted text at the front; both "" and \" are quotes inside.
std::size_t quoted_size(std::string_view s) {
  for (std::size_t i = 1; i < s.size(); ++i) {
    if (s[i] == '\\' && i + 1 < s.size() && s[i + 1] == '"') {
      ++i;
    } else if (s[i] == '"') {
      if (i + 1 == s.size() || s[i + 1] != '"') return i + 1;
      ++i;
    }
  }
  return s.size();
}

// The size of the blanks at the front.
std::size_t blanks_size(std::string_view s) {
  std::size_t n = 0;
  while (n < s.size() && is_blank(s[n])) ++n;
  return n;
}

bool sets_apart(std::string_view blanks, std::size_t least) {
  return blanks.size() >= least || blanks.find('\t') != std::string_view::npos;
}

// The size of the field at the front of s, which begins with no blank.
std::size_t field_size(std::string_view s, std::size_t least) {
  std::size_t n = s.starts_with('"') ? quoted_size(s) : 0;
  while (n < s.size() && !is_end(s[n])) {
    if (!is_blank(s[n])) {
      ++n;
      continue;
    }
    const std::size_t blanks = blanks_size(s.substr(n));
    const bool last = n + blanks == s.size() || is_end(s[n + blanks]);
    if (last || sets_apart(s.substr(n, blanks), least)) return n;
    n += blanks;
  }
  return n;
}

// Takes one line (or several, where quotes hold them together) from the front.
Record take_record(std::string_view& text, std::size_t least) {
  Record out;
  while (true) {
    text.remove_prefix(blanks_size(text));
    if (text.empty() || is_end(text[0])) break;
    const std::size_t size = field_size(text, least);
    out.fields.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  const std::size_t end = text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1;
  out.end = text.substr(0, end);
  text.remove_prefix(end);
  return out;
}

// All lines of a sample that hold something.
std::vector<Record> records_of(std::string_view sample, bool whole, std::size_t least) {
  std::vector<Record> out;
  while (!sample.empty()) {
    Record record = take_record(sample, least);
    if (record.end.empty() && !whole) break;
    if (!record.fields.empty()) out.push_back(std::move(record));
  }
  return out;
}

// A decimal comma does as well as a point; a comma behind the digits is a separator.
bool is_number(std::string_view s) {
  std::string plain(s);
  if (const auto comma = plain.find(','); comma != std::string::npos) {
    if (comma + 1 == plain.size()) return false;
    plain[comma] = '.';
  }
  return to_number(plain).has_value();
}

bool is_missing(std::string_view s) { return s == "?" || s == "NA" || s == "." || s == "NaN"; }

// Whether one name stands above two columns, the first of which has none.
bool lacks_a_name(const std::vector<Record>& records) {
  const std::size_t names = records[0].fields.size();
  if (names + 1 != records[1].fields.size()) return false;
  return names >= 2 || records[1].fields[0].starts_with('"');
}

bool consistent(const std::vector<Record>& records) {
  if (records.size() < 2) return false;
  const std::size_t width = records[1].fields.size();
  if (width < 2 || (records[0].fields.size() != width && !lacks_a_name(records))) return false;
  std::size_t with_separators = 0;
  for (std::size_t r = 0; r < records.size(); ++r) {
    const auto& fields = records[r].fields;
    if (r > 0 && fields.size() != width) return false;
    with_separators += std::any_of(fields.begin(), fields.end() - 1, [](std::string_view f) {
      return f.ends_with(',') || f.ends_with(';') || f.ends_with('|');
    });
  }
  return 2 * with_separators < records.size();
}

// Whether all fields of some column are numbers below the first line, or all in quotes.
bool has_numbers_or_quotes(const std::vector<Record>& records) {
  for (std::size_t c = 0; c < records[1].fields.size(); ++c) {
    std::size_t numbers = 0, quoted = 0, others = 0;
    for (std::size_t r = 1; r < records.size(); ++r) {
      const std::string_view field = records[r].fields[c];
      if (field.starts_with('"')) {
        ++quoted;
      } else if (is_number(field)) {
        ++numbers;
      } else if (!is_missing(field)) {
        ++others;
      }
    }
    if (others == 0 && (numbers == 0) != (quoted == 0)) return true;
  }
  return false;
}

// Whether a cell is several numbers with blanks between them.
bool is_numbers(std::string_view cell) {
  std::size_t numbers = 0;
  for (std::string_view rest = cell; !rest.empty();) {
    const Record pieces = take_record(rest, 1);
    for (const std::string_view piece : pieces.fields) {
      if (!is_number(piece)) return false;
      ++numbers;
    }
  }
  return numbers > 1;
}

}  // namespace

std::optional<std::size_t> find_blanks(std::string_view sample, bool whole) {
  const std::vector<Record> ones = records_of(sample, whole, 1), twos = records_of(sample, whole, 2);
  const bool by_one = consistent(ones) && has_numbers_or_quotes(ones);
  if (!consistent(twos)) return by_one ? std::optional<std::size_t>(1) : std::nullopt;
  const bool numbers_together = std::any_of(twos.begin(), twos.end(), [](const Record& record) {
    return std::any_of(record.fields.begin(), record.fields.end(), is_numbers);
  });
  return by_one && numbers_together ? 1 : 2;
}

bool tabs_are_blanks(std::string_view sample, bool whole) {
  const std::vector<Record> records = records_of(sample, whole, 1);
  if (!consistent(records)) return false;
  const auto fits = [](std::string_view field) { return is_number(field) || is_missing(field); };
  for (std::size_t r = 0; r < records.size(); ++r) {
    const auto& fields = records[r].fields;
    bool found = false;
    for (std::size_t c = 1; c < fields.size() && !found; ++c) {
      const std::string_view before = fields[c - 1], after = fields[c];
      const std::string_view gap(before.data() + before.size(),
                                 static_cast<std::size_t>(after.data() - before.data()) - before.size());
      if (gap.size() < 2 || gap.find('\t') != std::string_view::npos) continue;
      found = r == 0 || (fits(before) && fits(after));  // the first line may hold names
    }
    if (!found) return false;
  }
  return true;
}

namespace {

constexpr std::size_t sample_size = 1 << 16;

// R's \" inside quotes as CSV has it.
void append_field(std::string& out, std::string_view field) {
  if (!field.starts_with('"') || field.find("\\\"") == std::string_view::npos) {
    out += field;
    return;
  }
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool escaped = field[i] == '\\' && i + 1 < field.size() && field[i + 1] == '"';
    out += escaped ? '"' : field[i];
  }
}

// "row", or the next name like it that no column has.
std::string name_of_rows(const Record& header) {
  std::string name = "row";
  const auto taken = [&](std::string_view field) { return field == name || field == '"' + name + '"'; };
  for (int i = 2; std::any_of(header.fields.begin(), header.fields.end(), taken); ++i) {
    name = fmt::format("row{}", i);
  }
  return name;
}

}  // namespace

Tabbed with_tabs(std::string_view text, bool header) {
  const std::string_view sample = text.substr(0, sample_size);
  const std::size_t least = find_blanks(sample, sample.size() == text.size()).value_or(1);
  Tabbed out;
  out.text.reserve(text.size() + text.size() / 16);
  out.notes.push_back(least == 1 ? "the columns are set apart by blanks"
                                 : "the columns are set apart by two blanks or more");
  const std::vector<Record> top = records_of(sample, sample.size() == text.size(), least);
  bool name_rows = header && top.size() > 1 && top[0].fields.size() + 1 == top[1].fields.size();
  while (!text.empty()) {
    const Record record = take_record(text, least);
    if (name_rows && !record.fields.empty()) {
      const std::string name = name_of_rows(record);
      out.text += name + '\t';
      out.notes.push_back(fmt::format("the header lacks the first column's name, which is '{}' here", name));
      name_rows = false;
    }
    for (std::size_t c = 0; c < record.fields.size(); ++c) {
      if (c > 0) out.text += '\t';
      append_field(out.text, record.fields[c]);
    }
    out.text += record.end;
  }
  return out;
}

}  // namespace runnel::data
