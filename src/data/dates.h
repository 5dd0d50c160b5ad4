// Dates as they stand in tables: YYYY, YYYY-MM, YYYY-MM-DD, the last also with a time of day.
#pragma once

#include <optional>
#include <string_view>

namespace runnel::data {

// The date as a fractional year: 2019 -> 2019, 2019-07-02 -> 2019.4986...; nothing when s is no date.
// A missing month or day counts as the first, so that dates of mixed precision stay in order.
std::optional<double> to_year(std::string_view s);

}  // namespace runnel::data
