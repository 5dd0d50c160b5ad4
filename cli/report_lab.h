// What the lab has to tell, as text for people; src/lab/json.h makes its JSON.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "runnel/lab.h"

namespace runnel::cli {

std::string experiments_text();                                  // one line each
std::string experiment_text(const lab::Experiment& experiment);  // all that is known before it runs
// A line for each check and a line for each claim; where `quiet`, what failed alone, and how it ended.
std::string lab_result_text(const lab::Result& result, const Style& style, bool quiet);
std::string lab_summary_text(const std::vector<lab::Result>& results);

}  // namespace runnel::cli
