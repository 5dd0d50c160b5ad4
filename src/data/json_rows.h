// The columns of a table whose rows name them, as JSON objects do: a column begins where its key first
// stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/readers.h"

namespace runnel::data {

class RowsByKey {
 public:
  explicit RowsByKey(std::string path) { table_.source = std::move(path); }

  void begin_row(std::size_t line);
  // The cell of a key in the row that was begun last; nothing: it is absent. Blanks around keys and texts are
  // no part of them, as in other formats. Fails for a key that the row has.
  void set(std::string_view key, std::optional<std::string_view> text, bool is_number = false);
  std::size_t line() const { return table_.lines.back(); }
  const std::string& path() const { return table_.source; }

  // Rows that lack a key have no cell there.
  RawTable finish();

 private:
  std::size_t column_of(std::string_view key);

  RawTable table_;
  std::unordered_map<std::string, std::size_t> columns_;
  std::size_t expected_ = 0;  // rows mostly name the same keys in the same order
};

}  // namespace runnel::data
