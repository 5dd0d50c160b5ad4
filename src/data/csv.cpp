// CSV and its kin: libcsv makes the tokens, this file finds the separator, checks the lines and types the
// columns.
#include <csv.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <string_view>

#include "core/fail.h"
#include "core/text.h"
#include "data/aligned.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

// All cells of a file, one after another, with the line on which each record starts.
struct Cells {
  std::string arena;
  std::vector<std::size_t> ends;     // of the cells in the arena
  std::vector<std::size_t> first;    // the index of each record's first cell; one more at the end
  std::vector<std::uint32_t> lines;  // on which each record starts
  std::uint32_t line = 1;            // where the reader stands
  std::vector<std::uint32_t> empty;  // lines before the first record
  int last_terminator = 0;
  std::size_t newlines_in_record = 0;

  std::size_t records() const { return lines.size(); }
  std::size_t width(std::size_t record) const { return first[record + 1] - first[record]; }
  std::string_view cell(std::size_t record, std::size_t column) const {
    const std::size_t i = first[record] + column;
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return trimmed(std::string_view(arena).substr(begin, ends[i] - begin));
  }
};

extern "C" void runnel_csv_cell(void* text, std::size_t size, void* data) {
  Cells& cells = *static_cast<Cells*>(data);
  const std::string_view s(static_cast<const char*>(text), size);
  if (size > 0) {
    cells.arena.append(s);
    cells.newlines_in_record += static_cast<std::size_t>(std::count(s.begin(), s.end(), '\n'));
  }
  cells.ends.push_back(cells.arena.size());
}

// A record ends, or (CSV_REPALL_NL) an empty line or the second half of CRLF passes.
extern "C" void runnel_csv_record(int terminator, void* data) {
  Cells& cells = *static_cast<Cells*>(data);
  bool empty = cells.ends.size() == cells.first.back();
  if (empty && terminator == '\n' && cells.last_terminator == '\r') {
    cells.last_terminator = 0;
    return;
  }
  // In a file of one column an empty line is a row whose cell is missing. (Of the end of the file libcsv
  // makes no record.)
  if (empty && cells.records() > 0 && cells.width(0) == 1) {
    cells.ends.push_back(cells.arena.size());
    empty = false;
  }
  if (empty && cells.records() == 0) cells.empty.push_back(cells.line);
  if (!empty) {
    cells.lines.push_back(cells.line);
    cells.first.push_back(cells.ends.size());
  }
  cells.line += static_cast<std::uint32_t>(1 + cells.newlines_in_record);
  cells.newlines_in_record = 0;
  cells.last_terminator = terminator;
}

Cells tokenize(const std::string& path, std::string_view bytes, char separator, std::size_t skipped) {
  Cells cells;
  cells.arena.reserve(bytes.size());
  cells.first.push_back(0);
  cells.line = static_cast<std::uint32_t>(skipped + 1);
  csv_parser parser;
  if (csv_init(&parser, CSV_REPALL_NL) != 0) fail_run("{}: out of memory", path);
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> guard(&parser, csv_free);
  csv_set_delim(&parser, static_cast<unsigned char>(separator));
  if (csv_parse(&parser, bytes.data(), bytes.size(), runnel_csv_cell, runnel_csv_record, &cells) !=
      bytes.size()) {
    fail_run("{}: {}", path, csv_strerror(csv_error(&parser)));
  }
  // libcsv's state 2 is "inside a field": at the end of the file a quote that opened it is still open.
  if (parser.quoted && parser.pstate == 2) {
    fail("{}, line {}: a quote is opened in this record and never closed", path, cells.line);
  }
  csv_fini(&parser, runnel_csv_cell, runnel_csv_record, &cells);
  return cells;
}

// How many fields each of the first records has, were `separator` the separator.
std::vector<std::size_t> widths(std::string_view sample, bool whole, char separator) {
  std::vector<std::size_t> out;
  std::size_t fields = 1;
  bool quoted = false, reopen = false, begun = false, at_start = true;
  for (const char c : sample) {
    if (quoted) {
      quoted = c != '"';  // a doubled quote closes and at once opens again
      reopen = !quoted;
      continue;
    }
    const bool doubled = reopen && c == '"';
    reopen = false;
    if (c == '"' && (at_start || doubled)) {
      quoted = begun = true;
      at_start = false;
    } else if (c == separator) {
      ++fields;
      begun = at_start = true;
    } else if (c == '\n' || c == '\r') {
      if (begun) out.push_back(fields);
      fields = 1;
      begun = false;
      at_start = true;
    } else if (c != ' ' && c != '\t') {
      begun = true;
      at_start = false;
    }
  }
  if (whole && begun) out.push_back(fields);
  return out;
}

constexpr std::array separators = {',', ';', '\t', '|'};

