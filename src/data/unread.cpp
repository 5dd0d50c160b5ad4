#include "data/unread.h"

#include <vector>

#include <fmt/format.h>

#include "core/text.h"
#include "data/list.h"
#include "data/marks.h"
#include "data/numbers.h"

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

std::string flag_that_reads(const Column& column) {
  if (column.type != ColumnType::number || column.unread == 0) return "";
  const NumberFormat& now = column.number;
  std::vector<std::string_view> readable;  // with other marks, but the signs that the column has
  std::size_t unread = 0;
  for (std::size_t code = 0; code < column.texts.count_different(); ++code) {
    const std::string_view text = column.texts.different(code);
    if (text.empty() || parse_number(text, now)) continue;
    ++unread;
    const auto alone = find_number_format({&text, 1});
    if (alone && alone->format.currency == now.currency && alone->format.percent == now.percent &&
        alone->format.brackets == now.brackets)
      readable.push_back(text);
  }
  const auto guess = find_number_format(readable);
  if (readable.empty() || !guess) return "";
  const auto flag = [&](const char* name, char mark) {
    return fmt::format("; {} {} reads {}", name,
                       shell_quoted(in_list(column.name) + "=" + std::string(mark_name(mark))),
                       readable.size() < unread ? "some of them"
                       : unread == 1            ? "it"
                                                : "them");
  };
  const NumberFormat& then = guess->format;
  if (then.decimal != now.decimal) return flag("--decimal", then.decimal);
  return then.grouping != now.grouping && then.grouping != 0 ? flag("--thousands", then.grouping) : "";
}

std::string unread_text(const Table& table, const Column& column) {
  std::string text = fmt::format(
      "column '{}': {} cannot be read as {} and {} as missing: '{}' ({})", shortened(column.name),
      counted(column.unread, "cell"), plural_of(column.type), column.unread == 1 ? "counts" : "count",
      shortened(column.texts[column.first_unread]), table.where(column.first_unread));
  if (column.unread > 1) text += " and others";
  return text + flag_that_reads(column);
}

}  // namespace runnel::data
