// What `runnel fit` and `runnel refit` share: the arguments of a fit, and what is done with them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "cli/options.h"

namespace runnel::cli {

struct FitCommand {
  std::string data, test, model;
  std::string usual_model;  // where the model goes that no place was named for; empty: after DATA's name
  std::string report;       // where the page goes; empty: beside the model
  bool no_report = false;
  ReadArguments read;
  std::optional<std::size_t> test_skip_rows;
  std::string test_labels;
  std::optional<std::string> test_encoding;
  FitArguments fit;
  Manner manner;
  bool timings = false, plan = false;
  std::string write_split;  // a file that is told which row is in which part
};
void add_fit_command(CLI::App& app, FitCommand& command);
void add_page_options(CLI::App& app, FitCommand& command);

// runnel::fit, or another that makes a model of tables.
using Fitting = std::function<FitResult(const Table&, const FitOptions&, const Table*)>;
// Reads the tables, fits, saves the model, reports, writes the page. Returns the exit code.
int fit_and_save(FitCommand& command, const Fitting& fitting);

// A command as its study keeps it (FitStudy::caller), and found there again: the arguments that say what is
// fitted, without those of the search. Files lie in the folder that the command was given in. Fails for a
// study that was begun by another program.
std::string kept_command();
void read_kept_command(const study::Study& study, FitCommand& command);

}  // namespace runnel::cli
