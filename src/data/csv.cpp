// CSV and its kin: this file finds the separator, checks the lines and names the columns.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "core/fail.h"
#include "core/text.h"
#include "data/aligned.h"
#include "data/csv_rows.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

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
    const Cells cells = blanks ? records_of("", tabbed.text, '\t', 0) : records_of("", line, separator, 0);
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

// Where the first line stands and how many fields it has.
struct Head {
  std::uint32_t line = 0;
  std::size_t width = 0;
};

std::size_t first_ragged(const Cells& cells, std::size_t width) {
  std::size_t record = 0;
  while (record < cells.records() && cells.width(record) == width) ++record;
  return record;
}

[[noreturn]] void fail_ragged(const std::string& path, const Cells& cells, std::size_t ragged,
                              const Head& head, char separator) {
  fail("{}, line {}: {} where line {} has {} (separator '{}'); correct the line, or give --separator", path,
       cells.lines[ragged], counted(cells.width(ragged), "field"), head.line, head.width,
       separator_name(separator));
}

// The file's first records, the first line among them.
void check_first_widths(const std::string& path, const Cells& cells, char separator) {
  const std::size_t expected = cells.width(0), ragged = first_ragged(cells, expected);
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
  fail_ragged(path, cells, ragged, {cells.lines[0], expected}, separator);
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

CsvRows::CsvRows(std::string path, char separator, const ReadOptions& options)
    : path_(std::move(path)),
      separator_(separator),
      options_(options),
      records_(path_, separator == ' ' ? '\t' : separator, options.skip_rows) {}

void CsvRows::finish() {
  records_.finish();
  finished_ = true;
}

// The names of the columns, from the first line.
void CsvRows::begin(const Cells& cells) {
  if (cells.records() == 0) {
    if (options_.skip_rows == 0) fail("{}: the file is empty (no line holds anything)", path_);
    fail("{}: nothing is left below the {} skipped with --skip-rows", path_,
         counted(options_.skip_rows, "line"));
  }
  if (cells.records() > (options_.header.value_or(true) ? 1 : 0))
    check_first_widths(path_, cells, separator_);
  names_ = column_names(path_, cells, options_);
  first_line_ = cells.lines[0];
}

RawTable CsvRows::take() {
  const Cells cells = records_.take();
  const bool header = options_.header.value_or(true), first = !begun_;
  if (first) {
    begin(cells);
  } else if (const std::size_t ragged = first_ragged(cells, names_.size()); ragged < cells.records()) {
    fail_ragged(path_, cells, ragged, {first_line_, names_.size()}, separator_);
  }
  begun_ = true;

  RawTable raw;
  raw.source = path_;
  raw.separator = separator_;
  const std::size_t begin = first && header ? 1 : 0;
  // Empty lines at the top are rows of a file of one column, unless names stand below them.
  if (first && !header && names_.size() == 1) raw.lines = records_.empty_lines();
  const std::size_t empty = raw.lines.size();
  raw.rows = empty + cells.records() - begin;
  raw.lines.insert(raw.lines.end(), cells.lines.begin() + static_cast<std::ptrdiff_t>(begin),
                   cells.lines.end());
  for (std::size_t c = 0; c < names_.size(); ++c) {
    RawColumn& column = raw.columns.emplace_back();
    column.name = names_[c];
    column.texts.reserve(raw.rows);
    for (std::size_t r = 0; r < empty; ++r) column.texts.push_back("");
    for (std::size_t r = begin; r < cells.records(); ++r) column.texts.push_back(cells.cell(r, c));
  }
  return raw;
}

RawTable read_csv(const std::string& path, std::string_view text, const ReadOptions& options) {
  const char separator = find_separator(text, options);
  const bool blanks = separator == ' ';
  const Tabbed tabbed = blanks ? with_tabs(text, options.header.value_or(true)) : Tabbed{};
  CsvRows rows(path, separator, options);
  rows.feed(blanks ? std::string_view(tabbed.text) : text);
  rows.finish();
  RawTable raw = rows.take();
  raw.notes = csv_notes(raw, options);
  raw.notes.insert(raw.notes.end() - (raw.rows == 0 ? 1 : 0), tabbed.notes.begin(), tabbed.notes.end());
  return raw;
}

std::vector<std::string> csv_notes(const RawTable& raw, const ReadOptions& options) {
  std::vector<std::string> notes;
  std::vector<std::string> names;
  for (const RawColumn& column : raw.columns) names.push_back(column.name);
  if (!options.separator && raw.separator != ',' && raw.separator != ' ' && names.size() > 1)
    notes.push_back(fmt::format("the separator is '{}'", separator_name(raw.separator)));
  if (raw.rows == 0)
    notes.push_back(fmt::format("only a header ({}), no rows; give --no-header if the line is data",
                                shortened(fmt::format("{}", fmt::join(names, ", ")), 60)));
  return notes;
}

}  // namespace runnel::data
