// The options that sub-commands share, each declared in one place.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/lists.h"
#include "runnel/data.h"
#include "runnel/fit.h"

namespace runnel::cli {

// The check of an option that takes a whole number.
CLI::Validator whole_number(std::uint64_t least);

// --json and --quiet.
struct Manner {
  bool json = false, quiet = false;
};
void add_manner(CLI::App& app, Manner& manner);

// What DATA may be, in a line.
inline constexpr const char* data_help =
    "CSV, ARFF, JSON Lines, NPY, NPZ or idx file, also in gzip; - for the standard input; or demo:NAME";

// How DATA is read.
struct ReadArguments {
  ReadOptions options;
  std::string separator;
  MissingWords missing;
  std::vector<std::string> text, decimal, thousands, dates;  // the arguments
  bool no_header = false, header = false;
};
void add_read_options(CLI::App& app, ReadArguments& read);
// The ReadOptions of parsed arguments.
ReadOptions read_options(const ReadArguments& read);

// Everything that shapes a fit.
struct FitArguments {
  FitOptions options;
  ColumnLists columns;
  std::string task, metric, loss, split, sampler, scheduler, class_weight, ensemble_of;
  std::optional<std::int64_t> eta, min_epochs;
  std::vector<std::string> times, tries;  // the arguments of --time and --try
  std::vector<std::string> try_files;     // those of them that are files
  std::vector<std::string> hyper;         // one text per hyperparameter; empty where not given
  bool raw = false, no_standardize = false, no_log_companions = false, no_scale_target = false;
};
void add_fit_options(CLI::App& app, FitArguments& fit);
// The FitOptions of parsed arguments; fails for names and values that nothing knows, before any data is read.
FitOptions fit_options(FitArguments& fit);

}  // namespace runnel::cli
