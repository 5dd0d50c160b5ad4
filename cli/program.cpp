#include "cli/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "core/fail.h"
#include "core/text.h"
#include "runnel/fit.h"
#include "runnel/version.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel fit songs.csv --target hit           search for a model, save the best
  runnel fit demo:songs                       the same on a built-in table
  runnel predict songs.runnel.safetensors new.csv -o predictions.csv
  runnel score songs.runnel.safetensors more.csv
  runnel inspect songs.csv
  runnel lab list

DATA is a CSV file (any separator, columns aligned by blanks too), ARFF, JSON Lines, NPY, NPZ or an idx image
file (MNIST's format), each also packed with gzip; - reads one of them from the standard input. Or it is a
generated table: demo:songs, demo:faces, demo:moons, demo:wave. `runnel fit --help` lists everything.

RUNNEL_THREADS=N sets the number of threads where no option does; RUNNEL_ISA=avx2, avx512 or reference the
instruction set. Neither changes a bit of any result. Nor does `mpirun -n R runnel fit ...`, which trains on R
processes: each takes its share of the cores of its machine, unless RUNNEL_THREADS or --threads says how many.
RUNNEL_PROGRESS=N tells how far a search is every N seconds where there is no terminal (30; 0: never).)";

// The help as we like it: an option, what it takes, what it means.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(28); }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }
};

// CLI11 counts arguments where a user gave an option twice.
std::string in_our_words(const CLI::ParseError& e) {
  const std::string text = e.what();
  const auto at = text.find(": At Most 1 required but received");
  return at == std::string::npos ? text : text.substr(0, at) + " is given more than once";
}

struct SubCommand {
  CLI::App* app;
  Action act;
};

std::string& stored_command_line() {
  static std::string text;
  return text;
}

std::vector<std::string>& stored_words() {
  static std::vector<std::string> words;
  return words;
}

void store_command_line(std::span<const char* const> words) {
  std::string& text = stored_command_line();
  text = "runnel";
  stored_words().clear();
  for (const char* word : words.subspan(words.empty() ? 0 : 1)) {
    text += " " + shell_quoted(word);
    stored_words().emplace_back(word);
  }
}

// A reader that goes away (`runnel ... | head`) shows as an error of write(), not as a signal. And a standard
// stream that was closed must not become the number of a file that is opened later.
void prepare_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files likewise
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) == -1) ::open("/dev/null", O_RDONLY);  // takes the lowest free number
  }
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// The sub-command that a word names: of the program, or of a sub-command that has some of its own.
const CLI::App& named(const std::vector<const CLI::App*>& apps, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* app : apps) {
    if (app->get_name() == word) return *app;
    names.push_back(app->get_name());
  }
  fail("there is no sub-command '{}'{}", word, suggestion(word, names));
}

std::vector<const CLI::App*> nested(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// "study show": how the user calls it.
std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  const bool outermost = parent == nullptr || parent->get_parent() == nullptr;
  return outermost ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

// CLI11 takes an unknown option for a positional argument and then complains of another one, so unknown names
// are looked for beforehand.
void check_names(const CLI::App& program, std::span<const char* const> words) {
  const CLI::App* app = nullptr;
  std::string before;
  for (const char* raw : words) {
    const std::string_view word(raw);
    const std::string last = std::exchange(before, std::string(word));
    if (app == nullptr) {
      if (word.starts_with('-')) {
        if (word == "--help" || word == "-h" || word == "--version") return;
        fail("there is no option '{}' before a sub-command{}", word,
             suggestion(word, {"--help", "--version"}));
      }
      app = &named(nested(program), word);
      continue;
    }
    if (const auto inner = nested(*app); !inner.empty() && !word.starts_with('-')) {
      app = &named(inner, word);
      continue;
    }
    if (word == "--") return;
    const bool number =
        word.size() > 1 && (std::isdigit(static_cast<unsigned char>(word[1])) || word[1] == '.');
    if (!word.starts_with('-') || word.size() == 1 || number) continue;
    const std::string name(word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2));
    if (app->get_option_no_throw(name) == nullptr) {
      const CLI::Option* taker = last.starts_with("--") ? app->get_option_no_throw(last) : nullptr;
      if (taker != nullptr && taker->get_items_expected() > 0)
        fail("{} has no option '{}'; if it is the value of {}, give it as {}; see runnel {} --help",
             full_name(*app), name, last, shell_quoted(fmt::format("{}={}", last, word)), full_name(*app));
      const std::string near = nearest(name, option_names(*app));
      fail("{} has no option '{}'{}; see runnel {} --help", full_name(*app), name,
           near.empty() ? "" : fmt::format("; did you mean '{}'?", near), full_name(*app));
    }
  }
}

