// Tables as text, in any format and encoding. What was read is written again as CSV with every cell in
// quotes, and read by what the first reading found must be the same.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "core/text.h"
#include "data/readers.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void append_cell(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

std::string as_csv(const Table& table) {
  std::string out;
  const auto record = [&](const auto& text_of) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (c > 0) out += ',';
      append_cell(out, text_of(table.columns[c]));
    }
    out += '\n';
  };
  record([](const Column& column) { return column.name; });
  for (std::size_t row = 0; row < table.rows; ++row)
    record([&](const Column& column) { return column.text(row); });
  return out;
}

// CSV leaves out the blanks around a cell, in quotes too; JSON and ARFF keep them.
bool has_outer_blanks(std::string_view text) { return trimmed(text).size() != text.size(); }

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

template <class Test>
bool any_text(const Table& table, Test test) {
  return std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) {
    if (test(column.name)) return true;
    for (std::size_t row = 0; row < table.rows; ++row)
      if (test(column.text(row))) return true;
    return false;
  });
}

bool same_number(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// A cell that is missing in `a`, by a word or because it could not be read, was written as an empty one.
void expect_same(const Table& a, const Table& b) {
  expect(a.rows == b.rows && a.names() == b.names(), "written and read again: the same rows and columns");
  for (std::size_t c = 0; c < a.columns.size(); ++c) {
    expect(a.columns[c].type == b.columns[c].type, "written and read again: the same types");
    for (std::size_t row = 0; row < a.rows; ++row) {
      const bool missing = a.columns[c].is_missing(row);
      expect(missing == b.columns[c].is_missing(row), "written and read again: the same cells are missing");
      expect(a.columns[c].text(row) == b.columns[c].text(row), "written and read again: the same cells");
      expect(missing || a.columns[c].type == ColumnType::text ||
                 same_number(a.columns[c].numbers[row], b.columns[c].numbers[row]),
             "written and read again: the same numbers");
    }
    expect(b.columns[c].unread == 0, "an empty cell is missing, not unread");
  }
}

void run(std::string_view bytes) {
  ReadOptions headless, skipping;
  headless.header = false;
  skipping.header = true;
  skipping.skip_rows = 1;
  skipping.separator = ';';
  for (const ReadOptions& options : {ReadOptions{}, headless, skipping}) {
    Table table;
    if (!accepted([&] { table = data::read_text("input", std::string(bytes), options); })) continue;
    expect_sound(table);
    if (any_text(table, has_outer_blanks)) continue;
    ReadOptions written;
    written.header = true;
    written.separator = ',';
    written.reading = reading_of(table);
    // A short file with a control character may be no text any more once its blanks are gone.
    Table again;
    if (accepted([&] { again = data::read_text("again", as_csv(table), written); }))
      expect_same(table, again);
    else
      expect(any_text(table, has_controls), "what is written can be read");
  }
}

const Target target("csv", run);

}  // namespace
}  // namespace runnel::fuzz
