// The page of the reports, as web/ builds it: an HTML file with a place for data (report::filled).
#pragma once

#include <string_view>

namespace runnel::web {

std::string_view page();

}  // namespace runnel::web