int parse_and_act(CLI::App& program, const std::vector<SubCommand>& commands, int argc,
                  const char* const* argv) {
  const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
  if (argc < 2)
    fail("give a sub-command: fit, refit, predict, score, inspect, study, lab or graph; see runnel --help");
  check_names(program, words.subspan(1));
  const auto parsed = [&]() -> const SubCommand* {
    for (const SubCommand& command : commands) {
      if (command.app->parsed()) return &command;
    }
    return nullptr;
  };
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    write_stdout("runnel " RUNNEL_VERSION "\n" + ranks_text() + "\n");
    return 0;
  } catch (const CLI::CallForHelp&) {
    const SubCommand* command = parsed();
    write_stdout(command != nullptr ? command->app->help("runnel") : program.help());
    return 0;
  } catch (const CLI::ParseError& e) {
    const SubCommand* command = parsed();
    if (command == nullptr) fail("{}; see runnel --help", in_our_words(e));
    const CLI::App* app = command->app;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();  // those that were called
    fail("{}; see runnel {} --help", in_our_words(e), full_name(*app));
  }
  const SubCommand* command = parsed();
  if (command == nullptr)
    fail("give a sub-command: fit, refit, predict, score, inspect, study, lab or graph; see runnel --help");
  // Over ranks `fit` works together; of all else rank 0 does it, once and alone.
  if (command->app->get_name() != "fit") {
    if (!speaks()) return 0;
    ranks::Process::stay_alone();
  }
  return command->act();
}

}  // namespace

const std::string& command_line() { return stored_command_line(); }
const std::vector<std::string>& command_words() { return stored_words(); }

int run(int argc, const char* const* argv) {
  prepare_streams();
  ranks::Process::end_without_joining();  // all ranks fit, or none
  try {
    store_command_line({argv, static_cast<std::size_t>(argc)});
    CLI::App program("Trains many models abreast, keeps the best, and says honestly how good it is.",
                     "runnel");
    program.set_version_flag("--version", RUNNEL_VERSION, "Print the version and exit");
    program.formatter(std::make_shared<HelpFormatter>());  // sub-commands inherit it
    program.footer(examples);
    std::vector<SubCommand> commands;
    for (const auto& add :
         {add_fit, add_refit, add_predict, add_score, add_inspect, add_study, add_lab, add_graph}) {
      Action act = add(program);
      commands.push_back({program.get_subcommands({}).back(), std::move(act)});
    }
    return parse_and_act(program, commands, argc, argv);
  } catch (const ReaderGone&) {
    return 0;  // whoever read our output has seen enough
  } catch (const StoppedError& e) {
    if (!speaks()) return 0;
    complain(e.what());
    return code_of_stop();
  } catch (const Error& e) {
    // Rank 0 says the same; whoever else ended with a code of his own would have the launcher end it before.
    if (!speaks()) return 0;
    complain(e.what());
    return e.kind() == ErrorKind::input ? 2 : 1;
  } catch (const std::bad_alloc&) {
    complain("out of memory; use fewer rows, or a smaller search");
    return 1;
  } catch (const std::exception& e) {
    complain(fmt::format("unexpected: {}", e.what()));
    return 1;
  }
}

}  // namespace runnel::cli
