// The flags of hyperparameters, and what --grid and --space say of them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runnel/fit.h"

namespace runnel::cli {

// One flag for each hyperparameter; `texts` gets one text for each, empty where none was given.
void add_hyper_options(CLI::App& app, std::vector<std::string>& texts);
// Sets FitOptions::set by such texts; fails, naming the flag, for what is no value.
void set_hyper(const std::vector<std::string>& texts, FitOptions& options);

// What all candidates have but what a point says.
params::Configuration base_of(const FitOptions& options);

// Looks through FitOptions::grid and ::space, which come as they were given: takes the file among the latter
// as ::space_file, and fails, naming flag and text, for what is no space.
void read_search_texts(FitOptions& options);

}  // namespace runnel::cli
