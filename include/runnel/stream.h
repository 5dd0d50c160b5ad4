// A table that is read a piece at a time, so that a long one takes little memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel {

// What a column holds is found from all its cells, so only what an earlier file's reading says already
// (options.reading, as a Model keeps it) can be read in pieces: CSV with any separator but blanks, in UTF-8
// or with cells in Windows-1252, from a file or the standard input, also with gzip. Every other table comes
// whole, as one piece.
//
//   TableStream stream("new.csv", {.reading = model.reading});
//   while (const std::optional<Table> piece = stream.next()) use(*piece);
class TableStream {
 public:
  // Takes paths and options as read_table does, and fails as it does for what its first bytes show.
  TableStream(const std::string& path, const ReadOptions& options);
  TableStream(TableStream&&) noexcept;
  TableStream& operator=(TableStream&&) noexcept;
  ~TableStream();

  // The next rows, some thousands (about a megabyte of text); nothing when there are no more. A table of no
  // rows is one piece of none. Lines are numbered as in the file. Fails as read_table does, once it comes to
  // the place: rows before it have been given then.
  std::optional<Table> next();

  // What the reader decided and could not read, so far: after the last piece, the notes of the whole table.
  std::vector<std::string> notes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel
