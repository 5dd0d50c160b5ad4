// CSV and its kin: libcsv makes the tokens, this file finds the separator, checks the lines and types the
// columns.
#include <csv.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string_view>

#include "core/fail.h"
#include "data/readers.h"
#include "data/text.h"

namespace runnel::data {
namespace {

// All cells of a file, one after another, with the line on which each record starts.
struct Cells {
  std::string arena;
  std::vector<std::size_t> ends;     // of the cells in the arena
  std::vector<std::size_t> first;    // the index of each record's first cell; one more at the end
  std::vector<std::uint32_t> lines;  // on which each record starts
  std::uint32_t line = 1;            // where the reader stands
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
  const bool empty = cells.ends.size() == cells.first.back();
  if (empty && terminator == '\n' && cells.last_terminator == '\r') {
    cells.last_terminator = 0;
    return;
  }
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

// The separator under which most records have the same number of fields, and more than one.
char find_separator(std::string_view bytes) {
  constexpr std::size_t most_bytes = 1 << 16;
  const std::string_view sample = bytes.substr(0, most_bytes);
  char best = ',';
  double best_share = 0;
  std::size_t best_width = 1;
  for (const char separator : {',', ';', '\t', '|'}) {
    const auto counts = widths(sample, sample.size() == bytes.size(), separator);
    if (counts.empty()) continue;
    const std::size_t width = most_frequent(counts);
    if (width < 2) continue;
    const double share = static_cast<double>(std::count(counts.begin(), counts.end(), width)) /
                         static_cast<double>(counts.size());
    if (share > best_share || (share == best_share && width > best_width)) {
      best = separator;
      best_share = share;
      best_width = width;
    }
  }
  return best;
}

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
       separator == '\t' ? "\\t" : std::string(1, separator));
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

class MissingWords {
 public:
  explicit MissingWords(const std::vector<std::string>& words) : words_(words) {
    for (const std::string& word : words) longest_ = std::max(longest_, word.size());
  }
  bool contains(std::string_view s) const {
    return s.size() <= longest_ && std::find(words_.begin(), words_.end(), s) != words_.end();
  }

 private:
  const std::vector<std::string>& words_;
  std::size_t longest_ = 0;
};

// The column as numbers; false at the first value that is none.
bool as_numbers(const Cells& cells, std::size_t begin, std::size_t c, const MissingWords& missing,
                Column& out) {
  out.type = Column::Type::number;
  out.numbers.resize(cells.records() - begin);
  for (std::size_t r = begin; r < cells.records(); ++r) {
    const std::string_view cell = cells.cell(r, c);
    if (missing.contains(cell)) {
      out.numbers[r - begin] = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const auto number = to_number(cell);
    if (!number) return false;
    out.numbers[r - begin] = *number;
  }
  return true;
}

void as_texts(const Cells& cells, std::size_t begin, std::size_t c, const MissingWords& missing,
              Column& out) {
  out.type = Column::Type::text;
  out.numbers.clear();
  out.numbers.shrink_to_fit();
  out.texts.resize(cells.records() - begin);
  out.missing.assign(cells.records() - begin, 0);
  for (std::size_t r = begin; r < cells.records(); ++r) {
    const std::string_view cell = cells.cell(r, c);
    if (missing.contains(cell)) {
      out.missing[r - begin] = 1;
    } else {
      out.texts[r - begin].assign(cell);
    }
  }
}

void check_finite(const Table& table, const Column& column) {
  for (std::size_t r = 0; r < table.rows; ++r) {
    if (!std::isinf(column.numbers[r])) continue;
    fail("{}, column '{}': an infinite value ({}); correct it, or count it as missing with --missing",
         table.where(r), column.name, column.numbers[r] > 0 ? "inf" : "-inf");
  }
}

// The text of the file from the first line of the table on.
std::string_view without_top(const std::string& path, std::string_view bytes, std::size_t skip) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    fail("{}: the text is UTF-16; save it as UTF-8", path);
  }
  if (bytes.find('\0') != std::string_view::npos) {
    fail("{}: not a text file, and not NPY, NPZ or idx either; a table is read from CSV, NPY, NPZ or idx",
         path);
  }
  for (std::size_t i = 0; i < skip; ++i) {
    const std::size_t end = bytes.find('\n');
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  return bytes;
}

}  // namespace

Table read_csv(const std::string& path, const std::string& bytes, const ReadOptions& options) {
  if (!is_utf8(bytes) && bytes.find('\0') == std::string::npos && !bytes.starts_with("\xFF\xFE") &&
      !bytes.starts_with("\xFE\xFF")) {
    Table table = read_csv(path, from_latin1(bytes), options);
    table.notes.push_back("the text is not UTF-8 and read as Latin-1");
    return table;
  }
  const std::string_view text = without_top(path, bytes, options.skip_rows);
  const char separator = options.separator ? *options.separator : find_separator(text);
  const Cells cells = tokenize(path, text, separator, options.skip_rows);
  if (cells.records() == 0) {
    if (options.skip_rows == 0) fail("{}: the file is empty (no line holds anything)", path);
    fail("{}: nothing is left below the {} skipped with --skip-rows", path,
         counted(options.skip_rows, "line"));
  }
  const std::size_t begin = options.header.value_or(true) ? 1 : 0;
  if (cells.records() > begin) check_widths(path, cells, separator);
  const std::vector<std::string> names = column_names(path, cells, options);
  if (cells.records() == begin) {
    fail("{}: only a header ({}), no rows; give --no-header if the line is data", path,
         shortened(fmt::format("{}", fmt::join(names, ", ")), 60));
  }

  Table table;
  table.source = path;
  table.rows = cells.records() - begin;
  table.lines.assign(cells.lines.begin() + static_cast<std::ptrdiff_t>(begin), cells.lines.end());
  const MissingWords missing(options.missing);
  for (std::size_t c = 0; c < names.size(); ++c) {
    Column& column = table.columns.emplace_back();
    column.name = names[c];
    if (as_numbers(cells, begin, c, missing, column)) {
      check_finite(table, column);
    } else {
      as_texts(cells, begin, c, missing, column);
    }
  }
  if (!options.separator && separator != ',') {
    table.notes.push_back(
        fmt::format("the separator is '{}'", separator == '\t' ? "\\t" : std::string(1, separator)));
  }
  return table;
}

}  // namespace runnel::data