std::size_t most_frequent(const std::vector<std::size_t>& values) {
  std::map<std::size_t, std::size_t> counts;
  for (const std::size_t v : values) ++counts[v];
  std::size_t best = 0, most = 0;
  for (const auto& [value, count] : counts) {
    if (count >= most) {
      most = count;
      best = value;
    }
  }
  return best;
}

// The fields of the first line; none where a quote in it stays open under this separator.
std::vector<std::string> fields_of(std::string_view line, char separator) {
  std::vector<std::string> out;
  try {
    const bool blanks = separator == ' ';
    const Tabbed tabbed = blanks ? with_tabs(line, true) : Tabbed{};
    const Cells cells = blanks ? tokenize("", tabbed.text, '\t', 0) : tokenize("", line, separator, 0);
    for (std::size_t c = 0; cells.records() > 0 && c < cells.width(0); ++c)
      out.emplace_back(cells.cell(0, c));
  } catch (const Error&) {
  }
  return out;
}

// How many of the first line's fields are names that the reading knows.
std::size_t known_names(std::string_view line, char separator, const Reading& reading) {
  const std::vector<std::string> fields = fields_of(line, separator);
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const std::string& name) { return reading.find(name) != nullptr; }));
}

// That under which the first line holds most of the names; of equals the file's that the names are from, then
// the one that was found.
char separator_of_names(std::string_view line, const Reading& reading, char found) {
  if (std::count(line.begin(), line.end(), '"') % 2 != 0) return found;  // a name goes over several lines
  const auto known = [&](char separator) { return known_names(line, separator, reading); };
  char best = reading.separator != 0 && known(reading.separator) >= known(found) ? reading.separator : found;
  for (const char separator : separators)
    if (known(separator) > std::max<std::size_t>(known(best), 1)) best = separator;
  return best;
}

// Without names: that of the file before, wherever it stands in the first line, be it the only one. A comma
// that is decimal there parts nothing.
char separator_before(std::string_view line, const Reading& reading, char found) {
  if (reading.separator == 0) return found;
  const std::size_t fields = fields_of(line, reading.separator).size();
  const bool blanks = reading.separator == ' ';  // which also stand within cells
  if (blanks ? fields == reading.columns.size() || fields + 1 == reading.columns.size() : fields > 1)
    return reading.separator;
  const bool decimal = std::any_of(reading.columns.begin(), reading.columns.end(),
                                   [](const auto& column) { return column.second.number.decimal == ','; });
  return found == ',' && decimal ? reading.separator : found;
}

// The separator under which most records have the same number of fields, and more than one. Blanks are one
// where none of the others makes a table of all records.
char separator_of_fields(std::string_view text) {
  constexpr std::size_t most_bytes = 1 << 16;
  const std::string_view sample = text.substr(0, most_bytes);
  const bool whole = sample.size() == text.size();
  char best = ',';
  double best_share = 0;
  std::size_t best_width = 1;
  for (const char separator : separators) {
    const auto counts = widths(sample, whole, separator);
    if (counts.empty()) continue;
    const std::size_t width = most_frequent(counts);
    if (width < 2) continue;
    const double share = static_cast<double>(std::count(counts.begin(), counts.end(), width)) /
                         static_cast<double>(counts.size());
    // A comma that stands in every record as often as another mark does is a decimal one.
    const bool decimal = share == 1 && best_share == 1 && best == ',';
    if (share > best_share || decimal || (share == best_share && width > best_width)) {
      best = separator;
      best_share = share;
      best_width = width;
    }
  }
  if (best_share < 1 ? find_blanks(sample, whole).has_value()
                     : best == '\t' && tabs_are_blanks(sample, whole)) {
    return ' ';
  }
  return best;
}

}  // namespace

char find_separator(std::string_view text, const ReadOptions& options) {
  if (options.separator) return *options.separator;
  const char found = separator_of_fields(text);
  if (!options.reading) return found;
  const std::string_view line = text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
  return options.header.value_or(true) ? separator_of_names(line, *options.reading, found)
                                       : separator_before(line, *options.reading, found);
}

