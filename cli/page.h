// The pages that the program writes: one HTML file each, with everything inside.
#pragma once

#include <string>

#include "cli/report.h"

namespace runnel::cli {

// songs.runnel.safetensors -> songs.report.html, in the model's folder; empty for a model that goes to a
// device or a pipe.
std::string page_beside(const std::string& model);

// Writes the page of a fit where `report.page` says, if it says so.
void write_fit_page(const FitReport& report, const Timings& timings);

}  // namespace runnel::cli
