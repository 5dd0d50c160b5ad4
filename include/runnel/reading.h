// How the cells of a table's columns are read: as numbers, texts, truth values or dates, and in which way of
// writing them. Found once, from all cells of the file that a model is trained on, and kept in the model, so
// that a cell of any later file means the same whatever stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel {

enum class ColumnType { number, text, truth, date };

// How the numbers of a column are written.
struct NumberFormat {
  char decimal = '.';         // '.' or ','
  char grouping = 0;          // of thousands: none (0), ',', '.', ' ' (no-break spaces too) or '\'' (’ too)
  std::string currency = {};  // the sign that may stand before or behind a number: "$", "€", "CHF"; or none
  bool percent = false;       // a percent sign may stand behind: 12% is 12
  bool brackets = false;      // (12) is -12

  bool operator==(const NumberFormat&) const = default;
};

// How the dates of a column are written. Separators (. / - or none), names of months, years of two digits,
// missing months and days, times of day and offsets from UTC are read in each cell as they stand there.
struct DateFormat {
  enum class Order { ymd, dmy, mdy, clock };  // clock: a time of day without a date
  Order order = Order::ymd;

  bool operator==(const DateFormat&) const = default;
};

// How one column is read.
struct ColumnFormat {
  ColumnType type = ColumnType::number;
  NumberFormat number = {};  // of type number
  bool truths = false;       // of type number: all were 0 or 1, so that words such as TRUE are read too
  DateFormat date = {};      // of type date

  bool operator==(const ColumnFormat&) const = default;
};

// How a file was read.
struct Reading {
  std::vector<std::pair<std::string, ColumnFormat>> columns = {};  // by name, in the order of the file
  std::vector<std::string> missing = {};                           // the words for a missing value
  std::optional<bool> header = {};  // whether the first line holds names, where that was said
  char separator = 0;               // of a CSV file; ' ' for blanks in any number; else 0

  const ColumnFormat* find(std::string_view name) const;  // nullptr when there is none
  std::string to_json() const;
  static Reading from_json(std::string_view text);  // fails for what to_json does not write

  bool operator==(const Reading&) const = default;
};

// In plain words: "numbers", "numbers with a decimal comma", "texts", "truths", "dates, day first".
std::string describe(const ColumnFormat& format);

// The rows' texts of one column. Each different text is kept once, so that a question about texts is asked
// once for each different one, and a million rows of a category take four bytes each.
class Texts {
 public:
  class Iterator;
  using value_type = std::string_view;
  using const_iterator = Iterator;

  Texts() = default;
  Texts(std::initializer_list<std::string_view> texts);
  explicit Texts(const std::vector<std::string>& texts);

  void push_back(std::string_view text);
  void set(std::size_t row, std::string_view text);
  void resize(std::size_t rows);  // new rows hold the empty text
  void clear() { *this = {}; }
  void reserve(std::size_t rows) { codes_.reserve(rows); }
  // Frees what only push_back needs.
  void settle();

  std::size_t size() const { return codes_.size(); }  // rows
  bool empty() const { return codes_.empty(); }
  // Const, so that nobody believes to set a row by assigning to it.
  const std::string_view operator[](std::size_t row) const { return different(codes_[row]); }
  Iterator begin() const;
  Iterator end() const;

  // The different texts are numbered from 0, in the order of the rows in which they first stand unless a row
  // was set. A number may stand for a text that is in no row any more.
  std::uint32_t code(std::size_t row) const { return codes_[row]; }
  std::size_t count_different() const { return ends_.size(); }
  std::string_view different(std::size_t code) const {
    const std::size_t begin = code == 0 ? 0 : ends_[code - 1];
    return std::string_view(arena_).substr(begin, ends_[code] - begin);
  }

  bool operator==(const Texts& other) const;  // the same text in every row

 private:
  void index_all(std::size_t slots);
  std::uint32_t code_of(std::string_view text);

  std::string arena_;                  // the different texts, one after another
  std::vector<std::size_t> ends_;      // of each in the arena
  std::vector<std::uint32_t> codes_;   // of each row
  std::vector<std::uint32_t> hashes_;  // of the different texts
  std::vector<std::uint32_t> slots_;   // open addressing: 0 is free, else a code + 1
};

class Texts::Iterator {
 public:
  using value_type = std::string_view;
  using reference = std::string_view;
  using pointer = const std::string_view*;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;

  Iterator() = default;
  Iterator(const Texts& texts, std::size_t row) : texts_(&texts), row_(row) {}
  std::string_view operator*() const { return (*texts_)[row_]; }
  Iterator& operator++() {
    ++row_;
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++row_;
    return before;
  }
  bool operator==(const Iterator& other) const { return row_ == other.row_; }

 private:
  const Texts* texts_ = nullptr;
  std::size_t row_ = 0;
};

inline Texts::Iterator Texts::begin() const { return {*this, 0}; }
inline Texts::Iterator Texts::end() const { return {*this, size()}; }

}  // namespace runnel
