// The features of one row that comes as cells, not in a table.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/features.h"
#include "data/levels.h"
#include "data/missing_words.h"
#include "runnel/data.h"

namespace runnel::data {

// What a preprocessor makes of a row's cells, read as a model's tables are. A row has a cell for each column
// that the preprocessor needs, in its order, and one for each number of a wide array. The features are those
// of the same row in a table, to the last bit; but a cell that cannot be read as its column is, which a table
// counts as missing and tells, is an error here.
class RowFeatures {
 public:
  RowFeatures(const Preprocessor& preprocessor, const Reading& reading);

  // What the cells of a row are: names of columns, "pixels[0]" of an array's numbers.
  const std::vector<std::string>& cells() const { return names_; }

  // Writes all features. Fails for another number of cells, and, naming the column, for a cell that cannot be
  // read or is infinite. T is float or double.
  template <class T>
  void write(std::span<const std::string_view> cells, T* out) const;
  // Numbers: of dates seconds since 1970-01-01 UTC, of times of day since midnight, of truths 0 and 1; NaN is
  // a missing value. Fails for a column whose values are words.
  template <class T>
  void write(std::span<const double> cells, T* out) const;

 private:
  struct Part {
    Encoding encoding;
    ColumnFormat format;
    std::unique_ptr<const Levels> levels = {};
    bool numeric_levels = false;  // a number may be one of the levels
    std::size_t first = 0;        // feature
  };

  template <class T, class Cell>
  void write_all(std::span<const Cell> cells, T* out) const;
  void expect_count(std::size_t cells) const;
  template <class T>
  void put(const Part& part, std::string_view cell, T* out) const;
  template <class T>
  void put(const Part& part, double cell, T* out) const;
  template <class T>
  void put_number(const Part& part, double value, double local, T* out) const;
  double number_of(const Part& part, std::string_view cell) const;

  std::vector<Part> parts_;
  std::vector<std::string> names_;
  MissingWords missing_;
  std::size_t features_ = 0;
  bool standardizes_;
  double clip_;
};

}  // namespace runnel::data
