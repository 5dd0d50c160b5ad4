#include "data/input.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/fail.h"
#include "data/gzip.h"
#include "data/readers.h"

namespace runnel::data {

std::string read_bytes(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail("{}: no such file", path);
  if (std::filesystem::is_directory(status)) fail("{}: a directory, not a file", path);
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot be read: {}", path, std::strerror(errno));
  std::string bytes;
  if (const auto size = std::filesystem::file_size(path, error); !error) bytes.reserve(size);
  std::array<char, 1 << 16> buffer;
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    bytes.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) fail_run("{}: reading stopped: {}", path, std::strerror(errno));
  if (bytes.empty()) fail("{}: the file is empty", path);
  return bytes;
}

namespace {

std::string read_standard_input(const std::string& label) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
    bytes.append(buffer.data(), got);
  }
  if (std::ferror(stdin)) fail_run("{}: reading stopped: {}", label, std::strerror(errno));
  if (bytes.empty()) fail("{}: nothing came; pipe a table into the program, or name its file", label);
  return bytes;
}

}  // namespace

Input read_input(const std::string& path) {
  Input input;
  if (path == standard_input) {
    input.label = "standard input";
    input.bytes = read_standard_input(input.label);
  } else {
    input.label = path;
    input.bytes = read_bytes(path);
  }
  if (!is_gzip(input.bytes)) return input;
  input.bytes = gunzip(input.label, input.bytes);
  if (input.bytes.empty()) fail("{}: empty: gzip packed a file without a byte", input.label);
  if (is_gzip(input.bytes)) fail("{}: packed with gzip twice; unpack it once (gunzip)", input.label);
  return input;
}

}  // namespace runnel::data
