#include "data/unread.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/text.h"
#include "data/list.h"
#include "data/marks.h"
#include "data/missing_words.h"
#include "data/numbers.h"
#include "data/typed.h"

namespace runnel::data {

std::string_view plural_of(ColumnType type) {
  switch (type) {
    case ColumnType::date:
      return "dates";
    case ColumnType::truth:
      return "truth values";
    case ColumnType::text:
      return "texts";
    case ColumnType::number:
      break;
  }
  return "numbers";
}

namespace {

// The different texts of a column of numbers that are not read as such, into `out`; no more than are enough
// to tell in which way they are written.
void collect_unread(const Column& column, const MissingWords& missing, Texts& out) {
  constexpr std::size_t enough = 1000;
  for (std::size_t code = 0; code < column.texts.count_different(); ++code) {
    const std::string_view text = column.texts.different(code);
    if (out.count_different() >= enough) return;
    if (!text.empty() && meaning_of(text, column.format(), missing).unread) out.push_back(text);
  }
}

std::string flag_for(const std::string& column, const NumberFormat& now, const Texts& different) {
  std::vector<std::string_view> readable;  // with other marks, but the signs that the column has
  for (std::size_t code = 0; code < different.count_different(); ++code) {
    const std::string_view text = different.different(code);
    const auto alone = find_number_format({&text, 1});
    if (alone && alone->format.currency == now.currency && alone->format.percent == now.percent &&
        alone->format.brackets == now.brackets)
      readable.push_back(text);
  }
  const std::size_t unread = different.count_different();
  const auto guess = find_number_format(readable);
  if (readable.empty() || !guess) return "";
  const auto flag = [&](const char* name, char mark) {
    return fmt::format("; {} {} reads {}", name,
                       shell_quoted(in_list(column) + "=" + std::string(mark_name(mark))),
                       readable.size() < unread ? "some of them"
                       : unread == 1            ? "it"
                                                : "them");
  };
  const NumberFormat& then = guess->format;
  if (then.decimal != now.decimal) return flag("--decimal", then.decimal);
  return then.grouping != now.grouping && then.grouping != 0 ? flag("--thousands", then.grouping) : "";
}

}  // namespace

std::string flag_that_reads(const Column& column, const std::vector<std::string>& missing_words) {
  if (column.type != ColumnType::number || column.unread == 0) return "";
  Texts different;
  collect_unread(column, MissingWords(missing_words), different);
  return flag_for(column.name, column.number, different);
}

void Unread::add(const Table& piece) {
  for (const Column& column : piece.columns) {
    if (column.unread == 0) continue;
    auto at = std::find_if(columns_.begin(), columns_.end(),
                           [&](const Cells& cells) { return cells.column == column.name; });
    if (at == columns_.end()) {
      columns_.push_back({column.name, column.type, column.number});
      at = columns_.end() - 1;
      at->first = column.texts[column.first_unread];
      at->where = piece.where(column.first_unread);
    }
    at->count += column.unread;
    if (column.type == ColumnType::number)
      collect_unread(column, MissingWords(piece.missing_words), at->different);
  }
  // In the order of the file, whichever piece they were first seen in.
  const auto place = [&](const Cells& cells) {
    std::size_t i = 0;
    while (i < piece.columns.size() && piece.columns[i].name != cells.column) ++i;
    return i;
  };
  std::sort(columns_.begin(), columns_.end(),
            [&](const Cells& a, const Cells& b) { return place(a) < place(b); });
}

std::vector<std::string> Unread::texts() const {
  std::vector<std::string> out;
  for (const Cells& cells : columns_) {
    out.push_back(fmt::format("column '{}': {} cannot be read as {} and {} as missing: '{}' ({})",
                              shortened(cells.column), counted(cells.count, "cell"), plural_of(cells.type),
                              cells.count == 1 ? "counts" : "count", shortened(cells.first), cells.where));
    if (cells.count > 1) out.back() += " and others";
    if (cells.type == ColumnType::number) out.back() += flag_for(cells.column, cells.number, cells.different);
  }
  return out;
}

std::size_t Unread::count(std::string_view column) const {
  for (const Cells& cells : columns_)
    if (cells.column == column) return cells.count;
  return 0;
}

}  // namespace runnel::data
