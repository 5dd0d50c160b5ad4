// The page of experiments of the lab.
#pragma once

#include <string>
#include <vector>

#include "report/page.h"
#include "runnel/lab.h"

namespace runnel::report {

// What experiments came to, with their pictures; `command` is how they were run.
Json lab_page(const std::vector<lab::Result>& results, const std::string& command);

}  // namespace runnel::report
