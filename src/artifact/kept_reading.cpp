#include "artifact/kept_reading.h"

namespace runnel {

Reading kept_reading(const Table& table, const Preprocessor& preprocessor, const Target& target) {
  Reading out = reading_of(table);
  const auto as_text = [&](const std::string& name) {
    for (auto& [column, format] : out.columns)
      if (column == name && format.type == ColumnType::number) format.type = ColumnType::text;
  };
  for (const Encoding& e : preprocessor.encodings())
    if (e.kind == Encoding::Kind::levels && !e.only_indicator) as_text(e.column);
  if (target.task() != Task::regression && target.positive().empty()) as_text(target.column());
  return out;
}

}  // namespace runnel
