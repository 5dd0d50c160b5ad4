// A command line sets what the list of the fit's options says, and the command that a study keeps sets it
// again.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../fit/option_texts.h"
#include "cli/fit_command.h"
#include "fit/fit_options.h"

namespace runnel::cli {
namespace {

using fitting::FitOption;

std::vector<std::string> words_of(const FitOption& option, const std::string& text) {
  std::vector<std::string> words{"fit", "data.csv", "--" + std::string(option.name)};
  if (!option.value.empty()) words.push_back(text);
  return words;
}

FitOptions parsed(std::vector<std::string> words) {
  FitCommand command;
  CLI::App app;
  add_fit_command(app, command);
  std::reverse(words.begin(), words.end());
  words.pop_back();
  app.parse(words);
  command.fit.again = true;  // each alone: many would do nothing
  return fit_options(command.fit, false);
}

FitOptions kept(const std::vector<std::string>& words) {
  study::Study study;
  study.description.configuration = nlohmann::json{{"caller", {{"folder", "."}, {"words", words}}}}.dump();
  FitCommand command;
  read_kept_command(study, command);
  return fit_options(command.fit, false);
}

void expect_same(const FitOptions& a, const FitOptions& b) {
  for (const FitOption* option : fitting::fit_options())
    EXPECT_EQ(option->texts(a), option->texts(b)) << option->name;
}

// A text that can stand alone: what a search is made of is looked at together.
bool stands_alone(const FitOption& option) { return option.name != "sampler" && option.name != "space"; }

TEST(Options, ACommandLineSetsWhatTheListSays) {
  for (const FitOption* option : fitting::fit_options()) {
    if (!stands_alone(*option)) continue;
    SCOPED_TRACE(option->name);
    const std::string& text = fitting::option_texts().at(option->name);
    FitOptions set;
    fitting::set_option(set, *option, text);
    expect_same(parsed(words_of(*option, text)), set);
  }
}

TEST(Options, AKeptCommandSetsTheSameAgainButForWhatSearches) {
  for (const FitOption* option : fitting::fit_options()) {
    if (!stands_alone(*option)) continue;
    SCOPED_TRACE(option->name);
    const std::vector<std::string> words = words_of(*option, fitting::option_texts().at(option->name));
    const FitOptions again = kept(words);
    if (option->left == nullptr) {
      expect_same(again, parsed(words));
    } else {
      EXPECT_EQ(option->texts(again), option->texts({}));
    }
  }
}

// --time was the name of --time-column once.
TEST(Options, AKeptCommandOfAnEarlierVersionOrdersItsRows) {
  EXPECT_EQ(kept({"fit", "data.csv", "--time", "day", "--time", "90s"}).split.time, "day");
  EXPECT_EQ(kept({"fit", "data.csv", "--time", "day", "--time", "90s"}).seconds, 0);
}

TEST(Options, ASearchOfOnesOwnMakesOneNetworkAgain) {
  EXPECT_EQ(kept({"fit", "data.csv", "--grid", "rate=0.1,0.2"}).ensemble, 1);
  EXPECT_EQ(kept({"fit", "data.csv", "--grid", "rate=0.1,0.2", "--ensemble", "3"}).ensemble, 3);
  EXPECT_EQ(kept({"fit", "data.csv"}).ensemble, 0);
}

}  // namespace
}  // namespace runnel::cli
