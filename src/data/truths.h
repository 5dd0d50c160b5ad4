// Truth values as they stand in tables.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace runnel::data {

// true/false, yes/no, y/n, t/f, on/off in letters of any case, 1/0 and 1.0/0.0; nothing for any other text.
std::optional<bool> parse_truth(std::string_view cell);

// Whether a column of these different texts holds truth values: each is one, and at least one is a word (ones
// and zeros alone are numbers). A column in which only one of the two truths occurs holds them too.
bool are_truths(std::span<const std::string_view> texts);

}  // namespace runnel::data
