// Where the bytes of a table come from: a file or the standard input, unpacked where they were packed.
#pragma once

#include <string>
#include <string_view>

namespace runnel::data {

// The path that stands for the standard input, and what messages call it.
inline constexpr std::string_view standard_input = "-";

struct Input {
  std::string label;  // the path as given, or "standard input"
  std::string bytes;  // never empty; without gzip
};

// All of a file or of the standard input ("-"); what gzip packed is unpacked. Fails when there is nothing to
// be read, or the packed data are damaged.
Input read_input(const std::string& path);

}  // namespace runnel::data
