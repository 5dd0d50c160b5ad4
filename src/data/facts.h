// What a column holds, counted over some rows: what triage decides by and `inspect` prints.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

struct Facts {
  std::size_t rows = 0;            // that were looked at
  std::size_t missing = 0;         // of them
  std::size_t distinct = 0;        // values
  std::size_t distinct_texts = 0;  // ways in which they are written: 1.1 and 1.10 are one value
  // The texts, most frequent first; ties by value and text.
  std::vector<std::pair<std::string, std::size_t>> levels;

  // Of numbers, truths (0 and 1) and dates (seconds):
  bool whole = false;        // no value has a fraction
  bool counts_rows = false;  // whole, rising from row to row, without large gaps: 1, 2, 3, ...
  double min = 0, max = 0, mean = 0, deviation = 0, median = 0, skewness = 0;
  double log_scale = 0;  // median size of the values that are not zero

  std::size_t present() const { return rows - missing; }
};

// `rows` must be ascending. Levels are listed only up to most_levels.
Facts facts_of(const Column& column, std::span<const std::size_t> rows, std::size_t most_levels);

// Whether a name says that the column holds ids: id, track_id, PassengerId, uri, ...
bool is_id_name(const std::string& name);

// The median of v, which is reordered; the mean of the middle two when their number is even.
double median_of(std::vector<double>& v);

}  // namespace runnel::data
