// read_table: which reader a path goes to.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "core/fail.h"
#include "data/encoding.h"
#include "data/foreign.h"
#include "data/input.h"
#include "data/missing_words.h"
#include "data/readers.h"

namespace runnel {
namespace data {
namespace {

bool is_idx(std::string_view bytes) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) return false;
  const auto type = static_cast<unsigned char>(bytes[2]);
  return type >= 0x08 && type <= 0x0E && bytes[3] >= 1 && bytes[3] <= 8;
}

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");  // the second: without members
}

}  // namespace

std::string_view without_top(std::string_view text, std::size_t skip) {
  for (std::size_t i = 0; i < skip; ++i) {
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return text;
}

namespace {

using TextReader = RawTable (*)(const std::string& path, std::string_view text, const ReadOptions& options);

// Rows that lack a key of the file that the model was trained on have no cell there, even if all do.
RawTable read_known_keys(const std::string& path, std::string_view text, const ReadOptions& options) {
  RawTable raw = read_json(path, text, options);
  if (!options.reading) return raw;
  for (const auto& known : options.reading->columns) {
    const std::string& name = known.first;
    const bool there = std::any_of(raw.columns.begin(), raw.columns.end(),
                                   [&](const RawColumn& column) { return column.name == name; });
    if (there) continue;
    RawColumn& column = raw.columns.emplace_back();
    column.name = name;
    column.texts.resize(raw.rows);
    column.absent.assign(raw.rows, 1);
  }
  return raw;
}

struct TextFormat {
  const char* name;
  TextReader read;
  std::string separators;  // what else than quotes and ends of lines may end a cell
};

TextFormat find_format(std::string_view text, const ReadOptions& options) {
  if (is_arff(text)) return {"ARFF", read_arff, ", \t'{}"};
  if (is_json(text)) return {"JSON Lines", read_known_keys, ""};
  const char separator = find_separator(text, options);
  return {"CSV", read_csv, separator == ' ' ? " \t" : std::string(1, separator)};
}

}  // namespace

Table read_text(const std::string& label, std::string bytes, const ReadOptions& options) {
  Decoded decoded = decode(std::move(bytes), options.encoding, label);
  refuse_foreign_text(label, decoded.text);
  const TextFormat format = find_format(without_top(decoded.text, options.skip_rows), options);
  if (!decoded.utf8) decoded.notes.push_back(decode_cells(decoded.text, format.separators).note());
  Table table = typed(format.read(label, without_top(decoded.text, options.skip_rows), options), options);
  table.notes.insert(table.notes.begin(), decoded.notes.begin(), decoded.notes.end());
  table.format = format.name;
  return table;
}

namespace {

// Columns of arrays are numbers; those that are to be texts are read again from the way they are written.
Table with_texts(Table table, const ReadOptions& options) {
  Reading as_texts;
  for (const std::string& name : options.text)
    if (!(table.block && table.block->name == name) && table.at(name).type != ColumnType::text)
      as_texts.columns.emplace_back(name, ColumnFormat{.type = ColumnType::text});
  std::optional<Table> out = reread(table, as_texts);
  return out ? *std::move(out) : std::move(table);
}

// Numbers that are words for missing values are missing in arrays too.
void leave_out_missing(const ReadOptions& options, Table& table) {
  const MissingWords missing(options.missing);
  if (!missing.has_numbers()) return;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (Column& column : table.columns)
    for (double& value : column.numbers)
      if (missing.contains(value)) value = nan;
  if (!table.block) return;
  for (double& value : table.block->doubles)
    if (missing.contains(value)) value = nan;
  for (float& value : table.block->values)
    if (missing.contains(double{value})) value = std::numeric_limits<float>::quiet_NaN();
}

Table of_format(const char* name, Table table) {
  table.format = name;
  return table;
}

Table of_arrays(const char* format, Table table, const ReadOptions& options) {
  leave_out_missing(options, table);
  return of_format(format, with_texts(std::move(table), options));
}

}  // namespace

Table read_whole(const std::string& path, WholeInput input, const ReadOptions& options) {
  refuse_foreign(input.label, input.bytes);
  if (is_zip(input.bytes) || path.ends_with(".npz"))
    return of_arrays("NPZ", read_npz(input.label, input.bytes, options), options);
  if (input.bytes.starts_with("\x93NUMPY") || path.ends_with(".npy")) {
    return of_arrays("NPY", read_npy(input.label, input.bytes, options), options);
  }
  if (is_idx(input.bytes)) return of_format("idx", read_idx(input.label, input.bytes, options));
  if (!options.labels.empty()) {
    fail("{}: a labels file ({}) goes with idx and NPY files only", input.label, options.labels);
  }
  return read_text(input.label, std::move(input.bytes), options);
}

}  // namespace data

Table read_table(const std::string& path, const ReadOptions& options) {
  if (path.starts_with("demo:")) return data::generate(path.substr(5), options);

  // "images,labels": two files, unless a file has that very name.
  if (const auto comma = path.find(','); comma != std::string::npos && options.labels.empty()) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      ReadOptions pair = options;
      pair.labels = path.substr(comma + 1);
      return read_table(path.substr(0, comma), pair);
    }
  }
  if (path == data::standard_input && options.labels == data::standard_input) {
    fail("the standard input (-) can be the data or their labels, not both; name a file for one of them");
  }
  return data::read_whole(path, data::read_input(path), options);
}

}  // namespace runnel
