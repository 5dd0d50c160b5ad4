// The pages that the program writes: one HTML file each, with everything inside.
#pragma once

#include <string>

#include "cli/report.h"
#include "runnel/study.h"

namespace runnel::cli {

// songs.runnel.safetensors -> songs.report.html, in the model's folder; empty for a model that goes to a
// device or a pipe.
std::string page_beside(const std::string& model);

// songs.study -> songs.study.report.html, in the current folder: it may stand beside the page of its fit.
std::string study_page_path(const std::string& study);

// Writes the page of a study; `state` is as the file says it, or "killed".
void write_study_page(const study::Study& study, const std::string& state, const std::string& path);

// Writes the page of a fit where `report.page` says, if it says so.
void write_fit_page(const FitReport& report, const Timings& timings);

}  // namespace runnel::cli
