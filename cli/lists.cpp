#include "cli/lists.h"

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"

namespace runnel::cli {
namespace {

// May be repeated; each takes one argument.
void add_list(CLI::App& app, const std::string& flag, std::vector<std::string>& arguments,
              const std::string& what, const std::string& group) {
  app.add_option(flag, arguments, what)->allow_extra_args(false)->type_name("A,B")->group(group);
}

std::vector<std::string> fields_of(const char* flag, const std::string& argument) {
  try {
    return data::split_list(argument);
  } catch (const Error& e) {
    fail("{} {}", flag, e.what());
  }
}

// A column with a comma in its name: one of which `part` is a part, else any; nullptr where there is none.
const Column* with_comma(const Table& table, const std::string& part) {
  const Column* any = nullptr;
  for (const Column& column : table.columns) {
    if (column.name.find(',') == std::string::npos) continue;
    if (column.name.find(part) != std::string::npos) return &column;
    if (any == nullptr) any = &column;
  }
  return any;
}

}  // namespace

void add_text_list(CLI::App& app, std::vector<std::string>& arguments, const std::string& group) {
  add_list(app, "--text", arguments, "Columns that are texts, whatever stands in them", group);
}

std::vector<std::string> text_list(const std::vector<std::string>& arguments) {
  std::vector<std::string> out;
  for (const std::string& argument : arguments)
    for (std::string& name : data::names_in("--text", argument)) out.push_back(std::move(name));
  return out;
}

void check_column_list(const std::string& flag, const std::string& argument, const Table& table) {
  const std::vector<std::string> names = data::names_in(flag, argument);
  for (const std::string& name : names) {
    const bool block = table.block && table.block->name == name;
    if (names.size() == 1 || block || table.find(name) != nullptr) continue;
    const Column* quoted = with_comma(table, name);
    if (quoted == nullptr) return;
    fail("{}: no column '{}' ({}); a name with a comma in it stands in double quotes, as in {} {}",
         table.source, name, flag, flag, shell_quoted(data::in_list(quoted->name)));
  }
}

void add_missing_options(CLI::App& app, MissingWords& words, const std::string& group) {
  add_list(app, "--missing", words.more,
           "Words for a missing value besides the usual: an empty cell, NA, N/A, n/a, <NA>, #N/A, #NA, NaN, "
           "nan, null, NULL, None, ? and the like",
           group);
  add_list(app, "--missing-only", words.only,
           "Words for a missing value in place of the usual; '' is the empty cell", group);
}

std::vector<std::string> missing_words(const MissingWords& words, std::vector<std::string> usual) {
  if (!words.more.empty() && !words.only.empty())
    fail("--missing adds to the usual words and --missing-only takes their place; give one of them");
  if (!words.only.empty()) usual.clear();
  const auto add = [&](const char* flag, const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments)
      for (std::string& word : fields_of(flag, argument)) {
        if (word == "''") word.clear();
        if (std::find(usual.begin(), usual.end(), word) == usual.end()) usual.push_back(std::move(word));
      }
  };
  add("--missing", words.more);
  add("--missing-only", words.only);
  return usual;
}

}  // namespace runnel::cli
