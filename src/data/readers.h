// The readers: one per format, each in the file of its name. read.cpp chooses among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runnel/data.h"
#include "runnel/reading.h"

namespace runnel::data {

// The whole file as it is; fails when it is missing, a directory, unreadable or empty.
std::string read_bytes(const std::string& path);

// ---- texts -----------------------------------------------------------------------------------------------

// A table as its cells stand in a text file, before anything is known of what they mean.
struct RawColumn {
  std::string name;
  Texts texts;  // one per row
  std::vector<std::uint8_t> absent =
      {};  // 1 where the file has no cell (and texts an empty one); empty: nowhere
  std::vector<std::uint8_t> plain = {};       // as in Column
  std::optional<ColumnFormat> declared = {};  // by the file itself; cells that do not read so are missing
};

struct RawTable {
  std::string source;
  std::vector<RawColumn> columns;
  std::vector<std::uint32_t> lines;  // of each row
  std::vector<std::string> notes;
  std::size_t rows = 0;
  char separator = 0;
};

// Finds how each column is read, or takes it from options.reading, and reads it so.
Table typed(RawTable raw, const ReadOptions& options);

// The same, but that nothing is told of cells that could not be read.
Table typed_untold(RawTable raw, const ReadOptions& options);

struct WholeInput;
// The bytes of any format as a table; `path` may tell the format.
Table read_whole(const std::string& path, WholeInput input, const ReadOptions& options);

// The text of a file from the first line of the table on.
std::string_view without_top(std::string_view text, std::size_t skip);

// The bytes of any text format, in any encoding, as a table.
Table read_text(const std::string& label, std::string bytes, const ReadOptions& options);

// The text readers take UTF-8 from which options.skip_rows lines are gone, and a path to name in messages.
RawTable read_csv(const std::string& path, std::string_view text, const ReadOptions& options);

// What sets the columns of a CSV file apart: , ; tab or |, or ' ' for blanks in any number (aligned.h). Where
// options.reading knows names of columns, that under which most of them stand in the first line.
char find_separator(std::string_view text, const ReadOptions& options);

// ARFF, told by its first line that is no comment.
bool is_arff(std::string_view text);
RawTable read_arff(const std::string& path, std::string_view text, const ReadOptions& options);

// JSON objects, one after another (JSON Lines) or as one array.
bool is_json(std::string_view text);
RawTable read_json(const std::string& path, std::string_view text, const ReadOptions& options);

// ---- arrays ----------------------------------------------------------------------------------------------

Table read_npy(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table read_npz(const std::string& path, std::string_view bytes, const ReadOptions& options);
Table read_idx(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table generate(const std::string& name, const ReadOptions& options);

// An array as NPY and idx files hold it: numbers as double or float, or texts, row-major.
struct ArrayFile {
  std::vector<std::size_t> shape;
  std::vector<double> numbers;  // of arrays that make columns, and of others that floats would not hold
  std::vector<float> block;     // of the others
  std::vector<std::string>
      texts;  // of NPY's <U strings; of integers that doubles would not hold, beside numbers
  bool is_text = false;
  bool is_bytes = false;  // unsigned 8-bit numbers: pixels, when there are at least three axes

  std::size_t rows() const { return shape.empty() ? 1 : shape[0]; }
  std::size_t width() const;  // numbers per row
};

// Wider arrays, and those of three axes and more, are read as a Block instead of as columns.
inline constexpr std::size_t most_array_columns = 64;

// Whether an array of this shape becomes a block.
bool makes_block(const std::vector<std::size_t>& shape);

// Takes count values, the i-th of which is value(i), into the array: into floats only where the array makes a
// block and T is a type whose values floats hold.
template <class T, class Value>
void take_numbers(std::size_t count, const Value& value, ArrayFile& out) {
  constexpr bool floats_hold = std::is_same_v<T, float> || (std::is_integral_v<T> && sizeof(T) <= 2);
  if (floats_hold && makes_block(out.shape)) {
    out.block.resize(count);
    for (std::size_t i = 0; i < count; ++i) out.block[i] = static_cast<float>(value(i));
    return;
  }
  out.numbers.resize(count);
  bool exact = true;
  for (std::size_t i = 0; i < count; ++i) {
    const T v = value(i);
    out.numbers[i] = static_cast<double>(v);
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8)
      exact = exact && out.numbers[i] < 0x1p53 && out.numbers[i] > -0x1p53;
  }
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    if (exact || makes_block(out.shape)) return;
    out.texts.resize(count);
    for (std::size_t i = 0; i < count; ++i) out.texts[i] = std::to_string(value(i));
  }
}

// The numbers of an array as texts too.
void add_texts(ArrayFile& array);

ArrayFile parse_npy(const std::string& label, std::span<const char> bytes);
ArrayFile parse_idx(const std::string& label, std::span<const char> bytes);

// Adds an array under a name: a column, several columns name1, name2, ..., or the block. Fails where the
// number of rows differs from the table's, a value is infinite, or a second block comes.
void add_array(Table& table, const std::string& name, ArrayFile array);

}  // namespace runnel::data
