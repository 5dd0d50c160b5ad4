// The flags that take lists: columns by name, words for missing values.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::cli {

// A column of a list that is not there, cut out of it though its name may have a comma: fails and says how
// such a name is written. Other columns that are not there are left to whoever reads them.
void check_column_list(const std::string& flag, const std::string& argument, const Table& table);

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