namespace {

std::string separator_name(char separator) { return separator == '\t' ? "\\t" : std::string(1, separator); }

void check_widths(const std::string& path, const Cells& cells, char separator) {
  const std::size_t expected = cells.width(0);
  std::size_t ragged = 0;
  while (ragged < cells.records() && cells.width(ragged) == expected) ++ragged;
  if (ragged == cells.records()) return;

  // When the records below agree with each other and not with the first, the top is not part of the table.
  std::vector<std::size_t> sample;
  for (std::size_t r = 1; r < std::min<std::size_t>(cells.records(), 200); ++r) {
    sample.push_back(cells.width(r));
  }
  const std::size_t usual = most_frequent(sample);
  if (usual != expected && cells.records() > 2) {
    std::size_t top = 0;
    while (cells.width(top) != usual) ++top;
    const std::size_t skip = cells.lines[top] - 1;
    fail(
        "{}, line {}: {} where the lines below have {}; if the first {} not part of the table, give "
        "--skip-rows {}{}",
        path, cells.lines[0], counted(expected, "field"), usual,
        skip == 1 ? "line is" : fmt::format("{} lines are", skip), skip,
        expected + 1 == usual ? "; if the header lacks a column's name, add it" : "");
  }
  fail("{}, line {}: {} where line {} has {} (separator '{}'); correct the line, or give --separator", path,
       cells.lines[ragged], counted(cells.width(ragged), "field"), cells.lines[0], expected,
       separator_name(separator));
}

// Numbers among the names say that the first line is data, unless they count up in equal steps, as years
// and column numbers do.
bool looks_like_data(const Cells& cells) {
  std::vector<double> numbers;
  for (std::size_t c = 0; c < cells.width(0); ++c) {
    if (const auto number = to_number(cells.cell(0, c)); number && std::isfinite(*number)) {
      numbers.push_back(*number);
    }
  }
  if (numbers.empty()) return false;
  if (numbers.size() == 1) return true;
  const double step = numbers[1] - numbers[0];
  if (step <= 0) return true;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] - numbers[i - 1] != step || numbers[i] != std::floor(numbers[i])) return true;
  }
  return false;
}

std::vector<std::string> column_names(const std::string& path, const Cells& cells,
                                      const ReadOptions& options) {
  std::vector<std::string> names;
  const bool header = options.header.value_or(true);
  for (std::size_t c = 0; c < cells.width(0); ++c) {
    const std::string_view given = header ? cells.cell(0, c) : std::string_view();
    names.push_back(given.empty() ? fmt::format("column{}", c + 1) : std::string(given));
  }
  if (!header) return names;
  if (!options.header && looks_like_data(cells)) {
    fail(
        "{}, line {}: numbers stand where column names should ({}); give --no-header if the file has no "
        "header, "
        "or --header if these are the names",
        path, cells.lines[0], shortened(fmt::format("{}", fmt::join(names, ", ")), 60));
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto [it, fresh] = seen.emplace(names[c], c);
    if (!fresh) {
      fail("{}, line {}: the column name '{}' stands twice (columns {} and {}); rename one", path,
           cells.lines[0], shortened(names[c]), it->second + 1, c + 1);
    }
  }
  return names;
}

}  // namespace

RawTable read_csv(const std::string& path, std::string_view text, const ReadOptions& options) {
  const bool header = options.header.value_or(true);
  const char separator = find_separator(text, options);
  const Tabbed tabbed = separator == ' ' ? with_tabs(text, header) : Tabbed{};
  if (separator == ' ') text = tabbed.text;
  const Cells cells = tokenize(path, text, separator == ' ' ? '\t' : separator, options.skip_rows);
  if (cells.records() == 0) {
    if (options.skip_rows == 0) fail("{}: the file is empty (no line holds anything)", path);
    fail("{}: nothing is left below the {} skipped with --skip-rows", path,
         counted(options.skip_rows, "line"));
  }
  const std::size_t begin = header ? 1 : 0;
  if (cells.records() > begin) check_widths(path, cells, separator);
  const std::vector<std::string> names = column_names(path, cells, options);

  RawTable raw;
  raw.source = path;
  raw.separator = separator;
  // Empty lines at the top are rows of a file of one column, unless names stand below them.
  if (!header && names.size() == 1) raw.lines = cells.empty;
  const std::size_t empty = raw.lines.size();
  raw.rows = empty + cells.records() - begin;
  raw.lines.insert(raw.lines.end(), cells.lines.begin() + static_cast<std::ptrdiff_t>(begin),
                   cells.lines.end());
  for (std::size_t c = 0; c < names.size(); ++c) {
    RawColumn& column = raw.columns.emplace_back();
    column.name = names[c];
    column.texts.reserve(raw.rows);
    for (std::size_t r = 0; r < empty; ++r) column.texts.push_back("");
    for (std::size_t r = begin; r < cells.records(); ++r) column.texts.push_back(cells.cell(r, c));
  }
  if (!options.separator && separator != ',' && separator != ' ' && names.size() > 1) {
    raw.notes.push_back(fmt::format("the separator is '{}'", separator_name(separator)));
  }
  raw.notes.insert(raw.notes.end(), tabbed.notes.begin(), tabbed.notes.end());
  if (raw.rows == 0) {
    raw.notes.push_back(fmt::format("only a header ({}), no rows; give --no-header if the line is data",
                                    shortened(fmt::format("{}", fmt::join(names, ", ")), 60)));
  }
  return raw;
}

}  // namespace runnel::data
