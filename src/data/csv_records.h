// The records of a CSV file, cell by cell, from text that comes in pieces of any size. libcsv makes the
// tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

// Cells of records, one after another, with the line on which each record starts.
struct Cells {
  std::string arena;
  std::vector<std::size_t> ends;     // of the cells in the arena
  std::vector<std::size_t> first;    // the index of each record's first cell; one more at the end
  std::vector<std::uint32_t> lines;  // on which each record starts

  std::size_t records() const { return lines.size(); }
  std::size_t width(std::size_t record) const { return first[record + 1] - first[record]; }
  std::string_view cell(std::size_t record, std::size_t column) const;  // without blanks around it
};

class CsvRecords {
 public:
  // The first line is the one behind `skipped`. The path is named in messages.
  CsvRecords(std::string path, char separator, std::size_t skipped);
  CsvRecords(const CsvRecords&) = delete;
  CsvRecords& operator=(const CsvRecords&) = delete;
  ~CsvRecords();

  void feed(std::string_view text);
  void finish();  // the end of the file; fails where a quote is open

  // The whole records so far that were not taken. What was fed of the next one stays for the next call.
  Cells take();
  std::size_t records() const { return cells_.records(); }
  // Lines before the first record.
  const std::vector<std::uint32_t>& empty_lines() const { return empty_; }

 private:
  struct Parser;
  friend struct CsvCalls;
  static bool is_plain(std::string_view line);
  void cut(std::string_view line);
  void parse(std::string_view text);
  void add_cell(std::string_view text);
  void end_record(int terminator);

  std::string path_;
  char separator_;
  std::unique_ptr<Parser> parser_;
  Cells cells_;
  std::size_t width_ = 0;   // of the first record
  std::uint32_t line_ = 1;  // where the reader stands
  std::vector<std::uint32_t> empty_ = {};
  int last_terminator_ = 0;
  std::size_t newlines_in_record_ = 0;
  std::size_t pieces_ = 0;  // that were taken
};

// All of a text.
Cells records_of(const std::string& path, std::string_view text, char separator, std::size_t skipped);

}  // namespace runnel::data
