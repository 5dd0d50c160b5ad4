// The options that sub-commands share, each declared in one place.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
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

// What was given to the options that shape a fit.
struct FitArguments {
  std::vector<std::vector<std::string>> given;  // to each of fitting::fit_options(), in their order
  std::vector<std::string> hyper;               // one text per hyperparameter; empty where not given
  bool again = false;  // they are those of an earlier fit, which took them: none is refused or told as idle

  // What these make, once fit_options() was called.
  FitOptions options;
  std::vector<std::string> try_files;  // the arguments of --try that are files
};
void add_fit_options(CLI::App& app, FitArguments& fit);
// The texts that were given to one of them.
std::vector<std::string>& given_to(FitArguments& fit, std::string_view name);
// The FitOptions of parsed arguments; fails for names and values that nothing knows, and for options that
// would do nothing, before any data is read. `test_file`: whether --test was given.
FitOptions fit_options(FitArguments& fit, bool test_file);
// Fails for columns that are not there, as check_column_list.
void check_column_lists(const FitArguments& fit, const Table& table);

}  // namespace runnel::cli
