// The signs of currencies that stand beside numbers in tables.
#pragma once

#include <string_view>

namespace runnel::data {

// The sign of a currency that the text begins or ends with, behind or before a minus sign or brackets: "€" of
// "-1,50 €", "US$" of "(US$5)". Empty when there is none. Of several that fit ("$", "US$") the longest.
std::string_view currency_of(std::string_view text);

}  // namespace runnel::data
