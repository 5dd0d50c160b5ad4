// What the lab has to tell, as text for people; lab/json.h makes its JSON.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "lab/lab.h"

namespace runnel::cli {

std::string experiments_text();                                  // one line each
std::string experiment_text(const lab::Experiment& experiment);  // all that is known before it runs
std::string document_text(std::size_t document);                 // its claims, each with a verdict
// What is so of one claim, by each experiment that says something of it.
std::string claim_text(const std::vector<std::pair<const lab::Experiment*, const lab::Claim*>>& claims);
// A line for each check and a line for each claim; where `quiet`, what failed alone, and how it ended.
std::string lab_result_text(const lab::Result& result, const Style& style, bool quiet);
std::string lab_summary_text(const std::vector<lab::Result>& results);

}  // namespace runnel::cli
