// The rows of a CSV file whose text comes in pieces of any size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/csv_records.h"
#include "data/readers.h"

namespace runnel::data {

class CsvRows {
 public:
  // options.skip_rows lines are gone from the text already, and only counted. Where blanks are the separator
  // (' '), the text is what with_tabs makes of it.
  CsvRows(std::string path, char separator, const ReadOptions& options);

  void feed(std::string_view text) { records_.feed(text); }
  void finish();  // the end of the file

  // Whether there is enough to take: at first the records from which the names and the width are judged.
  bool ready() const { return begun_ || finished_ || records_.records() > kJudged; }
  // The whole rows that were not taken. Fails for an empty file, names that are none, and rows that have more
  // or fewer fields than the first line.
  RawTable take();

 private:
  static constexpr std::size_t kJudged = 200;

  void begin(const Cells& cells);

  std::string path_;
  char separator_;
  const ReadOptions options_;
  CsvRecords records_;
  bool begun_ = false, finished_ = false;
  std::vector<std::string> names_ = {};
  std::uint32_t first_line_ = 0;
};

// What is to be told of a file, from its first rows.
std::vector<std::string> csv_notes(const RawTable& first, const ReadOptions& options);

}  // namespace runnel::data
