// Small things about text that readers, triage and messages share.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel {

std::string_view trimmed(std::string_view s);  // without spaces and tabs at both ends
bool is_word(std::string_view s);              // letters (ASCII) alone, at least one
std::string lower(std::string_view s);         // ASCII only

// The whole of s as a number. "inf" and overflowing numbers give an infinite value.
std::optional<double> to_number(std::string_view s);
// The shortest text that reads back as x; "3" for 3.0.
std::string from_number(double x);

std::string grouped(std::size_t n);                                // 32833 -> "32,833"
std::string counted(std::size_t n, std::string_view noun);         // "1 row", "1,204 rows"
std::string shortened(std::string_view s, std::size_t most = 40);  // for messages; one line

// As one word of a shell command: in single quotes where it must be.
std::string shell_quoted(std::string_view word);

// The name in `names` with the least edit distance to `name`; empty when nothing is near.
std::string nearest(std::string_view name, const std::vector<std::string>& names);
// "; did you mean 'age'?" or "; there is: a, b, c": what an error on an unknown name ends with.
std::string suggestion(std::string_view name, const std::vector<std::string>& names);

}  // namespace runnel
