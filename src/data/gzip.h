// gzip (RFC 1952), unpacked by zlib.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace runnel::data {

// Whether the bytes begin as gzip's do: 1F 8B.
bool is_gzip(std::string_view bytes);

// Up to this size every ratio of unpacked to packed bytes is believed; beyond it, up to 1000.
inline constexpr std::size_t plausible_size = std::size_t{1} << 30;

// What was packed, one piece after another: all members; zero bytes behind the last are padding. Fails for
// truncated and damaged data, and for what is not believed: a small file could fill the memory.
class Gunzip {
 public:
  // `packed` gives the next bytes of the file, none at its end. The label is named in messages.
  Gunzip(std::string label, std::function<std::string()> packed, std::size_t believed = plausible_size);
  Gunzip(Gunzip&&) noexcept;
  Gunzip& operator=(Gunzip&&) noexcept;
  ~Gunzip();

  // The next bytes; fewer than asked for, or none, only at the end.
  std::string read(std::size_t bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// All of it.
std::string gunzip(const std::string& label, std::string_view bytes, std::size_t believed = plausible_size);

}  // namespace runnel::data
