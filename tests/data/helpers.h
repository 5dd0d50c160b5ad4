// Files for a test to read, and what an error says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "error_of.h"
#include "runnel/data.h"

namespace runnel::test {

// A folder of its own for each test, removed afterwards.
class DataTest : public ::testing::Test {
 protected:
  DataTest() {
    static std::atomic<int> counter = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("runnel-data-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::create_directories(folder_);
  }
  ~DataTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }
  Table csv(std::string_view text, const ReadOptions& options = {}) const {
    return read_table(write("t.csv", text), options);
  }

 private:
  std::filesystem::path folder_;
};

// The text of the input error that `action` raises.
inline std::vector<std::size_t> all_rows(const Table& table) {
  std::vector<std::size_t> rows(table.rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  return rows;
}

}  // namespace runnel::test
