#include "runnel/stream.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/fail.h"
#include "data/csv_rows.h"
#include "data/encoding.h"
#include "data/foreign.h"
#include "data/input.h"
#include "data/readers.h"
#include "data/unread.h"
#include "data/utf8.h"

namespace runnel {
namespace {

using namespace data;

constexpr std::size_t kPiece = std::size_t{1} << 20;   // bytes of text
constexpr std::size_t kSample = std::size_t{1} << 16;  // from which the separator is found

// A flag may name a column that the reading does not know: what it holds is then found from all its cells.
bool names_other_columns(const ReadOptions& options) {
  const auto other = [&](const std::string& name) {
    return !name.empty() && options.reading->find(name) == nullptr;
  };
  const auto any = [&](const auto& wishes) {
    return std::any_of(wishes.begin(), wishes.end(), [&](const auto& wish) { return other(wish.first); });
  };
  return std::any_of(options.text.begin(), options.text.end(), other) ||
         std::any_of(options.numeric.begin(), options.numeric.end(), other) || any(options.decimal) ||
         any(options.grouping) || any(options.dates);
}

bool may_stream(const std::string& path, const ReadOptions& options) {
  if (!options.reading || options.reading->columns.empty() || names_other_columns(options)) return false;
  if (!options.encoding.empty() || !options.labels.empty() || path.starts_with("demo:")) return false;
  std::error_code error;
  return path.find(',') == std::string::npos || std::filesystem::exists(path, error);
}

// Of formats that are read whole, and of those that end in marks or have zero bytes within.
bool begins_as_other(const std::string& path, std::string_view bytes) {
  using namespace std::string_view_literals;
  for (const std::string_view mark : {"PAR1"sv, "FEA1"sv, "ORC"sv, "\x80"sv, "PK\x03\x04"sv, "PK\x05\x06"sv,
                                      "\x93NUMPY"sv, "\xFF\xFE"sv, "\xFE\xFF"sv})
    if (bytes.starts_with(mark)) return true;
  return path.ends_with(".npz") || path.ends_with(".npy") || bytes.find('\0') != std::string_view::npos;
}

// The text up to the last end of a line in it.
std::size_t whole_lines(std::string_view text) {
  const std::size_t at = text.find_last_of("\r\n");
  return at == std::string_view::npos ? 0 : at + 1;
}

}  // namespace

struct TableStream::Impl {
  Impl(std::string path_, ReadOptions options_) : path(std::move(path_)), options(std::move(options_)) {
    if (!may_stream(path, options)) return;
    input.emplace(path);
    std::string head = input->read(kPiece + 1);
    const bool all = head.size() <= kPiece;
    if (streams(head, all)) {
      rest = std::move(head);
      at_end = all;
    } else {
      input->put_back(std::move(head));
    }
  }

  bool streams(std::string_view head, bool all);
  Table whole();
  void feed();
  Table typed_piece();

  std::string path;
  ReadOptions options;
  std::optional<Input> input = {};
  std::optional<CsvRows> rows = {};  // of what streams
  char separator = 0;
  std::string rest = {};     // text that was read and not fed
  bool at_end = false;       // of the input
  bool finished = false;     // all is fed
  bool given = false;        // a piece
  std::size_t newlines = 0;  // in what was fed
  OtherCells others = {};
  Unread unread = {};
  std::vector<std::string> file_notes = {}, first_notes = {};
};

// Whether a file that begins so comes in pieces; `all`: it has no more.
bool TableStream::Impl::streams(std::string_view head, bool all) {
  if (begins_as_other(path, head)) return false;
  refuse_foreign(input->label(), head);
  const Decoded decoded = decode(std::string(head), "", input->label());
  refuse_foreign_text(input->label(), decoded.text);
  const std::string_view text = without_top(decoded.text, options.skip_rows);
  if (is_arff(text) || is_json(text)) return false;
  if (!all && (text.size() <= kSample || whole_lines(text) == 0)) return false;
  separator = find_separator(text, options);
  return separator != ' ';
}

Table TableStream::Impl::whole() {
  finished = true;
  Table table =
      input ? read_whole(path, {input->label(), input->read_all()}, options) : read_table(path, options);
  first_notes = table.notes;
  return table;
}

// One more piece of text.
void TableStream::Impl::feed() {
  if (!at_end && rest.size() < kPiece) {
    const std::size_t wanted = kPiece - rest.size();
    const std::string more = input->read(wanted);
    at_end = more.size() < wanted;
    rest += more;
  }
  while (!at_end && whole_lines(rest) == 0) {
    const std::string more = input->read(kPiece);
    at_end = more.size() < kPiece;
    rest += more;
  }
  const std::size_t size = at_end ? rest.size() : whole_lines(rest);
  std::string text = rest.substr(0, size);
  rest.erase(0, size);
  const bool first = !rows;
  if (first) {
    Decoded decoded = decode(std::move(text), "", input->label());
    file_notes = std::move(decoded.notes);
    text = std::move(decoded.text);
  }
  refuse_zero_bytes(input->label(), text);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (first_not_utf8(text) != std::string::npos) {
    const OtherCells here = decode_cells(text, std::string(1, separator));
    if (others.count == 0) others.first_line = newlines + here.first_line;
    others.count += here.count;
  }
  newlines += lines;
  std::string_view table = text;
  if (first) {
    table = without_top(table, options.skip_rows);
    rows.emplace(input->label(), find_separator(table, options), options);
  }
  rows->feed(table);
  if (at_end) {
    rows->finish();
    finished = true;
  }
}

Table TableStream::Impl::typed_piece() {
  RawTable raw = rows->take();
  if (!given) {
    raw.notes = csv_notes(raw, options);
    // What the model does not know need not be understood.
    for (const RawColumn& column : raw.columns)
      if (options.reading->find(column.name) == nullptr)
        options.reading->columns.emplace_back(column.name, ColumnFormat{.type = ColumnType::text});
  }
  Table table = typed_untold(std::move(raw), options);
  table.format = "CSV";
  if (!given) first_notes = table.notes;
  unread.add(table);
  return table;
}

TableStream::TableStream(const std::string& path, const ReadOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}
TableStream::TableStream(TableStream&&) noexcept = default;
TableStream& TableStream::operator=(TableStream&&) noexcept = default;
TableStream::~TableStream() = default;

std::optional<Table> TableStream::next() {
  Impl& s = *impl_;
  if (s.separator == 0 || s.separator == ' ') {
    if (s.finished) return std::nullopt;
    return s.whole();
  }
  while (!s.finished) {
    s.feed();
    if (!s.rows->ready()) continue;
    Table table = s.typed_piece();
    if (table.rows == 0 && (s.given || !s.finished)) continue;
    s.given = true;
    return table;
  }
  return std::nullopt;
}

std::vector<std::string> TableStream::notes() const {
  const Impl& s = *impl_;
  std::vector<std::string> out = s.file_notes;
  if (s.others.count > 0) out.push_back(s.others.note());
  out.insert(out.end(), s.first_notes.begin(), s.first_notes.end());
  for (std::string& text : s.unread.texts()) out.push_back(std::move(text));
  return out;
}

}  // namespace runnel
