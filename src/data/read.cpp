// read_table: which reader a path goes to.
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/fail.h"
#include "data/readers.h"
#include "data/text.h"

namespace runnel {
namespace data {

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

bool is_idx(std::string_view bytes) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) return false;
  const auto type = static_cast<unsigned char>(bytes[2]);
  return type >= 0x08 && type <= 0x0E && bytes[3] >= 1 && bytes[3] <= 8;
}

// Formats that are often tried and that other programs turn into one of ours.
void refuse_known_others(const std::string& path, std::string_view bytes) {
  if (bytes.starts_with("\x1F\x8B")) fail("{}: compressed with gzip; unpack it first (gunzip)", path);
  if (bytes.starts_with("BZh")) fail("{}: compressed with bzip2; unpack it first (bunzip2)", path);
  if (bytes.starts_with("\xFD"
                        "7zXZ")) {
    fail("{}: compressed with xz; unpack it first (unxz)", path);
  }
  if (bytes.starts_with("PAR1")) fail("{}: a Parquet file; save it as CSV", path);
  if (bytes.starts_with("\x89HDF")) fail("{}: an HDF5 file; save the array as NPY or NPZ", path);
  if (bytes.starts_with("PK") && path.ends_with(".xlsx")) fail("{}: a spreadsheet; save it as CSV", path);
}

}  // namespace
}  // namespace data

Table read_table(const std::string& path, const ReadOptions& options) {
  if (path.starts_with("demo:")) return data::generate(path.substr(5), options);

  // "images,labels": two files, unless a file has that very name.
  if (const auto comma = path.find(','); comma != std::string::npos && options.labels.empty()) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      ReadOptions pair = options;
      pair.labels = path.substr(comma + 1);
      return read_table(path.substr(0, comma), pair);
    }
  }

  const std::string bytes = data::read_bytes(path);
  data::refuse_known_others(path, bytes);
  if (bytes.starts_with("PK\x03\x04") || path.ends_with(".npz")) return data::read_npz(path, bytes, options);
  if (bytes.starts_with("\x93NUMPY") || path.ends_with(".npy")) return data::read_npy(path, bytes, options);
  if (data::is_idx(bytes)) return data::read_idx(path, bytes, options);
  if (!options.labels.empty()) {
    fail("{}: a labels file ({}) goes with idx and NPY files only", path, options.labels);
  }
  return data::read_csv(path, bytes, options);
}

}  // namespace runnel
