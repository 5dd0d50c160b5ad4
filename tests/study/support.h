// Folders, studies and files for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "error_of.h"
#include "runnel/study.h"

namespace runnel::study {

// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "runnel-study-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  std::string file(const std::string& name) const { return (std::filesystem::path(path_) / name).string(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::vector<params::Configuration> some_candidates(std::size_t n) {
  std::vector<params::Configuration> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(models::network({{"rate", 0.001 * static_cast<double>(i + 1)},
                                   {"hidden", std::to_string(8 * (i % 3 + 1))},
                                   {"seed", 0x7FFFFFFFFFFFFFFF - static_cast<std::int64_t>(i)}}));
  return out;
}

inline Description some_description() {
  Description d;
  d.source = "songs.csv";
  d.command = "runnel fit songs.csv --study songs.study";
  d.configuration = R"({"target":"hit"})";
  d.seed = 0xFFFFFFFFFFFFFFFFull;
  d.metric = "r2";
  d.loss = "squared";
  d.folds = 2;
  d.version = "1.2.3";
  Table table;
  table.rows = 3;
  table.columns.push_back({.name = "x", .numbers = {1, 2, 3}});
  d.data = data_fingerprint(table);
  d.split = split_fingerprint({.train = {0}, .validation = {1}, .test = {2}}, {});
  d.space = settings_fingerprint({{"loss", "squared"}});
  return d;
}

inline Tensor some_tensor(const std::string& name, std::size_t n, int salt) {
  Tensor t{name, DType::f32, {static_cast<std::int64_t>(n)}, std::vector<std::byte>(4 * n)};
  for (std::size_t i = 0; i < t.bytes.size(); ++i)
    t.bytes[i] = static_cast<std::byte>((i * 31 + static_cast<std::size_t>(salt) * 7) & 0xFF);
  return t;
}

// Equal with NaN counting as itself.
inline bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (a != a && b != b);
}

}  // namespace runnel::study
