// The readers: one per format, each in the file of its name. read.cpp chooses among them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

// The whole file; fails when it is missing, a directory, unreadable or empty.
std::string read_bytes(const std::string& path);

// A table as its cells stand in a text file, before anything is known of what they mean.
struct RawColumn {
  std::string name;
  Texts texts;
  std::vector<std::uint8_t> absent = {};  // 1 where the file has no cell (null, a lacking key); empty: none
  std::optional<ColumnFormat> declared = {};  // what the file itself says of the column
};
struct RawTable {
  std::string source;
  std::size_t rows = 0;
  std::vector<RawColumn> columns;
  std::vector<std::uint32_t> lines;
  std::vector<std::string> notes;
};

// Finds how each column is read, or takes it from options.reading, and reads it so.
Table typed(RawTable raw, const ReadOptions& options);

Table read_csv(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table read_npy(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table read_npz(const std::string& path, const ReadOptions& options);
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
