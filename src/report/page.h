// A page: the HTML that web/ builds, with the data it shows inside.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::report {

using Json = nlohmann::ordered_json;

// What stands in the page where its data go.
inline constexpr std::string_view kDataMark = "RUNNEL_DATA";

// The page with its data. They stand in a script element that is not run; nothing in them can end it, for
// < > and & are written as JSON's \u escapes. Bytes that are no UTF-8 are replaced.
std::string filled(std::string_view page, const Json& data);

// For a JSON number: five significant digits, which is more than a drawing shows; null for what is no number.
Json rounded(double value);
Json rounded(const std::vector<double>& values);
// All digits; null for what is no number.
Json exact(double value);

}  // namespace runnel::report
