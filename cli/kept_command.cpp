// The command of a fit, kept in its study.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/fit_command.h"
#include "cli/program.h"
#include "cli/report.h"
#include "core/fail.h"
#include "fit/fit_options.h"

namespace runnel::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_unknown(const std::string& path) {
  fail("{}: it was not begun by `runnel fit`, so there is no command to fit by again", path);
}

// A name in the folder where it was given; as it is where there is no such file.
void place(std::string& name, const fs::path& folder) {
  std::error_code error;
  if (!name.empty() && fs::exists(folder / name, error)) {
    const fs::path here = fs::current_path(error);
    if (folder != here) name = (folder / name).string();
  }
}

// The arguments that a refit takes again.
void leave_the_search_out(FitArguments& fit) {
  // A search of one's own makes one network unless more are asked for. Studies tell this too; those of
  // earlier versions did not, and without its space a search looks like the default one.
  const bool own =
      !given_to(fit, "grid").empty() || !given_to(fit, "space").empty() || !given_to(fit, "random").empty();
  if (std::vector<std::string>& ensemble = given_to(fit, "ensemble"); own && ensemble.empty())
    ensemble.emplace_back("1");
  for (const fitting::FitOption* option : fitting::fit_options())
    if (option->left != nullptr) std::erase_if(given_to(fit, option->name), option->left);
  fit.again = true;
}

}  // namespace

std::string kept_command() {
  std::error_code error;
  const Json json = {{"folder", fs::current_path(error).string()}, {"words", command_words()}};
  return dumped(json);
}

void read_kept_command(const study::Study& study, FitCommand& command) {
  if (!study.description.more.empty())
    fail(
        "{}: the study of a search that another program made: only that program can train its candidates "
        "again",
        study.path);
  const Json configuration = Json::parse(study.description.configuration, nullptr, false);
  std::vector<std::string> words;
  fs::path folder;
  try {
    const Json& caller = configuration.at("caller");
    words = caller.at("words").get<std::vector<std::string>>();
    folder = caller.at("folder").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    fail_unknown(study.path);
  }
  if (words.empty() || words[0] != "fit") fail_unknown(study.path);
  CLI::App app;
  add_fit_command(app, command);
  std::vector<std::string> last_first(words.rbegin(), words.rend() - 1);  // as CLI11 wants them
  try {
    app.parse(last_first);
  } catch (const CLI::ParseError& e) {
    fail("{}: the command that began it is not understood: {} (it was begun by Runnel {})", study.path,
         e.what(), study.description.version);
  }
  for (std::string* name : {&command.data, &command.test, &command.read.options.labels, &command.test_labels})
    place(*name, folder);
  leave_the_search_out(command.fit);
  command.plan = command.timings = command.no_report = false;
  command.report.clear();
  command.write_split.clear();
}

}  // namespace runnel::cli
