// gzip (RFC 1952): unpacked in memory, by zlib.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace runnel::data {

// Whether the bytes begin as gzip's do: 1F 8B.
bool is_gzip(std::string_view bytes);

// Up to this size every ratio of unpacked to packed bytes is believed; beyond it, up to 1000.
inline constexpr std::size_t plausible_size = std::size_t{1} << 30;

// What was packed: all members, one after another; zero bytes behind the last are padding. Fails for
// truncated and damaged data, and for what is not believed: a small file could fill the memory.
std::string gunzip(const std::string& label, std::string_view bytes, std::size_t believed = plausible_size);

}  // namespace runnel::data
