// The page of experiments, as report/ makes those of fits and studies.
#pragma once

#include <string>
#include <vector>

#include "lab/json.h"
#include "lab/lab.h"

namespace runnel::lab {

// What experiments came to, with their pictures; `command` is how they were run.
Json page(const std::vector<Result>& results, const std::string& command);

}  // namespace runnel::lab
