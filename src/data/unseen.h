// What a model's columns meet in another table that they had not met in training.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::data {

// Sentences on a table that may come in pieces: the sums over all of them.
class Unseen {
 public:
  // The preprocessor must outlive it.
  explicit Unseen(const Preprocessor& preprocessor);

  void add(const Table& piece, std::span<const std::size_t> rows);
  // One sentence per column of the table that the model does not know, and on what training had not: levels,
  // values far outside the range, values that are missing.
  std::vector<std::string> texts() const;

 private:
  // Rows that show something, and the first of them.
  struct Seen {
    std::size_t rows = 0;
    std::string text = {}, where = {};
    std::set<std::string> values = {};

    void add(const Table& table, std::size_t row, const std::string& value);
    std::string others() const;
  };
  struct Of {
    Seen levels = {}, far = {}, missing = {};
    std::size_t unread = 0;  // cells that count as missing, and are told where the file is read
    ColumnFormat format = {};
  };

  void add_levels(const Table& table, std::span<const std::size_t> rows, const Column& column,
                  const Encoding& e, Of& of) const;
  void add_far(const Table& table, std::span<const std::size_t> rows, const Column& column, const Encoding& e,
               Of& of) const;
  void add_missing(const Table& table, std::span<const std::size_t> rows, const Column& column,
                   const Encoding& e, Of& of) const;

  const Preprocessor& preprocessor_;
  std::vector<std::string> unknown_ = {};  // columns
  std::vector<Of> encodings_;              // of the preprocessor
};

}  // namespace runnel::data
