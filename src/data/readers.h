// The readers: one per format, each in the file of its name. read.cpp chooses among them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

// The whole file; fails when it is missing, a directory, unreadable or empty.
std::string read_bytes(const std::string& path);

Table read_csv(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table read_npy(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table read_npz(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table read_idx(const std::string& path, const std::string& bytes, const ReadOptions& options);
Table generate(const std::string& name, const ReadOptions& options);

// An array as NPY and idx files hold it: numbers as double or float, or texts, row-major.
struct ArrayFile {
  std::vector<std::size_t> shape;
  std::vector<double> numbers;     // 1-D arrays and those of few columns
  std::vector<float> block;        // the others
  std::vector<std::string> texts;  // of NPY's <U strings
  bool is_text = false;
  bool is_bytes = false;  // unsigned 8-bit numbers: pixels, when there are at least three axes

  std::size_t rows() const { return shape.empty() ? 1 : shape[0]; }
  std::size_t width() const;  // numbers per row
};

// Wider arrays, and those of three axes and more, are read as a Block instead of as columns.
inline constexpr std::size_t most_array_columns = 64;

// Whether an array of this shape becomes a block.
bool makes_block(const std::vector<std::size_t>& shape);

ArrayFile parse_npy(const std::string& label, std::span<const char> bytes);
ArrayFile parse_idx(const std::string& label, std::span<const char> bytes);

// Adds an array under a name: a column, several columns name1, name2, ..., or the block. Fails where the
// number of rows differs from the table's, a value is infinite, or a second block comes.
void add_array(Table& table, const std::string& name, ArrayFile array);

}  // namespace runnel::data
