// Whether bytes are UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace runnel::data {

// Where the first byte stands that is no part of UTF-8 (RFC 3629: shortest forms, no surrogates, nothing
// above U+10FFFF); npos when all is UTF-8.
std::size_t first_not_utf8(std::string_view bytes);

// The line, counted from 1, in which the byte at a place stands.
std::size_t line_of(std::string_view text, std::size_t place);

// Fails with the line of the first byte that is no part of UTF-8.
void check_utf8(std::string_view text, const std::string& label);

}  // namespace runnel::data
