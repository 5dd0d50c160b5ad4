// The flags that take lists: columns by name, words for missing values.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::cli {

// What was given to the flags that name columns: for each flag its arguments, which are lists.
using ColumnLists = std::vector<std::vector<std::string>>;
void add_column_lists(CLI::App& app, ColumnLists& lists, const std::string& group);
// Takes the lists apart; fails, naming the flag, where that cannot be done.
void read_column_lists(const ColumnLists& lists, TriageOptions& triage);
// A column that is not there, cut out of a list though its name may have a comma: fails and says how such a
// name is written. Other columns that are not there are left to whoever reads them.
void check_column_lists(const ColumnLists& lists, const Table& table);

// --text: columns that are texts.
void add_text_list(CLI::App& app, std::vector<std::string>& arguments, const std::string& group);
std::vector<std::string> text_list(const std::vector<std::string>& arguments);

// Words for a missing value: those that are added to the usual ones, or those that take their place.
struct MissingWords {
  std::vector<std::string> more, only;  // the arguments, which are lists
};
void add_missing_options(CLI::App& app, MissingWords& words, const std::string& group);
// The words that hold where `usual` hold if nothing is given.
std::vector<std::string> missing_words(const MissingWords& words, std::vector<std::string> usual);

}  // namespace runnel::cli
