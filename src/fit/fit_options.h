// What `runnel fit` takes besides hyperparameters and files, as one list: a flag, what the help says of it,
// how a text sets it, what a study tells of it, whether a refit reads it again, and when it does nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/fit.h"

namespace runnel {
struct Searching;
}

namespace runnel::fitting {

struct Prepared;

// Where a study tells of an option, so that another value of it is not taken for the same search.
enum class Told {
  setting,     // among its settings
  rows,        // by the rows of its parts and folds
  candidates,  // by its candidates
  by_others,   // it stands for several options, which tell of themselves
  manner       // nowhere: it changes no result, only how it comes about and what is told of it
};

// How a study tells of an option among its settings.
struct Setting {
  int place = 0;  // from 1; files hold settings in this order, so a new one comes last
  std::string_view name = {};
  std::optional<std::string> (*text)(const Searching&) = nullptr;  // none: it is as usual and not told
};

// What is known of a fit before its data are read.
struct Asked {
  const FitOptions& options;
  bool test_file = false;
};

struct FitOption {
  std::string_view name;        // of the flag, without its dashes
  std::string_view group;       // of the help
  std::string_view value;       // what the help has for its value, as N; empty: it takes none
  std::string_view what;        // it does, as the help says it
  std::string_view usual = {};  // what holds where it is not given; empty: the text of FitOptions{}, if any
  bool repeats = false;
  bool columns = false;                                         // its texts are lists of columns
  std::string (*flaw)(const std::string& text) = nullptr;       // why the text is no value; empty: it is one
  void (*set)(FitOptions&, const std::string& text) = nullptr;  // throws Error(input)
  // The texts that set what these options hold; none where it is not given.
  std::vector<std::string> (*texts)(const FitOptions&) = nullptr;
  Told told = Told::manner;
  Setting setting = {};  // of Told::setting
  // Whether a refit leaves this text out of the command that began the study: it says which candidates there
  // are, or where the search is kept. None: it takes all.
  bool (*left)(const std::string& text) = nullptr;
  // Why it would do nothing in this run and what to do, or empty: before the data are read, and of what was
  // found in them.
  std::string (*refusal)(const Asked&) = nullptr;
  std::string (*idle)(const Prepared&) = nullptr;
};

// All of them, in the order of the help.
const std::vector<const FitOption*>& fit_options();
const FitOption& fit_option(std::string_view name);  // fails for a name that nothing has

// Sets one by a text, and notes it in FitOptions::given.
void set_option(FitOptions& options, const FitOption& option, const std::string& text);
bool is_given(const FitOptions& options, std::string_view name);
// The default as the help tells it; empty where there is nothing to tell.
std::string usual_text(const FitOption& option);

// Throws Error(input) where one that was given would do nothing, whatever the data are. A search that goes on
// with a study goes on with what was taken when it began: there it is told and not refused.
void refuse_idle(const Asked& asked);
// What was given and does nothing, as warnings.
std::vector<std::string> idle_warnings(const Prepared& prepared);

// What a study tells of them among its settings, with the places.
std::vector<std::pair<int, std::pair<std::string, std::string>>> option_settings(const Searching& fit);

// Seconds of "90s", "5m", "1h30m", "1.5h", "2d"; none for other texts, and for no time at all.
std::optional<double> seconds_from(const std::string& text);

}  // namespace runnel::fitting
