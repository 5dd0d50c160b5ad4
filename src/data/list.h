// Lists in one argument: "a,b,\"low, cheap\"".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

// The fields between commas, without spaces around them. In one that begins with a double quote commas are
// text up to the closing quote, and "" is a quote, as in CSV. An empty text is a list of one empty field.
// Fails for a quote that is not closed, and for text after a closing one.
std::vector<std::string> split_list(std::string_view text);

// The names that an argument of a flag ("--drop") lists; fails, naming the flag, where it cannot be taken
// apart and for an empty name.
std::vector<std::string> names_in(const std::string& flag, const std::string& argument);

// A list of weights or other values by name: "a=1,\"b, c\"=2". The name is what stands before the last '=' of
// a field, in double quotes or not, and the value what stands behind it. Fails as split_list, and for fields
// without '='.
struct NamedText {
  std::string name, text;
};
std::vector<NamedText> split_named_list(std::string_view text);

// A name as it stands in such a list: in double quotes where it must be.
std::string in_list(std::string_view name);
// The names as one argument that split_list takes apart again.
std::string joined_list(const std::vector<std::string>& names);

}  // namespace runnel::data
