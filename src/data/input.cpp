#include "data/input.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/fail.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

constexpr std::size_t all = ~std::size_t{0};

std::ifstream opened(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail("{}: no such file", path);
  if (std::filesystem::is_directory(status)) fail("{}: a directory, not a file", path);
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot be read: {}", path, std::strerror(errno));
  return in;
}

// At most so many bytes of a file.
std::string bytes_of(std::ifstream& in, const std::string& path, std::size_t most) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (bytes.size() < most) {
    in.read(buffer.data(), static_cast<std::streamsize>(std::min(buffer.size(), most - bytes.size())));
    if (in.gcount() == 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) fail_run("{}: reading stopped: {}", path, std::strerror(errno));
  return bytes;
}

std::string bytes_of_standard_input(const std::string& label, std::size_t most) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (bytes.size() < most) {
    const std::size_t got = std::fread(buffer.data(), 1, std::min(buffer.size(), most - bytes.size()), stdin);
    if (got == 0) break;
    bytes.append(buffer.data(), got);
  }
  if (std::ferror(stdin)) fail_run("{}: reading stopped: {}", label, std::strerror(errno));
  return bytes;
}

}  // namespace

std::string read_bytes(const std::string& path) {
  std::ifstream in = opened(path);
  std::string bytes;
  std::error_code error;
  if (const auto size = std::filesystem::file_size(path, error); !error) bytes.reserve(size);
  bytes += bytes_of(in, path, all);
  if (bytes.empty()) fail("{}: the file is empty", path);
  return bytes;
}

Input::Input(const std::string& path)
    : label_(path == standard_input ? "standard input" : path), standard_(path == standard_input) {
  if (!standard_) file_ = opened(path);
  constexpr std::size_t first_bytes = 1 << 16;
  ready_ = read_packed(first_bytes);
  if (ready_.empty() && standard_)
    fail("{}: nothing came; pipe a table into the program, or name its file", label_);
  if (ready_.empty()) fail("{}: the file is empty", label_);
  if (!is_gzip(ready_)) return;
  gunzip_.emplace(label_, [this, first = std::exchange(ready_, {})]() mutable {
    return first.empty() ? read_packed(first_bytes) : std::exchange(first, {});
  });
  ready_ = gunzip_->read(first_bytes);
  if (ready_.empty()) fail("{}: empty: gzip packed a file without a byte", label_);
  if (is_gzip(ready_)) fail("{}: packed with gzip twice; unpack it once (gunzip)", label_);
}

std::string Input::read_unpacked(std::size_t bytes) {
  return gunzip_ ? gunzip_->read(bytes) : read_packed(bytes);
}

// As the bytes stand there.
std::string Input::read_packed(std::size_t bytes) {
  return standard_ ? bytes_of_standard_input(label_, bytes) : bytes_of(file_, label_, bytes);
}

std::string Input::read(std::size_t bytes) {
  const std::size_t here = std::min(bytes, ready_.size() - given_);
  std::string out;
  if (given_ == 0 && here == ready_.size()) {
    out = std::exchange(ready_, {});
  } else {
    out = ready_.substr(given_, here);
    given_ += here;
    if (given_ == ready_.size()) {
      ready_ = {};
      given_ = 0;
    }
  }
  if (out.size() < bytes) out += read_unpacked(bytes - out.size());
  return out;
}

std::string Input::read_all() { return read(all); }

WholeInput read_input(const std::string& path) {
  Input input(path);
  return {input.label(), input.read_all()};
}

void Input::put_back(std::string bytes) {
  ready_ = std::move(bytes) + ready_.substr(given_);
  given_ = 0;
}

}  // namespace runnel::data
