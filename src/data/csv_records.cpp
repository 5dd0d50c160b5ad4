#include "data/csv_records.h"

#include <csv.h>

#include <algorithm>
#include <utility>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {

// What libcsv calls.
struct CsvCalls {
  static void cell(CsvRecords& to, std::string_view text) { to.add_cell(text); }
  static void record(CsvRecords& to, int terminator) { to.end_record(terminator); }
};

namespace {

extern "C" void runnel_csv_cell(void* text, std::size_t size, void* data) {
  CsvCalls::cell(*static_cast<CsvRecords*>(data), {static_cast<const char*>(text), size});
}

extern "C" void runnel_csv_record(int terminator, void* data) {
  CsvCalls::record(*static_cast<CsvRecords*>(data), terminator);
}

}  // namespace

std::string_view Cells::cell(std::size_t record, std::size_t column) const {
  const std::size_t i = first[record] + column;
  const std::size_t begin = i == 0 ? 0 : ends[i - 1];
  return trimmed(std::string_view(arena).substr(begin, ends[i] - begin));
}

struct CsvRecords::Parser {
  explicit Parser(const std::string& path) {
    if (csv_init(&csv, CSV_REPALL_NL) != 0) fail_run("{}: out of memory", path);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { csv_free(&csv); }

  csv_parser csv;
};

CsvRecords::CsvRecords(std::string path, char separator, std::size_t skipped)
    : path_(std::move(path)),
      separator_(separator),
      parser_(std::make_unique<Parser>(path_)),
      line_(static_cast<std::uint32_t>(skipped + 1)) {
  cells_.first.push_back(0);
  csv_set_delim(&parser_->csv, static_cast<unsigned char>(separator));
}

CsvRecords::~CsvRecords() = default;

void CsvRecords::add_cell(std::string_view text) {
  if (!text.empty()) {
    cells_.arena.append(text);
    newlines_in_record_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  cells_.ends.push_back(cells_.arena.size());
}

// A record ends, or (CSV_REPALL_NL) an empty line or the second half of CRLF passes.
void CsvRecords::end_record(int terminator) {
  bool empty = cells_.ends.size() == cells_.first.back();
  if (empty && terminator == '\n' && last_terminator_ == '\r') {
    last_terminator_ = 0;
    return;
  }
  // In a file of one column an empty line is a row whose cell is missing. (Of the end of the file libcsv
  // makes no record.)
  if (empty && width_ == 1) {
    cells_.ends.push_back(cells_.arena.size());
    empty = false;
  }
  if (empty && width_ == 0) empty_.push_back(line_);
  if (!empty) {
    if (width_ == 0) width_ = cells_.ends.size() - cells_.first.back();
    cells_.lines.push_back(line_);
    cells_.first.push_back(cells_.ends.size());
  }
  line_ += static_cast<std::uint32_t>(1 + newlines_in_record_);
  newlines_in_record_ = 0;
  last_terminator_ = terminator;
}

// Lines that begin a record and hold no quote are cut at their separators; everything else goes through
// libcsv, which says the same of them at a character a time.
void CsvRecords::feed(std::string_view text) {
  constexpr unsigned char row_not_begun = 0;  // libcsv's state
  cells_.arena.reserve(cells_.arena.size() + text.size());
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    std::size_t end = std::min(newline, text.substr(0, newline).find('\r'));
    const std::string_view line = text.substr(0, end);
    const bool whole = end != std::string_view::npos;
    if (whole && parser_->csv.pstate == row_not_begun && is_plain(line)) {
      if (!line.empty()) cut(line);
      end_record(text[end]);
    } else {
      parse(text.substr(0, whole ? end + 1 : end));
    }
    text.remove_prefix(whole ? end + 1 : text.size());
  }
}

// Blanks at the front may be all there is, and are left to libcsv.
bool CsvRecords::is_plain(std::string_view line) {
  return line.empty() || (line[0] != ' ' && line[0] != '\t' && line.find('"') == std::string_view::npos);
}

void CsvRecords::cut(std::string_view line) {
  while (true) {
    const std::size_t end = line.find(separator_);
    cells_.arena.append(line.substr(0, end));
    cells_.ends.push_back(cells_.arena.size());
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

void CsvRecords::parse(std::string_view text) {
  csv_parser& csv = parser_->csv;
  if (csv_parse(&csv, text.data(), text.size(), runnel_csv_cell, runnel_csv_record, this) != text.size())
    fail_run("{}: {}", path_, csv_strerror(csv_error(&csv)));
}

void CsvRecords::finish() {
  csv_parser& csv = parser_->csv;
  // libcsv's state 2 is "inside a field": at the end of the file a quote that opened it is still open.
  if (csv.quoted && csv.pstate == 2)
    fail("{}, line {}: a quote is opened in this record and never closed", path_, line_);
  csv_fini(&csv, runnel_csv_cell, runnel_csv_record, this);
}

Cells CsvRecords::take() {
  // Of a file that comes in pieces the next one will be about as large.
  const std::size_t room = pieces_++ == 0 ? 0 : cells_.ends.size();
  Cells out = std::exchange(cells_, {});
  const std::size_t whole = out.first.back();  // cells of whole records
  const std::size_t bytes = whole == 0 ? 0 : out.ends[whole - 1];
  cells_.first.push_back(0);
  cells_.ends.reserve(room);
  for (std::size_t i = whole; i < out.ends.size(); ++i) cells_.ends.push_back(out.ends[i] - bytes);
  cells_.arena = out.arena.substr(bytes);
  out.ends.resize(whole);
  out.arena.resize(bytes);
  return out;
}

Cells records_of(const std::string& path, std::string_view text, char separator, std::size_t skipped) {
  CsvRecords records(path, separator, skipped);
  records.feed(text);
  records.finish();
  return records.take();
}

}  // namespace runnel::data
