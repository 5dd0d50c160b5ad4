// Where the bytes of a table come from: a file or the standard input, unpacked where they were packed.
#pragma once

#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "data/gzip.h"

namespace runnel::data {

// The path that stands for the standard input, and what messages call it.
inline constexpr std::string_view standard_input = "-";

// The bytes of a file or of the standard input ("-"), one piece after another; what gzip packed is unpacked.
// Fails when there is nothing to be read, or the packed data are damaged.
class Input {
 public:
  explicit Input(const std::string& path);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  const std::string& label() const { return label_; }  // the path as given, or "standard input"
  // The next bytes; fewer than asked for, or none, only at the end.
  std::string read(std::size_t bytes);
  std::string read_all();
  // Gives what was read again, before what is still to come.
  void put_back(std::string bytes);

 private:
  std::string read_packed(std::size_t bytes);
  std::string read_unpacked(std::size_t bytes);

  std::string label_;
  bool standard_ = false;
  std::ifstream file_ = {};
  std::optional<Gunzip> gunzip_ = {};
  std::string ready_ = {};  // read, and not given yet
  std::size_t given_ = 0;   // of ready_
};

// All of it at once.
struct WholeInput {
  std::string label, bytes;  // the latter never empty
};
WholeInput read_input(const std::string& path);

}  // namespace runnel::data
