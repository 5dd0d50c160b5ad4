// Tables as text, in any format and encoding. What was read is written again as CSV with every cell in
// quotes, and read by what the first reading found must be the same.
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

void expect_same(const Table& a, const Table& b) {
  expect(a.rows == b.rows && a.names() == b.names(), "written and read again: the same rows and columns");
  for (std::size_t c = 0; c < a.columns.size(); ++c) {
    expect(a.columns[c].type == b.columns[c].type, "written and read again: the same types");
    for (std::size_t row = 0; row < a.rows; ++row)
      expect(a.columns[c].text(row) == b.columns[c].text(row), "written and read again: the same cells");
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
    ReadOptions written;
    written.header = true;
    written.separator = ',';
    written.reading = reading_of(table);
    // A short file with a control character may be no text any more once its blanks are gone.
    Table again;
    if (accepted([&] { again = data::read_text("again", as_csv(table), written); }))
      expect_same(table, again);
  }
}

const Target target("csv", run);

}  // namespace
}  // namespace runnel::fuzz
